"""Which channel a delivery is handed over to next, decided and claimed under its row's lock.

Reader, preferences and consents are looked up each time: between two channels hours may pass.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from telehealth.accounts import Account, find_account, openid_of
from telehealth.core.deadlines import set_deadline
from telehealth.core.errors import NotFound
from telehealth.core.ids import new_id
from telehealth.core.settings import Notices
from telehealth.core.unit import Unit
from telehealth.notifications import queries
from telehealth.notifications.errors import StillSending
from telehealth.notifications.ladders import (
    LADDERS,
    LEASE,
    REPEATABLE,
    Ladder,
    Urgency,
    confirmed_by,
    has_another,
    is_waiting,
    next_channel,
    night_ends,
    urgency_of,
)
from telehealth.notifications.models import Delivery, Rung, SubscribeConsent
from telehealth.notifications.notices import WORDINGS, Wording, sms_of
from telehealth.notifications.ports import HospitalCodes, SMSGateway, WeChatMessage, WeChatMessenger
from telehealth.notifications.rules import show, sms_parameters
from telehealth.notifications.states import (
    CLIMB,
    WECHAT,
    Channel,
    DeliveryEvent,
    DeliveryState,
    RungEvent,
    RungState,
)
from telehealth.notifications.wechat_templates import data_of, family_of

log = structlog.get_logger(__name__)


class DeliveryGone(NotFound):
    code = "delivery_gone"


@dataclass(frozen=True, slots=True)
class Text:
    phone: str
    template: str
    parameters: list[str]
    lang: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One message, ours to hand over now."""

    delivery_id: UUID
    rung_id: UUID
    channel: Channel
    message: Text | WeChatMessage
    #: Whether another channel is there should this one stay down.
    has_another: bool


@dataclass(slots=True)
class _Reader:
    """Who is told, and what stands against each channel; "" where nothing does."""

    account: Account | None
    lang: str
    phone: str | None
    hospital: str
    openids: Mapping[Channel, str]
    objections: Mapping[Channel, str]


async def claim_next(unit: Unit, delivery_id: UUID, passed: Collection[Channel]) -> Claim | None:
    """The next message to hand over, or None: it waits, for a receipt or for the morning, or is at its end.

    `passed` are channels that failed in this run. Raises DeliveryGone, StillSending.
    """
    delivery = await queries.lock_delivery(unit, delivery_id)
    if delivery is None:
        raise DeliveryGone()
    if delivery.state is not DeliveryState.OPEN:
        return None
    wording = WORDINGS[delivery.notice]
    urgency = urgency_of(wording)
    ladder = LADDERS[urgency]
    rungs = {rung.channel: rung for rung in await queries.rungs_of(unit, delivery.id)}
    if await _need_not(unit, delivery, urgency):
        return None
    if not rungs and await _waits_for_morning(unit, delivery, wording, ladder):
        return None
    reader = await _reader_of(unit, delivery, wording, ladder)
    tried = {channel: rung.state for channel, rung in rungs.items()}
    lapsed = _lapsed(unit, rungs, passed)
    usable = {channel for channel, objection in reader.objections.items() if not objection}
    channel = lapsed or next_channel(ladder, tried | dict.fromkeys(passed, RungState.SENDING), usable)
    if channel is None:
        _end(delivery, tried, reader)
        return None
    rung = rungs.get(channel) or _add_rung(unit, delivery, channel)
    if channel is Channel.SUBSCRIBE and not await _spend_consent(unit, delivery, reader.hospital, wording):
        # Somebody else took the last one since we looked.
        rung.apply(RungEvent.CLAIM)
        rung.apply(RungEvent.REFUSE)
        rung.reason = "no_consent"
        await unit.session.flush()
        return await claim_next(unit, delivery_id, passed)
    rung.apply(RungEvent.CLAIM)
    rung.tries += 1
    rung.claimed_at = unit.wall
    if channel in WECHAT:
        # Before it leaves: should we die now, the deadline goes on without an answer.
        due_at = confirmed_by(urgency, unit.port(Notices), unit.now)
        await set_deadline(unit, CLIMB, delivery.id, due_at, hospital_id=delivery.hospital_id)
    message = _message(unit, delivery, wording, reader, rung)
    other = has_another(ladder, channel) and not reader.objections[Channel.SMS]
    return Claim(delivery.id, rung.id, channel, message, other)


async def _need_not(unit: Unit, delivery: Delivery, urgency: Urgency) -> bool:
    """Whoever opened it in the inbox meanwhile is told nothing twice."""
    if urgency is not Urgency.ROUTINE or not await queries.was_read(unit, delivery.id):
        return False
    delivery.apply(DeliveryEvent.CONFIRM)
    delivery.reason = "read"
    return True


async def _waits_for_morning(unit: Unit, delivery: Delivery, wording: Wording, ladder: Ladder) -> bool:
    """At night a phone stays dark for what can wait. Who pressed a button a moment ago is awake."""
    own_deed = delivery.account_id is not None and delivery.sender_id == delivery.account_id
    morning = night_ends(unit.port(Notices), unit.now)
    if morning is None or not ladder.heeds_night or wording.prompt or own_deed:
        return False
    await set_deadline(unit, CLIMB, delivery.id, morning, hospital_id=delivery.hospital_id)
    return True


def _lapsed(unit: Unit, rungs: Mapping[Channel, Rung], passed: Collection[Channel]) -> Channel | None:
    """A channel whose sender died in the middle, and that may be asked again."""
    for channel, rung in rungs.items():
        if rung.state is not RungState.SENDING or channel in passed or channel not in REPEATABLE:
            continue
        if rung.claimed_at is not None and unit.wall - rung.claimed_at < LEASE:
            raise StillSending(retry_after_s=int(LEASE.total_seconds()))
        return channel
    return None


async def _reader_of(unit: Unit, delivery: Delivery, wording: Wording, ladder: Ladder) -> _Reader:
    account = None if delivery.account_id is None else await find_account(unit, delivery.account_id)
    lang = (account.lang if account is not None else None) or "zh-CN"
    phone = delivery.phone or (account.phone if account is not None else None)
    hospital, openids = await _openids(unit, delivery)
    objections = dict.fromkeys(Channel, "")
    if ladder.heeds_preferences and account is not None:
        for row in await queries.preferences_of(unit, account.id):
            if row.topic is wording.topic:
                objections |= dict.fromkeys(WECHAT, "" if row.wechat else "not_wanted")
                objections[Channel.SMS] = "" if row.sms else "not_wanted"
    reader = _Reader(account, lang, phone, hospital, openids, objections)
    reader.objections = {
        channel: objections[channel] or await _objection(unit, delivery, wording, reader, channel)
        for channel in Channel
    }
    return reader


async def _openids(unit: Unit, delivery: Delivery) -> tuple[str, dict[Channel, str]]:
    """The code of the hospital, and who the reader is in each of its apps: another's says nothing for it."""
    if delivery.account_id is None or delivery.hospital_id is None:
        return "", {}
    codes = unit.port(HospitalCodes)  # type: ignore[type-abstract]
    wechat = unit.port(WeChatMessenger)  # type: ignore[type-abstract]
    hospital = await codes.code(unit, delivery.hospital_id) or ""
    found = {}
    for channel in (Channel.SUBSCRIBE, Channel.TEMPLATE):
        appid = wechat.appid(hospital, channel)
        openid = await openid_of(unit, delivery.account_id, appid) if appid else None
        if openid is not None:
            found[channel] = openid
    return hospital, found


async def _objection(
    unit: Unit, delivery: Delivery, wording: Wording, reader: _Reader, channel: Channel
) -> str:
    if channel is Channel.SMS:
        gateway = unit.port(SMSGateway)  # type: ignore[type-abstract]
        template, _ = sms_of(wording)
        if not template:
            return "no_text"
        if reader.phone is None:
            return "no_phone"
        if not gateway.offers(template):
            log.warning("notice.no_template", template=template)
            return "no_template"
        return ""
    if channel not in reader.openids:
        return "no_wechat"
    family = family_of(wording)
    wechat = unit.port(WeChatMessenger)  # type: ignore[type-abstract]
    if not wechat.offers(reader.hospital, channel, family):
        return "no_template"
    if channel is Channel.SUBSCRIBE and delivery.account_id is not None:
        appid = wechat.appid(reader.hospital, channel)
        consents = await queries.consents_of(unit, delivery.account_id, appid)
        if not any(one.family == family and one.remaining for one in consents):
            return "no_consent"
    return ""


def _end(delivery: Delivery, tried: Mapping[Channel, RungState], reader: _Reader) -> None:
    if is_waiting(tried) or RungState.DELIVERED in tried.values():
        return
    if tried:
        delivery.apply(DeliveryEvent.EXHAUST)
        return
    delivery.apply(DeliveryEvent.SKIP)
    objections = reader.objections
    delivery.reason = objections[Channel.SMS] if objections[Channel.SMS] != "no_text" else "no_wechat"
    if "not_wanted" in objections.values():
        delivery.reason = "not_wanted"


def _add_rung(unit: Unit, delivery: Delivery, channel: Channel) -> Rung:
    rung = Rung(
        id=new_id(),
        delivery_id=delivery.id,
        hospital_id=delivery.hospital_id,
        channel=channel,
        state=RungState.QUEUED,
        tries=0,
        reason="",
        created_at=unit.now,
    )
    unit.session.add(rung)
    return rung


async def _spend_consent(unit: Unit, delivery: Delivery, hospital: str, wording: Wording) -> bool:
    wechat = unit.port(WeChatMessenger)  # type: ignore[type-abstract]
    spent = (
        sa.update(SubscribeConsent)
        .where(
            SubscribeConsent.account_id == delivery.account_id,
            SubscribeConsent.appid == wechat.appid(hospital, Channel.SUBSCRIBE),
            SubscribeConsent.family == family_of(wording),
            SubscribeConsent.remaining > 0,
        )
        .values(remaining=SubscribeConsent.remaining - 1)
        .returning(SubscribeConsent.remaining)
    )
    return (await unit.session.execute(spent)).first() is not None


def _message(
    unit: Unit, delivery: Delivery, wording: Wording, reader: _Reader, rung: Rung
) -> Text | WeChatMessage:
    variables: dict[str, Any] = delivery.variables
    if rung.channel is Channel.SMS:
        template, order = sms_of(wording)
        gateway = unit.port(SMSGateway)  # type: ignore[type-abstract]
        # Approved templates are Chinese: so are their parameters, unless the carrier holds an English one.
        lang = reader.lang if gateway.offers(f"{template}.{reader.lang}") else "zh-CN"
        shown = show(wording.variables, variables, lang)
        shown |= {"title": wording.title_en if lang == "en" else wording.title}
        return Text(reader.phone or "", template, sms_parameters(shown, order), lang)
    shown = show(wording.variables, variables, reader.lang)
    return WeChatMessage(
        hospital=reader.hospital,
        channel=rung.channel,
        openid=reader.openids[rung.channel],
        family=family_of(wording),
        data=data_of(wording, variables, shown, reader.lang, delivery.created_at),
        lang=reader.lang,
        path=f"/messages/{delivery.id}",
        reference=rung.id.hex,
    )
