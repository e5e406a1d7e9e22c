"""Clinics and slots: what others may name of them."""

from telehealth.schedule.models import Clinic, Slot

__all__ = ["Clinic", "Slot"]
