"""A notice on its way to a phone: claimed in a unit, handed over with none open, written down in another.

A message whose acceptance was written down is never sent again on the same channel. When the answer is
lost, WeChat's service account is asked once more under the same number, a mini-program's message is taken
to be out, and a text message is sent once more: a closed clinic told twice is better than not at all.
"""

from uuid import UUID

import sqlalchemy as sa

from telehealth.core.errors import Busy, DomainError, Unavailable
from telehealth.core.jobs import Work, task
from telehealth.core.settings import Notices
from telehealth.core.unit import Unit, Units
from telehealth.notifications import queries
from telehealth.notifications.claiming import Claim, DeliveryGone, Text, claim_next
from telehealth.notifications.errors import PhoneRefused, WeChatRefused, WeChatUnanswered
from telehealth.notifications.ladders import is_waiting
from telehealth.notifications.models import Delivery, Rung, SubscribeConsent
from telehealth.notifications.ports import SMSGateway, WeChatMessage, WeChatMessenger
from telehealth.notifications.states import (
    WECHAT,
    Channel,
    DeliveryEvent,
    DeliveryState,
    RungEvent,
    RungState,
)

WHY = "message delivery"


@task("notifications.deliver")
async def deliver_notice(work: Work, *, delivery_id: str) -> None:
    await deliver(work.units, UUID(delivery_id))


async def deliver(units: Units, delivery_id: UUID) -> None:
    """Hand a notice to as many channels as its ladder asks for now.

    Raises what a channel raised that is down and has no other after it: try again later.
    """
    failed: DomainError | None = None
    passed: set[Channel] = set()
    while True:
        async with units.system(WHY) as unit:
            claim = await claim_next(unit, delivery_id, passed)
        if claim is None:
            break
        try:
            await _hand_over(units, claim)
        except (Unavailable, Busy) as error:
            if not await _moves_on(units, claim):
                passed.add(claim.channel)
                failed = failed or error
    if failed is not None:
        raise failed


async def _hand_over(units: Units, claim: Claim) -> None:
    try:
        serial = await _send(units, claim)
    except (PhoneRefused, WeChatRefused) as refusal:
        async with units.system(WHY) as unit:
            await _refused(unit, claim, str(refusal.facts.get("reason", refusal.code)))
    except WeChatUnanswered:
        if claim.channel is not Channel.SUBSCRIBE:
            raise
        # It has no number of ours: asked again it might be sent, or refused, twice. Its deadline decides.
    else:
        async with units.system(WHY) as unit:
            await _accepted(unit, claim, serial)


async def _send(units: Units, claim: Claim) -> str | None:
    if isinstance(claim.message, Text):
        text = claim.message
        return await units.port(SMSGateway).send(  # type: ignore[type-abstract]
            text.phone, text.template, text.parameters, lang=text.lang, reference=str(claim.rung_id)
        )
    return await units.port(WeChatMessenger).send(claim.message)  # type: ignore[type-abstract]


async def _accepted(unit: Unit, claim: Claim, serial: str | None) -> None:
    delivery, rung = await _locked(unit, claim)
    if rung.state not in (RungState.SENDING, RungState.SILENT):
        return
    rung.apply(RungEvent.ACCEPT)
    rung.serial, rung.accepted_at = serial, unit.wall
    if serial is None:
        return
    await unit.session.flush()
    # The carrier may report before its own answer was written down here, or at this very moment.
    await queries.hold_serial(unit, serial)
    early = await queries.receipt(unit, serial)
    if early is not None:
        await report(unit, delivery, rung, arrived=early.arrived, reason=early.reason)


async def _refused(unit: Unit, claim: Claim, reason: str) -> None:
    _, rung = await _locked(unit, claim)
    if rung.state is RungState.SENDING:
        rung.apply(RungEvent.REFUSE)
        rung.reason = reason
    if claim.channel is Channel.SUBSCRIBE and isinstance(claim.message, WeChatMessage):
        # WeChat counts, not we: what it refuses was never there, or was taken back.
        await _set_consents(unit, claim, claim.message, 0)


async def _moves_on(units: Units, claim: Claim) -> bool:
    """Whether the next channel is tried now: this one was down often enough, and is certainly not out."""
    async with units.system(WHY) as unit:
        _, rung = await _locked(unit, claim)
        if rung.state is not RungState.SENDING:
            return True
        if claim.channel is Channel.SUBSCRIBE and isinstance(claim.message, WeChatMessage):
            await _set_consents(unit, claim, claim.message, SubscribeConsent.remaining + 1)
        if claim.has_another and rung.tries >= unit.port(Notices).tries:
            rung.apply(RungEvent.REFUSE)
            rung.reason = "unavailable"
            return True
        rung.apply(RungEvent.PUT_BACK)
        return False


async def _set_consents(unit: Unit, claim: Claim, message: WeChatMessage, remaining: object) -> None:
    delivery = await queries.lock_delivery(unit, claim.delivery_id)
    appid = unit.port(WeChatMessenger).appid(message.hospital, claim.channel)  # type: ignore[type-abstract]
    if delivery is not None:
        await unit.session.execute(
            sa.update(SubscribeConsent)
            .where(
                SubscribeConsent.account_id == delivery.account_id,
                SubscribeConsent.appid == appid,
                SubscribeConsent.family == message.family,
            )
            .values(remaining=remaining)
        )


async def report(unit: Unit, delivery: Delivery, rung: Rung, *, arrived: bool, reason: str) -> None:
    """Write down what became of an accepted message; a second report changes nothing.

    What failed climbs on at once. The caller holds the delivery's lock.
    """
    if rung.state not in (RungState.ACCEPTED, RungState.SILENT):
        return
    was_silent = rung.state is RungState.SILENT
    rung.apply(RungEvent.ARRIVE if arrived else RungEvent.FAIL)
    rung.reason, rung.reported_at = reason, unit.wall
    if arrived:
        if delivery.state in (DeliveryState.OPEN, DeliveryState.UNREACHED):
            delivery.apply(DeliveryEvent.CONFIRM)
    elif not was_silent:
        await unit.defer(deliver_notice, delivery_id=delivery.id)


async def climb_on(unit: Unit, delivery_id: UUID) -> None:
    """Deadline `notifications.climb`: the night is over, or a channel of WeChat confirmed nothing in time."""
    delivery = await queries.lock_delivery(unit, delivery_id)
    if delivery is None or delivery.state is not DeliveryState.OPEN:
        return
    rungs = await queries.rungs_of(unit, delivery_id)
    for rung in rungs:
        if rung.channel in WECHAT and rung.state in (RungState.SENDING, RungState.ACCEPTED):
            rung.apply(RungEvent.GIVE_UP)
    if not rungs or not is_waiting({rung.channel: rung.state for rung in rungs}):
        await unit.defer(deliver_notice, delivery_id=delivery_id)


async def _locked(unit: Unit, claim: Claim) -> tuple[Delivery, Rung]:
    delivery = await queries.lock_delivery(unit, claim.delivery_id)
    if delivery is None:
        raise DeliveryGone()
    rungs = {rung.id: rung for rung in await queries.rungs_of(unit, claim.delivery_id)}
    return delivery, rungs[claim.rung_id]
