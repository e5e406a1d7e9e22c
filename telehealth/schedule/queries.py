"""Every SELECT of the schedule. Clinics and slots are public; templates are the hospital's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import HospitalDay
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Department, Doctor, Hospital, HospitalSwitch
from telehealth.directory.states import Suspension
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.errors import ClinicNotFound, TemplateNotFound
from telehealth.schedule.models import Clinic, ClinicTemplate, Slot
from telehealth.schedule.rules import HalfDay, Quotas, Taken, TemplateRow, seats_left
from telehealth.schedule.states import ClinicState

#: Which switch of a hospital opens which kind of clinic (SJ12).
SWITCHES = {
    ClinicKind.INTERNET: HospitalSwitch.ONLINE_CLINICS,
    ClinicKind.OFFLINE: HospitalSwitch.OFFLINE_REGISTRATION,
}


@dataclass(frozen=True, slots=True)
class ClinicOffer:
    """A clinic with its place and its people. `left` seats may still be taken through the asked channel."""

    clinic: Clinic
    campus: Campus
    department: Department
    doctor: Doctor
    left: int


@dataclass(frozen=True, slots=True)
class SlotOffer:
    slot: Slot
    clinic: Clinic
    #: Seats this channel may still take of this slot.
    left: int


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """All that stands around one slot, in one read."""

    slot: Slot
    clinic: Clinic
    hospital: Hospital
    campus: Campus
    department: Department
    doctor: Doctor

    def sells(self, today: HospitalDay) -> bool:
        """SJ12, XY20: hospital and campus are live with this kind on, the doctor may sit on the day."""
        kind = self.clinic.kind
        is_licensed = kind is ClinicKind.OFFLINE or (self.department.online and self.doctor.sits_online)
        return (
            offers_kind(self.hospital, kind, today)
            and self.campus.is_live(today)
            and self.department.open
            and self.doctor.works_on(self.clinic.day)
            and is_licensed
        )


def offers_kind(hospital: Hospital, kind: ClinicKind, today: HospitalDay) -> bool:
    """SJ12: past its go-live date, with the switch for this kind of clinic on."""
    return hospital.is_live(today) and hospital.has(SWITCHES[kind])


async def clinic(unit: Unit, clinic_id: UUID) -> Clinic:
    """Raises ClinicNotFound."""
    row = await unit.session.get(Clinic, clinic_id)
    if row is None:
        raise ClinicNotFound()
    return row


SLOT_PLACE = Hot(
    sa.select(Slot, Clinic, Hospital, Campus, Department, Doctor)
    .join(Clinic, Clinic.id == Slot.clinic_id)
    .join(Hospital, Hospital.id == Clinic.hospital_id)
    .join(Campus, Campus.id == Clinic.campus_id)
    .join(Department, Department.id == Clinic.department_id)
    .join(Doctor, Doctor.id == Clinic.doctor_id)
    .where(Slot.id == sa.bindparam("slot_id"))
)


async def slot_place(unit: Unit, slot_id: UUID) -> SlotPlace | None:
    row = await SLOT_PLACE.first(unit, slot_id=slot_id)
    return None if row is None else SlotPlace(*row)


async def clinic_offer(unit: Unit, clinic_id: UUID, channel: Channel) -> ClinicOffer:
    """Any clinic, bookable or not. Raises ClinicNotFound."""
    row = (await unit.session.execute(_with_people(unit).where(Clinic.id == clinic_id))).first()
    if row is None:
        raise ClinicNotFound()
    return _offer(unit, row, channel)


async def clinic_offers(
    unit: Unit,
    hospital_id: UUID,
    kind: ClinicKind,
    *,
    first: HospitalDay,
    last: HospitalDay,
    campus_id: UUID | None = None,
    department_id: UUID | None = None,
    doctor_id: UUID | None = None,
    channel: Channel = Channel.ONLINE,
) -> list[ClinicOffer]:
    """What patients may choose from on these days (XY20), in order of time; full clinics have `left` 0.

    Leaves out closed clinics, those that are over, campuses that are not live yet, and for internet
    clinics whoever may not sit online. The caller checked that the hospital offers the kind.
    """
    found = _with_people(unit).where(
        Clinic.hospital_id == hospital_id,
        Clinic.kind == kind,
        Clinic.day.between(first, last),
        Clinic.state == ClinicState.OPEN,
        Clinic.ends_at > unit.now,
        Campus.live_from <= unit.today,
        Department.open,
        sa.or_(Doctor.left_on.is_(None), Doctor.left_on >= Clinic.day),
    )
    if kind is ClinicKind.INTERNET:
        found = found.where(Department.online, Doctor.online, Doctor.suspension == Suspension.NONE)
    if campus_id is not None:
        found = found.where(Clinic.campus_id == campus_id)
    if department_id is not None:
        found = found.where(Clinic.department_id == department_id)
    if doctor_id is not None:
        found = found.where(Clinic.doctor_id == doctor_id)
    rows = await unit.session.execute(found.order_by(Clinic.starts_at, Clinic.id))
    return [_offer(unit, row, channel) for row in rows]


async def slots_of(unit: Unit, rows: Sequence[Clinic], channel: Channel) -> list[SlotOffer]:
    """The slots of these clinics that are not over; full ones are kept with 0."""
    by_id = {row.id: row for row in rows}
    found = await unit.session.scalars(
        sa.select(Slot)
        .where(Slot.clinic_id.in_(by_id), Slot.ends_at > unit.now)
        .order_by(Slot.starts_at, Slot.id)
    )
    left = {row.id: left_of(unit, row, channel) for row in rows}
    return [
        SlotOffer(slot, by_id[slot.clinic_id], min(slot.seats - slot.taken, left[slot.clinic_id]))
        for slot in found
    ]


async def coming_online_clinics(unit: Unit, doctor_id: UUID, *, closed_reason: str | None) -> Sequence[UUID]:
    """Internet clinics that are not over: the open ones, or those closed for exactly this reason."""
    found = sa.select(Clinic.id).where(
        Clinic.doctor_id == doctor_id, Clinic.kind == ClinicKind.INTERNET, Clinic.ends_at > unit.now
    )
    if closed_reason is None:
        found = found.where(Clinic.state == ClinicState.OPEN)
    else:
        found = found.where(Clinic.state == ClinicState.CLOSED, Clinic.closed_reason == closed_reason)
    return (await unit.session.scalars(found.order_by(Clinic.id))).all()


async def planned_already(
    unit: Unit, hospital_id: UUID, first: HospitalDay, last: HospitalDay
) -> set[tuple[UUID, UUID, HospitalDay, HalfDay, ClinicKind]]:
    rows = await unit.session.execute(
        sa.select(Clinic.doctor_id, Clinic.campus_id, Clinic.day, Clinic.half, Clinic.kind).where(
            Clinic.hospital_id == hospital_id, Clinic.day.between(first, last)
        )
    )
    return {(row.doctor_id, row.campus_id, row.day, row.half, row.kind) for row in rows}


def _with_people(unit: Unit) -> sa.Select[Clinic, Campus, Department, Doctor, int]:
    to_come = (
        sa.select(sa.func.coalesce(sa.func.sum(Slot.seats - Slot.taken), 0))
        .where(Slot.clinic_id == Clinic.id, Slot.ends_at > unit.now)
        .scalar_subquery()
    )
    return (
        sa.select(Clinic, Campus, Department, Doctor, to_come)
        .join(Campus, Campus.id == Clinic.campus_id)
        .join(Department, Department.id == Clinic.department_id)
        .join(Doctor, Doctor.id == Clinic.doctor_id)
    )


def _offer(unit: Unit, row: sa.Row[Clinic, Campus, Department, Doctor, int], channel: Channel) -> ClinicOffer:
    """Seats of slots that are over are nobody's any more, whatever the clinic's share still has."""
    found, campus, department, doctor, to_come = row
    return ClinicOffer(found, campus, department, doctor, min(left_of(unit, found, channel), to_come))


async def lock_clinic_with_slots(unit: Unit, clinic_id: UUID) -> Clinic:
    """Slots first, then their clinic: the written lock order. Raises ClinicNotFound."""
    slots = sa.select(Slot.id).where(Slot.clinic_id == clinic_id).order_by(Slot.id)
    await unit.session.execute(slots.with_for_update())
    found = sa.select(Clinic).where(Clinic.id == clinic_id).with_for_update()
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).first()
    if row is None:
        raise ClinicNotFound()
    return row


async def week_of_clinics(
    unit: Unit, hospital_id: UUID, *, campus_id: UUID, first: HospitalDay, last: HospitalDay
) -> list[ClinicOffer]:
    """Everything planned at a campus on these days, closed clinics too, by doctor and time."""
    found = _with_people(unit).where(
        Clinic.hospital_id == hospital_id, Clinic.campus_id == campus_id, Clinic.day.between(first, last)
    )
    rows = await unit.session.execute(
        found.order_by(Department.order, Department.name, Doctor.name, Clinic.doctor_id, Clinic.starts_at)
    )
    return [_offer(unit, row, Channel.ONLINE) for row in rows]


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


async def departments_sitting(unit: Unit, hospital_id: UUID, until: HospitalDay) -> set[UUID]:
    """The departments with an open clinic that is not over, up to this day."""
    found = sa.select(Clinic.department_id).where(
        Clinic.hospital_id == hospital_id,
        Clinic.day.between(unit.today, until),
        Clinic.state == ClinicState.OPEN,
        Clinic.ends_at > unit.now,
    )
    return set(await unit.session.scalars(found.distinct()))


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


async def sits_elsewhere(unit: Unit, row: TemplateRow, doctor_id: UUID, campus_id: UUID) -> bool:
    """Nobody sees patients in person at two campuses in one half-day."""
    other = sa.select(ClinicTemplate.id).where(
        ClinicTemplate.doctor_id == doctor_id,
        ClinicTemplate.campus_id != campus_id,
        ClinicTemplate.weekday == row.weekday,
        ClinicTemplate.half == row.half,
        ClinicTemplate.kind == ClinicKind.OFFLINE,
    )
    return await unit.session.scalar(other.limit(1)) is not None
