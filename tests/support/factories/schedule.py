"""Clinics with their slots, as planning would make them, with the numbers a test is about."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import at_local
from telehealth.core.unit import Units
from telehealth.directory.models import Doctor
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.models import Clinic, Slot
from telehealth.schedule.rules import HalfDay
from telehealth.schedule.states import ClinicState


@dataclass(frozen=True, slots=True)
class Planned:
    clinic: Clinic
    slots: list[Slot]

    @property
    def slot(self) -> Slot:
        return self.slots[0]


async def add_clinic(
    units: Units,
    doctor: Doctor,
    *,
    campus_id: UUID | None = None,
    kind: ClinicKind = ClinicKind.INTERNET,
    day: date | None = None,
    starts: time = time(9),
    minutes: int = 30,
    seats: tuple[int, ...] = (2, 2),
    quotas: tuple[int, int, int] | None = None,
    released_at: datetime | None = None,
    half: HalfDay = HalfDay.MORNING,
) -> Planned:
    """By default in three days at 09:00, two slots of two seats, open to every channel."""
    async with units.system("test") as unit:
        day = day or unit.today + timedelta(days=3)
        begin, length, capacity = at_local(day, starts), timedelta(minutes=minutes), sum(seats)
        online, desk, phone = quotas or (capacity, capacity, capacity)
        clinic = Clinic(
            hospital_id=doctor.hospital_id,
            campus_id=campus_id or doctor.campus_ids[0],
            department_id=doctor.department_id,
            doctor_id=doctor.id,
            kind=kind,
            day=day,
            half=half,
            starts_at=begin,
            ends_at=begin + length * len(seats),
            capacity=capacity,
            quota_online=online,
            quota_desk=desk,
            quota_phone=phone,
            released_at=released_at,
            fee=doctor.fee_online if kind is ClinicKind.INTERNET else doctor.fee_offline,
            state=ClinicState.OPEN,
        )
        unit.session.add(clinic)
        await unit.session.flush()
        slots = [
            Slot(
                hospital_id=clinic.hospital_id,
                clinic_id=clinic.id,
                starts_at=begin + length * n,
                ends_at=begin + length * (n + 1),
                seats=count,
            )
            for n, count in enumerate(seats)
        ]
        unit.session.add_all(slots)
        await unit.session.flush()
        for slot in slots:
            await unit.session.refresh(slot)
        await unit.session.refresh(clinic)
    return Planned(clinic, slots)


async def seats_taken(units: Units, clinic: Clinic) -> dict[str, int]:
    """As the rows say now: of the slots together, and of the clinic by channel."""
    async with units.system("test") as unit:
        row = await unit.session.get(Clinic, clinic.id)
        assert row is not None
        slots = await unit.session.scalar(
            sa.select(sa.func.sum(Slot.taken)).where(Slot.clinic_id == clinic.id)
        )
        return {
            "slots": int(slots or 0),
            str(Channel.ONLINE): row.taken_online,
            str(Channel.DESK): row.taken_desk,
            str(Channel.PHONE): row.taken_phone,
        }
