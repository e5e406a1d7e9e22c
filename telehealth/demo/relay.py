"""coturn for the demo, where it is installed: calls then work between networks, too."""

import json
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from telehealth.core.supervisor import Child

#: Some systems keep it where ordinary users do not look.
PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
USUAL_PORT = 3478
MISSING = (
    "没有安装 coturn，通话只能直连 / no coturn: calls connect directly only (Debian: apt install coturn)"
)


class Relay:
    """Its file and data stay in `home`; its secret lives as long as this demo runs."""

    def __init__(self, home: Path, host: str, program: str) -> None:
        self.home = home
        self.host = host
        self.port = _free_port(host)
        self._program = program
        # Production refuses a secret that begins like this.
        self._secret = f"sandbox-{secrets.token_hex(24)}"

    @property
    def url(self) -> str:
        return f"turn:{self.host}:{self.port}"

    def settings(self) -> dict[str, str]:
        urls = [f"{self.url}?transport={transport}" for transport in ("udp", "tcp")]
        return {"TELEHEALTH_TURN": json.dumps({"urls": urls, "secret": self._secret})}

    def child(self, log_dir: Path) -> Child:
        return Child(
            "coturn", [self._program, "-c", self.configure()], log_dir=log_dir, ready=self._takes_connections
        )

    def configure(self) -> Path:
        """A file and not arguments, which everybody on this machine could read."""
        self.home.mkdir(parents=True, exist_ok=True)
        loopback = ["allow-loopback-peers"] if self.host.startswith("127.") else []
        lines = [
            f"listening-ip={self.host}", f"relay-ip={self.host}", f"listening-port={self.port}",
            "realm=telehealth-demo", "use-auth-secret", f"static-auth-secret={self._secret}", "fingerprint",
            f"pidfile={self.home / 'coturn.pid'}", f"userdb={self.home / 'coturn.db'}",
            "no-cli", "no-tls", "no-dtls", "no-rfc5780", "no-multicast-peers", *loopback,
            "log-file=stdout", "simple-log",
        ]  # fmt: skip
        file = self.home / "coturn.conf"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write("\n".join(lines) + "\n")
        return file

    def _takes_connections(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.host, self.port)) == 0


def find_relay(home: Path, host: str, env: Mapping[str, str]) -> Relay | None:
    """None where coturn is not installed."""
    path = os.pathsep.join([env.get("PATH", os.defpath), *PLACES])
    program = shutil.which("turnserver", path=path)
    return None if program is None else Relay(home, host, program)


def _free_port(host: str) -> int:
    return USUAL_PORT if _is_free(host, USUAL_PORT) else _any_port(host)


def _any_port(host: str) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if _is_free(host, port):
            return port


def _is_free(host: str, port: int) -> bool:
    """For TCP and UDP alike."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((host, port))
            udp.bind((host, port))
        except OSError:
            return False
    return True
