"""What the hospital's system says of bills becomes what we know of them.

Its word decides, except over money that is with us: a bill somebody paid here is left to `telling`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.ids import new_id
from telehealth.core.money import yuan
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.hospital.billing import BillKind, BillStatus, HISBill
from telehealth.notifications import Notice, notify
from telehealth.outpatient import queries
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.queries import Whom
from telehealth.outpatient.rules import bill_clocks, bill_reminders
from telehealth.outpatient.states import BILL, BillEvent, BillState
from telehealth.patients import accounts_acting_for
from telehealth.payments import Charge, ChargeSettled
from telehealth.payments.settling import close_charge
from telehealth.rulebook import current_policy

#: The deadline of the next word about an unpaid bill (XY09).
REMINDER = "outpatient.bill_reminder"

_FOUND = {
    BillStatus.UNPAID: BillEvent.REOPEN,
    BillStatus.PAID: BillEvent.FIND_PAID,
    BillStatus.WITHDRAWN: BillEvent.WITHDRAW,
}
#: Where nobody's money is with us, so that the hospital's word is all there is.
_THEIRS = (BillState.DUE, BillState.ELSEWHERE, BillState.WITHDRAWN)


def href(bill_id: UUID) -> str:
    return f"/bills/{bill_id}"


async def note_answer(
    unit: Unit,
    whom: Whom,
    unpaid: Sequence[HISBill],
    others: Mapping[str, HISBill | None],
    *,
    fetched_at: datetime,
) -> list[OutpatientBill]:
    """Keep one answer about one person; the bills that are new. An answer that was overtaken is dropped.

    `others` are those we believed unpaid and `unpaid` lacks, each as it was found.
    """
    last = await queries.lock_fetch(unit, whom)
    if last is not None and last.fetched_at > fetched_at:
        return []
    known = await queries.lock_bills(unit, whom)
    new = []
    for bill in unpaid:
        row = known.get(bill.resource_id)
        if row is None:
            new.append(await _add(unit, whom, bill, fetched_at))
        else:
            await note(unit, row, bill, fetched_at=fetched_at)
    for resource_id, found in others.items():
        if (row := known.get(resource_id)) is not None:
            await note(unit, row, found, fetched_at=fetched_at)
    await queries.remember_fetch(unit, whom, fetched_at)
    await unit.session.flush()
    return new


async def note(unit: Unit, row: OutpatientBill, bill: HISBill | None, *, fetched_at: datetime) -> None:
    """One locked bill as the hospital's system has it now; None when it is gone. Again changes nothing."""
    if row.state not in _THEIRS or row.asked_at > fetched_at:
        return
    row.asked_at = fetched_at
    status = BillStatus.WITHDRAWN if bill is None else bill.status
    event = _FOUND[status]
    if BILL.allows(row.state, event):
        row.apply(event)
        unit.audit("outpatient_bill.found", row, number=row.number, state=row.state)
        if row.state is BillState.DUE:
            await remind_again(unit, row)
    if row.state is not BillState.DUE:
        await stop_paying(unit, row)
        await clear_deadline(unit, REMINDER, row.id)
        return
    if bill is not None and (bill.amount, _sealed(bill)) != (row.amount, row.lines):
        # Whoever is about to pay the old price must see the new one first.
        await stop_paying(unit, row)
        row.amount, row.lines = bill.amount, _sealed(bill)
        unit.audit("outpatient_bill.repriced", row, number=row.number, amount=row.amount)
    elif await _is_outpriced(unit, row):
        # A relative saw the new price first, and could not stop this payment of the old one.
        await stop_paying(unit, row)


async def _is_outpriced(unit: Unit, row: OutpatientBill) -> bool:
    """Its charge, as far as this unit sees it, still asks for what the hospital asked for before."""
    charge = None if row.charge_id is None else await unit.session.get(Charge, row.charge_id)
    return charge is not None and charge.amount != row.amount


async def note_pickup(unit: Unit, row: OutpatientBill, bill: HISBill) -> None:
    """Where the medicine is handed out, and that its number is called, once each (BJ08)."""
    if bill.kind is not BillKind.DRUG:
        return
    if bill.pickup_number and bill.pickup_number != row.pickup_number:
        row.window, row.pickup_number = bill.window, bill.pickup_number
        unit.audit("outpatient_bill.window", row, number=row.number)
        await tell_payer(unit, row, Notice.BILL_WINDOW, **_where(row))
    if bill.called_at is not None and row.called_at is None and row.pickup_number:
        row.called_at = bill.called_at
        unit.audit("outpatient_bill.called", row, number=row.number)
        await tell_payer(unit, row, Notice.BILL_MEDICINE_READY, **_where(row))


async def stop_paying(unit: Unit, row: OutpatientBill) -> bool:
    """No new payment of it; what comes in all the same goes back by itself. True when none can come."""
    if row.charge_id is None:
        return True
    if unit.owner not in (None, row.payer_id):
        # A relative is paying it; what they pay for what is not owed goes back when it comes in.
        return False
    try:
        closed = await close_charge(unit, row.charge_id)
    except ChargeSettled:
        return False
    if closed:
        row.charge_id = row.payer_id = None
    return closed


async def tell_payer(unit: Unit, row: OutpatientBill, notice: Notice, **more: Any) -> None:
    if row.payer_id is not None:
        await notify(
            unit,
            notice,
            row.payer_id,
            hospital_id=row.hospital_id,
            href=href(row.id),
            number=row.number,
            **more,
        )


async def tell_family(unit: Unit, row: OutpatientBill, notice: Notice) -> None:
    """That there is something to pay, until when. In a system unit, which sees who acts for the patient."""
    where = (await queries.named(unit, row.id)).campus
    place = await hospital(unit, row.hospital_id)
    said = {
        "zh": f"{place.name}{where.name if where else row.campus_name}",
        "en": f"{place.name_en}, {where.name_en if where else row.campus_name}",
    }
    for account_id in await accounts_acting_for(unit, row.person_id):
        await notify(
            unit, notice, account_id, hospital_id=row.hospital_id, href=href(row.id),
            number=row.number, amount=yuan(row.amount), pay_by=row.shown_until, place=said,
        )  # fmt: skip


async def _add(unit: Unit, whom: Whom, bill: HISBill, fetched_at: datetime) -> OutpatientBill:
    version = await current_policy(unit, whom.hospital_id)
    policy = version.policy
    clocks = bill_clocks(
        bill.kind,
        bill.visited_on,
        sheet_days=policy.outpatient.bill_sheet_days,
        reimbursement_days=policy.insurance.offline_reimbursement_days,
    )
    campus = await queries.campus_by_code(unit, whom.hospital_id, bill.campus) if bill.campus else None
    bill_id = new_id()
    row = OutpatientBill(
        id=bill_id, attempt_id=bill_id, hospital_id=whom.hospital_id, person_id=whom.person_id,
        resource_id=bill.resource_id,
        his_patient_id=whom.his_patient_id, number=bill.number, kind=bill.kind,
        campus_id=campus.id if campus else None, campus_name=bill.campus_name, department=bill.department,
        visited_on=bill.visited_on, amount=bill.amount, lines=_sealed(bill), state=BillState.DUE,
        shown_until=clocks.shown, reimbursed_until=clocks.reimbursed_until, valid_until=clocks.valid_until,
        policy_id=version.id, asked_at=fetched_at, told_at=None, window="", pickup_number="",
    )  # fmt: skip
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("outpatient_bill.found", row, number=row.number, amount=row.amount, state=row.state)
    await remind_again(unit, row)
    return row


async def remind_again(unit: Unit, row: OutpatientBill) -> None:
    """The next of the two words about it, if one is still to come."""
    policy = (await current_policy(unit, row.hospital_id)).policy
    due = bill_reminders(row.visited_on, row.shown_until, policy.insurance.reimbursement_reminder_time)
    coming = next((moment for moment in due if moment > unit.now), None)
    if coming is not None:
        await set_deadline(unit, REMINDER, row.id, coming, hospital_id=row.hospital_id)


def _where(row: OutpatientBill) -> dict[str, str]:
    return {"window": row.window, "pickup": row.pickup_number}


def _sealed(bill: HISBill) -> str:
    lines = [{"text": line.text, "amount": line.amount} for line in bill.lines]
    return json.dumps(lines, ensure_ascii=False)
