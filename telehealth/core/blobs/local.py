"""Files in a local folder, behind addresses we sign ourselves: nothing to install, nothing to leak.

A file lives under the SHA-256 of its key, so no key can point anywhere else; a note beside it holds
key and content type. Bytes are written to `tmp/` first and appear under their name at once, whole
and flushed to the disk, or not at all. Expiry is by the wall clock.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, TypeVar, TypeVarTuple
from urllib.parse import quote, urlencode

from anyio import CancelScope, to_thread

from telehealth.core.blobs.ports import (
    BlobExists,
    BlobHead,
    BlobLocked,
    BlobNotFound,
    BlobsDown,
    Disposition,
    LinkExpired,
    LinkRefused,
    UploadOffer,
    checked_key,
    checked_ttl,
    presentation,
)
from telehealth.core.clock import Clock
from telehealth.core.uploads import UploadTooLarge

T = TypeVar("T")
Args = TypeVarTuple("Args")

UNKNOWN_TYPE = "application/octet-stream"
#: Half-written files of a killed process are swept away at a later start.
STALE_S = 86_400
_COPIED = 1024 * 1024


@dataclass(frozen=True)
class UploadGrant:
    key: str
    content_type: str
    max_bytes: int


@dataclass(frozen=True)
class OpenBlob:
    path: Path
    content_type: str
    content_disposition: str


class LocalBlobs:
    """`base_url` is where `telehealth.web.blobs` serves them."""

    def __init__(self, root: Path, *, key: bytes, clock: Clock, base_url: str = "/blobs") -> None:
        if len(key) < 32:
            raise ValueError("a blob key must have at least 32 bytes")
        self._root = root
        self._tmp = root / "tmp"
        self._key = key
        self._clock = clock
        self._base_url = base_url.rstrip("/")

    async def prepare(self) -> None:
        await self._in_thread(self._prepare)

    async def ready(self) -> None:
        await self._in_thread(self._probe)

    async def aclose(self) -> None:
        return

    async def offer_upload(
        self, key: str, *, content_type: str, max_bytes: int, ttl: timedelta
    ) -> UploadOffer:
        url = self._signed("PUT", key, ttl, {"type": content_type, "max": str(max_bytes)})
        return UploadOffer("PUT", url, headers={"Content-Type": content_type})

    async def link(self, key: str, *, ttl: timedelta, filename: str, disposition: Disposition) -> str:
        checked_ttl(ttl)
        return self._signed("GET", key, ttl, {"name": filename, "as": disposition})

    async def head(self, key: str) -> BlobHead | None:
        return await self._in_thread(self._head, checked_key(key))

    async def read(self, key: str, max_bytes: int) -> bytes:
        return await self._in_thread(self._read, checked_key(key), max_bytes)

    async def write(
        self,
        key: str,
        data: bytes,
        content_type: str,
        *,
        once: bool = False,
        locked_until: datetime | None = None,
    ) -> str:
        return await self._in_thread(self._write, checked_key(key), data, content_type, once, locked_until)

    async def read_part(self, key: str, at: int, size: int) -> bytes:
        return await self._in_thread(self._read_part, checked_key(key), at, size)

    async def write_file(self, key: str, file: BinaryIO, content_type: str) -> str:
        return await self._in_thread(self._write_file, checked_key(key), file, content_type)

    async def delete(self, key: str) -> None:
        await self._in_thread(self._delete, checked_key(key))

    async def move(self, src: str, dst: str) -> None:
        await self._in_thread(self._move, checked_key(src), checked_key(dst))

    # What the routes need.

    def upload_grant(self, key: str, params: Mapping[str, str]) -> UploadGrant:
        """Raises LinkRefused, LinkExpired."""
        self._check("PUT", key, params)
        return UploadGrant(key, params["type"], int(params["max"]))

    async def open(self, key: str, params: Mapping[str, str]) -> OpenBlob:
        """Raises LinkRefused, LinkExpired, BlobNotFound."""
        self._check("GET", key, params)
        head = await self.head(key)
        if head is None:
            raise BlobNotFound()
        disposition: Disposition = "inline" if params["as"] == "inline" else "attachment"
        header, shown = presentation(params["name"], disposition)
        return OpenBlob(self._path(key), shown or head.content_type, header)

    async def receive(self, grant: UploadGrant, chunks: AsyncIterator[bytes]) -> None:
        """Write the bytes as they come. Raises UploadTooLarge as soon as there are too many."""
        descriptor, draft = await self._in_thread(mkstemp, None, None, self._tmp)
        try:
            with os.fdopen(descriptor, "wb") as file:
                size = 0
                async for chunk in chunks:
                    size += len(chunk)
                    if size > grant.max_bytes:
                        raise UploadTooLarge(reason="bytes", max_bytes=grant.max_bytes)
                    await self._in_thread(file.write, chunk)
                await self._in_thread(_flush, file.fileno(), file.flush)
            await self._in_thread(self._place, Path(draft), grant.key, grant.content_type, False, None)
        finally:
            with CancelScope(shield=True):
                await self._in_thread(_discard, Path(draft))

    # Addresses.

    def _signed(self, method: str, key: str, ttl: timedelta, params: Mapping[str, str]) -> str:
        expires = int((self._clock.wall() + ttl).timestamp())
        signed = {**params, "exp": str(expires)}
        signed["sig"] = self._signature(method, checked_key(key), signed)
        return f"{self._base_url}/{quote(key)}?{urlencode(signed)}"

    def _signature(self, method: str, key: str, params: Mapping[str, str]) -> str:
        told = json.dumps([method, key, sorted(params.items())])
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()

    def _check(self, method: str, key: str, params: Mapping[str, str]) -> None:
        told = {name: value for name, value in params.items() if name != "sig"}
        ours = self._signature(method, key, told)
        if not hmac.compare_digest(ours.encode(), params.get("sig", "").encode(errors="replace")):
            raise LinkRefused()
        if self._clock.wall().timestamp() >= int(told["exp"]):
            raise LinkExpired()

    # The disk. Everything below runs in a thread.

    async def _in_thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        try:
            return await to_thread.run_sync(work, *args)
        except OSError as error:
            raise BlobsDown(vendor=type(error).__name__) from error

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._root / name[:2] / name

    def _prepare(self) -> None:
        self._tmp.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        for draft in self._tmp.iterdir():
            if draft.stat().st_mtime < time.time() - STALE_S:
                draft.unlink(missing_ok=True)

    def _probe(self) -> None:
        descriptor, probe = mkstemp(dir=self._tmp)
        os.close(descriptor)
        Path(probe).unlink()

    def _head(self, key: str) -> BlobHead | None:
        path = self._path(key)
        try:
            return BlobHead(path.stat().st_size, _noted_type(path))
        except FileNotFoundError:
            return None

    def _read(self, key: str, max_bytes: int) -> bytes:
        try:
            with self._path(key).open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError:
            raise BlobNotFound() from None
        if len(data) > max_bytes:
            raise UploadTooLarge(reason="bytes", max_bytes=max_bytes)
        return data

    def _read_part(self, key: str, at: int, size: int) -> bytes:
        try:
            with self._path(key).open("rb") as file:
                file.seek(at)
                return file.read(size)
        except FileNotFoundError:
            raise BlobNotFound() from None

    def _write_file(self, key: str, file: BinaryIO, content_type: str) -> str:
        digest = hashlib.sha256()
        descriptor, draft = mkstemp(dir=self._tmp)
        try:
            with os.fdopen(descriptor, "wb") as copy:
                file.seek(0)
                while piece := file.read(_COPIED):
                    digest.update(piece)
                    copy.write(piece)
                _flush(descriptor, copy.flush)
            self._place(Path(draft), key, content_type, False, None)
        finally:
            Path(draft).unlink(missing_ok=True)
        return digest.hexdigest()

    def _write(
        self, key: str, data: bytes, content_type: str, once: bool, locked_until: datetime | None
    ) -> str:
        draft = self._draft(data)
        try:
            self._place(draft, key, content_type, once, locked_until)
        finally:
            draft.unlink(missing_ok=True)
        return hashlib.sha256(data).hexdigest()

    def _draft(self, data: bytes) -> Path:
        descriptor, draft = mkstemp(dir=self._tmp)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            _flush(descriptor, file.flush)
        return Path(draft)

    def _place(
        self, draft: Path, key: str, content_type: str, once: bool, locked_until: datetime | None
    ) -> None:
        path = self._path(key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if once:
            # A hard link fails when the name is taken, so one of two writers wins. The note comes
            # after: until then the file is of no known type, which is served as a download.
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                raise BlobExists() from None
            self._note(path, key, content_type, locked_until)
        else:
            self._refuse_locked(path)
            self._note(path, key, content_type, locked_until)
            draft.replace(path)
        _flush_folder(path.parent)

    def _note(self, path: Path, key: str, content_type: str, locked_until: datetime | None) -> None:
        note = {"key": key, "content_type": content_type}
        if locked_until is not None:
            note["locked_until"] = locked_until.isoformat()
        self._draft(json.dumps(note).encode()).replace(_note_of(path))

    def _refuse_locked(self, path: Path) -> None:
        until = _noted(path).get("locked_until")
        if until is not None and self._clock.wall() < datetime.fromisoformat(until):
            raise BlobLocked()

    def _delete(self, key: str) -> None:
        path = self._path(key)
        self._refuse_locked(path)
        path.unlink(missing_ok=True)
        _note_of(path).unlink(missing_ok=True)

    def _move(self, src: str, dst: str) -> None:
        source, target = self._path(src), self._path(dst)
        if not source.exists():
            if not target.exists():
                raise BlobNotFound()
            return
        self._refuse_locked(source)
        self._refuse_locked(target)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        self._note(target, dst, _noted_type(source), None)
        source.replace(target)
        _note_of(source).unlink(missing_ok=True)
        _flush_folder(target.parent)


def _note_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _noted_type(path: Path) -> str:
    return _noted(path).get("content_type", UNKNOWN_TYPE)


def _noted(path: Path) -> dict[str, str]:
    try:
        said: dict[str, str] = json.loads(_note_of(path).read_bytes())
    except FileNotFoundError:
        return {}
    return said


def _discard(draft: Path) -> None:
    draft.unlink(missing_ok=True)


def _flush(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
