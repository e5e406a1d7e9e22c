"""Long files of the books: made in the background, seen while they are made, resumed after a crash."""

from datetime import timedelta
from uuid import UUID

import pytest

from telehealth.core.access import Actor, Role
from telehealth.core.blobs import BlobsDown, BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work
from telehealth.core.progress import ProgressState, progress_of
from telehealth.core.unit import Units
from telehealth.payments import exporting, preparing
from telehealth.payments.errors import ExportNotFound, ExportNotReady
from telehealth.payments.models import FinanceExport
from tests.support.factories.rooms import Visit, add_more, add_room


@pytest.fixture
async def visit(units: Units) -> Visit:
    """Three paid orders of today."""
    visit = await add_room(units)
    await add_more(units, visit, 2)
    return visit


@pytest.fixture
def clerk(visit: Visit) -> Actor:
    return Actor.signed_in(
        new_id(), frozenset({Role.FINANCE}), hospital_id=visit.house.hospital.id, name="样例财务",
        assurance="totp",
    )  # fmt: skip


async def asked(units: Units, clerk: Actor) -> FinanceExport:
    async with units.of(clerk) as unit:
        return await preparing.ask_for(unit, "orders", unit.today, unit.today, lang="zh-CN")


async def run(units: Units, export_id: UUID) -> None:
    await preparing.write_export.run(Work(units, 0, 0), export=str(export_id))


async def read(units: Units, clerk: Actor, export_id: UUID) -> str:
    async with units.of(clerk) as unit:
        row, _ = await preparing.export_of(unit, export_id)
    return "".join([piece.decode() async for piece in preparing.contents(units, row)])


async def state(units: Units, clerk: Actor, export_id: UUID) -> ProgressState:
    async with units.of(clerk) as unit:
        row = await progress_of(unit, preparing.KIND, export_id)
        assert row is not None
        return row.state


async def test_a_file_is_waiting_then_whole_with_a_head_and_every_order(units: Units, clerk: Actor) -> None:
    row = await asked(units, clerk)
    assert await state(units, clerk, row.id) is ProgressState.WAITING
    with pytest.raises(ExportNotReady):
        await read(units, clerk, row.id)
    await run(units, row.id)
    assert await state(units, clerk, row.id) is ProgressState.DONE
    lines = (await read(units, clerk, row.id)).splitlines()
    assert lines[0].startswith(exporting.BOM + "支付时间") and len(lines) == 4


async def test_a_job_that_was_killed_goes_on_after_its_last_piece(
    units: Units, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_AT_ONCE", 1)
    row = await asked(units, clerk)
    async with units.of(clerk) as unit:
        await preparing.begin(unit, preparing.KIND, row.id, total=1)
    assert not await preparing._next_piece(units, clerk, row.id)
    # Here it is killed; the job runs again.
    await run(units, row.id)
    lines = (await read(units, clerk, row.id)).splitlines()
    assert len(lines) == len(set(lines)) == 4


async def test_a_job_that_runs_out_of_tries_says_so_and_goes_on_when_asked(
    units: Units, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await asked(units, clerk)

    async def down(*_: object) -> str:
        raise BlobsDown()

    with monkeypatch.context() as patch:
        patch.setattr(units.port(BlobStore), "write", down)  # type: ignore[type-abstract]
        for attempt in range(5):
            with pytest.raises(BlobsDown):
                await preparing.write_export.run(Work(units, 0, attempt), export=str(row.id))
            assert (await state(units, clerk, row.id) is ProgressState.FAILED) is (attempt == 4)
    async with units.of(clerk) as unit:
        await preparing.go_on(unit, row.id)
        assert unit.deferred == 1
    assert await state(units, clerk, row.id) is ProgressState.WAITING
    await run(units, row.id)
    assert len((await read(units, clerk, row.id)).splitlines()) == 4


async def test_running_a_finished_job_again_changes_nothing(units: Units, clerk: Actor) -> None:
    row = await asked(units, clerk)
    await run(units, row.id)
    before = await read(units, clerk, row.id)
    await run(units, row.id)
    assert await read(units, clerk, row.id) == before


async def test_files_are_forgotten_after_a_week(units: Units, clerk: Actor, clock: FixedClock) -> None:
    row = await asked(units, clerk)
    await run(units, row.id)
    clock.advance(timedelta(days=7, seconds=1))
    assert await preparing.forget_old(units) == 1
    async with units.of(clerk) as unit:
        with pytest.raises(ExportNotFound):
            await preparing.export_of(unit, row.id)
