"""Whose sheet is it? Of the visit's own doctor; for anybody else there is no such sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from prescriptions.errors import PrescriptionFixed, PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.queries import lock_prescription, prescription
from prescriptions.states import RxState
from prescriptions.writing.errors import NothingSaid, PadClosed
from telehealth.bookings import Booking
from telehealth.bookings.unfinishing import lock_visit
from telehealth.consultations.doctor_queries import own_visit
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.noting import diagnoses_known
from telehealth.consultations.speaking import has_spoken
from telehealth.consultations.states import ConsultationState
from telehealth.core.unit import Unit

ADMITTED = ConsultationState.ADMITTED


@dataclass(frozen=True, slots=True)
class OwnVisit:
    """The facts of a visit that writing needs; its consultation is locked where a verb changes something."""

    id: UUID
    hospital_id: UUID
    account_id: UUID | None
    person_id: UUID
    doctor_id: UUID
    department_id: UUID
    campus_id: UUID
    is_admitted: bool
    is_closed: bool
    #: Code → text of what the hospital diagnosed before (XY05).
    diagnoses: Mapping[str, str]


async def visit_of_doctor(unit: Unit, room: UUID, *, lock: bool = False) -> OwnVisit:
    """Locks booking and consultation, in the written order. Raises RoomNotFound."""
    if lock:
        await own_visit(unit, room)
        await lock_visit(unit, room)
    row = await own_visit(unit, room, lock=lock)
    booking = await unit.session.get(Booking, room)
    if booking is None:
        raise RoomNotFound()
    return OwnVisit(
        id=row.id,
        hospital_id=row.hospital_id,
        account_id=row.account_id,
        person_id=row.person_id,
        doctor_id=row.doctor_id,
        department_id=row.department_id,
        campus_id=booking.campus_id,
        is_admitted=row.state is ADMITTED,
        is_closed=row.state is ConsultationState.CLOSED,
        diagnoses=await diagnoses_known(unit, row),
    )


async def own_sheet(unit: Unit, prescription_id: UUID) -> tuple[Prescription, OwnVisit]:
    """To read. Raises PrescriptionNotFound."""
    rx = await prescription(unit, prescription_id)
    return rx, await _visit(unit, rx)


async def lock_own_sheet(unit: Unit, prescription_id: UUID) -> tuple[Prescription, OwnVisit]:
    """Visit, then sheet. Raises PrescriptionNotFound."""
    rx = await prescription(unit, prescription_id)
    visit = await _visit(unit, rx, lock=True)
    return await lock_prescription(unit, prescription_id), visit


async def lock_own_draft(unit: Unit, prescription_id: UUID) -> tuple[Prescription, OwnVisit]:
    """Raises PrescriptionNotFound, PrescriptionFixed, PadClosed."""
    rx, visit = await lock_own_sheet(unit, prescription_id)
    if rx.state is not RxState.DRAFT:
        raise PrescriptionFixed(state=str(rx.state))
    require_open(rx, visit)
    return rx, visit


def require_open(rx: Prescription, visit: OwnVisit) -> None:
    """A sheet that came back is mended after the visit, too. Raises PadClosed."""
    if visit.is_closed or not (visit.is_admitted or rx.issue):
        raise PadClosed()


async def require_spoken(unit: Unit, room: UUID) -> None:
    """Raises NothingSaid (REG 8)."""
    if not await has_spoken(unit, room):
        raise NothingSaid()


async def _visit(unit: Unit, rx: Prescription, *, lock: bool = False) -> OwnVisit:
    try:
        return await visit_of_doctor(unit, rx.visit_id, lock=lock)
    except RoomNotFound:
        raise PrescriptionNotFound() from None
