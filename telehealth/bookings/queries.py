"""Every SELECT of bookings, and the one way to give a seat back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.bookings.states import LIVE
from telehealth.core.unit import Unit
from telehealth.rulebook.rules import Channel
from telehealth.schedule import Clinic, Slot


@dataclass(frozen=True, slots=True)
class SlotFacts:
    clinic_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: str
    #: The clinic, or this channel's share of it, has no seat left.
    share_used: bool


async def lock_with_seat(unit: Unit, booking_id: UUID) -> Booking | None:
    """Lock slot, clinic, booking in the written order; the booking as it is once locked."""
    where = await unit.session.execute(
        sa.select(Booking.slot_id, Booking.clinic_id).where(Booking.id == booking_id)
    )
    seat = where.first()
    if seat is None:
        return None
    await unit.session.execute(sa.select(Slot.id).where(Slot.id == seat.slot_id).with_for_update())
    await unit.session.execute(sa.select(Clinic.id).where(Clinic.id == seat.clinic_id).with_for_update())
    locked = sa.select(Booking).where(Booking.id == booking_id).with_for_update()
    return (await unit.session.scalars(locked.execution_options(populate_existing=True))).first()


async def free_seat(unit: Unit, booking: Booking) -> None:
    """Give the seat of a locked booking back to its slot, clinic and channel."""
    taken = {
        Channel.ONLINE: Clinic.taken_online,
        Channel.DESK: Clinic.taken_desk,
        Channel.PHONE: Clinic.taken_phone,
    }[booking.channel]
    await unit.session.execute(sa.update(Slot).where(Slot.id == booking.slot_id).values(taken=Slot.taken - 1))
    await unit.session.execute(
        sa.update(Clinic).where(Clinic.id == booking.clinic_id).values({taken: taken - 1})
    )


async def slot_facts(unit: Unit, slot_id: UUID, channel: Channel) -> SlotFacts | None:
    rows = await unit.session.execute(
        sa.select(Slot, Clinic).join(Clinic, Clinic.id == Slot.clinic_id).where(Slot.id == slot_id)
    )
    found = rows.first()
    if found is None:
        return None
    slot, clinic = found
    total = clinic.taken_online + clinic.taken_desk + clinic.taken_phone
    quota, taken = {
        Channel.ONLINE: (clinic.quota_online, clinic.taken_online),
        Channel.DESK: (clinic.quota_desk, clinic.taken_desk),
        Channel.PHONE: (clinic.quota_phone, clinic.taken_phone),
    }[channel]
    released = clinic.released_at is not None and clinic.released_at <= unit.now
    used = total >= clinic.capacity or (not released and taken >= quota)
    return SlotFacts(clinic.id, slot.starts_at, slot.ends_at, clinic.state, used)


async def slots_near(unit: Unit, clinic_id: UUID, starts_at: datetime) -> list[dict[str, Any]]:
    """The three nearest slots of the same doctor and kind, within a week, that still have seats."""
    other = sa.orm.aliased(Clinic)
    rows = await unit.session.execute(
        sa.select(Slot.id, Slot.starts_at)
        .join(other, other.id == Slot.clinic_id)
        .join(Clinic, sa.and_(Clinic.id == clinic_id, Clinic.doctor_id == other.doctor_id))
        .where(other.kind == Clinic.kind, other.state == "open", Slot.taken < Slot.seats)
        .where(
            sa.func.coalesce(other.released_at <= unit.now, False) | (other.taken_online < other.quota_online)
        )
        .where(Slot.ends_at > unit.now, Slot.starts_at < unit.now + timedelta(days=7))
        .order_by(sa.func.abs(sa.extract("epoch", Slot.starts_at - starts_at)))
        .limit(3)
    )
    return [{"slot_id": str(row.id), "starts_at": row.starts_at.isoformat()} for row in rows]


async def booking_of(unit: Unit, booking_id: UUID) -> Booking | None:
    """A booking the unit may see: row-level security is the second wall, `policy` the first."""
    return await unit.session.get(Booking, booking_id)


async def live_in_clinic(unit: Unit, clinic_id: UUID) -> list[UUID]:
    """In the order in which their rows are locked."""
    live = sa.select(Booking.id).where(Booking.clinic_id == clinic_id, Booking.state.in_(LIVE))
    return list(await unit.session.scalars(live.order_by(Booking.slot_id, Booking.id)))
