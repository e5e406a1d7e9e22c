"""Ask once after a visit, in the inbox and on the home page; whoever waves it away is not asked again."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.bookings import Booking, place_of
from telehealth.bookings.events import BookingCompleted
from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify
from telehealth.ratings import queries
from telehealth.ratings.models import RatingAsk
from telehealth.ratings.rules import rate_by
from telehealth.rulebook import current_policy


async def on_completed(unit: Unit, event: BookingCompleted) -> None:
    """Nobody is asked who has no account: they are not here to answer."""
    booking = await unit.session.get(Booking, event.booking_id)
    if booking is None or booking.account_id is None or booking.ended_at is None:
        return
    policy = (await current_policy(unit, booking.hospital_id)).policy
    until = rate_by(booking.ended_at, policy)
    row = insert(RatingAsk).values(
        id=booking.id,
        hospital_id=booking.hospital_id,
        account_id=booking.account_id,
        doctor_id=booking.doctor_id,
        number=booking.number,
        asked_at=unit.now,
        rate_by=until,
    )
    asked = await unit.session.execute(row.on_conflict_do_nothing().returning(RatingAsk.id))
    if asked.scalar_one_or_none() is None:
        return
    await notify(
        unit, Notice.RATING_ASKED, booking.account_id, hospital_id=booking.hospital_id,
        href=f"/bookings/{booking.id}/rating", number=booking.number, starts_at=booking.starts_at,
        rate_by=until,
    )  # fmt: skip


async def wave_away(unit: Unit, actor: Actor, booking_id: UUID) -> None:
    """Rather not. Again changes nothing. Raises BookingNotFound."""
    await place_of(unit, booking_id)
    await queries.close_ask(unit, actor.account, booking_id)
