"""Who comes into a room, with what, and what they may do there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telehealth.bookings.states import BookingState
from telehealth.consultations.errors import RoomNotFound, SeatEnded, SignedOut
from telehealth.consultations.gate import forget_tickets
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.errors import Forbidden
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role as RoomRole
from telehealth.core.rooms import RoomGate, Terms
from telehealth.core.tickets import TicketExpired, TicketInvalid
from telehealth.core.unit import Units
from telehealth.web.sessions import end_session, open_session
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import add_booker
from tests.support.factories.directory import add_doctor
from tests.support.factories.rooms import (
    Visit,
    add_helper,
    add_more,
    add_room,
    admit,
    consent,
    reread,
    say,
    seat,
    seat_guest,
    ticket,
)
from tests.support.factories.visits import hold_past_the_gate


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


def gate(units: Units) -> RoomGate:
    return units.port(RoomGate)  # type: ignore[type-abstract]


async def terms(units: Units, visit: Visit, actor: Actor) -> Terms:
    return await gate(units).terms(await seat(units, visit, actor))


async def test_XY25_the_patient_enters_from_payment_on(units: Units, visit: Visit) -> None:
    came = await gate(units).enter(visit.patient, visit.room, await ticket(units, visit, visit.patient))
    assert (came.role, came.owner_id, came.room) == (RoomRole.PATIENT, visit.who.account.id, visit.room)
    assert came.name == "样**"
    now = await gate(units).terms(came)
    assert (now.state, now.may_write, now.may_call, now.refusal) == ("waiting", True, False, "not_admitted")


async def test_XY25_waiting_shows_the_place_in_line_and_what_happens_at_midnight(
    units: Units, visit: Visit
) -> None:
    later = await add_more(units, visit, 2)
    places = [(await terms(units, one, one.patient)).view["position"] for one in (visit, *later)]
    assert places == [1, 2, 3]
    view = (await terms(units, visit, visit.patient)).view
    assert view["ends_at"] == "2026-11-21T16:00:00+00:00"
    assert "24:00" in view["promise"]["zh"] and view["next"]["code"] == "prepare"
    assert view["expected"]["from"] == visit.booking.starts_at.isoformat()
    await admit(units, visit)
    assert (await terms(units, later[0], later[0].patient)).view["position"] == 1


async def test_the_doctor_of_the_booking_enters_and_another_does_not(units: Units, visit: Visit) -> None:
    came = await gate(units).enter(visit.doctor, visit.room, await ticket(units, visit, visit.doctor))
    assert (came.role, came.name) == (RoomRole.DOCTOR, visit.house.doctor.name)
    other = await add_doctor(units, visit.house.department)
    member = await add_staff(units, visit.house.hospital.id, [Role.DOCTOR], login="other", doctor_id=other.id)
    with pytest.raises(RoomNotFound):
        await ticket(units, visit, staff(member))
    await seat_guest(units, visit, member.account_id, RoomRole.COLLEAGUE, "样例会诊")
    assert (await seat(units, visit, staff(member))).role is RoomRole.COLLEAGUE


async def test_for_anybody_else_there_is_no_such_room(units: Units, visit: Visit) -> None:
    stranger = await add_booker(units, visit.house, "13811112222")
    desk = await add_staff(units, visit.house.hospital.id, [Role.DESK])
    for actor in (stranger.actor, staff(desk), Actor()):
        with pytest.raises(RoomNotFound):
            await ticket(units, visit, actor)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, Actor.signed_in(new_id(), frozenset({Role.PATIENT})))


async def test_a_seat_that_is_not_paid_for_has_no_room(units: Units, visit: Visit) -> None:
    who = await add_booker(units, visit.house, "13811112222")
    held = await hold_past_the_gate(units, who, visit.clinic)
    assert held.state is BookingState.HELD
    with pytest.raises(RoomNotFound):
        await seat(units, replace(visit, who=who, booking=held), who.actor)


async def test_a_ticket_works_once_for_one_person_one_room_one_minute(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    enter = gate(units).enter
    good = await ticket(units, visit, visit.patient)
    with pytest.raises(Forbidden):
        await enter(visit.doctor, visit.room, good)
    with pytest.raises(TicketInvalid):
        await enter(visit.patient, new_id(), good)
    with pytest.raises(TicketInvalid):
        await enter(visit.patient, visit.room, good[:-2] + "xx")
    await enter(visit.patient, visit.room, good)
    with pytest.raises(TicketInvalid):
        await enter(visit.patient, visit.room, good)
    late = await ticket(units, visit, visit.patient)
    clock.advance(timedelta(seconds=61))
    with pytest.raises(TicketExpired):
        await enter(visit.patient, visit.room, late)


async def test_used_tickets_are_forgotten_once_they_could_not_be_shown_again(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await gate(units).enter(visit.patient, visit.room, await ticket(units, visit, visit.patient))
    clock.advance(timedelta(minutes=11))
    await forget_tickets(units)
    async with units.system("test") as unit:
        rows = await (await unit.connection()).execute("select count(*) from used_tickets")
        assert await rows.fetchone() == (0,)


async def test_XY25_a_helper_has_a_seat_until_it_is_taken_away(units: Units, visit: Visit) -> None:
    helper = await add_helper(units, visit)
    place = await seat(units, visit, helper)
    assert (place.role, place.name, place.owner_id) == (RoomRole.HELPER, "女儿", visit.who.account.id)
    assert (await gate(units).terms(place)).may_write
    async with units.system("test") as unit:
        await (await unit.connection()).execute("update room_seats set state = 'ended'")
    with pytest.raises(SeatEnded):
        await gate(units).terms(place)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, helper)


async def test_REG50_a_call_needs_both_sides_consent_to_be_recorded(units: Units, visit: Visit) -> None:
    await admit(units, visit)
    asked = await terms(units, visit, visit.patient)
    assert (asked.may_call, asked.records, asked.refusal) == (False, False, "asked")
    await consent(units, visit)
    agreed = await terms(units, visit, visit.doctor)
    assert (agreed.may_call, agreed.records, agreed.attends_after_s) == (True, True, 30)


async def test_REG50_refusing_to_be_recorded_leaves_writing(units: Units, visit: Visit) -> None:
    await admit(units, visit)
    await consent(units, visit, patient=False)
    refused = await terms(units, visit, visit.patient)
    assert (refused.may_call, refused.refusal, refused.may_write) == (False, "not_agreed", True)


async def test_a_hospital_that_records_nothing_asks_nobody(units: Units) -> None:
    visit = await add_room(units, admitted=True, room={"record_calls": False})
    free = await terms(units, visit, visit.patient)
    assert (free.may_call, free.records, free.refusal) == (True, False, "")


async def test_the_patient_reads_when_the_doctor_was_last_there(units: Units, visit: Visit) -> None:
    assert (await terms(units, visit, visit.patient)).view["doctor"]["last_seen"] is None
    await admit(units, visit)
    seen = (await terms(units, visit, visit.patient)).view["doctor"]["last_seen"]
    assert seen == (await reread(units, visit)).admitted_at.isoformat()  # type: ignore[union-attr]
    await say(units, visit, visit.doctor)


async def test_whoever_signs_out_has_left_the_room(units: Units, visit: Visit) -> None:
    async with units.system("test") as unit:
        session = (await open_session(unit, visit.patient, channel="app")).session_id
    place = replace(await seat(units, visit, visit.patient), actor=replace(visit.patient, session_id=session))
    assert (await gate(units).terms(place)).may_write
    async with units.system("test") as unit:
        await end_session(unit, session)
    with pytest.raises(SignedOut):
        await gate(units).terms(place)
