"""Two at once, and in either order: one call a room, one answer, one end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from signaling import calls
from signaling.calls import CallView
from signaling.models import Call
from signaling.protocol import Media
from signaling.timers import run_timers
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from tests.support.factories.calls import OPEN, Room, add_room, row_of

ROUNDS = range(5)
Deed = Callable[[], Awaitable[Any]]


@pytest.fixture
def room(units: Units) -> Room:
    return add_room(units)


async def ring(units: Units, room: Room) -> CallView:
    return await calls.start(units, room.doctor, "doctor-page", Media.VIDEO, OPEN)


def accept(units: Units, room: Room, call: CallView, page: str = "patient-page") -> Deed:
    return lambda: calls.accept(units, room.patient, page, call.id, Media.VIDEO, OPEN)


def cancel(units: Units, room: Room, call: CallView) -> Deed:
    return lambda: calls.hang_up(units, room.doctor, "doctor-page", call.id)


async def together(*deeds: Deed) -> list[Any]:
    return await asyncio.gather(*(deed() for deed in deeds), return_exceptions=True)


def failed(answers: list[Any]) -> list[str]:
    return sorted(type(answer).__name__ for answer in answers if isinstance(answer, BaseException))


def ends(room: Room) -> list[object]:
    return [told[1] for told in room.notebook.told if told[0] == "ended"]


@pytest.mark.parametrize("round_", ROUNDS)
async def test_two_devices_accept_at_once_and_the_call_begins_once(
    units: Units, room: Room, round_: int
) -> None:
    call = await ring(units, room)
    pages = ["phone", "tablet"] if round_ % 2 else ["tablet", "phone"]
    answers = await together(*(accept(units, room, call, page) for page in pages))
    assert failed(answers) == []
    # The second is a page of the same seat and so is in the call, too; it began with one of them.
    assert sorted(answer.version for answer in answers) == [2, 3]
    assert room.notebook.told.count(("connected",)) == 1
    first = min(answers, key=lambda answer: answer.version)
    assert len(first.body["members"]) == 2


@pytest.mark.parametrize("round_", ROUNDS)
async def test_accept_and_cancel_at_once_leave_one_winner(units: Units, room: Room, round_: int) -> None:
    call = await ring(units, room)
    deeds = [accept(units, room, call), cancel(units, room, call)]
    answers = await together(*(deeds if round_ % 2 else reversed(deeds)))
    row = await row_of(units, call.id)
    if row.reason == "cancelled":
        assert failed(answers) == ["CallOver"] and row.active_at is None
    else:
        # The doctor's cancel came after the accept, so it is the end of a conversation.
        assert failed(answers) == [] and row.reason == "hung_up" and row.active_at is not None
    assert ends(room) == [row.reason]


async def test_accept_then_cancel_and_cancel_then_accept(units: Units, room: Room) -> None:
    call = await ring(units, room)
    await accept(units, room, call)()
    assert (await cancel(units, room, call)()).body["reason"] == "hung_up"
    call = await ring(units, room)
    await cancel(units, room, call)()
    assert failed(await together(accept(units, room, call))) == ["CallOver"]
    assert ends(room) == ["hung_up", "cancelled"]


@pytest.mark.parametrize("round_", ROUNDS)
async def test_accept_and_timeout_at_once_leave_one_winner(
    units: Units, room: Room, clock: FixedClock, round_: int
) -> None:
    """The time has come: whoever sees the row first, it ends unanswered, and is told once."""
    call = await ring(units, room)
    clock.advance(timedelta(seconds=45))
    deeds: list[Deed] = [accept(units, room, call), lambda: run_timers(units), lambda: run_timers(units)]
    answers = await together(*(deeds if round_ % 2 else reversed(deeds)))
    assert failed(answers) == ["CallOver"]
    assert (await row_of(units, call.id)).reason == "unanswered"
    assert ends(room) == ["unanswered"]


async def test_an_accept_in_the_last_second_beats_the_timeout(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await ring(units, room)
    clock.advance(timedelta(seconds=44.9))
    await accept(units, room, call)()
    clock.advance(timedelta(seconds=1))
    assert await run_timers(units) == 0
    assert (await row_of(units, call.id)).state == "active"


@pytest.mark.parametrize("round_", ROUNDS)
async def test_both_sides_start_at_once_and_one_call_rings(units: Units, room: Room, round_: int) -> None:
    starts: list[Deed] = [
        lambda: calls.start(units, room.doctor, "doctor-page", Media.VIDEO, OPEN),
        lambda: calls.start(units, room.patient, "patient-page", Media.AUDIO, OPEN),
    ]
    one, other = await together(*(starts if round_ % 2 else reversed(starts)))
    assert one == other
    async with units.system("test") as unit:
        found = sa.select(sa.func.count()).select_from(Call).where(Call.room == room.id)
        assert await unit.session.scalar(found) == 1
    assert [told[0] for told in room.notebook.told] == ["rang"]


@pytest.mark.parametrize("round_", ROUNDS)
async def test_both_hang_up_at_once_and_it_ends_once(units: Units, room: Room, round_: int) -> None:
    call = await ring(units, room)
    await accept(units, room, call)()
    answers = await together(
        cancel(units, room, call),
        lambda: calls.hang_up(units, room.patient, "patient-page", call.id),
        lambda: calls.room_closed(units, room.id),
    )
    assert failed(answers) == []
    assert len(ends(room)) == 1
    # Ringing, active, ended: nothing was counted twice.
    assert (await row_of(units, call.id)).version == 3


@pytest.mark.parametrize("round_", ROUNDS)
async def test_hanging_up_while_a_new_call_starts(units: Units, room: Room, round_: int) -> None:
    call = await ring(units, room)
    await accept(units, room, call)()
    deeds: list[Deed] = [
        cancel(units, room, call),
        lambda: calls.start(units, room.patient, "patient-page", Media.AUDIO, OPEN),
    ]
    answers = await together(*(deeds if round_ % 2 else reversed(deeds)))
    assert failed(answers) == []
    assert ends(room) == ["hung_up"]
    async with units.system("test") as unit:
        alive = sa.select(Call).where(Call.room == room.id, Call.state != "ended")
        left = list(await unit.session.scalars(alive))
    started = answers[1 if round_ % 2 else 0]
    # It answered with the call that was there, or rang a new one; never both.
    assert [one.id for one in left] == ([] if started.id == call.id else [started.id])
