from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.ratings.models import DoctorScore, Rating, RatingAsk
from telehealth.ratings.states import WordsState


async def rating_of(unit: Unit, account_id: UUID, booking_id: UUID, *, lock: bool = False) -> Rating | None:
    found = sa.select(Rating).where(Rating.booking_id == booking_id, Rating.account_id == account_id)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def rating(unit: Unit, hospital_id: UUID, rating_id: UUID, *, lock: bool = False) -> Rating | None:
    found = sa.select(Rating).where(Rating.id == rating_id, Rating.hospital_id == hospital_id)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def ask_of(unit: Unit, account_id: UUID, booking_id: UUID) -> RatingAsk | None:
    found = sa.select(RatingAsk).where(RatingAsk.id == booking_id, RatingAsk.account_id == account_id)
    return (await unit.session.scalars(found)).first()


async def open_asks(unit: Unit, account_id: UUID, *, limit: int = 1) -> Sequence[RatingAsk]:
    """The latest visits that may still be rated and were not waved away."""
    found = sa.select(RatingAsk).where(
        RatingAsk.account_id == account_id, RatingAsk.closed_at.is_(None), RatingAsk.rate_by > unit.now
    )
    return (await unit.session.scalars(found.order_by(RatingAsk.asked_at.desc()).limit(limit))).all()


async def close_ask(unit: Unit, account_id: UUID, booking_id: UUID) -> None:
    await unit.session.execute(
        sa.update(RatingAsk)
        .where(RatingAsk.id == booking_id, RatingAsk.account_id == account_id, RatingAsk.closed_at.is_(None))
        .values(closed_at=unit.now)
    )


async def waiting_words(
    unit: Unit, hospital_id: UUID, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Rating]:
    """Oldest first, one more than `limit` if there are more."""
    found = sa.select(Rating).where(
        Rating.hospital_id == hospital_id, Rating.words_state == WordsState.WAITING
    )
    if after is not None:
        found = found.where(sa.tuple_(Rating.made_at, Rating.id) > sa.tuple_(*after))
    return (await unit.session.scalars(found.order_by(Rating.made_at, Rating.id).limit(limit + 1))).all()


async def spread(unit: Unit, hospital_id: UUID, doctor_id: UUID) -> dict[int, int]:
    """Stars → how many gave them."""
    rows = await unit.session.execute(
        sa.select(Rating.stars, sa.func.count())
        .where(Rating.hospital_id == hospital_id, Rating.doctor_id == doctor_id)
        .group_by(Rating.stars)
    )
    return {int(stars): int(count) for stars, count in rows}


async def passed_words(
    unit: Unit, hospital_id: UUID, doctor_id: UUID, *, until: datetime, limit: int = 50
) -> Sequence[Rating]:
    """Passed on by then, in an order that tells nobody when they were written."""
    found = sa.select(Rating).where(
        Rating.hospital_id == hospital_id,
        Rating.doctor_id == doctor_id,
        Rating.words_state == WordsState.PASSED,
        Rating.looked_at <= until,
    )
    return (
        await unit.session.scalars(found.order_by(sa.func.md5(sa.cast(Rating.id, sa.Text))).limit(limit))
    ).all()


async def score(unit: Unit, doctor_id: UUID) -> DoctorScore | None:
    return await unit.session.get(DoctorScore, doctor_id)


async def scores(unit: Unit, doctor_ids: Sequence[UUID]) -> Sequence[DoctorScore]:
    return (await unit.session.scalars(sa.select(DoctorScore).where(DoctorScore.id.in_(doctor_ids)))).all()
