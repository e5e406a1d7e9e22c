"""The insurer, in our words. Amounts are fen; the adapter knows yuan, envelopes and signatures.

Calls raise `InsurerDown` when nothing is known of the outcome: ask (`query`), then repeat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from telehealth.insurance.states import Category


@dataclass(frozen=True, slots=True)
class Insured:
    """What the insurer knows of a person (1101). `division` is the place of insurance."""

    number: str
    division: str
    insurance_type: str
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Fee:
    """One line as it is uploaded."""

    kind: str
    description: str
    amount: int


@dataclass(frozen=True, slots=True)
class Upload:
    hospital: str
    serial_no: str
    insured_number: str
    insurance_type: str
    division: str
    document_number: str
    name: str
    auth_number: str
    total: int
    fees: Sequence[Fee]
    #: The message's own number, by which an upload whose answer never came can be taken back.
    message: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """How a total divides (GD01). `raw` is the insurer's answer as it came."""

    fund: int
    personal: int
    other: int
    cash: int
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.fund + self.personal + self.other + self.cash

    @property
    def insured(self) -> int:
        return self.fund + self.personal + self.other


class CoverTruth(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    REFUNDED = "refunded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A line of the insurer's own list of a day. `kind` is "payment" or "refund".

    `reference` is our number (a cover's `serial_no`, a refund's number), `party_number` the insurer's
    `pay_order_id`; `amount` is the insured part, without the cash.
    """

    kind: str
    reference: str
    party_number: str
    amount: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One settlement as the insurer lists it; amounts below zero came back."""

    at: datetime
    place: str
    total: int
    fund: int
    personal: int
    cash: int


@dataclass(frozen=True, slots=True)
class InsuredAccount:
    division: str
    #: Fen; None where the insurer names no balance.
    balance: int | None
    entries: tuple[AccountEntry, ...]


class Insurer(Protocol):
    def serves(self, hospital: str) -> bool: ...

    def tells_accounts(self, hospital: str) -> bool:
        """Whether balances and history can be asked for there (GS11)."""
        ...

    async def account(
        self, hospital: str, *, document_number: str, name: str, first: date, last: date
    ) -> InsuredAccount | None:
        """Balance (1101) and settlements of these days (5203). None for somebody who is not insured.

        Raises InsurerDown, InsurerRefused.
        """
        ...

    def authorise_url(self, hospital: str, *, token: str, return_url: str, number: str) -> str:
        """Where the patient confirms the insurance code. `number` is digested, never shown."""
        ...

    async def look_up(self, hospital: str, *, document_number: str, name: str) -> Insured | None:
        """1101, by resident ID. None for somebody who is not insured, or whom the insurer never met.

        Raises InsurerDown, InsurerRefused.
        """
        ...

    def message_number(self, hospital: str) -> str:
        """A number no other message has. Kept before an upload is sent under it."""
        ...

    async def upload(self, upload: Upload) -> tuple[str, str]:
        """`pay_order_id` and its token (6201). Raises InsurerDown, InsurerRefused.

        Repeated with the same serial number and content, under a new message number, it answers alike.
        """
        ...

    async def price(self, hospital: str, upload: Upload, pay_order_id: str, pay_token: str) -> Split:
        """The split (6202). Raises InsurerDown, InsurerRefused, SplitUnsound (identity fails)."""
        ...

    async def query(self, hospital: str, pay_order_id: str, pay_token: str, upload: Upload) -> CoverTruth:
        """6301."""
        ...

    async def refund(
        self,
        hospital: str,
        *,
        pay_order_id: str,
        number: str,
        split: Split,
        at: datetime,
    ) -> None:
        """6203; the same number refunds once. Returns when the insurer has given it back.

        Raises InsurerDown, InsurerRefused.
        """
        ...

    async def revoke(self, hospital: str, pay_order_id: str, pay_token: str) -> None:
        """6401: take the upload back before anything was deducted. Repeating it changes nothing.

        Raises InsurerDown, InsurerRefused.
        """
        ...

    async def take_back(self, hospital: str, message: str) -> None:
        """2601: undo an upload whose answer never came, also when it never arrived. Raises InsurerDown."""
        ...

    async def settlements(self, hospital: str, day: date) -> tuple[Settlement, ...]:
        """The insurer's list of a day (3202)."""
        ...
