"""PDFs of strangers are kept as they are, when there is nothing in them but pages."""

from dataclasses import dataclass

from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import MAX_DOCUMENT_BYTES, UploadTooLarge


@dataclass(frozen=True)
class Document:
    pages: int


async def inspect(quarantine: Quarantine, data: bytes) -> Document:
    """Refuses scripts, launch actions, attachments, XFA forms, encryption and more than 60 pages.

    Raises UploadTooLarge, UploadUnreadable, UploadRefused.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_DOCUMENT_BYTES)
    result = await quarantine.run("pdf", data)
    return Document(pages=result.facts["pages"])
