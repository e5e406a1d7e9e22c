"""Calls as the visit keeps them: lines in the room, midnight held, media as evidence."""

from datetime import date, time, timedelta

import pytest

from telehealth.bookings.states import BookingState, Evidence
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, RoomJournal
from telehealth.core.unit import Units
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.rooms import Visit, add_room, events

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


@pytest.fixture
def journal(units: Units) -> RoomJournal:
    return units.port(RoomJournal)  # type: ignore[type-abstract]


async def test_XY28_calls_are_lines_of_the_room(units: Units, visit: Visit, journal: RoomJournal) -> None:
    call = new_id()
    async with units.system("test") as unit:
        await journal.rang(unit, visit.room, call, by=Role.DOCTOR, media="video")
        await journal.connected(unit, visit.room, call)
        await journal.recorded(unit, visit.room, call)
        await journal.ended(unit, visit.room, call, reason="hung_up", by=Role.DOCTOR, seconds=65)
    said = await events(units, visit)
    assert [facts["event"] for facts in said] == ["call_rang", "call_connected", "recording_on", "call_ended"]
    assert said[0]["media"] == "video" and {facts["call"] for facts in said} == {str(call)}
    assert (said[3]["code"], said[3]["role"], said[3]["seconds"]) == ("hung_up", "doctor", 65)


async def test_XY14_a_connected_call_holds_midnight_until_it_ends(
    units: Units, visit: Visit, journal: RoomJournal, clock: FixedClock
) -> None:
    clock.move_business_to(at_local(TODAY, time(23, 59)))
    async with units.system("test") as unit:
        await journal.connected(unit, visit.room, call := new_id())
    clock.move_business_to(at_local(TODAY + timedelta(days=1), time(0, 2)))
    assert await sweep_unattended(units) == 0
    async with units.system("test") as unit:
        await journal.ended(unit, visit.room, call, reason="hung_up", by=Role.DOCTOR, seconds=9)
    assert await sweep_unattended(units) == 1
    assert (await booking_of(units, visit.booking)).state is BookingState.UNATTENDED


async def test_XY13_media_of_both_sides_are_evidence_with_their_proof(
    units: Units, visit: Visit, journal: RoomJournal
) -> None:
    call = new_id()
    async with units.system("test") as unit:
        await journal.had_media(unit, visit.room, call, proof="recorder:a,b", at=unit.now)
    after = await booking_of(units, visit.booking)
    assert after.attended_by == Evidence.CALL
    assert after.attended_ref == f"call:{call}:recorder:a,b"
