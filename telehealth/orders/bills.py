"""The hospital's own bills in the list of orders, paid on the phone or at the window."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from telehealth.core.i18n import N_
from telehealth.core.orders import Group, Line, Link, Opened, Source, Wanted
from telehealth.core.promises import Owner, Promise, promise
from telehealth.core.unit import Unit
from telehealth.orders.promising import refunds_promised
from telehealth.orders.visits import names
from telehealth.outpatient.ordering import BillPlace, group_of, ordered, ordered_at, waits_for_medicine
from telehealth.outpatient.showing import bill_place
from telehealth.outpatient.states import BillState
from telehealth.outpatient.wording import BILL_KINDS, BILL_STATES
from telehealth.payments import Refund, RefundSteps, refunds_of, refunds_on_the_way
from telehealth.rulebook import current_policy

KIND = "bills"


async def lines(unit: Unit, wanted: Wanted) -> Sequence[Line]:
    if wanted.group is Group.COMING:
        return []
    found = await ordered(unit, wanted)
    charges = [row.bill.charge_id for row in found if row.bill.charge_id]
    refunds = await refunds_on_the_way(unit, charges) if charges else {}
    return [_line(unit, row, refunds) for row in found]


async def open_bill(unit: Unit, bill_id: UUID) -> Opened:
    """Raises BillNotFound."""
    place = await bill_place(unit, bill_id)
    bill = place.bill
    policy = (await current_policy(unit, bill.hospital_id)).policy
    refunds: list[RefundSteps] = []
    if bill.charge_id is not None and bill.paid_at is not None:
        refunds = await refunds_of(unit, bill.charge_id)
    under_way = {row.refund.charge_id: row.refund for row in refunds if row.refund.settled_at is None}
    back = refunds_promised(refunds, unit.now, submit_minutes=policy.unattended.refund_submit_minutes)
    return Opened(
        line=_line(unit, place, under_way),
        hospital=names(place.hospital),
        phone=place.hospital.phone,
        complaint_phone=place.hospital.complaint_phone,
        promises=[*_promises(unit, place), *back],
        links=[Link(f"/bills/{bill.id}", N_("去缴费") if bill.state is BillState.DUE else N_("查看缴费单"))],
        subject=bill,
    )


SOURCE = Source(KIND, lines, open_bill)


def _promises(unit: Unit, place: BillPlace) -> list[Promise]:
    bill, now = place.bill, unit.now
    if bill.state is BillState.WITHDRAWN:
        return []
    is_elsewhere = bill.state is BillState.ELSEWHERE
    made = [
        promise(
            "pay", Owner.PATIENT, N_("缴费：手机自费，或到窗口用医保"), now,
            due_at=bill.shown_until,
            kept_at=bill.paid_at or (bill.asked_at if is_elsewhere else None),
            otherwise=N_("过了这个时间不能再用医保报销"), amount=bill.amount,
        )
    ]  # fmt: skip
    if bill.paid_at is None or is_elsewhere:
        return made
    made.append(
        promise(
            "confirm", Owner.HOSPITAL, N_("医院系统确认收到"), now, kept_at=bill.confirmed_at,
            otherwise=N_("系统会一直重试；窗口看得到您已支付，不会重复收费"),
        )
    )  # fmt: skip
    if bill.pickup_number:
        made.append(
            promise(
                "call", Owner.PHARMACY, N_("药房配好，叫号取药"), now,
                kept_at=bill.called_at, has_begun=bill.confirmed_at is not None,
                otherwise=N_("一直没有叫到的，请到药房窗口出示取药号"),
            )
        )  # fmt: skip
    return made


def _line(unit: Unit, place: BillPlace, refunds: Mapping[UUID, Refund]) -> Line:
    bill = place.bill
    what, icon = BILL_KINDS[bill.kind]
    label, tone = BILL_STATES[bill.state]
    is_due = bill.state is BillState.DUE
    waits = waits_for_medicine(unit, bill)
    refund = refunds.get(bill.charge_id) if bill.charge_id else None
    hospital = names(place.hospital)
    if place.campus is not None:
        campus = names(place.campus)
    else:
        campus = {lang: bill.campus_name for lang in hospital}
    if waits:
        label, tone = (N_("请到窗口取药"), "ok") if bill.called_at else (N_("等待叫号取药"), "info")
    return Line(
        kind=KIND,
        id=bill.id,
        number=bill.number,
        ordered_at=ordered_at(bill),
        person_id=bill.person_id,
        group=group_of(unit, bill, refund),
        what=what,
        icon=icon,
        title={lang: f"{bill.department} {bill.window if waits else ''}".strip() for lang in hospital},
        place={lang: f"{hospital[lang]} {campus[lang]}" for lang in hospital},
        label=label,
        tone=tone,
        href=f"/bills/{bill.id}",
        action=N_("去缴费") if is_due else "",
        amount=bill.amount,
        due_at=bill.shown_until if is_due and bill.shown_until > unit.now else None,
        due_words=N_("缴费截止") if is_due else "",
        refund=refund.amount if refund else None,
        refund_on=refund.expected_by if refund else None,
        window_number=bill.pickup_number if waits else "",
    )
