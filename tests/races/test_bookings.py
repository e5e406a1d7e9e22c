"""Real commits side by side: no seat is sold twice, none is lost, nobody waits for each other for ever."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.bookings import queries
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import ClinicNotOpen
from telehealth.bookings.holding import HOLD, Holding, hold_seat
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import lapse_hold
from telehealth.bookings.states import LIVE, BookingEvent, BookingState
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Deadline
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.models import Clinic
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import House, add_booker, add_house, book, reread, take, told, wish_for
from tests.support.factories.schedule import add_clinic, seats_taken


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


async def hold_as(
    units: Units,
    slot_id: UUID,
    *,
    person_id: UUID | None = None,
    channel: Channel = Channel.ONLINE,
    account_id: UUID | None = None,
) -> Booking:
    """The seat alone, past the gate: what is raced here is the seat."""
    account_id = account_id or new_id()
    actor = Actor.signed_in(account_id, frozenset({Role.PATIENT}))
    async with units.account(account_id, actor) as unit:
        return await hold_seat(
            unit,
            Holding(
                person_id=person_id or new_id(), slot_id=slot_id, channel=channel, door="browser",
                until=unit.now + timedelta(minutes=15), account_id=account_id,
            ),
        )  # fmt: skip


async def together(*work: Awaitable[Any]) -> tuple[list[Any], Counter[str]]:
    """What succeeded, and how often each error came."""
    ends = await asyncio.gather(*work, return_exceptions=True)
    failed = Counter(type(end).__name__ for end in ends if isinstance(end, BaseException))
    return [end for end in ends if not isinstance(end, BaseException)], failed


async def live(units: Units, clinic: Clinic) -> int:
    async with units.system("test") as unit:
        found = sa.select(sa.func.count()).where(Booking.clinic_id == clinic.id, Booking.state.in_(LIVE))
        return await unit.session.scalar(found) or 0


async def test_the_last_seat_goes_to_one_of_two(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(1, 1))
    won, lost = await together(*(hold_as(units, planned.slot.id) for _ in range(2)))
    assert len(won) == 1 and lost == {"SlotTaken": 1}
    assert (await seats_taken(units, planned.clinic))["slots"] == await live(units, planned.clinic) == 1


async def test_a_hundred_at_once_take_ten_seats_and_no_more(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(10,))
    won, lost = await together(*(hold_as(units, planned.slot.id) for _ in range(100)))
    assert len(won) == 10 and sum(lost.values()) == 90 and set(lost) <= {"SlotTaken", "ChannelFull"}
    assert await seats_taken(units, planned.clinic) == {"slots": 10, "online": 10, "desk": 0, "phone": 0}
    assert await live(units, planned.clinic) == 10


async def test_SJ04_the_apps_share_is_never_exceeded_however_many_ask(units: Units, place: House) -> None:
    planned = await add_clinic(
        units, place.doctor, kind=ClinicKind.OFFLINE, seats=(5, 5, 5), quotas=(3, 10, 2)
    )
    won, lost = await together(
        *(hold_as(units, planned.slots[n % 3].id) for n in range(30)),
        *(hold_as(units, planned.slots[n % 3].id, channel=Channel.PHONE) for n in range(10)),
    )
    taken = await seats_taken(units, planned.clinic)
    assert (taken["online"], taken["phone"]) == (3, 2)
    assert len(won) == taken["slots"] == 5
    assert set(lost) <= {"ChannelFull", "ShareFull", "SlotTaken"}


async def test_the_same_person_twice_at_once_has_one_booking(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(5, 5))
    person, account = new_id(), new_id()
    won, lost = await together(
        *(hold_as(units, slot.id, person_id=person, account_id=account) for slot in planned.slots),
        *(hold_as(units, slot.id, person_id=person, account_id=account) for slot in planned.slots),
    )
    assert len(won) == 1 and lost == {"AlreadyBooked": 3}
    assert (await seats_taken(units, planned.clinic))["slots"] == 1


async def test_two_accounts_for_one_person_have_one_booking(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor)
    person = new_id()
    won, lost = await together(*(hold_as(units, planned.slot.id, person_id=person) for _ in range(2)))
    assert len(won) == 1 and lost == {"AlreadyBooked": 1}


async def test_the_whole_way_to_a_seat_raced_by_two_patients(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(1,))
    people = [await add_booker(units, place), await add_booker(units, place, "13800002222")]
    wishes = [await wish_for(units, place, who, planned.slot.id) for who in people]
    won, lost = await together(*(take(units, who, wish) for who, wish in zip(people, wishes, strict=True)))
    assert len(won) == 1 and sum(lost.values()) == 1
    assert (await seats_taken(units, planned.clinic))["slots"] == 1


@pytest.mark.parametrize("round_", range(4))
async def test_lapsing_and_cancelling_at_once_give_the_seat_back_once(
    units: Units, place: House, clock: FixedClock, house: RunningHouse, round_: int
) -> None:
    planned = await add_clinic(units, place.doctor, seats=(6,))
    people = [await add_booker(units, place, f"1380000{n:04d}") for n in range(4)]
    held = [await book(units, place, who, planned.slot.id) for who in people]
    clock.advance(timedelta(minutes=16))

    async def give_up(index: int) -> None:
        async with units.of(people[index].actor) as unit:
            await cancel(unit, held[index].id)

    _, lost = await together(
        house.sweeper.sweep(), house.sweeper.sweep(), *(give_up(n) for n in range(len(people)))
    )
    assert set(lost) <= {"NotCancellable"}
    after = {(await reread(units, booking)).state for booking in held}
    assert after <= {BookingState.RELEASED, BookingState.CANCELLED}
    assert await seats_taken(units, planned.clinic) == {"slots": 0, "online": 0, "desk": 0, "phone": 0}
    await house.sweeper.sweep()
    async with units.system("test") as unit:
        left = sa.select(sa.func.count()).where(Deadline.kind == HOLD)
        assert await unit.session.scalar(left) == 0
    for who in people:
        assert len(await told(units, who.account)) == 1


async def test_two_sweepers_lapse_a_hold_once(units: Units, place: House, clock: FixedClock) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await hold_as(units, planned.slot.id)
    clock.advance(timedelta(minutes=16))

    async def lapse() -> None:
        async with units.system("test") as unit:
            await lapse_hold(unit, booking.id)

    _, lost = await together(lapse(), lapse(), lapse())
    assert not lost
    assert (await seats_taken(units, planned.clinic))["slots"] == 0


@pytest.mark.parametrize("round_", range(4))
async def test_closing_a_clinic_leaves_nobody_in_it(units: Units, place: House, round_: int) -> None:
    """Whoever was first is released; whoever came later is refused."""
    planned = await add_clinic(units, place.doctor, seats=(10, 10))

    async def close() -> None:
        await asyncio.sleep(0)
        async with units.system("test") as unit:
            await close_clinic(unit, planned.clinic.id, reason="停诊")

    _, lost = await together(
        *(hold_as(units, planned.slots[n % 2].id) for n in range(8)),
        close(),
        *(hold_as(units, planned.slots[n % 2].id) for n in range(8)),
    )
    assert set(lost) <= {ClinicNotOpen.__name__}
    assert await live(units, planned.clinic) == 0
    assert (await seats_taken(units, planned.clinic))["slots"] == 0


async def test_cancelling_and_closing_at_once_release_a_seat_once(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(8,))
    people = [await add_booker(units, place, f"1380000{n:04d}") for n in range(4)]
    held = [await book(units, place, who, planned.slot.id) for who in people]

    async def give_up(index: int) -> None:
        async with units.of(people[index].actor) as unit:
            await cancel(unit, held[index].id)

    async def close() -> None:
        async with units.system("test") as unit:
            await close_clinic(unit, planned.clinic.id, reason="停诊")

    _, lost = await together(*(give_up(n) for n in range(4)), close())
    assert set(lost) <= {"NotCancellable"}
    assert (await seats_taken(units, planned.clinic))["slots"] == 0


async def test_paying_and_lapsing_at_once_end_in_one_of_both(
    units: Units, place: House, clock: FixedClock
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await hold_as(units, planned.slot.id)
    clock.advance(timedelta(minutes=16))

    async def pay() -> None:
        async with units.system("test") as unit:
            row = await queries.lock_with_seat(unit, booking.id)
            assert row is not None
            row.apply(BookingEvent.PAY, at=unit.now)

    async def lapse() -> None:
        async with units.system("test") as unit:
            await lapse_hold(unit, booking.id)

    _, lost = await together(pay(), lapse())
    after = await reread(units, booking)
    seats = (await seats_taken(units, planned.clinic))["slots"]
    assert (after.state, seats, dict(lost)) in [
        (BookingState.PAID, 1, {}),
        (BookingState.RELEASED, 0, {"TransitionRefused": 1}),
    ]
