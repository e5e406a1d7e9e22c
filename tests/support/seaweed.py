"""A real S3 server for tests: SeaweedFS on loopback, every port its own, killed at the end."""

import ctypes
import json
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

START_S = 60


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str


@contextmanager
def running(home: Path) -> Iterator[S3Server]:
    identities = home / "identities.json"
    server_keys = ("sample-access", "sample-secret")
    identities.write_text(
        json.dumps(
            {
                "identities": [
                    {
                        "name": "sample",
                        "credentials": [{"accessKey": server_keys[0], "secretKey": server_keys[1]}],
                        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
                    }
                ]
            }
        )
    )
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], _free_ports(8), strict=True))
    data = home / "data"
    data.mkdir()
    command = [
        str(Path(sysconfig.get_path("scripts")) / "weed"),
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3",
        f"-s3.config={identities}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        # Each bucket takes volumes of its own; a few would run out.
        "-volume.max=100",
        "-master.volumeSizeLimitMB=64",
        "-master.electionTimeout=1s",
        "-master.telemetry=false",
    ]
    for name in names:
        command += [f"-{name}.port={ports[name]}", f"-{name}.port.grpc={ports[f'{name}.grpc']}"]
    server = S3Server(f"http://127.0.0.1:{ports['s3']}", *server_keys)
    with (home / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=home, stdout=log, stderr=log, preexec_fn=_die_with_parent, env={"HOME": str(home)}
        )
    try:
        _await_first_put(server, process, home / "weed.log")
        yield server
    finally:
        # An orderly stop takes it half a minute, and nobody needs these files again.
        process.kill()
        process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _await_first_put(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """An open port says nothing: ready is when a file went in."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=1),
    )
    give_up_at = time.monotonic() + START_S
    try:
        while True:
            try:
                client.create_bucket(Bucket="warm-up")
                client.put_object(Bucket="warm-up", Key="first", Body=b"first")
                return
            except (BotoCoreError, ClientError):
                if process.poll() is not None or time.monotonic() > give_up_at:
                    raise RuntimeError(log.read_text(errors="replace")[-2000:]) from None
                time.sleep(0.1)
    finally:
        client.close()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
