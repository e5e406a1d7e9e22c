"""Many in one room at once: numbers without a gap, nothing twice, and nothing after the end."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import date, time, timedelta
from typing import Any

import pytest

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.opening import ensure_open
from telehealth.consultations.states import ConsultationState
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.ids import new_id
from telehealth.core.rooms import RoomChannel
from telehealth.core.unit import Units
from tests.support.factories.bookings import audited
from tests.support.factories.bookings import reread as reread_booking
from tests.support.factories.rooms import Visit, add_room, messages, reread, say, seat

MIDNIGHT = at_local(date(2026, 11, 21) + timedelta(days=1), time(0, 0, 0))


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


async def together(*work: Awaitable[Any]) -> tuple[list[Any], Counter[str]]:
    ends = await asyncio.gather(*work, return_exceptions=True)
    failed = Counter(type(end).__name__ for end in ends if isinstance(end, BaseException))
    return [end for end in ends if not isinstance(end, BaseException)], failed


async def test_a_hundred_at_once_are_numbered_one_to_a_hundred(units: Units, visit: Visit) -> None:
    channel = units.port(RoomChannel)  # type: ignore[type-abstract]
    seats = [await seat(units, visit, who) for who in (visit.patient, visit.doctor)]
    stored, failed = await together(
        *(
            channel.say(seats[n % 2], client_id=new_id(), kind="text", text=f"第{n}条", file=None)
            for n in range(100)
        )
    )
    assert not failed
    assert sorted(one.seq for one in stored) == list(range(1, 101))
    assert [body["seq"] for body in await channel.since(visit.room, 0, 200)] == list(range(1, 101))


async def test_the_same_words_over_two_connections_are_stored_once(units: Units, visit: Visit) -> None:
    for _ in range(5):
        client_id = new_id()
        stored, failed = await together(
            *(say(units, visit, visit.patient, "断线重发", client_id=client_id) for _ in range(4))
        )
        assert not failed
        assert len({one.seq for one in stored}) == 1
        assert sorted(one.is_new for one in stored) == [False, False, False, True]
    assert [row.seq for row in await messages(units, visit)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("round_", range(4))
async def test_nothing_is_stored_after_the_room_closed(units: Units, visit: Visit, round_: int) -> None:
    async def give_up() -> None:
        await asyncio.sleep(0)
        async with units.of(visit.patient) as unit:
            await cancel(unit, visit.room)

    stored, failed = await together(
        *(say(units, visit, visit.patient, "还在") for _ in range(6)),
        give_up(),
        *(say(units, visit, visit.patient, "还在") for _ in range(6)),
    )
    assert set(failed) <= {"RoomClosed"}
    rows = await messages(units, visit)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1].facts == {"event": "closed", "code": "cancelled"}
    assert len(rows) == len([one for one in stored if one is not None]) + 1


@pytest.mark.parametrize("round_", range(4))
async def test_XY14_the_doctors_text_at_midnight_attends_or_comes_too_late(
    units: Units, visit: Visit, clock: FixedClock, round_: int
) -> None:
    clock.move_business_to(MIDNIGHT)
    work: list[Awaitable[Any]] = [say(units, visit, visit.doctor), sweep_unattended(units)]
    _, failed = await together(*(work if round_ % 2 else reversed(work)))
    booking, room = await reread_booking(units, visit.booking), await reread(units, visit)
    assert (booking.state, room.state, dict(failed)) in [
        (BookingState.PAID, ConsultationState.ADMITTED, {}),
        (BookingState.UNATTENDED, ConsultationState.CLOSED, {"RoomClosed": 1}),
    ]
    assert (booking.attended_at is not None) == (booking.state is BookingState.PAID)


async def test_two_who_enter_at_once_open_a_room_once(units: Units, visit: Visit) -> None:
    async with units.system("test") as unit:
        await (await unit.connection()).execute("delete from consultations")

    async def enter() -> None:
        async with units.system("test") as unit:
            assert await ensure_open(unit, visit.room) is not None

    before = len(await audited(units, "consultation.opened"))
    _, failed = await together(*(enter() for _ in range(6)))
    assert not failed
    assert len(await audited(units, "consultation.opened")) == before + 1
