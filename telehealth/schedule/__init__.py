"""Clinics and slots: what others may name of them."""

from telehealth.schedule.errors import ClinicNotFound, KindNotOffered
from telehealth.schedule.models import Clinic, Slot
from telehealth.schedule.queries import (
    SLOT_PLACE,
    ClinicOffer,
    SlotOffer,
    SlotPlace,
    clinic_offer,
    clinic_offers,
    left_of,
    offers_kind,
    slot_place,
    slots_of,
    templates,
)
from telehealth.schedule.rules import HalfDay
from telehealth.schedule.states import ClinicState

__all__ = [
    "SLOT_PLACE",
    "Clinic", "ClinicNotFound", "ClinicOffer", "ClinicState", "HalfDay", "KindNotOffered", "Slot",
    "SlotOffer", "SlotPlace", "clinic_offer", "clinic_offers", "left_of", "offers_kind", "slot_place",
    "slots_of", "templates",
]  # fmt: skip
