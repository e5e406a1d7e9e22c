"""Long work as a row: it says how far it is, survives its worker, and never counts backwards."""

import pytest

from telehealth.core import progress
from telehealth.core.blobs import BlobNotFound
from telehealth.core.errors import TransitionRefused
from telehealth.core.ids import new_id
from telehealth.core.progress import PROGRESS, Progress, ProgressState
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_patient, patient

KIND = "test.work"


async def _row(units: Units, subject: object) -> Progress:
    async with units.system("test") as unit:
        found = await unit.session.get(Progress, (KIND, subject))
        assert found is not None
        return found


async def test_work_says_how_far_it_has_come(units: Units) -> None:
    subject, account = new_id(), await add_patient(units, "13900000001")
    async with units.account(account.id, patient(account)) as unit:
        row = await progress.ask(unit, KIND, subject)
    assert (row.state, row.percent, row.is_live) == (ProgressState.WAITING, 0, True)
    async with units.system("test") as unit:
        assert await progress.begin(unit, KIND, subject, total=4, step="正在整理") == 0
        await progress.advance(unit, KIND, subject, 3)
    row = await _row(units, subject)
    assert (row.percent, row.step, row.account_id) == (75, "正在整理", account.id)
    async with units.system("test") as unit:
        await progress.finish(unit, KIND, subject)
    row = await _row(units, subject)
    assert (row.state, row.percent, row.is_live) == (ProgressState.DONE, 100, False)


async def test_whoever_goes_on_after_a_killed_worker_learns_what_is_done(units: Units) -> None:
    subject = new_id()
    async with units.system("test") as unit:
        await progress.ask(unit, KIND, subject, total=5)
        await progress.begin(unit, KIND, subject, total=5)
        await progress.advance(unit, KIND, subject, 2)
    async with units.system("test") as unit:
        assert await progress.begin(unit, KIND, subject, total=5) == 2
        await progress.advance(unit, KIND, subject, 1)
    assert (await _row(units, subject)).done == 2


async def test_work_that_failed_goes_on_and_work_that_is_done_does_not(units: Units) -> None:
    subject = new_id()
    async with units.system("test") as unit:
        await progress.ask(unit, KIND, subject, total=5)
        await progress.begin(unit, KIND, subject, total=5)
        await progress.advance(unit, KIND, subject, 2)
        await progress.fail(unit, KIND, subject, why="暂时没有完成")
        assert await progress.begin(unit, KIND, subject, total=5) == 2
        await progress.finish(unit, KIND, subject)
    with pytest.raises(TransitionRefused):
        async with units.system("test") as unit:
            await progress.begin(unit, KIND, subject, total=5)


async def test_asking_again_starts_anew_only_what_has_ended(units: Units) -> None:
    subject = new_id()
    async with units.system("test") as unit:
        await progress.ask(unit, KIND, subject, total=5)
        await progress.begin(unit, KIND, subject, total=5)
        await progress.advance(unit, KIND, subject, 2)
        again = await progress.ask(unit, KIND, subject, total=5)
        assert (again.state, again.done) == (ProgressState.RUNNING, 2)
        await progress.finish(unit, KIND, subject)
        anew = await progress.ask(unit, KIND, subject, total=7)
        assert (anew.state, anew.done, anew.total) == (ProgressState.WAITING, 0, 7)


async def test_nobody_else_sees_it(units: Units) -> None:
    mine, other = await add_patient(units, "13900000001"), await add_patient(units, "13900000002")
    subject = new_id()
    async with units.account(mine.id, patient(mine)) as unit:
        await progress.ask(unit, KIND, subject)
        assert await progress.progress_of(unit, KIND, subject) is not None
    async with units.account(other.id, patient(other)) as unit:
        assert await progress.progress_of(unit, KIND, subject) is None
    async with units.hospital(new_id(), patient(mine)) as unit:
        assert await progress.progress_of(unit, KIND, subject) is None


def test_every_state_of_long_work_is_reachable() -> None:
    assert PROGRESS.reachable == frozenset(ProgressState)


async def test_work_that_failed_waits_again_with_what_is_done_when_it_is_let_go_on(units: Units) -> None:
    subject = new_id()
    async with units.system("test") as unit:
        await progress.ask(unit, KIND, subject, total=5)
        await progress.begin(unit, KIND, subject, total=5)
        await progress.advance(unit, KIND, subject, 2)
        assert not await progress.resume(unit, KIND, subject)
        await progress.fail(unit, KIND, subject, why="暂时没有完成")
        assert await progress.resume(unit, KIND, subject)
        assert not await progress.resume(unit, KIND, subject)
    row = await _row(units, subject)
    assert (row.state, row.done, row.step) == (ProgressState.WAITING, 2, "")


@pytest.mark.parametrize(
    ("error", "last", "state"),
    [
        (OSError(), False, ProgressState.RUNNING),
        (OSError(), True, ProgressState.FAILED),
        (BlobNotFound(), False, ProgressState.FAILED),
    ],
    ids=["tried again", "the last try", "settled for the engine"],
)
async def test_a_job_that_is_not_tried_again_says_that_it_stopped(
    units: Units, error: Exception, last: bool, state: ProgressState
) -> None:
    subject = new_id()
    async with units.system("test") as unit:
        await progress.ask(unit, KIND, subject, total=5)
        await progress.begin(unit, KIND, subject, total=5)
    with pytest.raises(type(error)):
        async with progress.watched(lambda: units.system("test"), KIND, subject, last=last):
            raise error
    assert (await _row(units, subject)).state is state
