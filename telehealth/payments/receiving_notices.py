"""Callbacks of providers: kept raw, then verified, then only their number is used (docs/money.md §5).

What is true is asked for. Whoever is killed in between leaves a notice that is unread: the provider
calls again, and our own round asks anyway.
"""

from collections.abc import Mapping
from uuid import UUID

from telehealth.core.ids import new_id
from telehealth.core.points import point
from telehealth.core.unit import Units
from telehealth.directory import HospitalNotFound
from telehealth.payments import statements
from telehealth.payments.errors import NoticeRefused, ProviderNotFound
from telehealth.payments.ports import Notice, OrderTruth, PaymentProvider, Providers, Told
from telehealth.payments.settling import Outcome, look, settle
from telehealth.payments.submitting import look_at_refund

__all__ = ["CALLBACK", "receive"]

CALLBACK = "callback"
ACCEPTED, REPEATED = "accepted", "repeated"
UNKNOWN, DIFFERS, UNPROVEN = "unknown_order", "amount_differs", "unproven"
_VERDICTS = {
    Outcome.TAKEN: ACCEPTED,
    Outcome.REFUNDED: ACCEPTED,
    Outcome.KNOWN: REPEATED,
    Outcome.DIFFERS: DIFFERS,
    Outcome.UNKNOWN: UNKNOWN,
    # It says paid; whom we asked says otherwise.
    Outcome.OPEN: UNPROVEN,
    Outcome.CLOSED: UNPROVEN,
}
#: Callbacks about plain orders, of which there are many at once.
STRAIGHT = "payments"
_SECRET = ("authorization", "cookie")
#: Bytes. A true callback has a few thousand; of what is longer the beginning is evidence enough.
LONGEST = 65_536


async def receive(
    units: Units, provider: str, hospital_code: str, topic: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Take a callback. It changes nothing that a query does not confirm; coming again changes nothing.

    Raises:
        ProviderNotFound, HospitalNotFound: nobody we know.
        NoticeRefused: it proves nothing, or not what it says; `verdict` says why, and staff see it.
        ProviderDown, ProviderBusy, Unavailable: it was kept, and is wanted again.
    """
    adapter = units.port(Providers).by_name.get(provider)
    if adapter is None:
        raise ProviderNotFound()
    notice_id = await _keep(units, provider, hospital_code, topic, headers, body[:LONGEST])
    about: str | None = None
    verdict: str | None = None
    try:
        if len(body) > LONGEST:
            raise NoticeRefused("too_long")
        said = adapter.read_notice(hospital_code, topic, headers, body)
        about = said.refund_number or said.out_trade_no
        if topic == STRAIGHT:
            verdict = await _settle(units, adapter, hospital_code, said, notice_id)
        if verdict is None:
            verdict = await _ask(units, hospital_code, said)
            await _judge(units, notice_id, verdict, about)
    except NoticeRefused as refusal:
        verdict = refusal.verdict
        await _judge(units, notice_id, verdict, about)
    if verdict not in (ACCEPTED, REPEATED):
        raise NoticeRefused(verdict)


async def _settle(
    units: Units, adapter: PaymentProvider, hospital_code: str, said: Notice, notice_id: UUID
) -> str | None:
    """The straight road: asked, written down and judged in one unit. None: somebody must look closer."""
    point("pay.query.before_call")
    answer = await adapter.query(hospital_code, said.out_trade_no)
    point("pay.query.after_call")
    if answer.truth is not OrderTruth.PAID:
        return None
    async with units.system(CALLBACK) as unit:
        told = Told(hospital_code, said.amount)
        outcome = await settle(unit, said.out_trade_no, answer, told=told)
        if outcome is Outcome.SPLIT:
            return None
        statements.judge_notice(unit, notice_id, _VERDICTS[outcome], said.out_trade_no)
    return _VERDICTS[outcome]


async def _ask(units: Units, hospital_code: str, said: Notice) -> str:
    """What the provider confirms of it. Raises NoticeRefused for what does not even fit."""
    told = Told(hospital_code, said.amount)
    if said.refund_number is not None:
        return ACCEPTED if await look_at_refund(units, said.refund_number, told=told) else UNKNOWN
    return _VERDICTS[await look(units, said.out_trade_no, told=told)]


async def _keep(
    units: Units, provider: str, hospital_code: str, topic: str, headers: Mapping[str, str], body: bytes
) -> UUID:
    """Raises HospitalNotFound, once the bytes are kept."""
    notice_id = new_id()
    said = {name: value for name, value in headers.items() if name.lower() not in _SECRET}
    async with units.system(CALLBACK) as unit:
        hospital_id = await statements.keep_notice(
            unit, notice_id, provider, hospital_code, topic, headers=said, body=body
        )
        unit.step("notice.stored")
    if hospital_id is None:
        raise HospitalNotFound()
    return notice_id


async def _judge(units: Units, notice_id: UUID, verdict: str, reference: str | None = None) -> None:
    async with units.system(CALLBACK) as unit:
        statements.judge_notice(unit, notice_id, verdict, reference)
        unit.step("notice.judged")
