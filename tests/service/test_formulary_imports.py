"""A long file on its way into a draft: seen while it is read, resumed after a crash, one at a time."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from prescriptions.formulary import accepting, importing, publishing, queries
from prescriptions.formulary.book import sample_tables
from prescriptions.formulary.errors import (
    FileTooLong,
    FileUnreadable,
    ImportEnded,
    ImportNotFound,
    ImportRunning,
)
from prescriptions.formulary.models import FormularyImport
from telehealth.core.access import HOUSE
from telehealth.core.blobs import BlobNotFound, BlobsDown, BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.jobs import Work
from telehealth.core.progress import STUCK_AFTER, Progress, ProgressState, progress_of
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadMissing
from tests.support.factories.directory import add_hospital
from tests.support.factories.formulary import administrator, send_in, take_in

ROWS: list[dict[str, Any]] = sample_tables()["medicines"]["rows"]


@pytest.fixture
async def hospital(units: Units) -> UUID:
    return (await add_hospital(units)).id


@pytest.fixture
async def draft(units: Units, hospital: UUID) -> UUID:
    async with units.system("test") as unit:
        return (await publishing.draft(unit, hospital)).id


@pytest.fixture
def in_pieces_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PIECE", 2)


def drugs(count: int) -> list[dict[str, Any]]:
    return [ROWS[0] | {"id": f"N{number}"} for number in range(count)]


def as_file(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows).encode()


async def seen(units: Units, import_id: UUID) -> tuple[FormularyImport, Progress]:
    async with units.system("test") as unit:
        progress = await progress_of(unit, importing.KIND, import_id)
        assert progress is not None
        return await queries.import_row(unit, import_id), progress


async def codes(units: Units, version_id: UUID) -> set[str]:
    async with units.system("test") as unit:
        return {drug.code for drug in await queries.drugs(unit, version_id, "", limit=1000)}


class Killed(Exception):
    """As a worker dies: nothing after it runs."""


@pytest.fixture
def killed_after_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies within its third piece: what that wrote is not committed."""
    real, left = importing._take, [2]

    async def take(unit: Unit, *rest: Any) -> bool:
        is_taken = await real(unit, *rest)
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return is_taken

    monkeypatch.setattr(importing, "_take", take)


async def test_a_file_waits_then_is_read_and_its_report_is_kept(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    bad = ROWS[1] | {"per_unit": "-5"}
    row = await send_in(units, hospital, draft, "medicines", as_file([*drugs(3), bad]))
    waiting, progress = await seen(units, row.id)
    assert (progress.state, progress.done, progress.total) == (ProgressState.WAITING, 0, 4)
    assert waiting.is_running and await codes(units, draft) == set()
    await importing.run(units, row.id, hospital)
    ended, progress = await seen(units, row.id)
    assert (progress.state, progress.done) == (ProgressState.DONE, 4)
    assert (ended.taken, ended.added, ended.bad_rows) == (3, 3, 1)
    assert [(each["number"], each["field"], each["said"]) for each in ended.bad] == [
        (4, "per_unit", "数值太小")
    ]


@pytest.mark.usefixtures("in_pieces_of_two", "killed_after_two")
async def test_a_job_that_was_killed_goes_on_after_its_last_piece(
    units: Units, hospital: UUID, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*drugs(5), ROWS[1] | {"per_unit": "-5"}, drugs(1)[0], *drugs(8)[5:]]
    row = await send_in(units, hospital, draft, "medicines", as_file(rows))
    with pytest.raises(Killed):
        await importing.run(units, row.id, hospital)
    half, progress = await seen(units, row.id)
    assert (half.through, half.taken, progress.done, progress.state) == (4, 4, 4, ProgressState.RUNNING)
    assert await codes(units, draft) == {"N0", "N1", "N2", "N3"}
    monkeypatch.undo()
    await importing.run(units, row.id, hospital)
    whole, progress = await seen(units, row.id)
    assert (whole.taken, whole.added, whole.bad_rows, progress.state) == (8, 8, 2, ProgressState.DONE)
    # The second N0 is known for one although the first was read by the worker that died.
    assert [(each["number"], each["kind"]) for each in whole.bad] == [(6, "greater_than"), (7, "twice")]
    assert await codes(units, draft) == {f"N{number}" for number in range(8)}


@pytest.mark.usefixtures("in_pieces_of_two")
async def test_running_it_twice_at_once_or_again_takes_each_row_once(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(9)))
    await asyncio.gather(importing.run(units, row.id, hospital), importing.run(units, row.id, hospital))
    await importing.run(units, row.id, hospital)
    ended, _ = await seen(units, row.id)
    assert (ended.taken, ended.added, ended.through) == (9, 9, 9)


@pytest.mark.usefixtures("in_pieces_of_two", "killed_after_two")
async def test_a_file_that_replaces_removes_nothing_before_its_last_row_is_read(
    units: Units, hospital: UUID, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PIECE", 100)
    await take_in(units, hospital, draft, "medicines", as_file([ROWS[3], ROWS[4]]))
    monkeypatch.setattr(importing, "PIECE", 2)
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(4)), replaces=True)
    with pytest.raises(Killed):
        await importing.run(units, row.id, hospital)
    assert {ROWS[3]["id"], ROWS[4]["id"]} < await codes(units, draft)
    monkeypatch.undo()
    await importing.run(units, row.id, hospital)
    ended, _ = await seen(units, row.id)
    assert ended.removed == 2
    assert await codes(units, draft) == {f"N{number}" for number in range(4)}


async def test_a_draft_takes_one_file_at_a_time(units: Units, hospital: UUID, draft: UUID) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(1)))
    with pytest.raises(ImportRunning):
        await send_in(units, hospital, draft, "herbs", as_file(sample_tables()["herbs"]["rows"]))
    await importing.run(units, row.id, hospital)
    await take_in(units, hospital, draft, "herbs", as_file(sample_tables()["herbs"]["rows"]))


async def test_two_files_sent_at_the_same_moment_do_not_both_begin(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    sent = [send_in(units, hospital, draft, "medicines", as_file(drugs(1))) for _ in range(4)]
    found = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(each, FormularyImport) for each in found) == 1
    assert sum(isinstance(each, ImportRunning) for each in found) == 3


async def test_a_draft_is_neither_published_nor_discarded_while_a_file_is_read(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(1)))
    for act in (publishing.publish, publishing.discard):
        async with units.system("test") as unit:
            with pytest.raises(ImportRunning):
                await act(unit, draft)
    await importing.run(units, row.id, hospital)
    async with units.system("test") as unit:
        await publishing.discard(unit, draft)


@pytest.mark.parametrize(
    ("table", "content", "refusal"),
    [
        ("medicines", b"\x00\xff", FileUnreadable),
        ("medicines", b'["\\u0000"]', FileUnreadable),
        ("nonsense", b"[]", FileUnreadable),
        ("medicines", b"[" + b",".join([b"1"] * 60_001) + b"]", FileTooLong),
    ],
    ids=["no text", "no words", "no table", "too long"],
)
async def test_what_is_wrong_with_a_whole_file_is_said_at_once_and_begins_nothing(
    units: Units, hospital: UUID, draft: UUID, table: str, content: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await send_in(units, hospital, draft, table, content)
    async with units.system("test") as unit:
        assert await queries.imports_of(unit, draft, limit=10) == []


async def test_an_import_that_runs_out_of_tries_says_so_and_goes_on_when_asked(
    units: Units, hospital: UUID, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(3)))
    arguments = {"import_id": str(row.id), "hospital_id": str(hospital)}

    async def down(*_: object) -> bytes:
        raise BlobsDown()

    store = units.port(BlobStore)  # type: ignore[type-abstract]
    with monkeypatch.context() as patch:
        patch.setattr(store, "read", down)
        for attempt in range(5):
            with pytest.raises(BlobsDown):
                await importing.read_import.run(Work(units, 0, attempt), **arguments)
            _, progress = await seen(units, row.id)
            assert (progress.state is ProgressState.FAILED) is (attempt == 4)
    async with units.hospital(hospital, administrator(hospital)) as unit:
        await accepting.go_on(unit, row.id)
        assert unit.deferred == 1
    _, progress = await seen(units, row.id)
    assert progress.state is ProgressState.WAITING
    await importing.read_import.run(Work(units, 0, 0), **arguments)
    assert len(await codes(units, draft)) == 3


async def test_one_whose_worker_is_gone_for_good_may_be_let_go_on(
    units: Units, hospital: UUID, draft: UUID, clock: FixedClock
) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(1)))
    async with units.hospital(hospital, HOUSE) as unit:
        await accepting.go_on(unit, row.id)
        assert unit.deferred == 0
    clock.advance(STUCK_AFTER + timedelta(seconds=1))
    async with units.hospital(hospital, HOUSE) as unit:
        await accepting.go_on(unit, row.id)
        assert unit.deferred == 1


@pytest.mark.usefixtures("in_pieces_of_two", "killed_after_two")
async def test_one_that_is_stopped_keeps_what_was_taken_and_reads_no_more(
    units: Units, hospital: UUID, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(6)), replaces=True)
    with pytest.raises(Killed):
        await importing.run(units, row.id, hospital)
    monkeypatch.undo()
    async with units.hospital(hospital, HOUSE) as unit:
        await accepting.stop(unit, row.id)
    await importing.run(units, row.id, hospital)
    ended, progress = await seen(units, row.id)
    assert (ended.was_stopped, ended.through, progress.state) == (True, 4, ProgressState.FAILED)
    assert len(await codes(units, draft)) == 4
    async with units.hospital(hospital, HOUSE) as unit:
        with pytest.raises(ImportEnded):
            await accepting.go_on(unit, row.id)
    async with units.system("test") as unit:
        await publishing.discard(unit, draft)


async def test_a_file_announced_by_an_app_is_started_once_it_was_sent(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    boss = administrator(hospital)
    content = as_file(drugs(2))
    row, _ = await accepting.offer(units, boss, draft, "medicines", size=len(content), replaces=False)
    with pytest.raises(UploadMissing):
        await accepting.start(units, boss, row.id)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    await store.write(row.incoming_key, content, "application/octet-stream")
    first = await accepting.start(units, boss, row.id)
    again = await accepting.start(units, boss, row.id)
    assert first.started_at == again.started_at is not None
    await importing.run(units, row.id, hospital)
    assert len(await codes(units, draft)) == 2


async def test_a_file_that_cannot_be_read_is_refused_once_it_was_sent(
    units: Units, hospital: UUID, draft: UUID
) -> None:
    boss = administrator(hospital)
    row, _ = await accepting.offer(units, boss, draft, "medicines", size=2, replaces=False)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    await store.write(row.incoming_key, b"\xff\xff", "application/octet-stream")
    with pytest.raises(FileUnreadable):
        await accepting.start(units, boss, row.id)
    with pytest.raises(ImportEnded):
        await accepting.start(units, boss, row.id)


async def test_files_are_deleted_once_read_or_when_they_never_came(
    units: Units, hospital: UUID, draft: UUID, clock: FixedClock
) -> None:
    boss = administrator(hospital)
    left, _ = await accepting.offer(units, boss, draft, "medicines", size=2, replaces=False)
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(1)))
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    assert await accepting.sweep_files(units) == 0
    await importing.run(units, row.id, hospital)
    assert await accepting.sweep_files(units) == 1
    with pytest.raises(BlobNotFound):
        await store.read(row.key, 10_000)
    clock.advance(timedelta(days=1, seconds=1))
    assert await accepting.sweep_files(units) == 1
    with pytest.raises(ImportEnded):
        await accepting.start(units, boss, left.id)
    assert await accepting.sweep_files(units) == 0


async def test_another_hospital_sees_nothing_of_it(units: Units, hospital: UUID, draft: UUID) -> None:
    row = await send_in(units, hospital, draft, "medicines", as_file(drugs(1)))
    other = await add_hospital(units, code="other")
    async with units.hospital(other.id, HOUSE) as unit:
        with pytest.raises(ImportNotFound):
            await accepting.stop(unit, row.id)
