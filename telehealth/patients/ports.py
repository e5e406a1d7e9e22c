"""What we ask of an authority that knows people's documents."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class IdentityAnswer(StrEnum):
    MATCH = "match"
    MISMATCH = "mismatch"
    #: The authority has no record; somebody has to look at the paper.
    NO_RECORD = "no_record"


class FaceAnswer(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    #: The person has not finished yet.
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class FaceStart:
    """`url` is opened on the phone of whoever is checked; coming back from it proves nothing."""

    url: str
    token: str
    lasts_s: int


class IdentityChecker(Protocol):
    """Every method raises IdentityUnavailable or IdentityQuotaSpent."""

    async def check(self, name: str, number: str) -> IdentityAnswer:
        """Whether a resident ID number (or residence permit) belongs to a name. No picture is involved."""
        ...

    async def check_bank_card(self, name: str, number: str, *, card: str, phone: str) -> IdentityAnswer:
        """Whether name, resident ID number, bank card and phone (E.164) are one person's at the bank.

        The way for whoever does not want their face looked at.
        """
        ...

    async def start_face(self, *, name: str, number: str, return_url: str, subject: str) -> FaceStart:
        """Raises IdentityMismatch when the vendor refuses the pair at once."""
        ...

    async def face_result(self, token: str, *, name: str, number: str, subject: str) -> FaceAnswer:
        """Asked from our server, once the person came back; passes only for this pair and subject."""
        ...
