"""The processes of the house: web with its worker inside, and a member of staff's own program."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx2

from telehealth.core.processes import die_with_parent
from tests.support.programs import ROOT

READY_WITHIN_S = 60
_LOOK_EVERY_S = 0.03


class HouseFailed(AssertionError):
    """A process ended as nobody asked it to."""


@dataclass
class House:
    """One web process at a time, always at the same address."""

    home: Path
    url: str
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    kill_at: str = ""
    starts: int = 0
    #: Set while somebody answers.
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def log(self) -> Path:
        return self.home / "web.log"

    def start(self, kill_at: str = "") -> None:
        self.starts += 1
        self.kill_at = kill_at
        with self.log.open("ab") as out:
            self.process = _run("telehealth.command", "web", env=self._env(kill_at), out=out)

    async def open(self) -> bool:
        """Whether it answers now; False when it was killed on the way there."""
        end = time.monotonic() + READY_WITHIN_S
        async with httpx2.AsyncClient(timeout=2, trust_env=False) as http:
            while not self.is_dead():
                try:
                    answer = await http.get(f"{self.url}/health/ready")
                except httpx2.TransportError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    self.is_open.set()
                    return True
                if time.monotonic() > end:
                    raise HouseFailed(f"not ready within {READY_WITHIN_S} s\n{self.tail()}")
                await asyncio.sleep(_LOOK_EVERY_S)
        return False

    def is_dead(self) -> bool:
        """Raises HouseFailed when it ended otherwise than by the kill that was ordered."""
        if self.process is None:
            return True
        code = self.process.poll()
        if code is None:
            return False
        self.is_open.clear()
        self.process = None
        if code != -signal.SIGKILL or not self.kill_at:
            raise HouseFailed(
                f"ended with {code}, to be killed at {self.kill_at or 'no point'}\n{self.tail()}"
            )
        return True

    async def killed(self, within_s: float) -> bool:
        end = time.monotonic() + within_s
        while not self.is_dead():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
        return True

    def kill(self) -> None:
        """`kill -9`, wherever it may be."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """An orderly stop."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        self.is_open.clear()
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.wait(30)

    async def staff(self, *words: str, kill_at: str = "") -> int:
        """Run a member of staff's errand in a process of its own; its exit code."""
        with (self.home / "staff.log").open("ab") as out:
            process = _run("tests.crash.staff", *words, env=self._env(kill_at), out=out)
        # Not a thread that waits: it would be the child's parent, and the child dies with its parent.
        while (code := process.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
        return code

    def tail(self, size: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-size:]

    def _env(self, kill_at: str) -> dict[str, str]:
        return {**os.environ, **self.env, "TELEHEALTH_KILL_AT": kill_at, "PYTHONPATH": str(ROOT)}


def _run(module: str, *words: str, env: dict[str, str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=env,
        stdout=out,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
