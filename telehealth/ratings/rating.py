"""Stars for a visit that was had: by its account, once, in time, and for a day to be changed (GD12)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.bookings import Booking, BookingState, place_of
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.ratings import queries
from telehealth.ratings.errors import (
    AlreadyRated,
    RatingFixed,
    RatingNotFound,
    RatingTooLate,
    VisitNotRateable,
)
from telehealth.ratings.models import Rating
from telehealth.ratings.rules import editable_until, rate_by
from telehealth.ratings.states import WordsEvent, WordsState
from telehealth.ratings.tallying import tally
from telehealth.rulebook import current_policy


@dataclass(frozen=True, slots=True)
class Given:
    stars: int
    words: str = ""


async def rate(unit: Unit, actor: Actor, booking_id: UUID, given: Given) -> Rating:
    """Raises BookingNotFound, VisitNotRateable, RatingTooLate, AlreadyRated."""
    booking = (await place_of(unit, booking_id)).booking
    if booking.state is not BookingState.COMPLETED or booking.ended_at is None:
        raise VisitNotRateable()
    version = await current_policy(unit, booking.hospital_id)
    if rate_by(booking.ended_at, version.policy) <= unit.now:
        raise RatingTooLate()
    row = insert(Rating).values(
        id=new_id(),
        booking_id=booking.id,
        hospital_id=booking.hospital_id,
        account_id=actor.account,
        doctor_id=booking.doctor_id,
        stars=given.stars,
        words=given.words,
        words_state=WordsState.WAITING if given.words else WordsState.NONE,
        made_at=unit.now,
        editable_until=editable_until(unit.now, version.policy),
        policy_number=version.number,
    )
    made = await unit.session.execute(
        row.on_conflict_do_nothing(index_elements=["booking_id"]).returning(Rating.id)
    )
    if made.scalar_one_or_none() is None:
        raise AlreadyRated()
    kept = await own(unit, actor, booking_id)
    await queries.close_ask(unit, actor.account, booking_id)
    await _counted(unit, booking)
    unit.audit("rating.given", kept)
    return kept


async def revise(unit: Unit, actor: Actor, booking_id: UUID, given: Given) -> Rating:
    """New words are looked at anew. Raises BookingNotFound, RatingNotFound, RatingFixed."""
    booking = (await place_of(unit, booking_id)).booking
    row = await queries.rating_of(unit, actor.account, booking_id, lock=True)
    if row is None:
        raise RatingNotFound()
    if row.editable_until <= unit.now:
        raise RatingFixed()
    if given.words != row.words:
        row.apply(WordsEvent.WRITE if given.words else WordsEvent.ERASE)
        row.words, row.looked_at, row.looked_by = given.words, None, None
    row.stars, row.edited_at = given.stars, unit.now
    await _counted(unit, booking)
    unit.audit("rating.revised", row)
    return row


async def own(unit: Unit, actor: Actor, booking_id: UUID) -> Rating:
    """Raises RatingNotFound."""
    row = await queries.rating_of(unit, actor.account, booking_id)
    if row is None:
        raise RatingNotFound()
    return row


async def _counted(unit: Unit, booking: Booking) -> None:
    await unit.defer(tally, hospital_id=booking.hospital_id, doctor_id=booking.doctor_id, day=unit.today)
