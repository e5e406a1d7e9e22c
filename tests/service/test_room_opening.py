"""A room opens with the payment and closes with the booking."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.events import BookingPaid, BookingsLeft
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.errors import RoomClosed
from telehealth.consultations.models import Consultation, RoomSeat
from telehealth.consultations.opening import ensure_open, on_left, on_paid
from telehealth.consultations.states import ConsultationState, SeatState
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.bookings import House, add_booker, add_house, audited
from tests.support.factories.rooms import Visit, add_helper, add_more, add_room, admit, events, reread, say
from tests.support.factories.visits import hold_today, paid_today

TODAY = date(2026, 11, 21)
AFTER_MIDNIGHT = at_local(TODAY + timedelta(days=1), time(0, 0, 10))


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def give_up(units: Units, visit: Visit) -> None:
    async with units.of(visit.patient) as unit:
        await cancel(unit, visit.room)


async def rooms(units: Units) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.select(sa.func.count()).select_from(Consultation)) or 0


async def test_XY25_the_room_is_there_with_the_payment(units: Units, visit: Visit) -> None:
    row = await reread(units, visit)
    assert (row.state, row.last_seq) == (ConsultationState.WAITING, 0)
    assert (row.doctor_id, row.person_id) == (visit.house.doctor.id, visit.who.person.id)
    assert (row.starts_at, row.form_id) == (visit.booking.starts_at, visit.booking.form_id)
    assert len(await audited(units, "consultation.opened")) == 1


async def test_it_is_opened_once_however_often_it_is_asked_for(units: Units, visit: Visit) -> None:
    async with units.system("test") as unit:
        await on_paid(unit, BookingPaid(visit.room))
        assert await ensure_open(unit, visit.room) is not None
    assert await rooms(units) == 1 and len(await audited(units, "consultation.opened")) == 1


async def test_no_room_for_what_is_held_or_seen_in_person(units: Units) -> None:
    house: House = await add_house(units)
    who = await add_booker(units, house)
    held = await hold_today(units, house, who)
    other = await add_booker(units, house, "13811112222")
    offline = await paid_today(units, house, other, kind=ClinicKind.OFFLINE)
    async with units.system("test") as unit:
        assert await ensure_open(unit, held.id) is None
        assert await ensure_open(unit, offline.id) is None
    assert await rooms(units) == 0


async def test_cancelling_closes_the_room_and_says_so(units: Units, visit: Visit) -> None:
    await add_helper(units, visit)
    await give_up(units, visit)
    row = await reread(units, visit)
    assert (row.state, row.ended_at) == (ConsultationState.CLOSED, units.clock.business())
    assert await events(units, visit) == [{"event": "closed", "code": "cancelled"}]
    assert await audited(units, "consultation.closed") == [{"code": "cancelled"}]
    async with units.system("test") as unit:
        assert [seat.state for seat in await unit.session.scalars(sa.select(RoomSeat))] == [SeatState.ENDED]
    with pytest.raises(RoomClosed):
        await say(units, visit, visit.patient)


async def test_closing_again_changes_nothing(units: Units, visit: Visit) -> None:
    await give_up(units, visit)
    await give_up(units, visit)
    async with units.system("test") as unit:
        await on_left(unit, BookingsLeft([visit.room]))
        await on_left(unit, BookingsLeft([]))
    assert len(await events(units, visit)) == 1


async def test_XY12_midnight_closes_the_rooms_nobody_attended(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    others = await add_more(units, visit, 3)
    await admit(units, visit)
    await say(units, visit, visit.doctor)
    clock.move_business_to(AFTER_MIDNIGHT)
    assert await sweep_unattended(units) == 3
    assert (await reread(units, visit)).state is ConsultationState.ADMITTED
    for other in others:
        assert (await reread(units, other)).state is ConsultationState.CLOSED
        assert await events(units, other) == [{"event": "closed", "code": "unattended"}]
