"""XY12: a doctor in spare time hears of waiting patients at slot start, 15 minutes on, 20:00 and 22:30."""

from datetime import date, time, timedelta

import pytest

from telehealth.bookings.attending import record
from telehealth.bookings.states import Evidence
from telehealth.consultations.nudging import due_step, nudge_doctors
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from telehealth.rulebook.rules import sample_policy
from tests.support.factories.accounts import reread as account_of
from tests.support.factories.bookings import told
from tests.support.factories.rooms import Visit, add_next, add_room

TODAY = date(2026, 11, 21)


def at(hour: int, minute: int = 0) -> time:
    return time(hour, minute)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (at(10, 59), 0), (at(11), 1), (at(11, 14), 1), (at(11, 15), 2), (at(19, 59), 2), (at(20), 3),
        (at(22, 30), 4), (at(23, 59), 4),
    ],
)  # fmt: skip
def test_the_four_moments_of_a_visit(now: time, step: int) -> None:
    assert due_step(at_local(TODAY, at(11)), TODAY, at_local(TODAY, now), sample_policy()) == step


def test_an_evening_visit_is_not_nudged_before_its_slot() -> None:
    starts_at = at_local(TODAY, at(20, 30))
    assert due_step(starts_at, TODAY, at_local(TODAY, at(20, 15)), sample_policy()) == 0
    assert due_step(starts_at, TODAY, at_local(TODAY, at(20, 31)), sample_policy()) == 3


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def nudged(units: Units, visit: Visit, clock: FixedClock, *moments: time) -> int:
    """How many nudges the doctor has in all after passes at these moments, each run twice."""
    for moment in moments:
        clock.move_business_to(at_local(TODAY, moment))
        for _ in range(2):
            await nudge_doctors(units)
    account = await account_of(units, visit.member.account_id)
    return (await told(units, account)).count("doctor_nudged")


async def test_one_notice_a_doctor_and_moment_however_many_wait(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await add_next(units, visit, 1)
    assert await nudged(units, visit, clock, at(10, 59)) == 0
    assert await nudged(units, visit, clock, at(11), at(11, 5)) == 1
    assert await nudged(units, visit, clock, at(11, 15), at(12)) == 2
    assert await nudged(units, visit, clock, at(20)) == 3
    assert await nudged(units, visit, clock, at(22, 30), at(23, 50)) == 4


async def test_a_pass_that_ran_late_tells_once(units: Units, visit: Visit, clock: FixedClock) -> None:
    assert await nudged(units, visit, clock, at(22, 45)) == 1


async def test_nobody_is_nudged_about_what_was_attended(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    async with units.system("test") as unit:
        await record(unit, visit.room, Evidence.OWN_TEXT, "message:1", unit.now)
    assert await nudged(units, visit, clock, at(11), at(20)) == 0


async def test_yesterdays_visits_are_midnights(units: Units, visit: Visit, clock: FixedClock) -> None:
    clock.move_business_to(at_local(TODAY + timedelta(days=1), at(11, 20)))
    assert await nudge_doctors(units) == 0
