"""The whole demo house: how soon it shows a page again, and what it costs to stand idle."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.figures import Figure, Figures
from tests.bench.ports import free_port
from tests.support.programs import ROOT

STARTS = 3
#: Idle when two looks this far apart differ by less than a megabyte.
LOOK_EVERY_S = 2.0
LOOKS = 10


def measure() -> Figures:
    with tempfile.TemporaryDirectory(prefix="th-bench-") as folder:
        Path(folder).chmod(0o711)
        env = {
            **os.environ,
            "TELEHEALTH_HOME": folder,
            "TELEHEALTH_PORT": str(free_port()),
            "TELEHEALTH_SANDBOX_PORT": str(free_port()),
        }
        with demo(env, within_s=120) as first:
            filling_s = first.seconds
        waits: list[float] = []
        idle_mb = 0.0
        for _ in range(STARTS):
            with demo(env, within_s=60) as house:
                waits.append(house.seconds)
                if len(waits) == STARTS:
                    idle_mb = _idle_mb(house.process.pid)
    detail = {"starts_s": [round(each, 2) for each in waits], "first_start_s": round(filling_s, 2)}
    yield Figure("start_to_first_page", round(sorted(waits)[STARTS // 2], 2), "s", "<= 3", detail)
    yield Figure("idle_rss", round(idle_mb), "MB (PSS)", "<= 500", {"what": "whole demo house"})


@contextmanager
def fresh_house() -> Iterator[str]:
    """The demo hospital on its first day, filled; its address."""
    with tempfile.TemporaryDirectory(prefix="th-bench-") as folder:
        Path(folder).chmod(0o711)
        port = free_port()
        env = {
            **os.environ, "TELEHEALTH_HOME": folder, "TELEHEALTH_PORT": str(port),
            "TELEHEALTH_SANDBOX_PORT": str(free_port()),
        }  # fmt: skip
        with demo(env, within_s=240):
            yield f"http://127.0.0.1:{port}"


class _House:
    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.process = process
        #: From the command to the first page.
        self.seconds = seconds


@contextmanager
def demo(env: dict[str, str], *, within_s: float) -> Iterator[_House]:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "telehealth.command", "demo"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{env['TELEHEALTH_PORT']}/"
        while not _shows(url):
            if process.poll() is not None or time.monotonic() - began > within_s:
                raise RuntimeError("the demo house showed no page")
            time.sleep(0.02)
        yield _House(process, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _shows(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _idle_mb(supervisor: int) -> float:
    """Proportional set size of the supervisor and everything below it, once it stands still."""
    last = 0.0
    for _ in range(LOOKS):
        time.sleep(LOOK_EVERY_S)
        now = _pss_mb(supervisor)
        if abs(now - last) < 1:
            return now
        last = now
    return last


def _pss_mb(supervisor: int) -> float:
    parent = psutil.Process(supervisor)
    total = 0
    for process in [parent, *parent.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1_000_000
