"""Real commits side by side in a visit: a note and midnight, admission and midnight, two pages at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Any

import pytest

from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.admitting import _open
from telehealth.consultations.concluding import conclude
from telehealth.consultations.doctor_errors import NoteOutdated, VisitOver
from telehealth.consultations.models import VisitNote
from telehealth.consultations.noting import sign
from telehealth.consultations.states import ConsultationState, NoteState
from telehealth.consultations.unfinished import sweep_unfinished
from telehealth.core.clock import FixedClock, at_local, hospital_day
from telehealth.core.unit import Units
from telehealth.eligibility import gate_decision
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.bookings import told
from tests.support.factories.consulting import ADVICE, sign_note, write_note
from tests.support.factories.rooms import Visit, add_room, admit, reread, say
from tests.support.factories.visits import balances, refunds_of_booking

Work = Callable[[], Awaitable[Any]]
ORDERS = ("first_then_second", "second_then_first", "at_once")
FEE = 5000
BACK = {"provider.desk": FEE, "refunds": -FEE}
EARNED = {"provider.desk": FEE, "revenue.consult": -FEE}


async def race(order: str, first: Work, second: Work) -> None:
    """A loser is told that the visit is over; anything else is a failure."""
    if order == "at_once":
        ends = await asyncio.gather(first(), second(), return_exceptions=True)
    else:
        ends = []
        for work in (first, second) if order == "first_then_second" else (second, first):
            ends += await asyncio.gather(work(), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, VisitOver):
            raise end


def go_to(clock: FixedClock, days: int) -> None:
    """A second past 24:00 of so many days from now on."""
    day = hospital_day(clock.business()) + timedelta(days=days)
    clock.move_business_to(at_local(day, time(0, 0, 1)))


async def note_of(units: Units, visit: Visit) -> VisitNote:
    async with units.system("test") as unit:
        row = await unit.session.get(VisitNote, visit.room)
    assert row is not None
    return row


async def outcome(units: Units, visit: Visit) -> tuple[Booking, VisitNote, ConsultationState]:
    state = (await reread(units, visit)).state
    return await booking_of(units, visit.booking), await note_of(units, visit), state


@pytest.mark.parametrize("order", ORDERS)
async def test_XY14_signing_and_midnight_never_both(units: Units, clock: FixedClock, order: str) -> None:
    visit = await add_room(units, admitted=True)
    await write_note(units, visit)
    go_to(clock, 1)
    await race(order, lambda: sign_note(units, visit), lambda: sweep_unattended(units))
    booking, note, state = await outcome(units, visit)
    signed = note.state is NoteState.SIGNED
    assert order == "at_once" or signed == (order == "first_then_second")
    if signed:
        assert (booking.state, booking.attended_ref) == (BookingState.PAID, f"note:{visit.room}")
        assert state is ConsultationState.ADMITTED
        assert await refunds_of_booking(units, visit.booking) == []
    else:
        assert (booking.state, state) == (BookingState.UNATTENDED, ConsultationState.CLOSED)
        assert await balances(units, visit.booking) == BACK


async def test_XY14_a_signature_that_is_being_written_at_midnight_is_not_swept_over(
    units: Units, clock: FixedClock
) -> None:
    visit = await add_room(units, admitted=True)
    await write_note(units, visit)
    go_to(clock, 1)
    async with units.of(visit.doctor) as unit:
        await sign(unit, visit.room, version=1)
        assert await sweep_unattended(units) == 0
    assert await sweep_unattended(units) == 0
    assert (await booking_of(units, visit.booking)).state is BookingState.PAID


@pytest.mark.parametrize("order", ORDERS)
async def test_XY14_admission_and_midnight_leave_no_open_visit_without_its_booking(
    units: Units, clock: FixedClock, order: str
) -> None:
    """The gate was asked before midnight, the door opened after: admission is no attendance."""
    visit = await add_room(units)
    async with units.of(visit.doctor) as unit:
        assert visit.booking.decision_id is not None
        decision = await gate_decision(unit, visit.booking.decision_id)
    go_to(clock, 1)

    async def open_it() -> None:
        async with units.of(visit.doctor) as unit:
            await _open(unit, visit.room, decision)

    await race(order, open_it, lambda: sweep_unattended(units))
    # A sweep passes by what somebody is changing, and comes again.
    await sweep_unattended(units)
    booking, state = await booking_of(units, visit.booking), (await reread(units, visit)).state
    assert (booking.state, state) == (BookingState.UNATTENDED, ConsultationState.CLOSED)
    assert await balances(units, visit.booking) == BACK
    wanted = {"first_then_second": {1}, "second_then_first": {0}}.get(order, {0, 1})
    assert (await told(units, visit.who.account)).count("doctor_admitted") in wanted


@pytest.mark.parametrize("order", ORDERS)
async def test_XY13_concluding_and_the_refund_of_the_unfinished_never_both(
    units: Units, clock: FixedClock, order: str
) -> None:
    visit = await add_room(units, admitted=True)
    await say(units, visit, visit.doctor, "您最近血压控制得怎么样")
    await write_note(units, visit)
    go_to(clock, 3)

    async def finish() -> None:
        await sign_note(units, visit)
        async with units.of(visit.doctor) as unit:
            await conclude(unit, visit.room, advice=ADVICE)

    await race(order, finish, lambda: sweep_unfinished(units))
    booking, note, state = await outcome(units, visit)
    if note.state is NoteState.SIGNED:
        assert (booking.state, state) == (BookingState.COMPLETED, ConsultationState.CONCLUDED)
        assert await balances(units, visit.booking) == EARNED
    else:
        assert (booking.state, state) == (BookingState.UNFINISHED, ConsultationState.CLOSED)
        assert await balances(units, visit.booking) == BACK


async def test_two_pages_that_save_at_once_lose_no_words(units: Units) -> None:
    visit = await add_room(units)
    await admit(units, visit)
    ends = await asyncio.gather(
        *(write_note(units, visit, page=f"page-{n}", plan=f"样例：第{n}页") for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoteOutdated"] * 3 + ["VisitNote"]
    assert all(isinstance(end, VisitNote | NoteOutdated) for end in ends)
    assert (await note_of(units, visit)).version == 1


async def test_two_conclusions_at_once_earn_once(units: Units) -> None:
    visit = await add_room(units, admitted=True)
    await write_note(units, visit)
    await sign_note(units, visit)

    async def finish() -> None:
        async with units.of(visit.doctor) as unit:
            await conclude(unit, visit.room, advice=ADVICE)

    await asyncio.gather(finish(), finish(), finish())
    assert await balances(units, visit.booking) == EARNED
    assert (await told(units, visit.who.account)).count("visit_concluded") == 1
