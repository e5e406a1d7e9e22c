"""Business times as rows: run when due, once, whoever sweeps; one that fails does not hold up the others."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import (
    RETRY_AFTER,
    Deadline,
    DeadlineKind,
    Sweeper,
    clear_deadline,
    set_deadline,
)
from telehealth.core.errors import Unavailable
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import find_presence, open_session

HOUR = timedelta(hours=1)


class Book:
    """A handler that writes down whom it was called for, and the sweeper that calls it."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.runs: Counter[UUID] = Counter()
        self.broken: set[UUID] = set()
        self.sweeper = self.another_sweeper()

    def another_sweeper(self) -> Sweeper:
        return Sweeper(self.units, [DeadlineKind("test.due", self.run)])

    async def run(self, unit: Unit, subject_id: UUID) -> None:
        unit.audit("test.ran", f"tests:{subject_id}")
        await unit.session.flush()
        self.runs[subject_id] += 1
        if subject_id in self.broken:
            raise Unavailable()

    async def due_in(self, by: timedelta, subject_id: UUID | None = None) -> UUID:
        subject_id = subject_id or new_id()
        async with self.units.system("test") as unit:
            await set_deadline(unit, "test.due", subject_id, unit.now + by)
        return subject_id

    async def left(self) -> set[UUID]:
        async with self.units.system("test") as unit:
            return set(await unit.session.scalars(sa.select(Deadline.subject_id)))

    async def written(self) -> int:
        async with self.units.system("test") as unit:
            return await unit.session.scalar(sa.text("select count(*) from audit_records")) or 0


@pytest.fixture
async def book(units: Units) -> Book:
    return Book(units)


async def test_what_is_due_runs_and_is_gone(book: Book, clock: FixedClock) -> None:
    subject = await book.due_in(HOUR)
    clock.advance(HOUR)
    assert await book.sweeper.sweep() == 1
    assert book.runs == {subject: 1}
    assert await book.left() == set()


async def test_what_is_due_a_second_later_waits(book: Book, clock: FixedClock) -> None:
    subject = await book.due_in(HOUR)
    clock.advance(HOUR - timedelta(seconds=1))
    assert await book.sweeper.sweep() == 0
    assert await book.left() == {subject}


async def test_sweeping_again_changes_nothing(book: Book) -> None:
    await book.due_in(timedelta(0))
    assert [await book.sweeper.sweep() for _ in range(3)] == [1, 0, 0]
    assert await book.written() == 1


async def test_after_any_downtime_everything_missed_runs_in_its_order(book: Book, clock: FixedClock) -> None:
    late, early = await book.due_in(3 * HOUR), await book.due_in(HOUR)
    clock.advance(timedelta(days=40))
    assert await book.sweeper.sweep() == 2
    assert list(book.runs) == [early, late]


async def test_a_moved_deadline_runs_at_its_new_time_only(book: Book, clock: FixedClock) -> None:
    subject = await book.due_in(HOUR)
    await book.due_in(3 * HOUR, subject)
    clock.advance(2 * HOUR)
    assert await book.sweeper.sweep() == 0
    clock.advance(HOUR)
    assert await book.sweeper.sweep() == 1


async def test_a_cleared_deadline_never_runs(book: Book, clock: FixedClock) -> None:
    subject = await book.due_in(HOUR)
    async with book.units.system("test") as unit:
        await clear_deadline(unit, "test.due", subject)
    clock.advance(HOUR)
    assert await book.sweeper.sweep() == 0


async def test_a_deadline_set_in_a_unit_that_failed_does_not_exist(book: Book) -> None:
    with pytest.raises(Unavailable):
        async with book.units.system("test") as unit:
            await set_deadline(unit, "test.due", new_id(), unit.now)
            raise Unavailable()
    assert await book.left() == set()


async def test_a_handler_may_set_its_own_next_time(units: Units, clock: FixedClock) -> None:
    times: list[object] = []

    async def remind(unit: Unit, subject_id: UUID) -> None:
        times.append(unit.now)
        if len(times) < 3:
            # The second time lies in the past already, as after a day of downtime.
            due_at = unit.now - HOUR if len(times) == 1 else unit.now + HOUR
            await set_deadline(unit, "test.remind", subject_id, due_at)

    sweeper = Sweeper(units, [DeadlineKind("test.remind", remind)])
    async with units.system("test") as unit:
        await set_deadline(unit, "test.remind", new_id(), unit.now)
    assert await sweeper.sweep() == 2
    clock.advance(HOUR)
    assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 0


async def test_two_sweepers_at_once_apply_each_deadline_once(book: Book) -> None:
    subjects = {await book.due_in(timedelta(0)) for _ in range(12)}
    sweepers = [book.another_sweeper() for _ in range(4)]
    counts = await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    assert sum(counts) == 12
    assert book.runs == dict.fromkeys(subjects, 1)
    assert await book.written() == 12


async def test_a_deadline_in_anothers_hands_is_passed_over(units: Units) -> None:
    began, go_on, ran = asyncio.Event(), asyncio.Event(), Counter[UUID]()

    async def slow(unit: Unit, subject_id: UUID) -> None:
        ran[subject_id] += 1
        began.set()
        await go_on.wait()

    kinds = [DeadlineKind("test.slow", slow)]
    async with units.system("test") as unit:
        await set_deadline(unit, "test.slow", new_id(), unit.now)
    first = asyncio.create_task(Sweeper(units, kinds).sweep())
    await began.wait()
    assert await Sweeper(units, kinds).sweep() == 0
    go_on.set()
    assert await first == 1
    assert list(ran.values()) == [1]


async def test_a_handler_that_fails_leaves_nothing_and_is_tried_again_later(
    book: Book, clock: FixedClock
) -> None:
    subject = await book.due_in(timedelta(0))
    book.broken.add(subject)
    assert await book.sweeper.sweep() == 1
    assert await book.written() == 0
    assert await book.left() == {subject}
    assert await book.sweeper.sweep() == 0, "not again at once"
    clock.advance(RETRY_AFTER)
    book.broken.clear()
    assert await book.sweeper.sweep() == 1
    assert await book.written() == 1


async def test_a_handler_that_fails_does_not_hold_up_the_others(book: Book) -> None:
    bad = await book.due_in(-HOUR)
    good = await book.due_in(timedelta(0))
    book.broken.add(bad)
    assert await book.sweeper.sweep() == 2
    assert book.runs == {bad: 1, good: 1}
    assert await book.left() == {bad}


async def test_a_bug_in_a_handler_is_postponed_like_any_failure(units: Units) -> None:
    async def buggy(unit: Unit, subject_id: UUID) -> None:
        await unit.session.execute(sa.text("select no_such_column from deadlines"))

    async with units.system("test") as unit:
        await set_deadline(unit, "test.buggy", new_id(), unit.now)
    sweeper = Sweeper(units, [DeadlineKind("test.buggy", buggy)])
    assert await sweeper.sweep() == 1
    async with units.system("test") as unit:
        row = (await unit.session.scalars(sa.select(Deadline))).one()
        assert (row.failures, row.not_before) == (1, unit.wall + RETRY_AFTER)


async def test_a_deadline_nobody_here_knows_is_left_for_who_does(book: Book) -> None:
    await book.due_in(timedelta(0))
    assert await Sweeper(book.units, [DeadlineKind("test.other", book.run)]).sweep() == 0


async def test_clearing_a_deadline_does_not_wait_for_the_sweeper_that_runs_it(units: Units) -> None:
    subject = new_id()

    async def cancel_meanwhile(unit: Unit, subject_id: UUID) -> None:
        async with units.system("test") as other:
            await clear_deadline(other, "test.held", subject_id)

    async with units.system("test") as unit:
        await set_deadline(unit, "test.held", subject, unit.now)
    async with asyncio.timeout(30):
        assert await Sweeper(units, [DeadlineKind("test.held", cancel_meanwhile)]).sweep() == 1


@pytest.mark.parametrize("is_told", [True, False])
async def test_moving_the_business_clock_runs_what_is_due_at_once(
    book: Book, clock: FixedClock, is_told: bool
) -> None:
    """Whoever moves it here says so; what another process moved is noticed within a second or two."""
    ran: asyncio.Queue[UUID] = asyncio.Queue()

    async def done(unit: Unit, subject_id: UUID) -> None:
        ran.put_nowait(subject_id)

    today, tomorrow = await book.due_in(timedelta(0)), await book.due_in(timedelta(days=1))
    sweeper = Sweeper(book.units, [DeadlineKind("test.due", done)])
    loop = asyncio.create_task(sweeper.run_forever(every_s=3600))
    async with asyncio.timeout(30):
        assert await ran.get() == today
        clock.move_business_to(clock.business() + timedelta(days=1))
        if is_told:
            sweeper.nudge()
        assert await ran.get() == tomorrow
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def test_moving_the_business_clock_leaves_wall_clock_things_alone(
    units: Units, clock: FixedClock
) -> None:
    actor = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel="browser")
    clock.move_business_to(clock.business() + timedelta(days=400))
    async with units.engine.connect() as connection:
        presence = await find_presence(connection, opened.token, clock.wall(), bearer=False)
    assert presence is not None
    assert presence.actor == actor
    assert not presence.stale
