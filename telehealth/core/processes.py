"""What our own child processes have in common: they die with us, and they log to a file."""

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any


class CannotStart(RuntimeError):
    """Something we run cannot start; the message tells a person why and what to do."""


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def require_main_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start children from the main thread: they die with the thread that starts them")


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` by which the kernel sends `death_signal` when we end, however we end.

    The kernel watches the *thread* that forks, not the process: a child started from a
    short-lived thread dies with that thread. So only the main thread may start children.

    Raises:
        RuntimeError: called from another thread.
    """
    require_main_thread()
    parent = os.getpid()

    def in_child() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # the parent ended before the kernel was told to watch it
            os._exit(1)

    return in_child


class Alarm:
    """Turns signals, a child's death among them, into something to wait for."""

    def __init__(self, on_signal: Callable[[int], None]) -> None:
        self._on_signal = on_signal
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Alarm":
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup meant it
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read)
        os.close(self._write)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._on_signal(number)

    def wait(self, timeout_s: float) -> None:
        """Return after `timeout_s`, or as soon as any signal came."""
        if select.select([self._read], [], [], timeout_s)[0]:
            os.read(self._read, 4096)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A process as the system shows it. A zombie has a pid but holds no file and no memory."""

    is_zombie: bool
    command: str


def look_up(pid: int) -> Sighting | None:
    if sys.platform == "linux":
        return _look_up_in_proc(pid)
    shown = subprocess.run(  # noqa: S603 - fixed program, numeric argument
        ["/bin/ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not shown:
        return None
    state, _, command = shown.partition(" ")
    return Sighting(is_zombie=state.startswith("Z"), command=command)


def _look_up_in_proc(pid: int) -> Sighting | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state = stat.rpartition(")")[2].split()[0]
    words = command.replace(b"\0", b" ").decode(errors="replace")
    return Sighting(is_zombie=state in ("Z", "X"), command=words)


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`. Always empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(entry / "cwd")) == folder:
                found.append(int(entry.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def open_log(path: Path, *, rotate_bytes: int = 5_000_000, keep: int = 3) -> int:
    """A descriptor that appends to `path`; the caller closes it. A long log first moves to `.1`, `.2` …"""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > rotate_bytes:
        for number in range(keep - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number + 1}"))
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def log_tail(path: Path, lines: int = 20) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
