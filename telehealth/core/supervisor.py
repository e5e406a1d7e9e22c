"""The demo house on one machine: starts its children, watches them, stops them in order.

Children have a session of their own, so Ctrl-C at the terminal reaches only us and we decide
the order; and the kernel ends them when we are killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from telehealth.core.processes import (
    Alarm,
    CannotStart,
    die_with_parent,
    log_tail,
    open_log,
    require_main_thread,
)

_POLL_S = 0.02
_BACK_OFF_S = (0.2, 1.0, 3.0, 8.0, 20.0)
#: A child that ran this long has recovered; its next death counts as the first.
_STEADY_S = 60.0


class Runnable(Protocol):
    """What a supervisor can run: a `Child`, or `EmbeddedPostgres`."""

    @property
    def name(self) -> str: ...

    @property
    def grace_s(self) -> float: ...

    @property
    def log(self) -> Path | None: ...

    def start(self) -> None: ...

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def stop(self, timeout_s: float) -> None: ...


class Child:
    """A command with a log at `log_dir/<name>.log`.

    `env` is added to our own environment; give a function when it depends on what an earlier
    child or step brings about. `ready` says when the child serves; None means at once.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log_dir: Path,
        env: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        ready: Callable[[], bool] | None = None,
        grace_s: float = 10,
    ) -> None:
        self.name = name
        self.grace_s = grace_s
        self.log = log_dir / f"{name}.log"
        self._argv = list(argv)
        self._env = env
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        extra = self._env() if callable(self._env) else self._env or {}
        log = open_log(self.log)
        try:
            self._process = subprocess.Popen[bytes](
                self._argv, env={**os.environ, **extra}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        finally:
            os.close(log)

    def is_ready(self) -> bool:
        return self._ready is None or self._ready()

    def poll(self) -> int | None:
        """The exit code once it ended, or None. Whatever it left behind in its session ends with it."""
        if self._process is None:
            return 0
        if self._process.returncode is None and _has_ended(self._process.pid):
            self._kill_session(self._process.pid)
        return self._process.poll()

    def terminate(self) -> None:
        if self._process is not None and self.poll() is None:
            self._process.terminate()

    def stop(self, timeout_s: float) -> None:
        if self._process is None or self.poll() is not None:
            return
        self._process.terminate()
        end = time.monotonic() + timeout_s
        while self.poll() is None and time.monotonic() < end:
            time.sleep(_POLL_S)
        if self.poll() is None:
            self._kill_session(self._process.pid)
        self._process.wait()

    @staticmethod
    def _kill_session(leader: int) -> None:
        """Only while the leader is not reaped: its pid, and so the group's id, is still ours."""
        try:
            os.killpg(leader, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # nobody left; macOS says it of zombies
            return


class Step:
    """Work done once, in its turn, before what follows starts: making roles, migrating."""

    grace_s = 0.0
    log = None

    def __init__(self, name: str, action: Callable[[], None]) -> None:
        self.name = name
        self._action = action

    def start(self) -> None:
        self._action()

    def poll(self) -> None:
        return None

    def terminate(self) -> None:
        return None

    def stop(self, timeout_s: float) -> None:
        return None


class Supervisor:
    """Run `children` until a signal comes or one of them cannot be kept alive.

    They start in the order given, without waiting for each other's readiness (a `Step` and
    PostgreSQL return when they are done); `on_started` is called once all are ready. A child
    that dies is started again after a growing pause, at most `max_restarts` times in a row.
    """

    def __init__(
        self,
        *children: Runnable,
        on_started: Callable[[], None] | None = None,
        say: Callable[[str], None] = print,
        max_restarts: int = len(_BACK_OFF_S),
        ready_within_s: float = 60,
    ) -> None:
        self._children = children
        self._on_started = on_started
        self._say = say
        self._max_restarts = max_restarts
        self._ready_within_s = ready_within_s
        self._watches: list[_Watch] = []
        self._signals: list[int] = []
        self._is_starting = False

    def run(self) -> int:
        """0 after an orderly stop that was asked for, 1 otherwise. Main thread only."""
        require_main_thread()
        with Alarm(self._on_signal) as alarm:
            try:
                failure = self._start_all(alarm) or self._watch(alarm)
                if not self._signals:
                    self._say(failure)
            except CannotStart as reason:
                self._say(str(reason))
            except KeyboardInterrupt:
                self._say("interrupted while starting")
            finally:
                self._stop_all(alarm)
        return 0 if self._signals else 1

    def _on_signal(self, number: int) -> None:
        self._signals.append(number)
        # A step may take long or hang; everywhere else the signals are counted and obeyed.
        if self._is_starting and len(self._signals) > 1:
            raise KeyboardInterrupt

    def _start(self, watch: "_Watch") -> None:
        self._is_starting = True
        try:
            watch.start()
        finally:
            self._is_starting = False

    def _start_all(self, alarm: Alarm) -> str:
        """An empty string once everything is ready, or what went wrong."""
        for child in self._children:
            if self._signals:
                return "interrupted"
            watch = _Watch(child)
            self._watches.append(watch)
            self._start(watch)
        deadline = time.monotonic() + self._ready_within_s
        waiting = list(self._watches)
        while waiting:
            if self._signals:
                return "interrupted"
            if failure := self._revive():
                return failure
            waiting = [watch for watch in waiting if not watch.is_ready()]
            if waiting and time.monotonic() > deadline:
                late = waiting[0]
                return f"{late.child.name} was not ready in {self._ready_within_s:g} s{late.tail()}"
            if waiting:
                alarm.wait(_POLL_S)
        if self._on_started is not None:
            self._on_started()
        return ""

    def _watch(self, alarm: Alarm) -> str:
        while not self._signals:
            if failure := self._revive():
                return failure
            due = [watch.start_again_at for watch in self._watches if watch.start_again_at is not None]
            alarm.wait(max(0.0, min(due) - time.monotonic()) if due else 1.0)
        return ""

    def _revive(self) -> str:
        """Start again whoever died and has waited; what went wrong when that was tried too often."""
        for watch in self._watches:
            now = time.monotonic()
            if watch.start_again_at is not None:
                if now >= watch.start_again_at:
                    self._start(watch)
                continue
            code = watch.child.poll()
            if code is None:
                continue
            if now - watch.started_at > _STEADY_S:
                watch.deaths = 0
            if watch.deaths >= self._max_restarts:
                return f"{watch.child.name} {_ended(code)} and does not stay up{watch.tail()}"
            pause_s = _BACK_OFF_S[min(watch.deaths, len(_BACK_OFF_S) - 1)]
            watch.deaths += 1
            watch.start_again_at = now + pause_s
            self._say(
                f"{watch.child.name} {_ended(code)}; starting it again in {pause_s:g} s "
                f"({watch.deaths} of {self._max_restarts})"
            )
        return ""

    def _stop_all(self, alarm: Alarm) -> None:
        """The last started stops first. A second signal leaves no more time to anyone."""
        if len(self._signals) == 1:
            self._say("stopping; press Ctrl-C again to force it")
        for watch in reversed(self._watches):
            child = watch.child
            child.terminate()
            deadline = time.monotonic() + child.grace_s
            while child.grace_s and child.poll() is None and len(self._signals) < 2:
                if time.monotonic() > deadline:
                    self._say(f"{child.name} did not stop in {child.grace_s:g} s; ending it")
                    break
                alarm.wait(_POLL_S)
            child.stop(0)
        if self._watches:
            self._say("stopped")


class _Watch:
    """One child and its record of deaths."""

    def __init__(self, child: Runnable) -> None:
        self.child = child
        self.deaths = 0
        self.started_at = 0.0
        self.start_again_at: float | None = None

    def start(self) -> None:
        self.start_again_at = None
        self.started_at = time.monotonic()
        self.child.start()

    def is_ready(self) -> bool:
        if self.start_again_at is not None:
            return False
        return not isinstance(self.child, Child) or self.child.is_ready()

    def tail(self) -> str:
        return f"\n{log_tail(self.child.log)}" if self.child.log else ""


def _has_ended(pid: int) -> bool:
    """Whether our child ended, without reaping it, so that its pid cannot be reused yet."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with {code}"
