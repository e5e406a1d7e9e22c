"""A real coturn on loopback, on ports of its own; ended with the tests."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from telehealth.core.processes import die_with_parent
from telehealth.core.settings import TURN
from tests.support.programs import ROOT
from tests.support.waiting import eventually

SECRET = "sandbox-turn-of-the-tests"
NEXT_SECRET = "sandbox-turn-that-comes"
#: What a production relay may not reach, whatever else its file says.
DEPLOYED = ROOT / "deploy" / "coturn.conf"


@dataclass(frozen=True)
class Coturn:
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    @property
    def tcp_url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    def settings(self, *, secret: str = SECRET, **more: object) -> TURN:
        return TURN.model_validate({"urls": (self.url, self.tcp_url), "secret": secret, **more})


@contextmanager
def running(home: Path, *lines: str, secrets: Sequence[str] = (SECRET,)) -> Iterator[Coturn]:
    """`lines` are added to its file; loopback peers are allowed only if one of them says so."""
    program = shutil.which("turnserver")
    assert program is not None, "the tests need coturn: sh deploy/install-test-packages.sh"
    coturn = Coturn(_free_port(), home / "coturn.log")
    file = home / "coturn.conf"
    file.write_text(
        "\n".join(
            [
                f"listening-port={coturn.port}", "listening-ip=127.0.0.1", "relay-ip=127.0.0.1", "realm=test",
                "use-auth-secret", *(f"static-auth-secret={secret}" for secret in secrets),
                f"pidfile={home / 'coturn.pid'}", f"userdb={home / 'coturn.db'}",
                "no-cli", "no-tls", "no-dtls", "no-rfc5780", "log-file=stdout", "simple-log", *lines,
            ]
        )
        + "\n"
    )  # fmt: skip
    with coturn.log.open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", file], cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )  # fmt: skip
    try:
        eventually(lambda: process.poll() is not None or _takes_connections(coturn.port), timeout_s=20)
        assert process.poll() is None, coturn.log.read_text(errors="replace")[-2000:]
        yield coturn
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """Relays between peers of this machine."""
    with running(
        tmp_path_factory.mktemp("coturn"), "allow-loopback-peers", secrets=(SECRET, NEXT_SECRET)
    ) as server:
        yield server


def deployed_rules(*more: str) -> list[str]:
    """Whom a production relay refuses to send to, from the file that is deployed."""
    lines = [line.strip() for line in DEPLOYED.read_text("utf-8").splitlines()]
    return [
        line for line in lines if line.startswith(("denied-peer-ip=", "no-multicast-peers"))
    ] + list(more)  # fmt: skip


def _free_port() -> int:
    """Free for TCP and UDP alike."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
