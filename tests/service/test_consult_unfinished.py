"""XY13: attended, no signed note by 24:00 of the next day: the desk's task, then all of the fee back."""

from datetime import date, time, timedelta

import pytest

from telehealth.bookings.states import BookingState
from telehealth.consultations.concluding import conclude
from telehealth.consultations.doctor_errors import VisitOver
from telehealth.consultations.states import ConsultationState
from telehealth.consultations.unfinished import sweep_unfinished, worklist
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from telehealth.payments.states import RefundReason
from tests.support.factories.accounts import reread as account_of
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.bookings import told
from tests.support.factories.consulting import ADVICE, NOTE, sign_note, write_note
from tests.support.factories.rooms import Visit, add_room, reread, say
from tests.support.factories.visits import balances, desk_of, refunds_of_booking

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units) -> Visit:
    """Attended by the doctor's own words, and then nothing."""
    made = await add_room(units, admitted=True)
    await say(units, made, made.doctor, "您最近血压控制得怎么样")
    assert (await booking_of(units, made.booking)).attended_at is not None
    return made


async def go(units: Units, clock: FixedClock, days: int, at: time = time(0, 1)) -> int:
    clock.move_business_to(at_local(TODAY + timedelta(days=days), at))
    return await sweep_unfinished(units)


async def tasks(units: Units, visit: Visit) -> list[str]:
    desk = desk_of(visit.house)
    async with units.of(desk) as unit:
        return [item["href"] for item in await worklist(unit, desk)]


async def test_XY13_the_desk_has_a_task_from_24_of_the_next_day(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    assert await go(units, clock, 1, time(23, 59)) == 0
    assert await tasks(units, visit) == []
    for _ in range(2):
        assert await go(units, clock, 2) == 0
    assert await tasks(units, visit) == [f"/staff/bookings/{visit.room}"]
    doctor = await account_of(units, visit.member.account_id)
    assert (await told(units, doctor)).count("note_overdue") == 1
    assert (await booking_of(units, visit.booking)).state is BookingState.PAID


async def test_XY13_unless_it_is_finished_all_of_the_fee_goes_back_with_an_apology(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await go(units, clock, 2)
    assert await go(units, clock, 2, time(23, 59)) == 0
    assert await go(units, clock, 3) == 1
    assert await go(units, clock, 3) == 0
    after = await booking_of(units, visit.booking)
    assert after.state is BookingState.UNFINISHED
    [refund] = await refunds_of_booking(units, visit.booking)
    assert (refund.reason, refund.amount) == (RefundReason.UNFINISHED, after.fee)
    assert await balances(units, visit.booking) == {"provider.desk": after.fee, "refunds": -after.fee}
    assert (await reread(units, visit)).state is ConsultationState.CLOSED
    assert (await told(units, visit.who.account)).count("visit_unfinished") == 1
    assert await tasks(units, visit) == []
    with pytest.raises(VisitOver):
        await sign_note(units, visit)


async def test_XY13_the_doctor_may_still_finish_it_within_the_day(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await go(units, clock, 2)
    await write_note(units, visit)
    await sign_note(units, visit)
    async with units.of(visit.doctor) as unit:
        await conclude(unit, visit.room, advice=ADVICE)
    assert await go(units, clock, 3) == 0
    assert (await booking_of(units, visit.booking)).state is BookingState.COMPLETED
    assert await refunds_of_booking(units, visit.booking) == []


async def test_a_signed_visit_that_nobody_closed_is_closed_by_the_house(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await write_note(units, visit)
    await sign_note(units, visit)
    assert await go(units, clock, 2) == 1
    row = await reread(units, visit)
    assert (row.state, row.advice) == (ConsultationState.CONCLUDED, NOTE["plan"])
    assert (await booking_of(units, visit.booking)).state is BookingState.COMPLETED


async def test_XY12_what_nobody_attended_is_not_ours(units: Units, clock: FixedClock) -> None:
    waiting = await add_room(units, admitted=True)
    assert await go(units, clock, 3) == 0
    assert (await booking_of(units, waiting.booking)).state is BookingState.PAID
