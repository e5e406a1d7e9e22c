"""A sheet as the pages and the API show it: finished values, no states to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prescriptions.models import Prescription
from prescriptions.patient import queries
from prescriptions.patient.journey import Journey, journey_of
from prescriptions.patient.printing import content_of
from prescriptions.patient.stages import CAPABILITIES, Capability, Stage, stage_of
from prescriptions.settling import Fulfilment, fulfilment, fulfilments_of
from prescriptions.settling.choosing import Choices, choices_of
from prescriptions.sheet.content import SheetContent
from prescriptions.sheet.wording import leaflet_words
from prescriptions.states import FulfilmentState, SheetKind
from prescriptions.stock import Pharmacy, pharmacy
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import Doctor, Hospital, doctor, doctors_by_id, hospital
from telehealth.patients import Person, people_by_id

KINDS = {SheetKind.WESTERN: N_("西药、中成药"), SheetKind.HERB: N_("中药饮片")}


@dataclass(frozen=True, slots=True)
class View:
    """One sheet with all that its pages show."""

    rx: Prescription
    row: Fulfilment | None
    stage: Stage
    can: Capability
    hospital: Hospital
    doctor: Doctor
    patient: Person | None
    content: SheetContent | None
    journey: Journey
    #: While it may be chosen: what is open, and why not.
    choices: Choices | None
    pharmacy: Pharmacy | None

    @property
    def plain(self) -> dict[str, Any]:
        """Name, strength and amount of each medicine together, in plain words (PAIN 12)."""
        if self.content is None:
            return {"lines": [], "herbs": "", "decoction": []}
        return leaflet_words(self.content, self.hospital.phone)

    @property
    def chooses_once_more(self) -> bool:
        return self.row is not None and self.row.state is FulfilmentState.OPEN and self.row.path is not None


async def view_of(unit: Unit, prescription_id: UUID) -> View:
    """Raises PrescriptionNotFound."""
    rx = await queries.sheet_of(unit, prescription_id)
    row = await fulfilment(unit, rx.id)
    journey = await journey_of(unit, row)
    stage = _stage(unit, rx, row, journey)
    can = CAPABILITIES[stage]
    people = await people_by_id(unit, [rx.person_id])
    return View(
        rx=rx,
        row=row,
        stage=stage,
        can=can,
        hospital=await hospital(unit, rx.hospital_id),
        doctor=await doctor(unit, rx.doctor_id),
        patient=people.get(rx.person_id),
        content=await content_of(unit, rx),
        journey=journey,
        choices=await choices_of(unit, rx, row) if row is not None and can.can_choose else None,
        pharmacy=await pharmacy(unit, row.pharmacy_id) if row is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    rx: Prescription
    row: Fulfilment | None
    stage: Stage
    can: Capability
    doctor: Doctor | None
    patient: Person | None


async def rows_of(unit: Unit, found: Sequence[Prescription]) -> list[Row]:
    """Every list is read with a fixed number of queries, but for what is on its way."""
    ways = await fulfilments_of(unit, [rx.id for rx in found])
    doctors = await doctors_by_id(unit, [rx.doctor_id for rx in found])
    people: Mapping[UUID, Person] = await people_by_id(unit, [rx.person_id for rx in found])
    rows = []
    for rx in found:
        row = ways.get(rx.id)
        going = await journey_of(unit, row)
        stage = _stage(unit, rx, row, going)
        rows.append(
            Row(rx, row, stage, CAPABILITIES[stage], doctors.get(rx.doctor_id), people.get(rx.person_id))
        )
    return rows


def _stage(unit: Unit, rx: Prescription, row: Fulfilment | None, going: Journey) -> Stage:
    return stage_of(
        rx, row, now=unit.now, dispatch=going.state, parcel=going.parcel_state,
        is_cancelling=going.is_cancelling,
    )  # fmt: skip
