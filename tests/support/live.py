"""The web process itself, as the demo runs it, on a free port against a fresh database."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from telehealth.core.processes import die_with_parent
from telehealth.core.provisioning import Addresses
from telehealth.demo.running import Parties, answers
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

#: Filling the demo takes five seconds of a machine that has nothing else to do.
READY_WITHIN_S = 240


@contextmanager
def live_house(
    home: Path, database: Addresses, sandbox: Sandbox, *, records: bool = False, more: Mapping[str, str] = {}
) -> Iterator[str]:
    """Yields its address once it answers, with the sample hospitals open.

    `records`: with a recorder beside it, without which no call of theirs lasts ten seconds. `more` settings.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "TELEHEALTH_PROFILE": "demo",
        "TELEHEALTH_HOME": str(home),
        "TELEHEALTH_PORT": str(port),
        "TELEHEALTH_PUBLIC_URL": url,
        "TELEHEALTH_DATABASE_URL": database.app_url,
        "TELEHEALTH_OWNER_URL": database.owner_url,
        **Parties(sandbox.home, sandbox.base_url).settings(),
        **more,
    }
    with ExitStack() as house:
        house.enter_context(_process(home, "web", env, f"{url}/health/ready"))
        if records:
            recorder = env | {"TELEHEALTH_RECORDER__ADDRESSES": json.dumps(["127.0.0.1"])}
            house.enter_context(_process(home, "recorder", recorder))
            # It takes its spool last of all: a call that finds none starting is over in ten seconds.
            eventually((home / "spool" / "lock").exists, timeout_s=READY_WITHIN_S)
        yield url


@contextmanager
def _process(home: Path, word: str, env: Mapping[str, str], ready: str = "") -> Iterator[None]:
    log = home / f"{word}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "telehealth.command", word],
            env=env,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            if ready:
                eventually(lambda: process.poll() is not None or answers(ready), timeout_s=READY_WITHIN_S)
            assert process.poll() is None, log.read_text()[-4000:]
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
