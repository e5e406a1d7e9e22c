"""A process that has read the whole program and forks those of the house, which saves them the reading.

What it forks is a process of its own from then on, with environment, files and exit code of its own, and
runs the very commands of `telehealth`. Those started by `exec` (see `house`) differ in nothing but the wait.

    in:   one JSON object a line, {"words": [...], "env": {...}, "log": path}
    out:  its process id, a line; when it ended, the file `<log>.<process id>` holds its exit code
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import app
from telehealth import command
from telehealth.core import points
from telehealth.core.processes import die_with_parent
from tests.crash import staff
from tests.support.programs import ROOT
from tests.support.waiting import eventually

assert app.FEATURES


class Chick:
    """What the nest forked, with as much of `subprocess.Popen` as a house needs."""

    def __init__(self, pid: int, ended: Path) -> None:
        self.pid = pid
        self._ended = ended

    def poll(self) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            return int(self._ended.read_text())
        return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        eventually(lambda: self.poll() is not None, timeout_s=timeout)
        code = self.poll()
        assert code is not None
        return code


class Nest:
    """`with Nest() as nest: nest.fork([...], env, log)`. It dies with us, and all in it with it."""

    def __enter__(self) -> "Nest":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nest"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        self._say("ready")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def fork(self, words: Sequence[str], env: dict[str, str], log: Path) -> Chick:
        asked = {"words": list(words), "env": env, "log": str(log)}
        pid = int(self._say(json.dumps(asked)))
        return Chick(pid, _exit_file(str(log), pid))

    def _say(self, line: str) -> str:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(f"{line}\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RuntimeError("the nest is gone")
        return answer


def _exit_file(log: str, pid: int) -> Path:
    return Path(f"{log}.{pid}")


def _hatch(asked: dict[str, Any], arm_death: Any) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        arm_death()
        _settle(asked)
        first, *rest = asked["words"]
        if first == "web":
            command.main(["web"], standalone_mode=False)
        else:
            staff.main(rest)
        code = 0
    except SystemExit as told:
        code = told.code if isinstance(told.code, int) else 1
    except BaseException:  # the edge of a process
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _settle(asked: dict[str, Any]) -> None:
    """Environment, files and signals of a process that was started by itself."""
    os.environ.clear()
    os.environ.update(asked["env"])
    points._KILL_AT = os.environ.get("TELEHEALTH_KILL_AT", "")
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 256)


def _reap(logs: dict[int, str]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            log = logs.pop(pid)
            fresh = Path(f"{log}.{pid}.new")
            fresh.write_text(str(os.waitstatus_to_exitcode(status)))
            fresh.rename(_exit_file(log, pid))


def main() -> None:
    gc.collect()
    gc.freeze()
    hear, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    logs: dict[int, str] = {}
    while True:
        ready, _, _ = select.select([sys.stdin, hear], [], [])
        if hear in ready:
            os.read(hear, 1024)
            _reap(logs)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                return
            if line == "ready\n":
                print("ready", flush=True)
                continue
            asked = json.loads(line)
            pid = _hatch(asked, die_with_parent(signal.SIGKILL))
            logs[pid] = asked["log"]
            print(pid, flush=True)


if __name__ == "__main__":
    main()
