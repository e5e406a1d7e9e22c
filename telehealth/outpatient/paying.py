"""What a bill of the hospital costs, and what a payment does to it: the subject "outpatient_bill" (BJ07).

One bill is one line of one charge: nobody pays a part of it. The price is the hospital's at the moment
somebody pays; whether the payment stands is the hospital's to say, too (`telling`).
"""

import json
from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.i18n import N_
from telehealth.core.money import yuan
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.hospital.billing import BillingGateway, BillKind
from telehealth.notifications import Notice, notify
from telehealth.outpatient import queries
from telehealth.outpatient.errors import (
    BillChanged,
    BillMoneyMoving,
    BillNotDue,
    BillNotFound,
    BillOver,
    SelfPayNotConfirmed,
)
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.noting import REMINDER, href, note, stop_paying
from telehealth.outpatient.rules import bill_pay_by
from telehealth.outpatient.states import BillEvent, BillState
from telehealth.outpatient.telling import tell_hospital
from telehealth.payments import Charge, ChargeClosed, Refund, charging
from telehealth.payments.charging import Line
from telehealth.payments.states import OrderType
from telehealth.payments.subjects import Paid, PaySubject
from telehealth.rulebook import current_policy

KIND = "outpatient_bill"
#: At this moment a price that was asked for is not to be had any more.
PAY_BY = "outpatient.pay_by"
_LANGUAGES = ("zh-CN", "en")
#: What the policy knows of a line, what the books know of a charge, and what a bank statement may say.
_FEES = {
    BillKind.DRUG: ("drug", OrderType.DRUG, "门诊药费"),
    BillKind.EXAM: ("exam", OrderType.EXAM, "门诊检查费"),
    BillKind.OTHER: ("exam", OrderType.EXAM, "门诊费用"),
}
#: A longer list says how many there are, and the page says what each costs.
_ITEMS_SHOWN = 8


async def open_charge(units: Units, actor: Actor, bill_id: UUID, *, amount: int, agreed: bool) -> Charge:
    """What a bill costs now, asked of the hospital this moment; `amount` is what the payer saw, in fen.

    Raises SelfPayNotConfirmed, BillNotFound, BillNotDue, BillChanged, BillOver, BillMoneyMoving;
    HISUnavailable, HISRejected: the hospital did not answer, and nothing is charged.
    """
    if not agreed:
        raise SelfPayNotConfirmed()
    async with units.of(actor) as unit:
        place = await queries.bill_of(unit, bill_id)
        row, code, asked_at = place.bill, place.hospital.code, unit.now
    gateway = units.port(BillingGateway)  # type: ignore[type-abstract]
    point("his_bill.price.before_call")
    found = await gateway.bill(code, row.his_patient_id, row.resource_id)
    point("his_bill.price.after_call")
    async with units.of(actor) as unit:
        # Kept, whatever comes of the payment.
        await note(unit, await queries.lock_bill(unit, row.id), found, fetched_at=asked_at)
    async with units.of(actor) as unit:
        return await _charge(unit, row.id, amount)


def pay_href(charge: Charge) -> str:
    """Where a person goes from here: what costs nothing is paid already."""
    return f"/pay/{charge.id}" if charge.amount else href(charge.subject_id)


async def on_pay_by(unit: Unit, bill_id: UUID) -> None:
    """Deadline `outpatient.pay_by`: whoever comes back later is told the price anew."""
    row = await queries.lock_bill(unit, bill_id)
    if row.state not in (BillState.PAID, BillState.CONFIRMED):
        # Also of what is not owed any more: a relative who saw it go could not stop this payment.
        await stop_paying(unit, row)
        unit.step("his_bill.lapse")


async def _charge(unit: Unit, bill_id: UUID, amount: int) -> Charge:
    row = await queries.lock_bill(unit, bill_id)
    if row.state is not BillState.DUE:
        raise BillNotDue(state=str(row.state))
    if row.amount != amount:
        raise BillChanged(amount=row.amount)
    if row.valid_until is not None and row.valid_until <= unit.now:
        raise BillOver()
    if row.charge_id is not None and row.payer_id != unit.actor.account:
        raise BillMoneyMoving()
    version = await current_policy(unit, row.hospital_id)
    pay_by = bill_pay_by(unit.now, row.valid_until, minutes=version.policy.outpatient.bill_pay_minutes)
    line, order_type, words = _FEES[row.kind]
    try:
        charge = await charging.open_charge(
            unit, hospital_id=row.hospital_id, account_id=unit.actor.account, person_id=row.person_id,
            subject_kind=KIND, subject_id=row.attempt_id, order_type=order_type, description=words,
            lines=[Line(line, words, row.amount)], pay_by=pay_by,
        )  # fmt: skip
    except ChargeClosed:
        raise BillMoneyMoving() from None
    await unit.session.flush()
    if row.state is BillState.DUE:
        row.charge_id, row.payer_id, row.agreed_at = charge.id, unit.actor.account, unit.now
        await set_deadline(unit, PAY_BY, row.id, pay_by, hospital_id=row.hospital_id, account_id=row.payer_id)
    unit.audit(
        "outpatient_bill.self_pay_confirmed", row,
        number=row.number, amount=row.amount, charge=charge.number, policy=str(version.id),
    )  # fmt: skip
    unit.step("his_bill.charge")
    return charge


async def _take(unit: Unit, paid: Paid) -> bool:
    """Theirs when it is still owed and costs what was paid; otherwise the money goes back. Locked before."""
    row = await queries.by_attempt(unit, paid.charge.subject_id)
    if row is None or (why := _why_not(row, paid)) is not None:
        unit.audit(
            "outpatient_bill.payment_refused", f"outpatient_bills:{paid.charge.subject_id}",
            why="gone" if row is None else why, charge=paid.charge.number,
        )  # fmt: skip
        return False
    row.apply(BillEvent.PAY)
    row.charge_id, row.payer_id, row.paid_at = paid.charge.id, paid.charge.account_id, paid.paid_at
    row.tell_at, row.tells = unit.wall, 0
    await clear_deadline(unit, PAY_BY, row.id)
    await clear_deadline(unit, REMINDER, row.id)
    unit.audit("outpatient_bill.paid", row, number=row.number, charge=paid.charge.number, amount=row.amount)
    await unit.session.flush()
    await unit.defer(tell_hospital, bill_id=row.id)
    unit.step("his_bill.take")
    if row.payer_id is not None:
        # In the transaction that settles it, so that nobody waits for the details (GD03).
        await notify(
            unit, Notice.BILL_PAID, row.payer_id, hospital_id=row.hospital_id, href=href(row.id),
            number=row.number, amount=yuan(row.amount), items=itemised(row),
        )  # fmt: skip
    return True


def itemised(row: OutpatientBill) -> dict[str, str]:
    """What each item costs, and never what it is."""
    amounts = [yuan(line["amount"]) for line in json.loads(row.lines)]
    shown = amounts[:_ITEMS_SHOWN]
    more = len(amounts) > len(shown)
    return {
        "zh": f"{len(amounts)}项（{'、'.join(shown)}{'等' if more else ''}元）",
        "en": f"{len(amounts)} items (CNY {', '.join(shown)}{', …' if more else ''})",
    }


def _why_not(row: OutpatientBill, paid: Paid) -> str | None:
    if row.state is not BillState.DUE:
        return "not_due"
    if row.charge_id not in (None, paid.charge.id):
        return "another_charge"
    return None if row.amount == paid.charge.amount else "repriced"


async def _closed(unit: Unit, charge: Charge) -> None:
    """No money can come in any more by this charge: the bill can be paid by another."""
    row = await queries.by_attempt(unit, charge.subject_id)
    if row is not None and row.charge_id == charge.id:
        row.charge_id = row.payer_id = None


async def _refunded(unit: Unit, charge: Charge, refund: Refund) -> None:
    unit.audit("outpatient_bill.refunded", f"outpatient_bills:{charge.subject_id}", refund=refund.number)


async def _headline(unit: Unit, bill_id: UUID) -> dict[str, Any]:
    """Label → text, in each language where it differs; no drug, no department."""
    try:
        place = await queries.named(unit, bill_id)
    except BillNotFound:
        return {}
    where = place.campus
    return {
        N_("医院"): {lang: said(place.hospital, "name", lang) for lang in _LANGUAGES},
        N_("院区"): {
            lang: said(where, "name", lang) if where else place.bill.campus_name for lang in _LANGUAGES
        },
        N_("缴费单号"): place.bill.number,
    }


pay_subject = PaySubject(
    kind=KIND,
    lock=queries.lock_attempt,
    take=_take,
    closed=_closed,
    refunded=_refunded,
    href=href,
    headline=_headline,
    tells=True,
)
