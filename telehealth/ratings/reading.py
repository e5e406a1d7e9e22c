"""What somebody wrote beside their stars is shown to nobody before a person at the hospital has read it.

They pass it on to the doctor, without a name, or keep it back: insults help nobody, and names of others
are not the doctor's to read. It is never published: a crowd of unread words is a board for slander.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telehealth.accounts import member_of_account
from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.directory import DoctorNotFound
from telehealth.ratings import queries
from telehealth.ratings.errors import RatingNotFound
from telehealth.ratings.models import Rating
from telehealth.ratings.rules import average_tenths
from telehealth.ratings.states import WordsEvent
from telehealth.rulebook import current_policy


@dataclass(frozen=True, slots=True)
class Own:
    """A doctor's own, as of `counted_at`: all but the two numbers is empty while too few rated."""

    shown_from: int
    batch: int
    counted_at: datetime | None
    average: int | None
    count: int
    spread: dict[int, int]
    words: tuple[str, ...]


async def pass_on(unit: Unit, actor: Actor, rating_id: UUID) -> Rating:
    """To the doctor, without a name. Raises RatingNotFound, TransitionRefused."""
    return await _look(unit, actor, rating_id, WordsEvent.PASS)


async def withhold(unit: Unit, actor: Actor, rating_id: UUID) -> Rating:
    """Raises RatingNotFound, TransitionRefused."""
    return await _look(unit, actor, rating_id, WordsEvent.WITHHOLD)


async def own_of_account(unit: Unit, actor: Actor) -> Own:
    """Raises DoctorNotFound for a member of staff who is no doctor."""
    member = await member_of_account(unit, actor.account, actor.hospital)
    if member is None or member.doctor_id is None or not member.works:
        raise DoctorNotFound()
    return await own_of(unit, actor.hospital, member.doctor_id)


async def own_of(unit: Unit, hospital_id: UUID, doctor_id: UUID) -> Own:
    policy = (await current_policy(unit, hospital_id)).policy
    told = await queries.score(unit, doctor_id)
    average = average_tenths(told.count, told.stars, policy) if told else None
    if told is None or average is None:
        return Own(policy.ratings.shown_from, policy.ratings.batch, None, None, 0, {}, ())
    # One by one they would tell who rated just as well as a sum that moves.
    said = await queries.passed_words(unit, hospital_id, doctor_id, until=told.counted_at)
    return Own(
        policy.ratings.shown_from,
        policy.ratings.batch,
        told.counted_at,
        average,
        told.count,
        {int(stars): count for stars, count in told.spread.items()},
        tuple(row.words for row in said),
    )


async def _look(unit: Unit, actor: Actor, rating_id: UUID, event: WordsEvent) -> Rating:
    row = await queries.rating(unit, actor.hospital, rating_id, lock=True)
    if row is None:
        raise RatingNotFound()
    row.apply(event)
    row.looked_at, row.looked_by = unit.now, actor.account
    unit.audit("rating.words_read", row, passed=event is WordsEvent.PASS)
    return row
