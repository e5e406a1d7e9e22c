"""The folder in which segments lie until they are shipped, and what a killed recorder left in it.

A segment is two files: `<id>.webm` or `.mp4`, readable at any moment, and `<id>.json`, its slip.
Nobody decodes here either.
"""

import fcntl
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import structlog
from av.container import InputContainer

log = structlog.get_logger(__name__)


class SpoolTaken(RuntimeError):
    """Another recorder works in this folder: each needs its own."""


@dataclass(frozen=True, slots=True)
class Label:
    """Whose media it is: one member of one call."""

    hospital_id: UUID
    account_id: UUID | None
    room: UUID
    call_id: UUID
    #: The member's peer id, and who that is.
    leg: str
    role: str


@dataclass(frozen=True, slots=True)
class Slip:
    """What is known of a segment; `duration_ms` is 0 while it is written."""

    id: UUID
    label: Label
    content_type: str
    begun_at: datetime
    cause: str
    width: int | None = None
    height: int | None = None
    duration_ms: int = 0

    @property
    def is_finished(self) -> bool:
        return self.duration_ms > 0

    @property
    def ending(self) -> str:
        return ".mp4" if self.content_type.endswith("mp4") else ".webm"

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Slip":
        said = json.loads(text)
        label = said.pop("label")
        ids = {name: UUID(label[name]) for name in ("hospital_id", "room", "call_id")}
        account = UUID(label["account_id"]) if label["account_id"] else None
        return cls(
            **{
                **said,
                "id": UUID(said["id"]),
                "begun_at": datetime.fromisoformat(said["begun_at"]),
                "label": Label(**{**label, **ids, "account_id": account}),
            }
        )


class Spool:
    """One recorder's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SpoolTaken(str(folder)) from None

    def close(self) -> None:
        os.close(self._lock)

    def path(self, slip: Slip) -> Path:
        return self._folder / f"{slip.id}{slip.ending}"

    def begin(self, slip: Slip) -> "SpoolFile":
        self._write_slip(slip)
        return SpoolFile(self.path(slip))

    def finish(self, slip: Slip) -> None:
        self._write_slip(slip)

    def forget(self, slip: Slip) -> None:
        """The slip last: without its media it is nothing, the other way round nobody knows whose it is."""
        self.path(slip).unlink(missing_ok=True)
        self._slip_path(slip).unlink(missing_ok=True)

    def left(self) -> list[Slip]:
        """Whatever lies here, oldest first; the unfinished made whole, or dropped when nothing is in them."""
        slips = [Slip.from_json(path.read_text()) for path in self._folder.glob("*.json")]
        whole = [slip if slip.is_finished else self._recover(slip) for slip in slips]
        return sorted((slip for slip in whole if slip is not None), key=lambda slip: slip.begun_at)

    def _recover(self, slip: Slip) -> Slip | None:
        draft = self._folder / f"{slip.id}.draft{slip.ending}"
        duration_ms = rewrite(self.path(slip), draft)
        if not duration_ms:
            draft.unlink(missing_ok=True)
            self.forget(slip)
            log.warning("recording.nothing_to_recover", segment=str(slip.id))
            return None
        draft.replace(self.path(slip))
        found = replace(slip, duration_ms=duration_ms, cause="recovered")
        self._write_slip(found)
        return found

    def _write_slip(self, slip: Slip) -> None:
        path = self._slip_path(slip)
        fresh = path.with_suffix(".new")
        fresh.write_text(slip.to_json())
        fresh.replace(path)

    def _slip_path(self, slip: Slip) -> Path:
        return self._folder / f"{slip.id}.json"


class SpoolFile(io.RawIOBase):
    """Handed to the muxer as its file: what it writes is with the system at once, not in a buffer of ours."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.size = 0

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        written = 0
        while written < len(view):
            written += os.write(self._descriptor, view[written:])
        self.size += written
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            # A machine that loses power now keeps what was finished.
            os.fsync(self._descriptor)
            os.close(self._descriptor)
        super().close()


def rewrite(source: Path, target: Path) -> int:
    """Copy what can be read of a file that was not closed, so that it has a length and can be sought in.

    Milliseconds; 0 when nothing can be read.
    """
    try:
        with av.open(str(source)) as broken:
            kind = "mp4" if source.suffix == ".mp4" else "webm"
            with av.open(str(target), "w", format=kind) as whole:
                streams = {
                    one.index: whole.add_stream_from_template(one, opaque=True) for one in broken.streams
                }
                end = 0.0
                for packet in _packets(broken):
                    end = max(end, float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base))
                    packet.stream = streams[packet.stream.index]
                    whole.mux(packet)
                return round(end * 1000)
    except (av.FFmpegError, OSError, ValueError) as error:
        log.warning("recording.unreadable", error=type(error).__name__)
        return 0


def _packets(container: InputContainer) -> Iterator["av.Packet[Any]"]:
    """Up to the point where the file was torn."""
    packets = container.demux()
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if packet.pts is not None and packet.dts is not None:
            yield packet
