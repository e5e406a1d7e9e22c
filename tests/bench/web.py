"""The web process of an installation, on a free port against a database."""

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
def open_web(
    database: Database, *, with_worker: bool = False, parties: Mapping[str, str] | None = None
) -> Iterator[Web]:
    """`parties` are the settings that name the outside parties."""
    port = free_port()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TELEHEALTH_PROFILE": "test",
        "TELEHEALTH_HOME": str(database.home),
        "TELEHEALTH_PORT": str(port),
        "TELEHEALTH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TELEHEALTH_DATABASE_URL": database.addresses.app_url,
        "TELEHEALTH_WORKER_IN_WEB": str(with_worker).lower(),
        **(parties or {}),
    }
    log = database.home / "web.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "telehealth.command", "web"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        eventually(lambda: process.poll() is not None or _listens(port), timeout_s=60)
        if process.poll() is not None:
            raise RuntimeError(f"the web process ended:\n{log.read_text()[-3000:]}")
        yield Web(process.pid, port)
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
