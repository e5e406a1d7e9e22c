"""The queue of an offline clinic (GD07): who stands where, who is told, who is called, who missed it."""

from datetime import timedelta

import pytest

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import BookingNotFound
from telehealth.bookings.states import Evidence
from telehealth.core.clock import FixedClock
from telehealth.core.errors import Forbidden
from telehealth.core.unit import Units
from telehealth.outpatient import arriving, calling, queue_showing
from telehealth.outpatient.errors import (
    CheckInNotPossible,
    CheckInOver,
    CheckInTooEarly,
    ClinicHasNoQueue,
    QueueEmpty,
    TicketMoved,
)
from telehealth.outpatient.states import TicketState
from telehealth.schedule.closing import close_clinic
from telehealth.web.house import House as Running
from tests.support.factories.bookings import House, add_booker, add_house, reread
from tests.support.factories.queues import Room, open_room
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.visits import clinic_today, desk_of, paid_today


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def room(units: Units, place: House) -> Room:
    return await open_room(units, place)


# ------------------------------------------------------------------------------------------------ arriving


async def test_GD07_check_in_opens_an_hour_before_the_slot_and_ends_with_the_clinic(
    room: Room, clock: FixedClock
) -> None:
    await room.books(2)
    clock.advance(timedelta(seconds=-1))
    with pytest.raises(CheckInTooEarly) as early:
        await room.arrives(0)
    assert early.value.facts["opens_at"] == (room.bookings[0].starts_at - timedelta(minutes=60)).isoformat()
    clock.advance(timedelta(seconds=1))
    assert (await room.arrives(0)).number == 1
    clock.advance(timedelta(hours=2))
    with pytest.raises(CheckInOver):
        await room.arrives(1)


async def test_GD07_how_early_is_the_hospitals_number(room: Room, units: Units, clock: FixedClock) -> None:
    await room.books(1)
    await publish_policy(units, room.house.hospital.id, queue={"check_in_minutes": 30})
    with pytest.raises(CheckInTooEarly):
        await room.arrives(0)
    clock.advance(timedelta(minutes=30))
    assert (await room.arrives(0)).place == 1


async def test_GD07_checking_in_twice_is_one_place(room: Room) -> None:
    await room.books(2)
    first = await room.arrives(0)
    again = await room.arrives(0)
    assert (first.id, first.number) == (again.id, again.number)
    assert await room.order() == [1]


async def test_GD07_places_go_by_slot_and_who_is_late_stands_last(room: Room, clock: FixedClock) -> None:
    await room.books(2, slot=1)
    await room.books(2, slot=0)
    clock.advance(timedelta(minutes=30))
    for n in (0, 2, 1):
        await room.arrives(n)
    assert await room.order() == [2, 1, 3]
    clock.advance(timedelta(hours=1))
    late = await room.arrives(3)
    assert late.is_late and await room.order() == [2, 1, 3, 4]


async def test_GD07_nobody_checks_in_for_anybody_else_or_for_a_visit_online(
    room: Room, units: Units, place: House
) -> None:
    await room.books(1)
    stranger = await add_booker(units, place, "13900000001", name="样例己")
    with pytest.raises(BookingNotFound):
        await arriving.check_in(units, stranger.actor, room.bookings[0].id)
    online = await paid_today(units, place, stranger)
    with pytest.raises(CheckInNotPossible):
        await arriving.check_in(units, stranger.actor, online.id)


async def test_GD07_the_desk_checks_in_whoever_stands_before_it(room: Room, units: Units) -> None:
    await room.books(1)
    ticket = await arriving.check_in(units, room.desk, room.bookings[0].id)
    assert ticket.checked_in_by is not None and ticket.account_id == room.people[0].account.id


# --------------------------------------------------------------------------------------- calling and telling


async def test_GD07_reminded_at_three_and_one_ahead_and_when_called(room: Room) -> None:
    await room.books(6)
    await room.all_arrive()
    assert await room.told(5) == []
    await room.calls()
    assert await room.told(5) == []
    for _ in range(2):
        await room.calls()
    assert await room.told(5) == ["queue_near"]
    await room.calls()
    assert await room.told(5) == ["queue_near", "queue_near"]
    for _ in range(2):
        await room.calls()
    assert await room.told(5) == ["queue_near", "queue_near", "queue_called"]


async def test_GD07_the_positions_of_the_reminders_are_the_hospitals(room: Room, units: Units) -> None:
    await publish_policy(units, room.house.hospital.id, queue={"reminder_positions": [4]})
    await room.books(6)
    await room.all_arrive()
    await room.calls()
    assert await room.told(5) == ["queue_near"]


async def test_GD07_an_empty_queue_calls_nobody(room: Room) -> None:
    with pytest.raises(QueueEmpty):
        await room.calls()


async def test_GD07_a_missed_call_comes_back_after_two_patients_once(room: Room) -> None:
    await room.books(5)
    await room.all_arrive()
    first = await room.calls()
    back = await room.misses(first.id)
    assert (back.state, back.place) == (TicketState.WAITING, 3)
    assert await room.order() == [2, 3, 1, 4, 5]
    assert (await room.told(0))[-1] == "queue_requeued"
    for number in (2, 3, 1):
        assert (await room.calls()).number == number
    gone = await room.misses(first.id)
    assert gone.state is TicketState.MISSED and await room.order() == [4, 5]
    assert (await room.told(0))[-1] == "queue_missed"


async def test_GD07_how_often_and_how_far_back_are_the_hospitals_numbers(room: Room, units: Units) -> None:
    await publish_policy(
        units, room.house.hospital.id, queue={"requeue_after_patients": 1, "missed_calls_forgiven": 2}
    )
    await room.books(3)
    await room.all_arrive()
    first = await room.calls()
    await room.misses(first.id)
    assert await room.order() == [2, 1, 3]
    for number in (2, 1):
        assert (await room.calls()).number == number
    assert (await room.misses(first.id)).state is TicketState.WAITING


async def test_GD07_the_desk_lets_somebody_back_in_at_the_end(room: Room, units: Units) -> None:
    await publish_policy(units, room.house.hospital.id, queue={"missed_calls_forgiven": 0})
    await room.books(3)
    await room.all_arrive()
    gone = await room.misses((await room.calls()).id)
    async with units.of(room.desk) as unit:
        back = await calling.rejoin(unit, gone.id)
    assert back.state is TicketState.WAITING and await room.order() == [2, 3, 1]


async def test_GD07_who_was_seen_was_there_and_keeps_nothing_waiting(room: Room, units: Units) -> None:
    await room.books(2)
    await room.all_arrive()
    ticket = await room.calls()
    await room.sees(ticket.id)
    booking = await reread(units, room.bookings[0])
    assert booking.attended_by == Evidence.VISIT and booking.attended_ref == f"queue:{ticket.id}"
    with pytest.raises(TicketMoved):
        await room.misses(ticket.id)


async def test_GD07_only_who_was_called_can_be_seen_and_nothing_is_kept_of_a_refusal(
    room: Room, units: Units
) -> None:
    await room.books(1)
    (ticket,) = await room.all_arrive()
    with pytest.raises(TicketMoved):
        await room.sees(ticket.id)
    assert (await reread(units, room.bookings[0])).attended_at is None


async def test_GD07_whoever_cancels_leaves_and_those_behind_move_up(
    room: Room, units: Units, house: Running
) -> None:
    await room.books(3)
    await room.all_arrive()
    async with units.of(room.people[0].actor) as unit:
        await cancel(unit, room.bookings[0].id)
    await house.jobs.work(until_idle=True)
    assert await room.order() == [2, 3]
    with pytest.raises(CheckInNotPossible):
        await room.arrives(0)


async def test_GD07_a_closed_clinic_leaves_nobody_waiting(room: Room, units: Units, house: Running) -> None:
    await room.books(3)
    await room.all_arrive()
    async with units.of(room.desk) as unit:
        await close_clinic(unit, room.id, reason="医生临时请假")
    await house.jobs.work(until_idle=True)
    assert await room.order() == []


async def test_GD07_other_hospitals_and_patients_call_nobody(room: Room, units: Units) -> None:
    await room.books(1)
    await room.all_arrive()
    elsewhere = await add_house(units, "jiangbin")
    with pytest.raises(ClinicHasNoQueue):
        await room.calls(desk_of(elsewhere))
    with pytest.raises(Forbidden):
        await room.calls(room.people[0].actor)


async def test_GD07_an_online_clinic_has_no_queue(units: Units, place: House) -> None:
    online = await clinic_today(units, place)
    async with units.of(desk_of(place)) as unit:
        with pytest.raises(ClinicHasNoQueue):
            await calling.call_next(unit, online.clinic.id)


# ------------------------------------------------------------------------------------------------- showing


async def test_GD07_the_screen_shows_numbers_and_masked_names(room: Room, units: Units) -> None:
    await room.books(3)
    await room.all_arrive()
    await room.calls()
    async with units.of(room.desk) as unit:
        line = await queue_showing.open_line(unit, room.id)
    shown = await queue_showing.screen(units, line.screen_token)
    assert [(each.number, each.name) for each in shown.called] == [("001", "患**")]
    assert [each.number for each in shown.coming] == ["002", "003"] and shown.waiting == 2
    with pytest.raises(ClinicHasNoQueue):
        await queue_showing.screen(units, "never-given-out")
