"""The hook for a virus scanner. None by default: its signatures need an operator to keep them fresh."""

from typing import Protocol

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from telehealth.core.uploads import ScannerDown, UploadRefused, UploadTooLarge

CHUNK_BYTES = 256 * 1024
MAX_REPLY_BYTES = 4096


class Scanner(Protocol):
    async def scan(self, data: bytes) -> None:
        """Raises UploadRefused for a virus, ScannerDown when nobody can tell."""


class NoScanner:
    async def scan(self, data: bytes) -> None:
        return


class ClamdScanner:
    """ClamAV's daemon at a Unix socket ("/run/clamav/clamd.ctl") or "host:port"."""

    def __init__(self, address: str, *, timeout_s: float = 30) -> None:
        self._address = address
        self._timeout_s = timeout_s

    async def scan(self, data: bytes) -> None:
        try:
            with anyio.fail_after(self._timeout_s):
                reply = await self._instream(data)
        except (OSError, TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead):
            raise ScannerDown() from None
        if reply.endswith("FOUND"):
            raise UploadRefused(reason="virus")
        if "size limit exceeded" in reply:
            raise UploadTooLarge(reason="scanner")
        if reply != "stream: OK":
            raise ScannerDown()

    async def _instream(self, data: bytes) -> str:
        """clamd(8): `zINSTREAM`, chunks led by their length in four bytes, an empty chunk; one reply."""
        async with await self._connect() as stream:
            await stream.send(b"zINSTREAM\0")
            try:
                for start in range(0, len(data), CHUNK_BYTES):
                    chunk = data[start : start + CHUNK_BYTES]
                    await stream.send(len(chunk).to_bytes(4, "big") + chunk)
                await stream.send(bytes(4))
            except anyio.BrokenResourceError:
                # It hung up over its size limit; the reason may still be waiting to be read.
                pass
            reply = await BufferedByteReceiveStream(stream).receive_until(b"\0", MAX_REPLY_BYTES)
        return reply.decode(errors="replace").strip()

    async def _connect(self) -> ByteStream:
        if self._address.startswith("/"):
            return await anyio.connect_unix(self._address)
        host, _, port = self._address.rpartition(":")
        return await anyio.connect_tcp(host, int(port))
