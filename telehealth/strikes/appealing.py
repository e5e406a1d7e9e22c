"""Against a strike: the patient says why, a person at the hospital decides (SJ09, REG58)."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify
from telehealth.patients import LinkPending, PersonNotFound, person_for
from telehealth.rulebook import current_policy
from telehealth.strikes import queries
from telehealth.strikes.errors import (
    AppealAlreadyAnswered,
    AppealAlreadyOpen,
    AppealNotFound,
    StrikeNotFound,
    StrikeReversed,
)
from telehealth.strikes.giving import lock_standing, masked_person
from telehealth.strikes.models import Appeal, StrikeRow
from telehealth.strikes.rules import bans_from
from telehealth.strikes.states import AppealEvent, AppealState


async def appeal(unit: Unit, actor: Actor, strike_id: UUID, text: str) -> Appeal:
    """Whoever acts for the person may appeal.

    Raises StrikeNotFound, StrikeReversed, AppealAlreadyOpen.
    """
    strike = await queries.strike(unit, strike_id)
    if strike is None:
        raise StrikeNotFound()
    try:
        await person_for(unit, actor.account, strike.person_id)
    except (PersonNotFound, LinkPending):
        raise StrikeNotFound() from None
    if strike.is_reversed:
        raise StrikeReversed()
    row = insert(Appeal).values(
        id=new_id(),
        hospital_id=strike.hospital_id,
        account_id=actor.account,
        person_id=strike.person_id,
        strike_id=strike.id,
        state=AppealState.OPEN,
        text=text,
        made_at=unit.now,
        answer="",
    )
    made = await unit.session.execute(row.on_conflict_do_nothing().returning(Appeal.id))
    appeal_id = made.scalar_one_or_none()
    if appeal_id is None:
        # Another account acting for the same person may have been first.
        raise AppealAlreadyOpen()
    kept = (await unit.session.scalars(sa.select(Appeal).where(Appeal.id == appeal_id))).one()
    unit.audit("appeal.made", kept, strike=strike.id)
    return kept


async def uphold(unit: Unit, actor: Actor, appeal_id: UUID, answer: str) -> Appeal:
    """The strike is taken back, and with it at once whatever ban it brought.

    Raises AppealNotFound, AppealAlreadyAnswered.
    """
    row = await _open_appeal(unit, actor, appeal_id)
    _answer(unit, actor, row, AppealEvent.UPHOLD, answer)
    strike = await queries.strike(unit, row.strike_id, lock=True)
    if strike is not None and not strike.is_reversed:
        await reverse_strike(unit, actor, strike.id, answer)
    return row


async def decline(unit: Unit, actor: Actor, appeal_id: UUID, answer: str) -> Appeal:
    """The strike stands; the account reads why. Raises AppealNotFound, AppealAlreadyAnswered."""
    row = await _open_appeal(unit, actor, appeal_id)
    _answer(unit, actor, row, AppealEvent.DECLINE, answer)
    strike = await queries.strike(unit, row.strike_id)
    if strike is not None:
        await notify(
            unit, Notice.APPEAL_DECLINED, row.account_id, hospital_id=row.hospital_id, href="/strikes",
            person=await masked_person(unit, row.person_id), on=strike.on,
        )  # fmt: skip
    return row


async def reverse_strike(unit: Unit, actor: Actor, strike_id: UUID, reason: str) -> StrikeRow:
    """Take a strike back, asked or not. Bans the remaining history does not bring are lifted at once.

    Raises StrikeNotFound, StrikeReversed.
    """
    strike = await queries.strike(unit, strike_id, lock=True)
    if strike is None or strike.hospital_id != actor.hospital:
        raise StrikeNotFound()
    if strike.is_reversed:
        raise StrikeReversed()
    await lock_standing(unit, strike.hospital_id, strike.person_id)
    strike.reversed_at, strike.reversed_by, strike.reversal_reason = unit.now, actor.account, reason
    await unit.session.flush()
    unit.audit("strike.reversed", strike, booking=strike.booking_number)
    await _lift(unit, actor, strike)
    if strike.account_id is not None:
        await notify(
            unit, Notice.STRIKE_LIFTED, strike.account_id, hospital_id=strike.hospital_id, href="/strikes",
            person=await masked_person(unit, strike.person_id), on=strike.on,
        )  # fmt: skip
    return strike


async def _lift(unit: Unit, actor: Actor, strike: StrikeRow) -> None:
    policy = (await current_policy(unit, strike.hospital_id)).policy
    history = queries.as_rules(await queries.strikes_of(unit, strike.hospital_id, strike.person_id))
    standing = {(ban.channel, ban.from_on) for ban in bans_from(history, policy)}
    for row in await queries.unlifted_bans(unit, strike.hospital_id, strike.person_id):
        if (row.channel, row.from_on) not in standing:
            row.lifted_at, row.lifted_by = unit.now, actor.account
            unit.audit("ban.lifted", row, account_id=strike.account_id, strike=strike.id)


async def _open_appeal(unit: Unit, actor: Actor, appeal_id: UUID) -> Appeal:
    row = await queries.appeal(unit, appeal_id, lock=True)
    if row is None or row.hospital_id != actor.hospital:
        raise AppealNotFound()
    if row.state is not AppealState.OPEN:
        raise AppealAlreadyAnswered()
    return row


def _answer(unit: Unit, actor: Actor, row: Appeal, event: AppealEvent, answer: str) -> None:
    row.apply(event)
    row.decided_at, row.decided_by, row.answer = unit.now, actor.account, answer
    unit.audit("appeal.answered", row, upheld=event is AppealEvent.UPHOLD)
