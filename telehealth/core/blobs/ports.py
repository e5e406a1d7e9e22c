"""What the house asks of a place for files.

Keys look like paths (`incoming/0192…`, `photos/0192….jpg`); they are names, not paths of a disk.
Browsers and apps never speak to the store with our keys: they follow an offer or a link.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Literal, Protocol
from urllib.parse import quote

from telehealth.core.errors import Conflict, Forbidden, NotFound, Unavailable

Disposition = Literal["attachment", "inline"]

#: A link is a key to somebody's record: it must not outlive the page it was made for.
MAX_LINK_TTL = timedelta(minutes=5)
#: Of a file that is read or written piece by piece. S3 takes no smaller part than 5 MiB.
PIECE_BYTES = 8 * 1024 * 1024
#: What a browser may show in our pages, by the ending of the file's name. Everything else is saved.
INLINE_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,510}")


class BlobNotFound(NotFound):
    code = "file_not_found"
    detail = "文件不存在或已被删除"


class BlobExists(Conflict):
    code = "file_exists"
    detail = "文件已存在，不能覆盖"


class BlobLocked(Conflict):
    """It was written with a time until which it is kept, and that has not come."""

    code = "file_locked"
    detail = "文件仍在保存期内，不能删除或覆盖"


class BlobsDown(Unavailable):
    """`vendor` is the store's own word for it, such as SignatureDoesNotMatch."""

    code = "files_down"
    detail = "文件服务暂时不可用，请稍后再试"


class LinkExpired(Forbidden):
    code = "link_expired"
    detail = "文件链接已过期，请返回上一页重新打开"


class LinkRefused(Forbidden):
    code = "link_refused"
    detail = "文件链接无效，请返回上一页重新打开"


@dataclass(frozen=True)
class UploadOffer:
    """How a browser sends one file: `PUT` the bytes with `headers`, or `POST` a form whose
    `fields` come first and whose file comes last under the name `file`."""

    method: Literal["PUT", "POST"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BlobHead:
    size: int
    content_type: str


class BlobStore(Protocol):
    """Every method may raise BlobsDown."""

    async def prepare(self) -> None:
        """Make folder or bucket ready; called at each start, changes nothing the second time."""

    async def ready(self) -> None:
        """Raises BlobsDown when files can be neither read nor written now."""

    async def offer_upload(
        self, key: str, *, content_type: str, max_bytes: int, ttl: timedelta
    ) -> UploadOffer:
        """Let somebody send this one file, of this type and at most this size, until `ttl` is over.

        Whoever holds the offer may send it again until then: check, then `move` it away.
        """

    async def head(self, key: str) -> BlobHead | None: ...

    async def read(self, key: str, max_bytes: int) -> bytes:
        """Raises BlobNotFound, UploadTooLarge."""

    async def read_part(self, key: str, at: int, size: int) -> bytes:
        """At most `size` bytes from `at`, which lies within the file. Raises BlobNotFound."""

    async def write(
        self,
        key: str,
        data: bytes,
        content_type: str,
        *,
        once: bool = False,
        locked_until: datetime | None = None,
    ) -> str:
        """The SHA-256 in hex, for the database. With `once`, raises BlobExists rather than overwrite.

        Until `locked_until` (wall clock) nobody may delete it: the local folder refuses with BlobLocked,
        S3 by object lock where its bucket has that.
        """

    async def write_file(self, key: str, file: BinaryIO, content_type: str) -> str:
        """All of an open file, from its beginning, without ever holding all of it. The SHA-256 in hex.

        It is there whole or not at all. The file may be closed afterwards.
        """

    async def link(self, key: str, *, ttl: timedelta, filename: str, disposition: Disposition) -> str:
        """An address that opens this file for whoever has it, for at most five minutes.

        Decide anew who may have it each time. `inline` is kept only for names ending as an image.
        Does not check that the file exists.
        """

    async def delete(self, key: str) -> None:
        """Deleting what is gone is done already."""

    async def move(self, src: str, dst: str) -> None:
        """Moving again what was moved is done already. Raises BlobNotFound when neither is there."""

    async def aclose(self) -> None: ...


async def pieces(store: BlobStore, key: str, size: int) -> AsyncIterator[bytes]:
    """A file of this size for somebody who fetches it, however slowly: one piece at a time in memory."""
    at = 0
    while at < size:
        piece = await store.read_part(key, at, PIECE_BYTES)
        if not piece:
            raise BlobNotFound()
        at += len(piece)
        yield piece


def checked_key(key: str) -> str:
    """Raises ValueError: keys are made by us, so a bad one is our bug."""
    if not _KEY.fullmatch(key) or any(part in ("", ".", "..") for part in key.split("/")):
        raise ValueError("not a blob key")
    return key


def checked_ttl(ttl: timedelta) -> int:
    """In seconds. Raises ValueError."""
    if not timedelta(0) < ttl <= MAX_LINK_TTL:
        raise ValueError("a link lives for at most five minutes")
    return int(ttl.total_seconds())


def presentation(filename: str, disposition: Disposition) -> tuple[str, str | None]:
    """Content-Disposition, and the content type to force when it is shown inline."""
    dot = filename.rfind(".")
    shown = INLINE_TYPES.get(filename[dot:].lower()) if disposition == "inline" and dot >= 0 else None
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}", shown
