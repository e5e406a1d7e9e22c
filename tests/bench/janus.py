"""Our recorder beside Janus, Debian's: the same twelve legs, one after the other in the same run.

Janus is a compiled server that writes raw RTP to be put together later; ours writes files that play.
"""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aioice.ice
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from telehealth.core.processes import die_with_parent
from tests.bench import recorder
from tests.bench.figures import Figure, Figures
from tests.bench.ports import free_port
from tests.bench.recorder import LEGS, ROUND_S, ROUNDS, WARM_S
from tests.support.clips import Clip
from tests.support.senders import Sender
from tests.support.waiting import eventually

_ROOM = 1
#: As aioice found them before anybody named 127.0.0.1, which Janus does not offer.
_own_addresses = aioice.ice.get_host_addresses
_WITHIN_S = 20


def measure() -> Figures:
    if shutil.which("janus") is None:
        raise RuntimeError("no janus here: `make bench-peers` installs it")
    ours = next(iter(recorder.measure()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        theirs = runner.run(_theirs(recorder.played()))
    middle = sorted(theirs)[ROUNDS // 2]
    yield ours
    yield Figure(
        "recorder_cpu_per_leg_ratio",
        round((ours.value or 0) / middle, 2),
        "x janus",
        "<= 2.5",
        {"ours": ours.detail["rounds"], "janus": [round(each, 3) for each in theirs], "legs": LEGS},
    )


async def _theirs(clip: Mapping[str, Sequence[Clip]]) -> list[float]:
    aioice.ice.get_host_addresses = _own_addresses
    with tempfile.TemporaryDirectory(prefix="th-janus-") as folder, _janus(Path(folder)) as (process, port):
        async with AsyncExitStack() as stack:
            socket = await stack.enter_async_context(_opened(port))
            for number in range(LEGS):
                sender = Sender()
                stack.push_async_callback(sender.close)
                for kind, clips in clip.items():
                    sender.play(kind, *clips)
                await _publish(socket, sender, number)
            await asyncio.sleep(WARM_S)
            before = _recorded(folder)
            rounds = [await recorder.cpu_per_leg(process.pid) for _ in range(ROUNDS)]
            # Otherwise the figure is that of a server that keeps nothing.
            kbit = (_recorded(folder) - before) * 8 / 1000 / LEGS / (ROUNDS * ROUND_S)
            if kbit < 400:
                raise RuntimeError(f"janus kept only {kbit:.0f} kbit/s of each leg")
        return rounds


class _Socket:
    """Janus's API over a WebSocket: each request by its transaction."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._count = 0
        self._session: dict[str, Any] = {}

    async def ask(self, until: str, **body: Any) -> Any:
        self._count += 1
        transaction = str(self._count)
        await self._connection.send(json.dumps({"transaction": transaction, **self._session, **body}))
        async with asyncio.timeout(_WITHIN_S):
            while True:
                said = json.loads(await self._connection.recv())
                if said.get("transaction") == transaction and said["janus"] in (until, "error"):
                    if said["janus"] == "error":
                        raise RuntimeError(said["error"]["reason"])
                    return said

    async def open(self) -> None:
        self._session = {"session_id": (await self.ask("success", janus="create"))["data"]["id"]}


async def _publish(socket: _Socket, sender: Sender, number: int) -> None:
    attached = await socket.ask("success", janus="attach", plugin="janus.plugin.videoroom")
    handle = attached["data"]["id"]
    wish = {
        "request": "joinandconfigure", "room": _ROOM, "ptype": "publisher", "display": f"leg {number}",
        "record": True, "filename": f"leg-{number}",
    }  # fmt: skip
    offer = {"type": "offer", "sdp": await sender.offer()}
    said = await socket.ask("event", janus="message", handle_id=handle, body=wish, jsep=offer)
    await sender.accept(said["jsep"]["sdp"])


@asynccontextmanager
async def _opened(port: int) -> AsyncIterator[_Socket]:
    await asyncio.to_thread(eventually, lambda: _listens(port), _WITHIN_S)
    speaks = Subprotocol("janus-protocol")
    async with connect(f"ws://127.0.0.1:{port}", subprotocols=[speaks], max_size=None) as connection:
        opened = _Socket(connection)
        await opened.open()
        yield opened


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _janus(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    libraries = next(Path("/usr/lib").glob("*/janus"))
    (folder / "kept").mkdir()
    (folder / "janus.jcfg").write_text(
        f"""
        general: {{
          configs_folder = "{folder}"; events_folder = "{folder}"; loggers_folder = "{folder}";
          plugins_folder = "{libraries}/plugins"; transports_folder = "{libraries}/transports";
          debug_level = 3; session_timeout = 0
        }}
        media: {{ ipv6 = false }}
        plugins: {{ disable = "{_others(libraries / "plugins", "videoroom")}" }}
        transports: {{ disable = "{_others(libraries / "transports", "websockets")}" }}
        """
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ ws = true; ws_port = {port}; ws_ip = "127.0.0.1"; wss = false }}'
        " admin: { admin_ws = false }"
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text(
        f'room-{_ROOM}: {{ publishers = {LEGS}; record = true; rec_dir = "{folder / "kept"}";'
        ' fir_freq = 10; bitrate = 2000000; videocodec = "vp8"; audiocodec = "opus" }'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["janus", "-F", str(folder)], stdout=log, stderr=log, preexec_fn=die_with_parent(signal.SIGKILL)
        )
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()


def _others(folder: Path, wanted: str) -> str:
    return ",".join(sorted(path.name for path in folder.glob("*.so") if wanted not in path.name))


def _recorded(folder: str) -> int:
    return sum(path.stat().st_size for path in (Path(folder) / "kept").glob("*.mjr"))
