"""`python -m telehealth.sandbox --home DIR`: print where everything is, then serve until told to stop."""

import argparse
import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from telehealth.sandbox.application import build, describe

_PR_SET_PDEATHSIG = 1
HOST = "127.0.0.1"


class Announcing(uvicorn.Server):
    """Says where it is once requests are answered: one JSON object, one line, on standard output."""

    def __init__(self, config: uvicorn.Config, announcement: dict[str, Any]) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(json.dumps(self._announcement, ensure_ascii=False), flush=True)


def main(argv: list[str] | None = None) -> int:
    asked = _parser().parse_args(argv)
    if asked.die_with_parent:
        die_with_parent()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, asked.port_base))
    except OSError as error:
        print(f"sandbox: cannot listen on {HOST}:{asked.port_base}: {error.strerror}", file=sys.stderr)
        return 2
    base_url = f"http://{HOST}:{listening.getsockname()[1]}"
    app = build(
        asked.home,
        public_url=asked.public_url,
        clock_offset_s=asked.clock_offset_s,
        callbacks=asked.callbacks,
    )
    # Whoever hangs in a time-out fault is cut off when we stop.
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    announcement = {"ready": True, "pid": os.getpid(), "home": str(asked.home), **describe(app, base_url)}
    Announcing(config, announcement).run([listening])
    return 0


def die_with_parent() -> None:
    """Ask the kernel to stop us when the thread that started us ends; elsewhere than Linux, nothing."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the kernel was told to watch it
        sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="telehealth.sandbox", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the books and keys")
    parser.add_argument("--port-base", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--public-url", help="what a browser types to reach us, if not the same")
    parser.add_argument("--callbacks", default="", help="the house, for parties that push to it unasked")
    parser.add_argument("--clock-offset-s", type=float, help="business clock: seconds ahead of the wall")
    parser.add_argument("--die-with-parent", action="store_true", help="stop when the starting process ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
