"""Every SELECT of the schedule. Clinics and slots are public; templates are the hospital's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import HospitalDay
from telehealth.core.unit import Unit
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.errors import ClinicNotFound, TemplateNotFound
from telehealth.schedule.models import Clinic, ClinicTemplate, Slot
from telehealth.schedule.rules import Quotas, Taken, seats_left
from telehealth.schedule.states import ClinicState


@dataclass(frozen=True, slots=True)
class SlotOffer:
    slot: Slot
    clinic: Clinic
    #: Seats this channel may still take of this slot.
    left: int


async def clinic(unit: Unit, clinic_id: UUID) -> Clinic:
    """Raises ClinicNotFound."""
    row = await unit.session.get(Clinic, clinic_id)
    if row is None:
        raise ClinicNotFound()
    return row


async def slot_with_clinic(unit: Unit, slot_id: UUID) -> tuple[Slot, Clinic] | None:
    rows = await unit.session.execute(
        sa.select(Slot, Clinic).join(Clinic, Clinic.id == Slot.clinic_id).where(Slot.id == slot_id)
    )
    row = rows.first()
    return None if row is None else (row[0], row[1])


async def lock_clinic_with_slots(unit: Unit, clinic_id: UUID) -> Clinic:
    """Slots first, then their clinic: the written lock order. Raises ClinicNotFound."""
    slots = sa.select(Slot.id).where(Slot.clinic_id == clinic_id).order_by(Slot.id)
    await unit.session.execute(slots.with_for_update())
    found = sa.select(Clinic).where(Clinic.id == clinic_id).with_for_update()
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).first()
    if row is None:
        raise ClinicNotFound()
    return row


async def clinics(
    unit: Unit,
    hospital_id: UUID,
    *,
    first: HospitalDay,
    last: HospitalDay,
    kind: ClinicKind | None = None,
    campus_id: UUID | None = None,
    department_id: UUID | None = None,
    doctor_id: UUID | None = None,
) -> Sequence[Clinic]:
    """Clinics of these days, both included, open or closed, in order of time."""
    found = sa.select(Clinic).where(Clinic.hospital_id == hospital_id, Clinic.day.between(first, last))
    if kind is not None:
        found = found.where(Clinic.kind == kind)
    if campus_id is not None:
        found = found.where(Clinic.campus_id == campus_id)
    if department_id is not None:
        found = found.where(Clinic.department_id == department_id)
    if doctor_id is not None:
        found = found.where(Clinic.doctor_id == doctor_id)
    return (await unit.session.scalars(found.order_by(Clinic.starts_at, Clinic.id))).all()


async def offers(unit: Unit, clinics_shown: Sequence[Clinic], channel: Channel) -> list[SlotOffer]:
    """What may still be taken of these clinics through `channel`; full slots are kept with 0."""
    by_id = {clinic.id: clinic for clinic in clinics_shown if clinic.state is ClinicState.OPEN}
    rows = await unit.session.scalars(
        sa.select(Slot)
        .where(Slot.clinic_id.in_(by_id), Slot.ends_at > unit.now)
        .order_by(Slot.starts_at, Slot.id)
    )
    return [
        SlotOffer(
            slot,
            by_id[slot.clinic_id],
            min(slot.seats - slot.taken, left_of(unit, by_id[slot.clinic_id], channel)),
        )
        for slot in rows
    ]


def left_of(unit: Unit, row: Clinic, channel: Channel) -> int:
    """Seats `channel` may still take of a clinic at the unit's time."""
    if row.state is not ClinicState.OPEN or row.ends_at <= unit.now:
        return 0
    return seats_left(
        row.capacity,
        Quotas(row.quota_online, row.quota_desk, row.quota_phone),
        Taken(row.taken_online, row.taken_desk, row.taken_phone),
        channel,
        is_released=row.released_at is not None and row.released_at <= unit.now,
    )


async def templates(unit: Unit, hospital_id: UUID) -> Sequence[ClinicTemplate]:
    found = sa.select(ClinicTemplate).where(ClinicTemplate.hospital_id == hospital_id, ClinicTemplate.active)
    ordered = found.order_by(ClinicTemplate.doctor_id, ClinicTemplate.weekday, ClinicTemplate.half)
    return (await unit.session.scalars(ordered)).all()


async def template(unit: Unit, template_id: UUID) -> ClinicTemplate:
    """Raises TemplateNotFound."""
    row = await unit.session.get(ClinicTemplate, template_id)
    if row is None:
        raise TemplateNotFound()
    return row
