"""A recorder and its calls: from the first packet to the manifest, and whoever dies on the way."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

import app
from signaling import calls
from signaling.models import Call, RecorderLease, RecordingSegment
from signaling.protocol import Media
from signaling.recorder import leasing
from signaling.recorder.running import Recording
from signaling.recorder.spool import Spool, SpoolTaken
from signaling.shelf import Shelf
from signaling.states import CallState, RecordingState
from telehealth.core.blobs import BlobLocked
from telehealth.core.clock import SystemClock
from telehealth.core.processes import die_with_parent
from telehealth.core.provisioning import Addresses, libpq_url
from telehealth.core.rooms import Terms
from telehealth.core.settings import RecorderSettings, Settings
from telehealth.core.unit import Units
from telehealth.web.house import House
from tests.support import clips
from tests.support.factories.calls import Room, add_room
from tests.support.members import Member

#: Of a clip, and how often it is played: longer than a busy machine needs.
CLIP_S, PLAYS = 5.0, 12
#: Media of two seconds are evidence here.
TERMS = Terms(state="admitted", may_write=True, may_call=True, records=True, attends_after_s=2)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """Leases and sender reports go by the wall clock, so here it runs."""
    built = app.build_house(settings, clock=SystemClock())
    await built.blobs.prepare()
    yield built
    await built.close()


@pytest.fixture
def room(units: Units) -> Room:
    return add_room(units)


async def until(condition: Callable[[], Any], within_s: float = 40) -> None:
    """`condition` answers, or makes an awaitable that does."""
    async with asyncio.timeout(within_s):
        while True:
            answer = condition()
            if (await answer if inspect.isawaitable(answer) else answer) is not False:
                return
            await asyncio.sleep(0.05)


async def talking(units: Units, room: Room) -> Call:
    rung = await calls.start(units, room.doctor, "doctor-page", Media.VIDEO, TERMS)
    await calls.accept(units, room.patient, "patient-page", rung.id, Media.VIDEO, TERMS)
    return await row(units, rung.id)


async def row(units: Units, call: Any) -> Call:
    async with units.system("test") as unit:
        return await unit.session.get_one(Call, call)


async def segments(units: Units, call: Call) -> list[RecordingSegment]:
    found = sa.select(RecordingSegment).where(RecordingSegment.call_id == call.id)
    async with units.system("test") as unit:
        return list(await unit.session.scalars(found.order_by(RecordingSegment.leg, RecordingSegment.number)))


@asynccontextmanager
async def members(units: Units, room: Room, call: Call) -> AsyncIterator[dict[str, Member]]:
    """Both pages, sending sound and picture as soon as they are asked."""
    clip = {"audio": [clips.sound(CLIP_S)] * PLAYS, "video": [clips.video("VP8", CLIP_S)] * PLAYS}
    pages = {
        peer: Member(units, seat, peer, call.id, clip)
        for peer, seat in (("patient-page", room.patient), ("doctor-page", room.doctor))
    }
    running = [asyncio.create_task(page.run()) for page in pages.values()]
    try:
        yield pages
    finally:
        for page in pages.values():
            page.stop()
        await asyncio.gather(*running)
        for page in pages.values():
            await page.hang_up()


@asynccontextmanager
async def recording(house: House, spool: Path, *, segment_s: float = 60) -> AsyncIterator[Recording]:
    folder = Spool(spool)
    recorder = Recording(house.units, house.blobs, RecorderSettings(segment_s=segment_s), folder)
    work = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        recorder.stop()
        await work
        folder.close()


async def test_a_call_is_recorded_from_both_sides_kept_locked_and_entered_in_a_manifest(
    house: House, units: Units, room: Room, tmp_path: Path, database: Addresses
) -> None:
    call = await talking(units, room)
    async with recording(house, tmp_path / "spool", segment_s=1.5) as recorder:
        async with members(units, room, call):
            await until(lambda: ("had_media", "recorder:doctor-page,patient-page") in room.notebook.told)
            assert ("recorded",) in room.notebook.told
            assert (await row(units, call.id)).recording is RecordingState.ON
            await calls.hang_up(units, room.doctor, "doctor-page", call.id)
            await until(lambda: recorder.legs() == 0)

    kept = await segments(units, call)
    assert {one.leg for one in kept} == {"doctor-page", "patient-page"}
    for leg in ("doctor-page", "patient-page"):
        mine = [one for one in kept if one.leg == leg]
        assert [one.number for one in mine] == list(range(1, len(mine) + 1))
        assert [one.cause for one in mine] == ["start", *["length"] * (len(mine) - 1)]
        assert len(mine) >= 2
        for one in mine:
            data = await house.blobs.read(one.key, 10_000_000)
            seen = clips.watch(data)
            assert seen.warnings == ()
            assert abs(seen.seconds - one.duration_ms / 1000) < 0.1
        assert mine[1].offset_ms == pytest.approx(mine[0].duration_ms, abs=100)
    with pytest.raises(BlobLocked):
        await house.blobs.delete(kept[0].key)
    assert not list((tmp_path / "spool").glob("*-*"))
    await manifest_notices(units, room, kept[0], database)


async def manifest_notices(units: Units, room: Room, one: RecordingSegment, database: Addresses) -> None:
    """Whoever changes a row, even as the owner of the database."""
    async with units.system("test") as unit:
        assert len(await Shelf().segments(unit, room.id)) >= 4
        assert await Shelf().is_whole(unit, room.id)
    with psycopg.connect(libpq_url(database.owner_url)) as connection:
        connection.execute("set row_security = off")
        connection.execute("alter table recording_segments no force row level security")
        connection.execute(
            "update recording_segments set duration_ms = duration_ms - 1 where id = %s", (one.id,)
        )
    async with units.system("test") as unit:
        assert not await Shelf().is_whole(unit, room.id)


async def test_a_store_that_is_down_gets_it_later(
    house: House, units: Units, room: Room, tmp_path: Path
) -> None:
    call = await talking(units, room)
    files = tmp_path / "files"
    files.rename(tmp_path / "away")
    files.write_text("no folder")
    async with recording(house, tmp_path / "spool") as recorder:
        async with members(units, room, call) as pages:
            await until(lambda: len(list((tmp_path / "spool").glob("*.webm"))) == 2)
            await pages["patient-page"].say({"bye": True})
            await until(lambda: recorder.legs() == 1)
        assert await segments(units, call) == []

        files.unlink()
        (tmp_path / "away").rename(files)
        await until(recorder.shipper.drained)
    assert len(await segments(units, call)) >= 1


async def test_a_leg_that_falls_silent_is_asked_for_another_connection(
    house: House, units: Units, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SILENT_S", 0.6), ("_AGAIN_S", 1.0), ("ROUND_S", 0.2)):
        monkeypatch.setattr(f"signaling.recorder.running.{name}", value)
    call = await talking(units, room)
    async with recording(house, tmp_path / "spool") as recorder:
        async with members(units, room, call) as pages:
            patient = pages["patient-page"]
            await until(lambda: patient.sent_s() > 1)
            await patient.hang_up()
            await until(lambda: len(patient.turns) >= 2)
            assert patient.turns == sorted(set(patient.turns))
            assert pages["doctor-page"].turns == [1]
            await until(lambda: len(recorder.heard_now()) == 2)
            await asyncio.sleep(1)
            await calls.hang_up(units, room.doctor, "doctor-page", call.id)
            await until(lambda: recorder.legs() == 0)
    causes = [one.cause for one in await segments(units, call) if one.leg == "patient-page"]
    assert causes[:2] == ["start", "connection"]


@pytest.mark.alone
async def test_killed_recorder_loses_two_seconds_at_most_and_another_takes_over(
    house: House, units: Units, room: Room, settings: Settings, tmp_path: Path
) -> None:
    call = await talking(units, room)
    spool = tmp_path / "spool"
    async with AsyncExitStack() as stack:
        process = stack.enter_context(recorder_process(settings, tmp_path / "recorder.log"))
        pages = await stack.enter_async_context(members(units, room, call))
        await until(lambda: turned_on(units, call))
        await asyncio.sleep(2.5)
        with pytest.raises(SpoolTaken):
            Spool(spool)
        sent = {peer: page.sent_s() for peer, page in pages.items()}
        process.send_signal(signal.SIGKILL)
        process.wait()

        # Its lease has not ended: nobody else may take the call yet.
        async with recording(house, tmp_path / "other") as other:
            await asyncio.sleep(1.2)
            assert other.legs() == 0
            await end_lease(units, call)
            await until(lambda: other.legs() == 2)
            assert all(page.turns[-1] == 2 for page in pages.values())
            await until(lambda: turned_on(units, call))
            await calls.hang_up(units, room.doctor, "doctor-page", call.id)
            await until(lambda: other.legs() == 0)
        # The first one comes back, with what it left.
        async with recording(house, spool):
            await until(lambda: not list(spool.glob("*.json")))

    kept = await segments(units, call)
    for peer in pages:
        causes = {one.cause: one for one in kept if one.leg == peer}
        assert set(causes) == {"connection", "recovered"}
        recovered = causes["recovered"]
        seen = clips.watch(await house.blobs.read(recovered.key, 10_000_000))
        assert seen.warnings == ()
        assert seen.seconds >= sent[peer] - 2
        assert recovered.duration_ms / 1000 == pytest.approx(seen.seconds, rel=0.02, abs=0.05)
    async with units.system("test") as unit:
        assert await Shelf().is_whole(unit, room.id)


async def test_a_lease_is_one_recorders_and_ends_with_its_heart(
    units: Units, room: Room, settings: Settings
) -> None:
    one, two = (leasing.Me(name, "host", 10) for name in ("one", "two"))
    call = await talking(units, room)
    for me in (one, two):
        await leasing.appear(units, me)
    took = await asyncio.gather(leasing.claim(units, one, 5), leasing.claim(units, two, 5))
    assert sorted(len(each) for each in took) == [0, 1]
    winner, loser = (one, two) if took[0] else (two, one)
    assert await leasing.beat(units, winner, legs=2) == {call.id}
    assert await leasing.beat(units, loser, legs=0) == set()

    await end_lease(units, call)
    (held,) = await leasing.claim(units, loser, 5)
    assert (held.turn, held.is_over) == (2, False)
    assert await leasing.beat(units, winner, legs=2) == set()
    assert await leasing.ask(units, winner, held, ["patient-page"], why="silent") is None
    after = await row(units, call.id)
    assert (after.state, after.recording) == (CallState.ACTIVE, RecordingState.WANTED)
    assert after.record_by is not None


@contextmanager
def recorder_process(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {
        **os.environ,
        "TELEHEALTH_PROFILE": "test",
        "TELEHEALTH_HOME": str(settings.home),
        "TELEHEALTH_DATABASE_URL": settings.database_url.get_secret_value(),
        "TELEHEALTH_RECORDER__ADDRESSES": '["127.0.0.1"]',
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.media.alone"],
            env=env,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_lease_the_recorder_does_not_know_of_is_given_back(
    house: House, units: Units, room: Room, tmp_path: Path
) -> None:
    """It was taken, and the answer was lost."""
    call = await talking(units, room)
    async with recording(house, tmp_path / "spool") as recorder:
        await until(lambda: turn(units, call, at_least=1))
        recorder._calls.pop(call.id)
        await until(lambda: turn(units, call, at_least=2))


async def turn(units: Units, call: Call, *, at_least: int) -> bool:
    async with units.system("test") as unit:
        lease = await unit.session.get(RecorderLease, call.id)
        return lease is not None and lease.turn >= at_least


async def turned_on(units: Units, call: Call) -> bool:
    return (await row(units, call.id)).recording is RecordingState.ON


async def end_lease(units: Units, call: Call) -> None:
    async with units.system("test") as unit:
        lease = await unit.session.get_one(RecorderLease, call.id)
        lease.until = unit.wall - timedelta(seconds=1)
