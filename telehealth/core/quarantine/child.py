"""The child: reads a file from stdin, opens it, answers on stdout, again and again.

    → {"task": "photo", "size": 2107333}\\n  then that many bytes
    ← {"facts": {…}, "parts": [572000, 19000]}\\n  then the parts
    ← {"refused": "unreadable", "reason": "UnidentifiedImageError"}\\n

It speaks JSON, not pickle: a decoder that was taken over must not gain its parent.
It may use limited memory, write no file, dump no core; it ends with its parent or when idle.
"""

import ctypes
import importlib
import json
import os
import resource
import select
import signal
import sys
from typing import IO, Any

from telehealth.core.quarantine.refusal import Refusal, Work

MEMORY_BYTES = 1536 * 1024 * 1024
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

#: Imported at first use: a child that only sees photos never loads the PDF library.
TASKS = {
    "photo": "telehealth.core.quarantine.photos",
    "pdf": "telehealth.core.quarantine.pdfs",
    "voice": "telehealth.core.quarantine.voices",
}


def main(parent_pid: int, idle_s: float) -> None:
    _confine(parent_pid)
    # The bare descriptor: select() would not see what a buffered reader has already taken.
    source, sink = sys.stdin.fileno(), sys.stdout.buffer
    while select.select([source], [], [], idle_s)[0]:
        header = _read_line(source)
        if not header:
            return
        request = json.loads(header)
        _answer(sink, request["task"], _read_exactly(source, request["size"]))


def _answer(sink: IO[bytes], task: str, data: bytes) -> None:
    head: dict[str, Any]
    parts: list[bytes] = []
    try:
        facts, parts = _work(task)(data)
    except Refusal as refusal:
        head = {"refused": refusal.kind, "reason": refusal.reason}
    except MemoryError:
        head = {"refused": "too_large", "reason": "memory"}
    except Exception as error:
        # The edge: decoders raise anything at all on crafted input.
        head = {"refused": "unreadable", "reason": type(error).__name__}
    else:
        head = {"facts": facts, "parts": [len(part) for part in parts]}
    sink.write(json.dumps(head).encode() + b"\n")
    for part in parts:
        sink.write(part)
    sink.flush()


def _work(task: str) -> Work:
    work: Work = importlib.import_module(TASKS[task]).work
    return work


def _confine(parent_pid: int) -> None:
    # Ctrl-C reaches the whole group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.nice(5)
    if sys.platform != "linux":
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        # It died before we asked to be told.
        sys.exit(0)


def _read_line(source: int) -> bytes:
    line = bytearray()
    while byte := os.read(source, 1):
        if byte == b"\n":
            break
        line += byte
    return bytes(line)


def _read_exactly(source: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(source, min(size - len(data), 1 << 20))
        if not chunk:
            sys.exit(0)
        data += chunk
    return bytes(data)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
