"""The processes of the house: web with its worker inside, and a member of staff's own program."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx2

from telehealth.core.processes import die_with_parent
from tests.crash.nest import Nest
from tests.support.programs import ROOT

READY_WITHIN_S = 120
_LOOK_EVERY_S = 0.03


class HouseFailed(AssertionError):
    """A process ended as nobody asked it to."""


class Process(Protocol):
    def poll(self) -> int | None: ...

    def send_signal(self, number: int) -> None: ...

    def wait(self, timeout: float) -> int: ...


@dataclass
class House:
    """One web process at a time, always at the same address."""

    home: Path
    url: str
    env: dict[str, str]
    nest: Nest
    process: Process | None = None
    kill_at: str = ""
    #: Set while somebody answers.
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def log(self) -> Path:
        return self.home / "web.log"

    def start(self, kill_at: str = "", *, by_exec: bool = False) -> None:
        """Forked from the nest; `by_exec` as a person would, `python -m telehealth.command web`."""
        self.kill_at = kill_at
        env = {**os.environ, **self.env, "TELEHEALTH_KILL_AT": kill_at, "PYTHONPATH": str(ROOT)}
        if not by_exec:
            self.process = self.nest.fork(["web"], env, self.log)
            return
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "telehealth.command", "web"],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

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
        """Have staff do something in a process of its own; its exit code."""
        env = {**os.environ, **self.env, "TELEHEALTH_KILL_AT": kill_at}
        process = self.nest.fork(["staff", *words], env, self.home / "staff.log")
        while (code := process.poll()) is None:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(_LOOK_EVERY_S)
        return code

    def tail(self, size: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-size:]
