"""Take back, at the insurer, what was uploaded and will not be paid."""

from uuid import UUID

import structlog

from telehealth.core.jobs import Work, task
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.family import Unbound
from telehealth.insurance import queries
from telehealth.insurance.errors import InsurerDown, InsurerRefused
from telehealth.insurance.models import USABLE_FOR, Cover
from telehealth.insurance.ports import CoverTruth, Insurer
from telehealth.insurance.states import CoverEvent, CoverState, Giveup
from telehealth.insurance.uploading import Errand, errand_of, messages_of

log = structlog.get_logger(__name__)

REASON = "cover left behind"
AT_ONCE = 500


async def give_up(unit: Unit, cover: Cover, reason: Giveup) -> None:
    """This cover will not be used. What the insurer holds of it is taken back by a job of this unit.

    Until then it stays open, with its reason. A cover that is settled or at its end stays as it is.
    """
    if cover.state not in queries.OPEN or cover.reason is not None:
        return
    cover.reason = reason
    unit.audit("cover.given_up", cover, reason=reason, was=cover.state)
    if cover.state is CoverState.ASKED or not _is_held(cover):
        _close(unit, cover)
        return
    await unit.defer(revoke, cover_id=cover.id)


async def abandon(unit: Unit, charge_id: UUID) -> None:
    """The charge will not be paid by any cover: it is closed, or paid otherwise."""
    for cover in await queries.open_covers(unit, charge_id):
        await give_up(unit, cover, Giveup.ABANDONED)


async def give_up_for(unit: Unit, event: Unbound) -> None:
    """Nobody stands for this patient any more: what is not deducted yet is taken back (GS08)."""
    for cover in await queries.open_covers_between(unit, event.account_id, event.person_id):
        await give_up(unit, cover, Giveup.UNBOUND)


async def reverse(units: Units, cover_id: UUID) -> bool:
    """Take one cover back before anything was deducted (6401, or 2601 when its number never came).

    True when the insurer holds nothing of it any more; False when it has deducted its part meanwhile:
    then payments will learn that it is paid. Calling it again changes nothing.

    Raises:
        CoverNotFound, InsurerDown, InsurerRefused: it stays as it was.
    """
    async with units.system(REASON) as unit:
        errand = await errand_of(unit, await queries.cover_of(unit, cover_id))
    if errand.cover.state not in queries.OPEN:
        return errand.cover.state is not CoverState.SETTLED
    if _is_held(errand.cover):
        point("insure.revoke.before_call")
        if not await _tell(units.port(Insurer), errand):  # type: ignore[type-abstract]
            log.warning("cover.settled_elsewhere", cover=str(cover_id))
            return False
        point("insure.revoke.after_call")
    async with units.system(REASON) as unit:
        cover = await queries.cover_of(unit, cover_id, lock=True)
        if cover.state in queries.OPEN:
            _close(unit, cover)
    point("insure.revoke.after_commit")
    return cover.state is not CoverState.SETTLED


async def revoke_abandoned(units: Units) -> int:
    """Take back every cover nobody can use any more; how many. Safe beside other workers."""
    async with units.system(REASON) as unit:
        waiting = await queries.left_behind(unit, unit.now - USABLE_FOR, AT_ONCE)
    count, silent = 0, set[UUID]()
    for cover_id, hospital_id in waiting:
        if hospital_id in silent:
            continue
        try:
            count += await reverse(units, cover_id)
        except InsurerDown:
            # The others of this hospital would only wait for the same silence.
            silent.add(hospital_id)
        except InsurerRefused as error:
            log.error("cover.not_revoked", cover=str(cover_id), word=error.facts.get("word"))
    return count


@task("insurance.revoke_cover")
async def revoke(work: Work, *, cover_id: str) -> None:
    await reverse(work.units, UUID(cover_id))


async def _tell(insurer: Insurer, errand: Errand) -> bool:
    cover = errand.cover
    if cover.pay_order_id is None:
        for message in messages_of(cover):
            await insurer.take_back(errand.hospital, message)
        return True
    order, token = cover.pay_order_id, cover.pay_token or ""
    try:
        await insurer.revoke(errand.hospital, order, token)
    except InsurerRefused:
        truth = await insurer.query(errand.hospital, order, token, errand.upload())
        if truth is CoverTruth.OPEN:
            raise
        return truth is not CoverTruth.SETTLED
    return True


def _is_held(cover: Cover) -> bool:
    """The insurer has it, or may have it."""
    return cover.pay_order_id is not None or bool(messages_of(cover))


def _close(unit: Unit, cover: Cover) -> None:
    if cover.reason is None:
        cover.reason = Giveup.EXPIRED if cover.state is CoverState.ASKED else Giveup.ABANDONED
    if cover.state is CoverState.PRICED:
        cover.apply(CoverEvent.REVERSE)
        cover.reversed_at = unit.now
    else:
        cover.apply(CoverEvent.REFUSE)
    cover.auth_number = cover.pay_token = None
    unit.audit(f"cover.{cover.state}", cover, reason=cover.reason)
