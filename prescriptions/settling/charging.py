"""What a sheet costs, and what a payment does to it: the subject "prescription" of payments (XY30, BJ07).

One sheet is one line of one charge: nobody pays a part of it. Freight never appears (XY31).
"""

from typing import Any
from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import PrescriptionSpent
from prescriptions.models import Prescription
from prescriptions.queries import prescription
from prescriptions.settling import expiring, queries
from prescriptions.settling.choosing import set_window
from prescriptions.settling.clocks import clocks_of
from prescriptions.settling.errors import (
    NotAgreed,
    NotChoosable,
    PathIsCourier,
    PathNotChosen,
    PaymentOver,
    WindowClosed,
)
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.opening import stop_clocks
from prescriptions.settling.policy import may_see
from prescriptions.settling.queries import Sheet, lock_sheet
from prescriptions.settling.telling import announce_state, href, tell
from prescriptions.states import FulfilmentEvent, FulfilmentState, Path, RxEvent, RxState
from prescriptions.stock import pharmacy
from telehealth.core.access import Permission
from telehealth.core.clock import day_start
from telehealth.core.i18n import N_, translator
from telehealth.core.unit import Unit
from telehealth.directory import campus, hospital, said
from telehealth.notifications import Notice
from telehealth.payments import Charge, Refund, charging
from telehealth.payments.charging import Line
from telehealth.payments.desk import take_cash
from telehealth.payments.states import ChargeState, OrderType
from telehealth.payments.subjects import Paid, PaySubject

KIND = "prescription"
#: On the bank statement, and on a receipt others may see.
WORDS = N_("门诊药费")
_LANGUAGES = ("zh-CN", "en")
_FREIGHT = N_("不在此支付，收货时付给快递员")


async def open_charge(unit: Unit, prescription_id: UUID) -> Charge:
    """What a sheet that is to be sent costs; the same charge when asked again.

    Raises PrescriptionNotFound, NotChoosable, PaymentOver, PathNotChosen, NotAgreed, ChargeClosed.
    """
    sheet = await lock_sheet(unit, prescription_id)
    row = _payable(unit, sheet)
    if row.path is not Path.COURIER or row.address is None:
        raise PathNotChosen()
    if row.agreed_at is None:
        raise NotAgreed()
    return await _charge(unit, sheet.rx, row)


async def pay_at_window(unit: Unit, prescription_id: UUID, *, received: int) -> Fulfilment:
    """Cash over the counter, `received` in fen; gives out the number under which it is called (BJ08).

    Raises PrescriptionNotFound, NotChoosable, PaymentOver, PathIsCourier, WindowClosed, CashAmountWrong,
    ChargeClosed.
    """
    unit.actor.require(Permission.TAKE_CASH)
    sheet = await lock_sheet(unit, prescription_id)
    row = _payable(unit, sheet)
    if row.path is Path.COURIER:
        raise PathIsCourier()
    if not (await pharmacy(unit, row.pharmacy_id)).has_window:
        raise WindowClosed()
    # Whoever comes without having chosen anything has chosen by coming.
    await set_window(unit, sheet.rx, row)
    charge = await _charge(unit, sheet.rx, row)
    if charge.amount:
        await take_cash(unit, charge.id, received=received)
    return row


def pay_href(charge: Charge) -> str:
    """Where a person goes from here: what costs nothing is paid already."""
    return f"/pay/{charge.id}" if charge.amount else href(charge.subject_id)


def _payable(unit: Unit, sheet: Sheet) -> Fulfilment:
    row = sheet.fulfilment
    if not may_see(unit.actor, sheet.rx):
        raise PrescriptionNotFound()
    if row is None or row.state is not FulfilmentState.OPEN or sheet.rx.state is not RxState.PASSED:
        raise NotChoosable(state=str(sheet.rx.state))
    return row


async def _charge(unit: Unit, rx: Prescription, row: Fulfilment) -> Charge:
    closes_at = (await clocks_of(unit, rx, row.pharmacy_id)).closes_at
    if closes_at <= unit.now:
        raise PaymentOver()
    charge = await charging.open_charge(
        unit,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        person_id=rx.person_id,
        subject_kind=KIND,
        subject_id=rx.id,
        order_type=OrderType.DRUG,
        description=WORDS,
        lines=[Line("drug", WORDS, rx.total)],
        pay_by=closes_at,
    )
    await unit.session.flush()
    row.charge_id = charge.id
    unit.step("charge")
    return charge


async def _take(unit: Unit, paid: Paid) -> bool:
    """Theirs when paid in time, on the path that is chosen; otherwise the money goes back. Locked before."""
    rx = await unit.session.get(Prescription, paid.charge.subject_id)
    row = await queries.fulfilment(unit, paid.charge.subject_id)
    if rx is None or row is None:
        return False
    if (why := await _why_not(unit, rx, row, paid)) is not None:
        unit.audit("prescription.payment_refused", rx, number=rx.number, why=why, paid_at=paid.paid_at)
        return False
    rx.apply(RxEvent.SPEND, at=unit.now)
    row.apply(FulfilmentEvent.PAY, at=unit.now)
    row.charge_id = paid.charge.id
    unit.step("rx.take")
    await stop_clocks(unit, rx.id)
    if row.path is Path.WINDOW:
        await _give_number(unit, rx, row)
    unit.audit(
        "prescription.paid", rx,
        number=rx.number, charge=paid.charge.number, path=row.path, paid_at=paid.paid_at,
    )  # fmt: skip
    await unit.session.flush()
    await unit.publish(PrescriptionSpent(rx.id, row.path or Path.COURIER))
    await announce_state(unit, rx, "paid")
    return True


async def _why_not(unit: Unit, rx: Prescription, row: Fulfilment, paid: Paid) -> str | None:
    if rx.state is not RxState.PASSED or row.state is not FulfilmentState.OPEN:
        return "not_payable"
    # A charge that was closed belongs to a path that was left, or a sheet that was given up.
    if paid.charge.state is ChargeState.CLOSED or row.charge_id not in (None, paid.charge.id):
        return "path_left"
    if row.path is None:
        return "no_path"
    closes_at = (await clocks_of(unit, rx, row.pharmacy_id)).closes_at
    return None if paid.paid_at < closes_at else "late"


async def _give_number(unit: Unit, rx: Prescription, row: Fulfilment) -> None:
    row.window_number = await queries.next_window_number(unit, row.pharmacy_id, day_start(unit.today))
    unit.audit("fulfilment.window_number_given", row, number=rx.number, window=row.window_number)
    place = await pharmacy(unit, row.pharmacy_id)
    await tell(
        unit, rx, Notice.RX_WINDOW,
        window=str(row.window_number), place={"zh": place.name, "en": place.name_en},
    )  # fmt: skip


async def _closed(unit: Unit, charge: Charge) -> None:
    """No money can come in any more: what is past its last day ends now."""
    sheet = await lock_sheet(unit, charge.subject_id)
    if sheet.fulfilment is not None and sheet.fulfilment.charge_id == charge.id:
        sheet.fulfilment.charge_id = None
    await expiring.lapse(unit, sheet)


async def _refunded(unit: Unit, charge: Charge, refund: Refund) -> None:
    rx = await prescription(unit, charge.subject_id)
    unit.audit("prescription.refunded", rx, number=rx.number, refund=refund.number)


async def _headline(unit: Unit, prescription_id: UUID) -> dict[str, Any]:
    """Label → text, in each language where it differs; no drug, no department."""
    rx = await prescription(unit, prescription_id)
    place, where = await hospital(unit, rx.hospital_id), await campus(unit, rx.campus_id)
    return {
        N_("医院"): {lang: said(place, "name", lang) for lang in _LANGUAGES},
        N_("院区"): {lang: said(where, "name", lang) for lang in _LANGUAGES},
        N_("处方号"): rx.number,
        N_("快递费"): {lang: translator(lang)(_FREIGHT) for lang in _LANGUAGES},
    }


pay_subject = PaySubject(
    kind=KIND,
    lock=lock_sheet,
    take=_take,
    closed=_closed,
    refunded=_refunded,
    href=href,
    headline=_headline,
)
