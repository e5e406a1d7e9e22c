"""The archive of an export, written to a file of the disk paper by paper: one paper in memory at a time.

The file has no name, so a worker that is killed leaves nothing of anybody behind.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, cast

import anyio.to_thread

_README = """这个压缩包是您在互联网医院的全部资料。
bundle.json：HL7 FHIR R4 资料包，可导入其他医疗系统。
papers 文件夹：每份资料的 PDF，扫描其中的二维码可以查验。
manifest.json：每个文件的 SHA-256。

This archive holds everything the hospital keeps of you here: bundle.json (HL7 FHIR R4),
papers/ (one PDF each, with a code to check it), manifest.json (SHA-256 of each file).
"""


class Archive:
    """The same content is the same archive, byte for byte."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._manifest: list[dict[str, str]] = []

    async def begin(self, bundle: Mapping[str, Any]) -> None:
        await self._put("README.txt", _README.encode())
        told = await anyio.to_thread.run_sync(lambda: json.dumps(bundle, ensure_ascii=False, indent=1))
        await self._put("bundle.json", told.encode())

    async def add_paper(self, filename: str, pdf: bytes) -> None:
        """A PDF is compressed already."""
        await self._put(f"papers/{filename}", pdf, stored=True)

    async def end(self) -> int:
        """How many bytes it has."""
        await self._put("manifest.json", json.dumps(self._manifest, indent=1).encode())
        return await anyio.to_thread.run_sync(self._close)

    async def _put(self, name: str, data: bytes, *, stored: bool = False) -> None:
        await anyio.to_thread.run_sync(self._write, name, data, stored)

    def _write(self, name: str, data: bytes, stored: bool) -> None:
        entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o600 << 16
        self._zip.writestr(entry, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
        self._manifest.append({"file": name, "sha256": hashlib.sha256(data).hexdigest()})

    def _close(self) -> int:
        self._zip.close()
        self.file.seek(0, 2)
        return self.file.tell()


@asynccontextmanager
async def archive() -> AsyncIterator[Archive]:
    """Gone when this ends."""
    file = cast(BinaryIO, await anyio.to_thread.run_sync(tempfile.TemporaryFile))
    try:
        yield Archive(file)
    finally:
        file.close()
