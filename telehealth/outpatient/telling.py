"""Tell the hospital's system that a bill is paid, until it says that it knows; or give the money back.

Its window and our phones may take the money for one bill in the same second. It decides who was first:
under our number the payment stands, otherwise all of it goes back by itself and the payer is told why.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from telehealth.core.i18n import LANGUAGES, N_, translator
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work, task
from telehealth.core.money import yuan
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.hospital.billing import BillingGateway, BillPayment, BillStatus, HISBill
from telehealth.notifications import Notice
from telehealth.outpatient import queries
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.noting import note, note_pickup, tell_payer
from telehealth.outpatient.rules import wait_before_telling_again
from telehealth.outpatient.states import BillEvent, BillState
from telehealth.payments import Charge, RefundReason
from telehealth.payments.charging import earn
from telehealth.payments.refunding import refund_in_full

log = structlog.get_logger(__name__)

REASON = "outpatient bills"
_AT_ONCE = 50
#: A hospital that is silent costs its patience; the bills of others do not wait behind it.
_SIDE_BY_SIDE = 8
#: Asked before the confirmation, or answered from a copy that lags behind it: such a word takes nothing back.
_LAG = timedelta(minutes=10)

WHY = {
    RefundReason.PAID_ELSEWHERE: N_("医院窗口已经收过这笔费用"),
    RefundReason.BILL_WITHDRAWN: N_("医院已撤销或调整这张缴费单"),
}


@task("outpatient.tell_hospital", retry_s=())
async def tell_hospital(work: Work, *, bill_id: str) -> None:
    """At once after the payment; the round goes on where the hospital's system is silent."""
    await _tell_quietly(work.units, UUID(bill_id))


async def tell_round(units: Units) -> int:
    """Every bill whose hospital is due to be told again; how many were taken up."""
    async with units.system(REASON) as unit:
        due = await queries.to_be_told(unit, limit=_AT_ONCE)
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def tell_one(bill_id: UUID) -> None:
        async with gate:
            await _tell_quietly(units, bill_id)

    await asyncio.gather(*(tell_one(bill_id) for bill_id in due))
    return len(due)


async def tell(units: Units, bill_id: UUID) -> BillState:
    """Once. Raises HISUnavailable, HISRejected: nothing is known, and it is told again under the same number.

    Raises BillNotFound.
    """
    async with units.system(REASON) as unit:
        row = await queries.lock_bill(unit, bill_id)
        if row.state is not BillState.PAID or row.charge_id is None or row.paid_at is None:
            return row.state
        # Whoever dies from here on leaves a bill that the round takes up again.
        row.tells += 1
        row.tell_at = unit.wall + wait_before_telling_again(row.tells)
        code = (await queries.named(unit, bill_id)).hospital.code
        charge = await unit.session.get_one(Charge, row.charge_id)
        payment = BillPayment(charge.number, charge.amount, row.paid_at)
        unit.step("his_bill.leased")
    gateway = units.port(BillingGateway)  # type: ignore[type-abstract]
    point("his_bill.tell.before_call")
    found = await gateway.settle(code, row.his_patient_id, row.resource_id, payment)
    point("his_bill.tell.after_call")
    async with units.system(REASON) as unit:
        row = await queries.lock_bill(unit, bill_id)
        if row.state is BillState.PAID and row.charge_id == charge.id:
            await _hear(unit, row, found, payment)
        return row.state


async def _hear(unit: Unit, row: OutpatientBill, found: HISBill | None, payment: BillPayment) -> None:
    if found is not None and found.status is BillStatus.PAID and found.paid_by == payment.number:
        row.apply(BillEvent.CONFIRM)
        row.confirmed_at, row.tell_at = unit.now, None
        unit.audit("outpatient_bill.confirmed", row, number=row.number, payment=payment.number)
        await note_pickup(unit, row, found)
        if row.charge_id is not None:
            await earn(unit, row.charge_id)
        unit.step("his_bill.confirm")
        return
    await _give_back(unit, row, found, payment)


async def hear_again(unit: Unit, row: OutpatientBill, found: HISBill | None, *, fetched_at: datetime) -> None:
    """A confirmed bill as the hospital has it now, in a system unit. Again changes nothing.

    Called off, or asked for anew, at the hospital: its window cannot reach the channel the money came by, so
    all of it goes back from here. A bill that is merely not found says nothing: old ones are put away.
    """
    row.asked_at = max(row.asked_at, fetched_at)
    if found is None or row.confirmed_at is None:
        return
    if found.status is BillStatus.PAID:
        await note_pickup(unit, row, found)
    elif fetched_at > row.confirmed_at + _LAG and row.charge_id is not None and row.paid_at is not None:
        charge = await unit.session.get_one(Charge, row.charge_id)
        await _give_back(unit, row, found, BillPayment(charge.number, charge.amount, row.paid_at))


async def _give_back(unit: Unit, row: OutpatientBill, found: HISBill | None, payment: BillPayment) -> None:
    """Paid at the window first, taken back, dearer by now, or called off: not one fen of it is kept."""
    is_paid = found is not None and found.status is BillStatus.PAID
    reason = RefundReason.PAID_ELSEWHERE if is_paid else RefundReason.BILL_WITHDRAWN
    if is_paid:
        row.apply(BillEvent.FIND_PAID)
    elif found is None or found.status is BillStatus.WITHDRAWN:
        row.apply(BillEvent.WITHDRAW)
    else:
        row.apply(BillEvent.REOPEN)
    charge_id, row.charge_id, row.tell_at, row.attempt_id = row.charge_id, None, None, new_id()
    unit.audit("outpatient_bill.given_back", row, number=row.number, payment=payment.number, reason=reason)
    if charge_id is not None:
        await refund_in_full(unit, charge_id, reason)
    await tell_payer(
        unit, row, Notice.BILL_RETURNED, amount=yuan(payment.amount),
        why={lang[:2]: translator(lang)(WHY[reason]) for lang in LANGUAGES},
    )  # fmt: skip
    row.payer_id = row.paid_at = row.agreed_at = row.confirmed_at = row.called_at = None
    row.window = row.pickup_number = ""
    await note(unit, row, found, fetched_at=unit.now)
    unit.step("his_bill.give_back")


async def _tell_quietly(units: Units, bill_id: UUID) -> None:
    try:
        await tell(units, bill_id)
    except (HISUnavailable, HISRejected) as error:
        log.warning("bill.not_told", bill=str(bill_id), error=error.code)
