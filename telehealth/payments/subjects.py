"""What can be paid for. A feature above registers its kind; payments never imports it.

`app.py` collects the contributions named `pay_subject` and joins them as one `Subjects`.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.payments.models import Charge, Refund


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that a provider confirmed. `paid_at` is its own (business) time."""

    charge: Charge
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class PaySubject:
    """A kind of thing that is paid for, as the feature that owns it offers it.

    `lock(unit, subject_id)` locks the subject's rows, before any of ours (lock order of the house).
    `take(unit, paid)` says whether the payment is taken: True, the subject moved on; False, it
    cannot be had any more and the money goes back.
    `closed(unit, charge)` is told that no money can come in any more.
    `refunded(unit, charge, refund)` is told that a refund settled.
    `href(subject_id)` is the page a patient came from.
    """

    kind: str
    lock: Callable[[Unit, UUID], Awaitable[object]]
    take: Callable[[Unit, Paid], Awaitable[bool]]
    closed: Callable[[Unit, Charge], Awaitable[None]]
    refunded: Callable[[Unit, Charge, Refund], Awaitable[None]]
    href: Callable[[UUID], str]
    #: Words for the top of the payment page and the receipt: names, times; never an illness.
    headline: Callable[[Unit, UUID], Awaitable[dict[str, Any]]]
    #: `take` tells the payer itself, in more words than ours: a plain payment is not told twice.
    tells: bool = False


class Subjects:
    def __init__(self, subjects: Iterable[PaySubject]) -> None:
        self._by_kind = {subject.kind: subject for subject in subjects}

    def of(self, charge: Charge) -> PaySubject:
        return self._by_kind[charge.subject_kind]
