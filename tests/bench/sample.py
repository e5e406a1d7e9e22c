"""Sample rows, far more than a hospital has: seats enough that nobody queues for the same one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule import Clinic, Slot
from telehealth.schedule.rules import HalfDay
from telehealth.schedule.states import ClinicState

#: Slot n has this id plus n, so that pgbench can name one too.
FIRST_SLOT = UUID("01900000-0000-7000-8000-000000000000")
SLOTS_A_CLINIC = 20
_PLENTY = 1_000_000
#: A hold that outlasts the measuring.
LONG_ENOUGH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose clinics they are. One hospital, campus and department are enough: nothing locks them."""

    hospital_id: UUID
    campus_id: UUID
    department_id: UUID
    #: One for each clinic; strangers where nobody looks.
    doctor_ids: tuple[UUID, ...] = ()

    def doctor_of(self, clinic: int) -> UUID:
        return self.doctor_ids[clinic] if self.doctor_ids else new_id()


def somewhere() -> Place:
    return Place(new_id(), new_id(), new_id())


def slot_id(number: int) -> UUID:
    return UUID(int=FIRST_SLOT.int + number)


async def add_slots(units: Units, place: Place, *, slots: int) -> None:
    """Slots of tomorrow with seats for everybody, twenty a clinic."""
    async with units.system("sample") as unit:
        day = unit.now + timedelta(days=1)
        for clinics, seats in _batches(place, day, slots):
            await unit.session.execute(sa.insert(Clinic), clinics)
            await unit.session.execute(sa.insert(Slot), seats)
    async with units.engine.connect() as connection:
        # The planner must know the tables are large, as it does in a hospital that has worked a week.
        await connection.execute(sa.text("analyze clinics, slots"))
        await connection.commit()


async def add_clinic(units: Units, place: Place, *, seats: int) -> UUID:
    """One clinic with one slot of so many seats; the slot's id."""
    async with units.system("sample") as unit:
        day = unit.now + timedelta(days=1)
        clinic = _clinic(place, day, doctor_id=new_id(), capacity=seats)
        slot = _slot(clinic, new_id(), 0, seats)
        await unit.session.execute(sa.insert(Clinic), [clinic])
        await unit.session.execute(sa.insert(Slot), [slot])
    found: UUID = slot["id"]
    return found


def _batches(
    place: Place, day: datetime, slots: int
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    for first in range(0, slots, 2_000):
        clinics, seats = [], []
        for number in range(first, min(first + 2_000, slots)):
            if number % SLOTS_A_CLINIC == 0:
                doctor_id = place.doctor_of(number // SLOTS_A_CLINIC)
                clinics.append(_clinic(place, day, doctor_id=doctor_id, capacity=_PLENTY))
            seats.append(_slot(clinics[-1], slot_id(number), number % SLOTS_A_CLINIC, _PLENTY))
        yield clinics, seats


def _clinic(place: Place, at: datetime, *, doctor_id: UUID, capacity: int) -> dict[str, Any]:
    return {
        "id": new_id(), "hospital_id": place.hospital_id, "campus_id": place.campus_id,
        "department_id": place.department_id, "doctor_id": doctor_id, "kind": ClinicKind.INTERNET,
        "day": hospital_day(at), "half": HalfDay.MORNING, "starts_at": at, "ends_at": at + timedelta(hours=4),
        "capacity": capacity, "quota_online": capacity, "quota_desk": capacity, "quota_phone": capacity,
        "fee": 5_000, "state": ClinicState.OPEN,
    }  # fmt: skip


def _slot(clinic: dict[str, Any], identity: UUID, place_in_line: int, seats: int) -> dict[str, Any]:
    starts_at = clinic["starts_at"].astimezone(UTC) + timedelta(minutes=12 * place_in_line)
    return {
        "id": identity, "hospital_id": clinic["hospital_id"], "clinic_id": clinic["id"],
        "starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=12), "seats": seats,
    }  # fmt: skip
