"""A few child processes, started when needed, replaced when they hang or die, gone when idle.

Not `ProcessPoolExecutor`: it cannot kill a hung worker, and its children load the parent's
main module, which would be the whole house.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from telehealth.core.errors import Invalid
from telehealth.core.uploads import UploadRefused, UploadTooLarge, UploadUnreadable

#: Where our packages are, so that a child finds them from any working directory.
ROOT = Path(__file__).parents[3]
MAX_HEAD_BYTES = 64 * 1024
MAX_PART_BYTES = 32 * 1024 * 1024
REFUSALS: Mapping[str, type[Invalid]] = {
    "too_large": UploadTooLarge,
    "unreadable": UploadUnreadable,
    "refused": UploadRefused,
}
_DIED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead)


@dataclass(frozen=True)
class Result:
    facts: dict[str, Any]
    parts: list[bytes]


class Child:
    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child without pipes")
        self.process = process
        self.sink = process.stdin
        self.source = BufferedByteReceiveStream(process.stdout)
        self.is_fresh = True

    async def ask(self, task: str, data: bytes) -> Result:
        head = json.dumps({"task": task, "size": len(data)}).encode()
        await self.sink.send(head + b"\n")
        await self.sink.send(data)
        answer = json.loads(await self.source.receive_until(b"\n", MAX_HEAD_BYTES))
        self.is_fresh = False
        if "refused" in answer:
            raise REFUSALS[answer["refused"]](reason=answer["reason"])
        sizes = [int(size) for size in answer["parts"]]
        if any(not 0 <= size <= MAX_PART_BYTES for size in sizes):
            raise UploadUnreadable(reason="oversize answer")
        return Result(answer["facts"], [await self._part(size) for size in sizes])

    async def _part(self, size: int) -> bytes:
        return await self.source.receive_exactly(size) if size else b""

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        with anyio.CancelScope(shield=True):
            await self.process.aclose()


class Quarantine:
    """At most `workers` files are open at a time; one that takes longer than `timeout_s` is refused."""

    def __init__(self, *, workers: int = 2, timeout_s: float = 20, idle_s: float = 60) -> None:
        self._slots = anyio.CapacityLimiter(workers)
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._resting: deque[Child] = deque()

    async def run(self, task: str, data: bytes) -> Result:
        """Raises UploadTooLarge, UploadUnreadable, UploadRefused."""
        async with self._slots:
            while True:
                child = await self._child()
                try:
                    return await self._ask(child, task, data)
                except _DIED:
                    # A rested child may have gone idle this very moment; a fresh one fell to the file.
                    if child.is_fresh:
                        raise UploadUnreadable(reason="crashed") from None

    async def _ask(self, child: Child, task: str, data: bytes) -> Result:
        healthy = False
        try:
            with anyio.fail_after(self._timeout_s):
                result = await child.ask(task, data)
            healthy = True
            return result
        except Invalid as refusal:
            healthy = refusal.facts.get("reason") != "oversize answer"
            raise
        except TimeoutError:
            raise UploadUnreadable(reason="timeout") from None
        except (ValueError, KeyError, TypeError, anyio.DelimiterNotFound):
            raise UploadUnreadable(reason="nonsense answer") from None
        finally:
            # Also when our caller was cancelled: half an answer would be read as the next one's.
            if healthy:
                self._resting.append(child)
            else:
                await child.end()

    async def _child(self) -> Child:
        while self._resting:
            child = self._resting.pop()
            if child.process.returncode is None:
                return child
            await child.end()
        command = [sys.executable, "-m", "telehealth.core.quarantine.child"]
        process = await anyio.open_process(
            [*command, str(os.getpid()), str(self._idle_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of ours: no keys, no database address.
            env={"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "LC_ALL": "C.UTF-8"},
        )
        return Child(process)

    async def aclose(self) -> None:
        while self._resting:
            await self._resting.pop().end()

    async def __aenter__(self) -> "Quarantine":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
