"""The web process itself, as the demo runs it, on a free port against a fresh database."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telehealth.core.processes import die_with_parent
from telehealth.core.provisioning import Addresses
from telehealth.demo.running import Parties, answers
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually


@contextmanager
def live_house(home: Path, database: Addresses, sandbox: Sandbox) -> Iterator[str]:
    """Yields its address once it answers, with the sample hospitals open."""
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
    }
    log = home / "web.log"
    with log.open("wb") as out:
        web = subprocess.Popen(
            [sys.executable, "-m", "telehealth.command", "web"],
            env=env,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            eventually(lambda: web.poll() is not None or answers(f"{url}/health/ready"), timeout_s=60)
            assert web.poll() is None, log.read_text()[-4000:]
            yield url
        finally:
            web.send_signal(signal.SIGTERM)
            web.wait(timeout=30)
