"""From a held seat to a paid one: in time, late, too late; and never a seat given away that was paid for."""

from datetime import timedelta
from typing import Any

import pytest

from telehealth.bookings.attending import record
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.completing import complete, complete_in_person
from telehealth.bookings.errors import (
    BookingNotFound,
    NotAttendable,
    NotPayable,
    VisitNotAttended,
)
from telehealth.bookings.models import Booking
from telehealth.bookings.paying import open_charge, pay_at_desk
from telehealth.bookings.states import BookingState, Ending, Evidence
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Deadline
from telehealth.core.unit import Units
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.payments.errors import CashAmountWrong
from telehealth.payments.models import Charge
from telehealth.payments.settling import Outcome, look_at
from telehealth.payments.states import ChargeState, OrderType, RefundReason
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.rules import HalfDay
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    audited,
    reread,
    told,
)
from tests.support.factories.schedule import Planned, seats_taken
from tests.support.factories.visits import (
    balances,
    begin_paying,
    clinic_today,
    desk_of,
    hold_in,
    hold_past_the_gate,
    hold_today,
    paid_today,
    pay_cash,
    provider_says_paid,
    refunds_of_booking,
)

MINUTE = timedelta(minutes=1)
NOTHING = {"slots": 0, "online": 0, "desk": 0, "phone": 0}
ONE = NOTHING | {"slots": 1, "online": 1}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.mark.parametrize(
    ("kind", "order_type", "words"),
    [
        (ClinicKind.INTERNET, OrderType.CONSULT, "线上复诊诊查费"),
        (ClinicKind.OFFLINE, OrderType.REGISTRATION, "预约挂号费"),
    ],
)
async def test_SJ01_a_held_seat_has_one_charge_of_its_kind(
    units: Units, place: House, who: Patient, kind: ClinicKind, order_type: OrderType, words: str
) -> None:
    """Its words go to a bank: no department, no illness."""
    booking = await hold_today(units, place, who, kind=kind)
    async with units.of(who.actor) as unit:
        charge = await open_charge(unit, booking.id)
    async with units.of(who.actor) as unit:
        again = await open_charge(unit, booking.id)
    assert again.id == charge.id
    assert (charge.order_type, charge.description) == (order_type, words)
    assert (charge.amount, charge.pay_by) == (booking.fee, booking.hold_until)
    assert (await reread(units, booking)).charge_id == charge.id


async def test_XY24_paid_is_booked(units: Units, place: House, who: Patient, clock: FixedClock) -> None:
    """The clock that ran towards the release stops, and the patient is told where to be when."""
    booking = await hold_today(units, place, who)
    number = await begin_paying(units, who, booking)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.TAKEN
    after = await reread(units, booking)
    assert (after.state, after.ended_at) == (BookingState.PAID, None)
    assert await balances(units, booking) == {"provider.desk": 5000, "prepaid": -5000}
    assert "booking_confirmed" in await told(units, who.account)
    assert len(await audited(units, "booking.paid")) == 1
    async with units.system("test") as unit:
        assert await unit.session.get(Deadline, ("bookings.hold", booking.id)) is None


async def test_XY24_nobody_pays_for_what_is_not_held(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await hold_today(units, place, who)
    other = await add_booker(units, place, "13800002222")
    async with units.of(other.actor) as unit:
        with pytest.raises(BookingNotFound):
            await open_charge(unit, booking.id)
    clock.advance(15 * MINUTE)
    async with units.of(who.actor) as unit:
        with pytest.raises(NotPayable):
            await open_charge(unit, booking.id)
    async with units.of(desk_of(place)) as unit:
        with pytest.raises(NotPayable):
            await pay_at_desk(unit, booking.id, received=booking.fee)


async def test_a_seat_that_costs_nothing_is_booked_when_it_is_confirmed(
    units: Units, place: House, who: Patient
) -> None:
    planned = await clinic_today(units, place)
    async with units.system("test") as unit:
        row = await unit.session.get(type(planned.clinic), planned.clinic.id)
        assert row is not None
        row.fee = 0
    booking = await hold_in(units, place, who, planned)
    async with units.of(who.actor) as unit:
        charge = await open_charge(unit, booking.id)
    assert charge.state is ChargeState.SETTLED
    assert (await reread(units, booking)).state is BookingState.PAID
    assert await balances(units, booking) == {}


# ---------------------------------------------------------------------- XY24: the hold runs out


async def test_XY24_a_seat_nobody_began_to_pay_is_released_with_its_charge(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    booking = await hold_today(units, place, who)
    async with units.of(who.actor) as unit:
        charge = await open_charge(unit, booking.id)
    clock.advance(15 * MINUTE)
    await house.sweeper.sweep()
    assert (await reread(units, booking)).state is BookingState.RELEASED
    async with units.system("test") as unit:
        closed = await unit.session.get(Charge, charge.id)
    assert closed is not None and closed.state is ChargeState.CLOSED


async def test_XY24_the_seat_stays_held_until_the_provider_says_that_it_is_closed(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await clinic_today(units, place)
    booking = await hold_in(units, place, who, planned)
    number = await begin_paying(units, who, booking)
    clock.advance(20 * MINUTE)
    await house.sweeper.sweep()
    assert (await reread(units, booking)).state is BookingState.HELD
    assert await seats_taken(units, planned.clinic) == ONE
    await look_at(units, number)
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.RELEASED, Ending.UNPAID)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert await told(units, who.account) == ["booking_released"]


async def test_XY24_a_payment_found_while_closing_keeps_the_seat(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await clinic_today(units, place)
    booking = await hold_in(units, place, who, planned)
    number = await begin_paying(units, who, booking)
    clock.advance(20 * MINUTE)
    await house.sweeper.sweep()
    assert await provider_says_paid(units, number, booking.fee) is Outcome.TAKEN
    assert (await reread(units, booking)).state is BookingState.PAID
    assert await seats_taken(units, planned.clinic) == ONE
    assert await refunds_of_booking(units, booking) == []


# -------------------------------------------------------------------- XY24: paid after the release


async def late(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse, **facts: Any
) -> tuple[Planned, Booking, str]:
    """Released, because the provider said that its order is closed; and then it says that it is paid."""
    planned = await clinic_today(units, place, **facts)
    booking = await hold_in(units, place, who, planned)
    number = await begin_paying(units, who, booking)
    clock.advance(20 * MINUTE)
    await house.sweeper.sweep()
    await look_at(units, number)
    assert (await reread(units, booking)).state is BookingState.RELEASED
    return planned, booking, number


async def test_XY24_paid_too_late_takes_the_seat_again_when_it_is_free(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    """With the form they wrote before."""
    planned, booking, number = await late(units, place, who, clock, house)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.TAKEN
    after = await reread(units, booking)
    assert (after.state, after.reason, after.ended_at) == (BookingState.PAID, None, None)
    assert await seats_taken(units, planned.clinic) == ONE
    async with units.system("test") as unit:
        form = await unit.session.get(IntakeForm, booking.form_id)
    assert form is not None and form.state is FormState.USED
    assert await balances(units, booking) == {"provider.desk": 5000, "prepaid": -5000}
    assert [facts["event"] for facts in await audited(units, "booking.paid")] == ["reseat"]


async def test_XY24_paid_too_late_goes_back_when_the_seat_is_gone(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned, booking, number = await late(units, place, who, clock, house, seats=(1,))
    other = await add_booker(units, place, "13800002222")
    await hold_in(units, place, other, planned)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED
    assert (await reread(units, booking)).state is BookingState.RELEASED
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason) == (5000, RefundReason.LATE_PAYMENT)
    assert await seats_taken(units, planned.clinic) == ONE
    assert await balances(units, booking) == {"provider.desk": 5000, "refunds": -5000}


async def test_XY24_paid_too_late_goes_back_when_the_channels_share_is_used_up(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned, booking, number = await late(units, place, who, clock, house, quotas=(1, 4, 4))
    other = await add_booker(units, place, "13800002222")
    await hold_in(units, place, other, planned)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED


async def test_XY24_paid_too_late_goes_back_when_they_booked_again(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    """One live booking for a person in a clinic, and its own charge."""
    planned, booking, number = await late(units, place, who, clock, house)
    again = await hold_past_the_gate(units, who, planned)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED
    assert (await reread(units, again)).state is BookingState.HELD
    assert await seats_taken(units, planned.clinic) == ONE


async def test_XY24_paid_too_late_goes_back_when_the_slot_is_over_or_closed(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned, booking, number = await late(units, place, who, clock, house)
    async with units.system("test") as unit:
        await close_clinic(unit, planned.clinic.id, reason="停诊")
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED
    other = await add_booker(units, place, "13800002222")
    planned, booking, number = await late(units, place, other, clock, house, half=HalfDay.AFTERNOON)
    clock.advance(timedelta(hours=6))
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED
    assert (await reread(units, booking)).state is BookingState.RELEASED


async def test_a_payment_for_a_cancelled_booking_goes_back_by_itself(
    units: Units, place: House, who: Patient
) -> None:
    planned = await clinic_today(units, place)
    booking = await hold_in(units, place, who, planned)
    number = await begin_paying(units, who, booking)
    async with units.of(who.actor) as unit:
        await cancel(unit, booking.id)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert await provider_says_paid(units, number, booking.fee) is Outcome.REFUNDED
    assert (await reread(units, booking)).state is BookingState.CANCELLED
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason) == (5000, RefundReason.LATE_PAYMENT)
    assert len(await audited(units, "booking.payment_refused")) == 1


async def test_the_same_news_twice_changes_nothing(units: Units, place: House, who: Patient) -> None:
    booking = await hold_today(units, place, who)
    number = await begin_paying(units, who, booking)
    await provider_says_paid(units, number, booking.fee)
    assert await provider_says_paid(units, number, booking.fee) is Outcome.KNOWN
    assert await balances(units, booking) == {"provider.desk": 5000, "prepaid": -5000}


# ------------------------------------------------------------------------ SJ03: cash at the window


async def test_SJ03_the_desk_takes_cash_for_a_held_seat(units: Units, place: House, who: Patient) -> None:
    booking = await hold_today(units, place, who, kind=ClinicKind.OFFLINE)
    assert booking.channel is Channel.ONLINE
    assert (await pay_cash(units, place, booking)).state is BookingState.PAID
    assert await balances(units, booking) == {"provider.desk": 6000, "prepaid": -6000}


async def test_SJ03_another_sum_than_the_fee_is_not_taken(units: Units, place: House, who: Patient) -> None:
    booking = await hold_today(units, place, who)
    with pytest.raises(CashAmountWrong):
        async with units.of(desk_of(place)) as unit:
            await pay_at_desk(unit, booking.id, received=booking.fee - 100)
    assert (await reread(units, booking)).state is BookingState.HELD


# ---------------------------------------------------------------------------------- the visit is had


async def test_GD05_an_attended_visit_that_ends_is_earned(units: Units, place: House, who: Patient) -> None:
    booking = await paid_today(units, place, who)
    async with units.system("test") as unit:
        with pytest.raises(VisitNotAttended):
            await complete(unit, booking.id)
    async with units.system("test") as unit:
        assert await record(unit, booking.id, Evidence.NOTE, "note:1", unit.now)
    for _ in range(2):
        async with units.system("test") as unit:
            after = await complete(unit, booking.id)
    assert after.state is BookingState.COMPLETED
    assert await balances(units, booking) == {"provider.desk": 5000, "revenue.consult": -5000}


async def test_an_offline_registration_is_attended_when_the_desk_says_so(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    """There is no chat to show it, and midnight must not pay back who was seen in person."""
    booking = await paid_today(units, place, who, kind=ClinicKind.OFFLINE)
    for _ in range(2):
        async with units.of(desk_of(place)) as unit:
            after = await complete_in_person(unit, booking.id)
    assert (after.state, after.attended_by) == (BookingState.COMPLETED, Evidence.VISIT)
    assert await balances(units, booking) == {"provider.desk": 6000, "revenue.registration": -6000}


async def test_an_online_visit_is_not_attended_by_the_desks_word(
    units: Units, place: House, who: Patient
) -> None:
    booking = await paid_today(units, place, who)
    async with units.of(desk_of(place)) as unit:
        with pytest.raises(NotAttendable):
            await complete_in_person(unit, booking.id)
