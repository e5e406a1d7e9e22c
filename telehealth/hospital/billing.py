"""What we ask the hospital's cashier: which bills are unpaid, what one costs now, and that it is paid.

The hospital's system decides who paid a bill: its window and our phones tell it, and the first one stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from telehealth.core.clock import HospitalDay


class BillKind(StrEnum):
    DRUG = "drug"
    EXAM = "exam"
    OTHER = "other"


class BillStatus(StrEnum):
    """As the hospital's system has it."""

    UNPAID = "unpaid"
    PAID = "paid"
    #: Cancelled, or entered in error.
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class HISBillLine:
    """`amount` in fen. What it is of is health text."""

    text: str
    amount: int


@dataclass(frozen=True, slots=True)
class HISBill:
    """One prescription or examination order; it is paid as a whole (BJ07)."""

    resource_id: str
    version_id: str
    #: Read out at the window.
    number: str
    kind: BillKind
    status: BillStatus
    #: Code of the campus, and what the hospital's system calls it.
    campus: str
    campus_name: str
    department: str
    visited_on: HospitalDay
    #: Fen; the lines sum to it.
    amount: int
    lines: tuple[HISBillLine, ...]
    #: The number of the payment that stands: ours, or the window's own word. Empty while unpaid.
    paid_by: str = ""
    #: Where the medicine is handed out, and under which number (BJ08).
    window: str = ""
    pickup_number: str = ""
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillPayment:
    """`number` is ours and never changes: by it a repetition is known."""

    number: str
    amount: int
    paid_at: datetime


class BillingGateway(Protocol):
    """`hospital` is the hospital's code. Every method raises HISUnavailable or HISRejected."""

    async def unpaid(self, hospital: str, his_patient_id: str) -> Sequence[HISBill]:
        """Oldest visit first."""
        ...

    async def bill(self, hospital: str, his_patient_id: str, resource_id: str) -> HISBill | None:
        """As it is this moment; None for one that is gone or is not this patient's."""
        ...

    async def settle(
        self, hospital: str, his_patient_id: str, resource_id: str, payment: BillPayment
    ) -> HISBill | None:
        """Tell it that a bill is paid; the bill as it is afterwards. Telling again changes nothing.

        Where `paid_by` is not our number, somebody else was first, or it is not to be paid at all.
        """
        ...
