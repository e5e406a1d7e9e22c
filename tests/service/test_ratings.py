"""One to five stars, by the account of a visit that was had, once (GD12)."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import BookingNotFound
from telehealth.core.clock import FixedClock, day_end, hospital_day
from telehealth.core.deadlines import Deadline
from telehealth.core.jobs import Work
from telehealth.core.unit import Units
from telehealth.ratings import queries
from telehealth.ratings.asking import wave_away
from telehealth.ratings.errors import (
    AlreadyRated,
    RatingFixed,
    RatingNotFound,
    RatingTooLate,
    VisitNotRateable,
)
from telehealth.ratings.models import Rating
from telehealth.ratings.rating import Given, rate, revise
from telehealth.ratings.reading import own_of, pass_on, withhold
from telehealth.ratings.states import WordsState
from telehealth.ratings.tallying import MIDNIGHT, averages, count_anew, tally
from tests.support.factories.bookings import House, Patient, add_booker, add_house, told
from tests.support.factories.complaints import add_clerk
from tests.support.factories.ratings import finish, had, stars
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.visits import clinic_today, hold_past_the_gate, paid_today, pay_cash


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def all_ratings(units: Units) -> list[Rating]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Rating)))


async def test_GD12_a_visit_that_was_had_is_asked_about_once_and_rated(
    units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    assert (await told(units, who.account)).count("rating_asked") == 1
    async with units.of(who.actor) as unit:
        assert [row.id for row in await queries.open_asks(unit, who.account.id)] == [booking.id]
    row = await stars(units, who, booking, 4)
    assert (row.stars, row.doctor_id, row.policy_number) == (4, place.doctor.id, 1)
    async with units.of(who.actor) as unit:
        assert list(await queries.open_asks(unit, who.account.id)) == []


async def test_GD12_whoever_waves_it_away_is_not_asked_again_and_may_still_rate(
    units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    async with units.of(who.actor) as unit:
        await wave_away(unit, who.actor, booking.id)
        await wave_away(unit, who.actor, booking.id)
        assert list(await queries.open_asks(unit, who.account.id)) == []
    assert (await stars(units, who, booking)).stars == 5


async def test_GD12_rated_twice_at_once_is_rated_once_and_nothing_is_lost(
    units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    ends = await asyncio.gather(*(stars(units, who, booking, n) for n in (1, 3, 5)), return_exceptions=True)
    [kept] = [end for end in ends if isinstance(end, Rating)]
    assert sum(isinstance(end, AlreadyRated) for end in ends) == 2
    assert [row.stars for row in await all_ratings(units)] == [kept.stars]


async def test_GD12_a_visit_that_was_not_had_has_no_stars(units: Units, place: House, who: Patient) -> None:
    planned = await clinic_today(units, place, seats=(4,))
    waiting = await pay_cash(units, place, await hold_past_the_gate(units, who, planned))
    with pytest.raises(VisitNotRateable):
        await stars(units, who, waiting)
    async with units.of(who.actor) as unit:
        await cancel(unit, waiting.id)
    with pytest.raises(VisitNotRateable):
        await stars(units, who, waiting)
    assert "rating_asked" not in await told(units, who.account)


async def test_GD12_only_the_account_of_the_visit(units: Units, place: House, who: Patient) -> None:
    booking = await had(units, place, who)
    other = await add_booker(units, place, "13800005555")
    with pytest.raises(BookingNotFound):
        await stars(units, other, booking)
    with pytest.raises(BookingNotFound):
        async with units.of(other.actor) as unit:
            await wave_away(unit, other.actor, booking.id)


async def test_GD12_within_fourteen_days(units: Units, place: House, who: Patient, clock: FixedClock) -> None:
    booking = await had(units, place, who)
    last = day_end(booking.day + timedelta(days=14))
    clock.move_business_to(last)
    with pytest.raises(RatingTooLate):
        await stars(units, who, booking)
    clock.move_business_to(last - timedelta(seconds=1))
    assert (await stars(units, who, booking)).stars == 5


async def test_GD12_changed_within_a_day_and_new_words_are_read_anew(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await had(units, place, who)
    row = await stars(units, who, booking, 2, "样例：等得有点久")
    clerk = await add_clerk(units, place)
    async with units.of(clerk) as unit:
        await pass_on(unit, clerk, row.id)
    clock.move_business_to(row.editable_until - timedelta(seconds=1))
    async with units.of(who.actor) as unit:
        changed = await revise(unit, who.actor, booking.id, Given(4, "样例：后来很好"))
    assert (changed.stars, changed.words_state) == (4, WordsState.WAITING)
    clock.move_business_to(row.editable_until)
    async with units.of(who.actor) as unit:
        with pytest.raises(RatingFixed):
            await revise(unit, who.actor, booking.id, Given(1))


async def midnight(units: Units, place: House, clock: FixedClock) -> None:
    clock.move_business_to(day_end(hospital_day(clock.business())))
    async with units.system("test") as unit:
        await count_anew(unit, place.doctor.id)


async def test_GD12_nothing_is_told_of_a_doctor_before_enough_rated(
    units: Units, place: House, who: Patient
) -> None:
    await publish_policy(units, place.hospital.id, ratings={"shown_from": 3})
    planned = await clinic_today(units, place, seats=(9,))
    clerk = await add_clerk(units, place)
    for n, count in enumerate((5, 4, 4)):
        rater = await add_booker(units, place, f"1390000100{n}", name=f"样例{n}")
        seat = await pay_cash(units, place, await hold_past_the_gate(units, rater, planned))
        row = await stars(units, rater, await finish(units, seat), count, f"样例：留言{n}")
        async with units.of(clerk) as unit:
            await (withhold if n == 0 else pass_on)(unit, clerk, row.id)
        async with units.system("test") as unit:
            await count_anew(unit, place.doctor.id)
        async with units.of(who.actor) as unit:
            seen = await averages(unit, [place.doctor.id])
        async with units.of(clerk) as unit:
            own = await own_of(unit, place.hospital.id, place.doctor.id)
        if n < 2:
            assert seen == {} and (own.average, own.count, own.spread, own.words) == (None, 0, {}, ())
    assert seen == {place.doctor.id: (43, 3)}
    assert (own.average, own.spread) == (43, {5: 1, 4: 2})
    assert set(own.words) == {"样例：留言1", "样例：留言2"}


async def test_GD12_a_score_moves_at_midnight_and_only_by_many_at_once(
    units: Units, place: House, clock: FixedClock
) -> None:
    """A doctor who looks after each visit learns nobody's stars."""
    await publish_policy(units, place.hospital.id, ratings={"shown_from": 3, "batch": 3})
    clerk = await add_clerk(units, place)
    planned = await clinic_today(units, place, seats=(9,))

    async def rated(n: int, count: int) -> tuple[int | None, int, int]:
        rater = await add_booker(units, place, f"1390000200{n}", name=f"样例{n}")
        seat = await pay_cash(units, place, await hold_past_the_gate(units, rater, planned))
        row = await stars(units, rater, await finish(units, seat), count, f"样例：留言{n}")
        async with units.of(clerk) as unit:
            await pass_on(unit, clerk, row.id)
        return await shown()

    async def shown() -> tuple[int | None, int, int]:
        async with units.of(clerk) as unit:
            own = await own_of(unit, place.hospital.id, place.doctor.id)
            said = await averages(unit, [place.doctor.id])
        assert said == ({place.doctor.id: (own.average, own.count)} if own.average else {})
        assert sum(own.spread.values()) == own.count
        return own.average, own.count, len(own.words)

    nothing, three, six = (None, 0, 0), (50, 3, 3), (30, 6, 6)
    assert [await rated(n, 5) for n in range(3)] == [nothing] * 3, "not before midnight"
    await midnight(units, place, clock)
    assert await shown() == three
    clock.advance(timedelta(hours=1))
    planned = await clinic_today(units, place, seats=(9,))
    assert [await rated(n, 1) for n in (3, 4)] == [three] * 2
    await midnight(units, place, clock)
    assert await shown() == three, "two more are fewer than three"
    clock.advance(timedelta(hours=1))
    planned = await clinic_today(units, place, seats=(9,))
    assert await rated(5, 1) == three
    await midnight(units, place, clock)
    assert await shown() == six
    async with units.system("test") as unit:
        await count_anew(unit, place.doctor.id)
    assert await shown() == six, "twice is once"


async def test_GD12_being_rated_sets_the_clock_of_the_next_midnight(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    row = await stars(units, who, await had(units, place, who))
    day = hospital_day(row.made_at)
    asked = {"hospital_id": str(place.hospital.id), "doctor_id": str(place.doctor.id), "day": str(day)}
    await tally.run(Work(units, 0, 0), **asked)
    await tally.run(Work(units, 0, 0), **asked)
    async with units.system("test") as unit:
        found = sa.select(Deadline.due_at).where(Deadline.kind == MIDNIGHT)
        assert list(await unit.session.scalars(found)) == [day_end(day)]


async def test_GD12_words_are_read_at_their_own_hospital_only(
    units: Units, place: House, who: Patient
) -> None:
    row = await stars(units, who, await had(units, place, who), 5, "样例：谢谢")
    stranger = await add_clerk(units, await add_house(units, "jiangbin"), login="stranger")
    async with units.of(stranger) as unit:
        with pytest.raises(RatingNotFound):
            await pass_on(unit, stranger, row.id)
        assert list(await queries.waiting_words(unit, stranger.hospital)) == []


async def test_GD12_the_law_of_the_database_keeps_stars_between_one_and_five(
    units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    for wrong in (0, 6):
        with pytest.raises(sa.exc.IntegrityError):
            async with units.of(who.actor) as unit:
                await rate(unit, who.actor, booking.id, Given(wrong))
    assert await all_ratings(units) == []


async def test_GD12_what_is_paid_and_not_had_is_not_asked_about(
    units: Units, place: House, who: Patient
) -> None:
    await paid_today(units, place, who)
    assert "rating_asked" not in await told(units, who.account)
