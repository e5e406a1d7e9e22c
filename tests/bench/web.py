"""The processes of an installation against a database: web on a free port, and a worker."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.bench.ports import free_port
from tests.bench.processes import cpu_s
from tests.bench.server import Database
from tests.support.programs import ROOT
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Web:
    pid: int
    port: int

    def cpu_s(self) -> float:
        return cpu_s(self.pid)


@contextlib.contextmanager
def open_web(database: Database, parties: Mapping[str, str] | None = None) -> Iterator[Web]:
    """Without a worker inside. `parties` are the settings that name the outside parties."""
    port = free_port()
    with _running("web", database, port, parties or {}) as process:
        eventually(lambda: process.poll() is not None or _listens(port), timeout_s=60)
        if process.poll() is not None:
            log = database.home / "web.log"
            raise RuntimeError(f"the web process ended:\n{log.read_text()[-3000:]}")
        yield Web(process.pid, port)


@contextlib.contextmanager
def open_worker(database: Database, web: Web, parties: Mapping[str, str]) -> Iterator[int]:
    """Jobs, deadlines and rounds beside a web process; the worker's process id."""
    with _running("worker", database, web.port, parties) as process:
        yield process.pid


@contextlib.contextmanager
def _running(
    what: str, database: Database, port: int, parties: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TELEHEALTH_PROFILE": "test",
        "TELEHEALTH_HOME": str(database.home),
        "TELEHEALTH_PORT": str(port),
        "TELEHEALTH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TELEHEALTH_DATABASE_URL": database.addresses.app_url,
        "TELEHEALTH_WORKER_IN_WEB": "false",
        **parties,
    }
    with (database.home / f"{what}.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "telehealth.command", what], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
