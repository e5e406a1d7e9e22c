"""What records need from outside: the hospital's seal on a file."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class PaperSealer(Protocol):
    """An authority that keeps the hospital's own key. Filled beside the signers of prescriptions (ADR 6)."""

    async def seal(
        self, pdf: bytes, *, hospital_id: UUID, hospital: str, reason: str, at: datetime
    ) -> bytes | None:
        """The file with the hospital's signature, or None where no authority is configured.

        Raises Unavailable: it did not answer, try again later.
        """
        ...
