"""One text message on its way: prepared in a unit, handed over with none open, written down in another.

A message whose acceptance was written down is never sent again. When the carrier's answer is
lost it is sent once more: a closed clinic told twice is better than not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from telehealth.core.errors import NotFound
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.notifications import queries
from telehealth.notifications.errors import PhoneRefused
from telehealth.notifications.models import Delivery
from telehealth.notifications.notices import WORDINGS, Wording
from telehealth.notifications.ports import SMSGateway
from telehealth.notifications.rules import show, sms_parameters
from telehealth.notifications.states import DeliveryEvent, DeliveryState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    phone: str
    template: str
    parameters: list[str]
    lang: str


class DeliveryGone(NotFound):
    code = "delivery_gone"


@task("notifications.deliver")
async def deliver_notice(work: Work, *, delivery_id: str) -> None:
    await deliver(work.units, UUID(delivery_id))


async def deliver(units: Units, delivery_id: UUID) -> None:
    """Send one message once. Raises SMSDown, SMSUnpaid, SMSMisconfigured, PhoneTooSoon: try again later."""
    gateway = units.port(SMSGateway)  # type: ignore[type-abstract]
    async with units.system("message delivery") as unit:
        text = await _prepare(unit, gateway, delivery_id)
    if text is None:
        return
    try:
        serial = await gateway.send(
            text.phone, text.template, text.parameters, lang=text.lang, reference=str(delivery_id)
        )
    except PhoneRefused as refusal:
        reason = str(refusal.facts.get("reason", refusal.code))
        async with units.system("message delivery") as unit:
            await _end(unit, delivery_id, DeliveryEvent.REFUSE, reason)
        return
    async with units.system("message delivery") as unit:
        await _accepted(unit, delivery_id, serial)


async def _prepare(unit: Unit, gateway: SMSGateway, delivery_id: UUID) -> Text | None:
    """What to send, or None when it was sent before or nobody wants it."""
    found = await queries.to_send(unit, delivery_id)
    if found is None:
        raise DeliveryGone()
    delivery, account, silenced = found
    if delivery.state is not DeliveryState.QUEUED:
        return None
    wording = WORDINGS[delivery.notice]
    phone, lang = delivery.phone, "zh-CN"
    if account is not None:
        phone, lang = phone or account.phone, account.lang or lang
    if skipped := _why_not(wording, gateway, phone, silenced or ()):
        await _end(unit, delivery_id, DeliveryEvent.SKIP, skipped)
        return None
    # Approved templates are Chinese: so are their parameters, unless the carrier holds an English one.
    lang = lang if gateway.offers(f"{wording.sms}.{lang}") else "zh-CN"
    shown = show(wording.variables, delivery.variables, lang)
    return Text(phone or "", wording.sms, sms_parameters(shown, wording.sms_order), lang)


def _why_not(wording: Wording, gateway: SMSGateway, phone: str | None, silenced: Sequence[str]) -> str | None:
    if not wording.urgent and wording.topic in silenced:
        return "not_wanted"
    if phone is None:
        return "no_phone"
    if not gateway.offers(wording.sms):
        log.warning("notice.no_template", template=wording.sms)
        return "no_template"
    return None


async def _accepted(unit: Unit, delivery_id: UUID, serial: str) -> None:
    connection = await unit.connection()
    written = await connection.execute(
        _ACCEPT, {"id": delivery_id, "serial": serial, "wall": unit.wall}, prepare=True
    )
    row = await written.fetchone()
    # The carrier may report before its own answer was written down here.
    if row is not None and row[0]:
        early = await queries.receipt(unit, serial)
        if early is not None:
            report(unit, await _locked(unit, delivery_id), arrived=early.arrived, reason=early.reason)


_ACCEPT = """
update deliveries set state = 'accepted', serial = %(serial)s, accepted_at = %(wall)s
where id = %(id)s and state = 'queued'
returning exists (select from sms_receipts where serial = %(serial)s)
"""


def report(unit: Unit, delivery: Delivery, *, arrived: bool, reason: str) -> None:
    """Write down what became of an accepted message; a second report changes nothing."""
    if delivery.state is DeliveryState.ACCEPTED:
        delivery.apply(DeliveryEvent.ARRIVE if arrived else DeliveryEvent.FAIL)
        delivery.reason, delivery.reported_at = reason, unit.wall


async def _locked(unit: Unit, delivery_id: UUID) -> Delivery:
    delivery = await queries.lock_delivery(unit, delivery_id)
    if delivery is None:
        raise DeliveryGone()
    return delivery


async def _end(unit: Unit, delivery_id: UUID, event: DeliveryEvent, reason: str) -> None:
    delivery = await _locked(unit, delivery_id)
    if delivery.state is DeliveryState.QUEUED:
        delivery.apply(event)
        delivery.reason = reason
