"""Several real web processes on one database, as behind a balancer, each on a port of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telehealth.core.processes import die_with_parent
from telehealth.core.provisioning import Addresses
from telehealth.demo.running import answers
from tests.bench.ports import free_port
from tests.support.waiting import eventually

PUBLIC_URL = "http://testserver"


class Node:
    def __init__(self, name: str, home: Path, database: Addresses, *, bus_url: str) -> None:
        self.name = name
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = home / f"{name}.log"
        env = {
            **os.environ,
            "TELEHEALTH_PROFILE": "test",
            "TELEHEALTH_HOME": str(home),
            "TELEHEALTH_PORT": str(port),
            "TELEHEALTH_PUBLIC_URL": PUBLIC_URL,
            "TELEHEALTH_DATABASE_URL": database.app_url,
            "TELEHEALTH_WORKER_IN_WEB": "false",
            "TELEHEALTH_NODE": name,
            "TELEHEALTH_BUS_URL": bus_url,
        }
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "telehealth.command", "web"],
                env=env,
                stdout=out,
                stderr=out,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def wait(self) -> None:
        eventually(
            lambda: self.process.poll() is not None or answers(f"{self.url}/health/ready"), timeout_s=240
        )
        assert self.process.poll() is None, self._log.read_text()[-4000:]

    def kill(self) -> None:
        """As when the machine is gone: no goodbye."""
        self.process.kill()
        self.process.wait(timeout=30)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


@contextmanager
def open_nodes(home: Path, database: Addresses, *, bus_url: str = "") -> Iterator[tuple[Node, Node]]:
    one, other = (Node(name, home, database, bus_url=bus_url) for name in ("one", "other"))
    try:
        one.wait()
        other.wait()
        yield one, other
    finally:
        one.stop()
        other.stop()
