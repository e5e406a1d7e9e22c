"""What a booking costs, and what a payment does to it: the subject "booking" of payments."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.errors import BookingNotFound, NotPayable
from telehealth.bookings.events import BookingPaid
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import may_see
from telehealth.bookings.releasing import HOLD, href, lapse, tell
from telehealth.bookings.states import BookingEvent, BookingState, Ending
from telehealth.core.access import Permission
from telehealth.core.deadlines import clear_deadline
from telehealth.core.errors import TransitionRefused
from telehealth.core.i18n import N_, format_instant
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Department, Doctor, Hospital, said
from telehealth.intake import FormNotFound, use_form
from telehealth.notifications import Notice
from telehealth.payments import Charge, Refund, charging
from telehealth.payments.charging import Line
from telehealth.payments.desk import take_cash
from telehealth.payments.states import OrderType
from telehealth.payments.subjects import Paid, PaySubject
from telehealth.rulebook.rules import ClinicKind

KIND = "booking"
_LANGUAGES = ("zh-CN", "en")


@dataclass(frozen=True, slots=True)
class _Fee:
    order_type: OrderType
    line_kind: str
    #: On the bank statement, where a department would give an illness away.
    words: str


_FEES = {
    ClinicKind.INTERNET: _Fee(OrderType.CONSULT, "consult_fee", N_("线上复诊诊查费")),
    ClinicKind.OFFLINE: _Fee(OrderType.REGISTRATION, "registration_fee", N_("预约挂号费")),
}


async def open_charge(unit: Unit, booking_id: UUID) -> Charge:
    """What a held seat costs, to be paid before the hold runs out; the same one when asked again.

    A seat that costs nothing is paid with this. Raises BookingNotFound, NotPayable.
    """
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or not may_see(unit.actor, booking):
        raise BookingNotFound()
    if not is_payable(unit, booking):
        raise NotPayable(state=str(booking.state))
    fee = _FEES[booking.kind]
    charge = await charging.open_charge(
        unit,
        hospital_id=booking.hospital_id,
        account_id=booking.account_id,
        person_id=booking.person_id,
        subject_kind=KIND,
        subject_id=booking.id,
        order_type=fee.order_type,
        description=fee.words,
        lines=[Line(fee.line_kind, fee.words, booking.fee)],
        pay_by=booking.hold_until,
    )
    await unit.session.flush()
    booking.charge_id = charge.id
    unit.step("charge")
    return charge


async def pay_at_desk(unit: Unit, booking_id: UUID, *, received: int) -> Booking:
    """Cash at the window, `received` in fen. Raises as `open_charge`, and CashAmountWrong."""
    charge = await open_charge(unit, booking_id)
    if charge.amount:
        await take_cash(unit, charge.id, received=received)
    booking = await unit.session.get(Booking, booking_id)
    if booking is None:
        raise BookingNotFound()
    return booking


def pay_href(charge: Charge) -> str:
    """Where a person goes from here: what costs nothing is paid already."""
    return f"/pay/{charge.id}" if charge.amount else href(charge.subject_id)


def is_payable(unit: Unit, booking: Booking) -> bool:
    """Online by the patient; at the window whatever is held."""
    is_held = booking.state is BookingState.HELD and not booking.pending_verification
    at_window = unit.actor.may(Permission.TAKE_CASH)
    return is_held and booking.hold_until > unit.now and (at_window or capability_of(booking).can_pay)


async def _take(unit: Unit, paid: Paid) -> bool:
    """The seat is theirs, or can be had again; otherwise the money goes back (XY24). Locked before."""
    booking = await unit.session.get(Booking, paid.charge.subject_id)
    if booking is None:
        return False
    if booking.state is BookingState.HELD and not booking.pending_verification:
        # Also past the hold: as long as nobody else has the seat, late is early enough.
        event = BookingEvent.PAY
    elif await _seated_again(unit, booking):
        event = BookingEvent.RESEAT
    else:
        unit.audit("booking.payment_refused", booking, number=booking.number, state=booking.state)
        return False
    booking.apply(event, at=unit.now)
    booking.charge_id = paid.charge.id
    await clear_deadline(unit, HOLD, booking.id)
    unit.step("pay")
    unit.audit(
        "booking.paid", booking,
        number=booking.number, charge=paid.charge.number, event=event, paid_at=paid.paid_at,
    )  # fmt: skip
    await _confirm(unit, booking)
    await unit.publish(BookingPaid(booking.id))
    return True


async def _seated_again(unit: Unit, booking: Booking) -> bool:
    """Only a seat that nobody paid for in time comes back, as free as a new hold would need it."""
    if booking.state is not BookingState.RELEASED or booking.reason != Ending.UNPAID:
        return False
    if not await queries.seat_is_free(unit, booking):
        return False
    if booking.form_id is not None:
        try:
            await use_form(unit, booking.form_id)
        except (TransitionRefused, FormNotFound):
            # They took the form back to change it: the doctor would have nothing to read.
            return False
    await queries.take_seat(unit, booking)
    return True


async def _confirm(unit: Unit, booking: Booking) -> None:
    where = await queries.said_place(unit, booking.id)
    await tell(unit, booking, Notice.BOOKING_CONFIRMED, place=where)


async def _closed(unit: Unit, charge: Charge) -> None:
    """No money can come in any more: a seat whose hold ran out is free now."""
    booking = await unit.session.get(Booking, charge.subject_id)
    if booking is not None:
        await lapse(unit, booking)


async def _refunded(unit: Unit, charge: Charge, refund: Refund) -> None:
    booking = await unit.session.get(Booking, charge.subject_id)
    if booking is not None:
        unit.audit("booking.refunded", booking, number=booking.number, refund=refund.number)


async def _headline(unit: Unit, booking_id: UUID) -> dict[str, Any]:
    """Label → text, in each language where it differs."""
    place = await queries.named(unit, booking_id)
    if place is None:
        return {}
    starts_at = place.booking.starts_at
    return {
        N_("就诊时间"): {lang: format_instant(starts_at, lang, "short") for lang in _LANGUAGES},
        N_("医生"): _both(place.doctor),
        N_("科室"): _both(place.department),
        N_("院区"): _both(place.campus),
        N_("医院"): _both(place.hospital),
        N_("预约号"): place.booking.number,
    }


def _both(row: Hospital | Campus | Department | Doctor) -> dict[str, str]:
    return {lang: said(row, "name", lang) for lang in _LANGUAGES}


pay_subject = PaySubject(
    kind=KIND,
    lock=queries.lock_with_seat,
    take=_take,
    closed=_closed,
    refunded=_refunded,
    href=href,
    headline=_headline,
)
