"""XY24: seats that wait, uncharged, for the hospital's own system. Never a silent pass."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.capabilities import PENDING, capability_of
from telehealth.bookings.errors import TooLateToVerify
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Ending
from telehealth.bookings.verifying import verify, verify_pending
from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.deadlines import Deadline
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory import NoticeChannel, accept_notice
from telehealth.eligibility import GateDecision
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_patient
from tests.support.factories.bookings import (
    House,
    Patient,
    add_house,
    audited,
    book,
    reread,
    take,
    told,
    wish_for,
)
from tests.support.factories.patients import add_card, add_person
from tests.support.factories.schedule import Planned, add_clinic, seats_taken
from tests.support.outside import Stranger, admit, clock_of_the_world, reach, stranger, visited
from tests.support.sandbox import Sandbox

DOWN = {"mode": "down"}
NOTHING = {"slots": 0, "online": 0, "desk": 0, "phone": 0}


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def planned(units: Units, place: House) -> Planned:
    return await add_clinic(units, place.doctor)


async def arrive(units: Units, place: House, known: Stranger, phone: str = "13800001234") -> Patient:
    """On the platform with the card of somebody the hospital's system knows."""
    account = await add_patient(units, phone)
    person = await add_person(units, account, name=known.name, born=known.born, number=known.number)
    await add_card(units, place.hospital.id, account, person, his_patient_id=known.his_id, number=known.card)
    return await accept(units, place, Patient(account, person))


async def accept(units: Units, place: House, who: Patient) -> Patient:
    async with units.of(who.actor) as unit:
        await accept_notice(
            unit, place.hospital.id, place.notice.sha256, account_id=who.account.id,
            channel=NoticeChannel.BROWSER,
        )  # fmt: skip
    return who


@pytest.fixture
async def known(sandbox: Sandbox) -> Stranger:
    return admit(sandbox, stranger())


async def book_while_down(
    units: Units, place: House, sandbox: Sandbox, who: Patient, slot: Planned
) -> Booking:
    with sandbox.faults(his=DOWN):
        return await book(units, place, who, slot.slot.id)


async def test_XY24_a_silent_hospital_system_keeps_the_seat_uncharged(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger
) -> None:
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    assert booking.pending_verification and booking.state is BookingState.HELD
    assert booking.hold_until == planned.slot.starts_at - timedelta(hours=1)
    assert capability_of(booking) is PENDING and not PENDING.can_pay
    assert await told(units, who.account) == ["booking_pending"]


async def test_XY24_once_it_answers_yes_fifteen_fresh_minutes_begin(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger, clock: FixedClock
) -> None:
    visited(sandbox, known, days_ago=20)
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    clock.advance(timedelta(minutes=40))
    assert await verify_pending(units) == 1
    after = await reread(units, booking)
    assert not after.pending_verification and after.state is BookingState.HELD
    assert after.hold_until == clock.business() + timedelta(minutes=15)
    assert capability_of(after).can_pay
    assert await due(units) == [after.hold_until]
    assert (await told(units, who.account))[-1] == "booking_verified"
    async with units.system("test") as unit:
        decision = await unit.session.get(GateDecision, after.decision_id)
    assert decision is not None and decision.allowed and decision.evidence
    assert decision.account_id == who.account.id


async def test_XY24_once_it_answers_no_the_seat_goes_back_with_a_reason(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger
) -> None:
    """Nobody saw them in the last half year."""
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    assert await verify(units, booking.id)
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.RELEASED, Ending.NOT_ELIGIBLE)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert (await told(units, who.account))[-1] == "booking_refused"
    assert await due(units) == []


async def test_XY24_while_it_stays_silent_nobody_passes_and_nothing_is_stored(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger
) -> None:
    visited(sandbox, known, days_ago=20)
    who = await arrive(units, place, known)
    with sandbox.faults(his=DOWN):
        booking = await book(units, place, who, planned.slot.id)
        before = len(await audited(units, "eligibility.decided"))
        assert await verify_pending(units) == 0
        assert not await verify(units, booking.id)
    after = await reread(units, booking)
    assert after.pending_verification and after.state is BookingState.HELD
    assert len(await audited(units, "eligibility.decided")) == before


async def test_XY24_an_hour_before_the_slot_the_waiting_ends_and_the_patient_is_told(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger, clock: FixedClock,
    house: RunningHouse,
) -> None:  # fmt: skip
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    clock.move_business_to(booking.hold_until)
    await house.sweeper.sweep()
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.RELEASED, Ending.UNVERIFIED)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert (await told(units, who.account))[-1] == "booking_refused"
    assert await verify(units, booking.id)
    assert (await reread(units, booking)).state is BookingState.RELEASED


async def test_XY24_within_the_last_hour_no_seat_is_kept_waiting(
    units: Units, place: House, sandbox: Sandbox, known: Stranger, clock: FixedClock
) -> None:
    who = await arrive(units, place, known)
    local = (clock.business() + timedelta(minutes=50)).astimezone(SHANGHAI)
    planned = await add_clinic(
        units,
        place.doctor,
        day=local.date(),
        starts=local.time().replace(second=0, microsecond=0),
        seats=(2,),
    )
    with sandbox.faults(his=DOWN):
        wish = await wish_for(units, place, who, planned.slot.id)
        with pytest.raises(TooLateToVerify):
            await take(units, who, wish)
    assert await seats_taken(units, planned.clinic) == NOTHING


async def test_verifying_again_changes_nothing(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger
) -> None:
    visited(sandbox, known, days_ago=20)
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    assert await verify(units, booking.id)
    assert await verify(units, booking.id)
    assert len(await audited(units, "booking.verified")) == 1


async def test_the_job_of_a_pending_seat_verifies_it(
    units: Units, place: House, planned: Planned, sandbox: Sandbox, known: Stranger, house: RunningHouse
) -> None:
    visited(sandbox, known, days_ago=20)
    who = await arrive(units, place, known)
    booking = await book_while_down(units, place, sandbox, who, planned)
    await house.jobs.work(until_idle=True)
    assert not (await reread(units, booking)).pending_verification


async def due(units: Units) -> list[object]:
    async with units.system("test") as unit:
        return list(
            await unit.session.scalars(sa.select(Deadline.due_at).where(Deadline.kind == "bookings.hold"))
        )
