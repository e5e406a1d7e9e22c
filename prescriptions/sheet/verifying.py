"""Is this sheet genuine? Every reason against it has a name.

A sheet is genuine when both signatures are there, by two people whose certificates were good when they
signed, when nothing followed the second one, and when it is the file and the content that we stored.
`bottom_line` of the library counts, never its `intact` or `valid`: what was drawn over the page by an
incremental update leaves both true.
"""

import asyncio
import importlib
from collections.abc import Sequence
from datetime import datetime

import anyio.to_thread

from prescriptions.ports import SheetField
from prescriptions.sheet.findings import BOTH, SENTENCES, Failure, Finding, Signed, Trust, Verification

__all__ = ["SENTENCES", "Failure", "Finding", "Signed", "Trust", "Verification", "verify"]


async def verify(
    pdf: bytes,
    *,
    trust: Trust,
    at: datetime,
    expected_sha256: str | None = None,
    expected_digest: str | None = None,
    required: Sequence[SheetField] = BOTH,
) -> Verification:
    """Judge a sheet, in a thread. Never raises for what the file holds.

    Args:
        at: the moment of asking, in business time; lists of revocations must be good at it.
        expected_sha256: of the file as it was stored, in hex.
        expected_digest: of the content as our rows have it now, see `content.digest`.
        required: what must be signed by now; the last of them must cover the whole file.
    """

    def work() -> Verification:
        # With pyHanko, see `signing.pades`.
        judging = importlib.import_module("prescriptions.sheet.judging")
        found: Verification = asyncio.run(
            judging.judge(pdf, trust, at, expected_sha256, expected_digest, required)
        )
        return found

    return await anyio.to_thread.run_sync(work)
