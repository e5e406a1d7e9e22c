"""What a recorder costs: twelve members of six calls, sound and picture, sent from this process."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop

import app
from signaling import calls
from signaling.models import Recorder
from signaling.protocol import Media
from signaling.recorder.peer import listen_at
from telehealth.core.processes import die_with_parent
from telehealth.core.rooms import Terms
from telehealth.core.unit import Units
from tests.bench.figures import Figure, Figures
from tests.bench.processes import cpu_s
from tests.bench.server import Database, durable_database
from tests.bench.service import settings_of
from tests.support import clips
from tests.support.clips import Clip
from tests.support.factories.calls import add_room
from tests.support.members import Member

CALLS = 6
LEGS = 2 * CALLS
#: Of one clip, and how often it is played: longer than everything measured.
CLIP_S, PLAYS = 6.0, 40
WARM_S = 8.0
ROUNDS, ROUND_S = 3, 15.0
_TERMS = Terms(state="admitted", may_write=True, may_call=True, records=True)


def played() -> Mapping[str, Sequence[Clip]]:
    """640 x 480, 30 a second, about 800 kbit/s; nothing is encoded while it is measured."""
    picture = clips.video("VP8", CLIP_S, 640, 480, gop=90, kbit=800)
    return {"audio": [clips.sound(CLIP_S)] * PLAYS, "video": [picture] * PLAYS}


def measure() -> Figures:
    clip = played()
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run(_measure(database, clip))


async def _measure(database: Database, clip: Mapping[str, Sequence[Clip]]) -> Figure:
    listen_at(["127.0.0.1"])
    settings = settings_of(database)
    house = app.build_house(settings)
    try:
        with tempfile.TemporaryDirectory(prefix="th-bench-") as home:
            with recorder(home, settings.database_url.get_secret_value()) as process:
                async with members(house.units, clip):
                    await _all_legs(house.units)
                    await asyncio.sleep(WARM_S)
                    rounds = [await cpu_per_leg(process.pid) for _ in range(ROUNDS)]
                    rss_mb = _rss_mb(process.pid)
                # An orderly end, with everything shipped.
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)
                kept = _kept(home)
    finally:
        await house.close()
    return Figure(
        "recorder_cpu_per_leg",
        round(sorted(rounds)[ROUNDS // 2], 3),
        "CPU s per media minute",
        "<= 0.55",
        {
            "legs": LEGS,
            "rounds": [round(each, 3) for each in rounds],
            "rss_mb": rss_mb,
            "kbit_per_leg": round(_kbit(clip)),
            "kept_mb": round(kept / 1e6, 1),
        },
    )


async def cpu_per_leg(pid: int) -> float:
    loop = asyncio.get_running_loop()
    before, began = cpu_s(pid), loop.time()
    await asyncio.sleep(ROUND_S)
    return (cpu_s(pid) - before) / ((loop.time() - began) / 60 * LEGS)


@contextmanager
def recorder(home: str, database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    env = {
        **os.environ,
        "TELEHEALTH_PROFILE": "test",
        "TELEHEALTH_HOME": home,
        "TELEHEALTH_DATABASE_URL": database_url,
        "TELEHEALTH_RECORDER__ADDRESSES": '["127.0.0.1"]',
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.media.alone"],
        env=env,
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def members(units: Units, clip: Mapping[str, Sequence[Clip]]) -> AsyncIterator[list[Member]]:
    pages: list[Member] = []
    for _ in range(CALLS):
        room = add_room(units)
        rung = await calls.start(units, room.doctor, f"{room.id}-doctor", Media.VIDEO, _TERMS)
        await calls.accept(units, room.patient, f"{room.id}-patient", rung.id, Media.VIDEO, _TERMS)
        for seat in (room.doctor, room.patient):
            pages.append(Member(units, seat, f"{room.id}-{seat.role}", rung.id, clip))
    running = [asyncio.create_task(page.run()) for page in pages]
    try:
        yield pages
    finally:
        for page in pages:
            page.stop()
        await asyncio.gather(*running)
        for page in pages:
            await page.hang_up()


async def _all_legs(units: Units) -> None:
    async with asyncio.timeout(60):
        while True:
            async with units.system("bench") as unit:
                if await unit.session.scalar(sa.select(sa.func.max(Recorder.legs))) == LEGS:
                    return
            await asyncio.sleep(0.2)


def _kbit(clip: Mapping[str, Sequence[Clip]]) -> float:
    size: Any = sum(len(one.data) for kind in clip.values() for one in kind[0])
    return float(size) * 8 / CLIP_S / 1000


def _kept(home: str) -> int:
    return sum(path.stat().st_size for path in Path(home).glob("files/*/*"))


def _rss_mb(pid: int) -> int | None:
    with contextlib.suppress(FileNotFoundError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return round(int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024)
    return None
