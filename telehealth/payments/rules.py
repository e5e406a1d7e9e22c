"""Numbers of money: how parts are shared, when a provider is asked again, what a refund's legs add up to."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.core.calendar import IsWorking, add_working_days
from telehealth.core.clock import HospitalDay, hospital_day
from telehealth.core.money import Fen, allocate
from telehealth.payments.states import LegState, RefundEvent, RefundState

#: Wall time between one question and the next; the last one again and again.
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=10))
#: How long a refund without money at the merchant waits before it is tried again by itself.
NOT_ENOUGH_WAITS = timedelta(minutes=30)
#: What a provider allows for one order (business time).
REFUNDS_APART = timedelta(minutes=1)
REFUNDS_AT_MOST = 50
#: Longest life of what a prepay answers.
ORDER_LASTS = timedelta(hours=2)
#: A provider refuses an order that expires sooner.
ORDER_LASTS_AT_LEAST = timedelta(seconds=70)

#: What a patient is told: a bank card takes up to three working days, the insurer a week of them.
CASH_BACK_WORKING_DAYS = 3
INSURED_BACK_WORKING_DAYS = 7

_FULL = 10_000
#: Without 0, 1, I and O, which people misread to each other.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Parts:
    """Who paid how much of something, in fen."""

    cash: int = 0
    fund: int = 0
    personal: int = 0
    other: int = 0

    @property
    def insured(self) -> int:
        return self.fund + self.personal + self.other

    @property
    def total(self) -> int:
        return self.cash + self.insured

    def __add__(self, more: "Parts") -> "Parts":
        return Parts(
            self.cash + more.cash,
            self.fund + more.fund,
            self.personal + more.personal,
            self.other + more.other,
        )

    def __sub__(self, less: "Parts") -> "Parts":
        return Parts(
            self.cash - less.cash,
            self.fund - less.fund,
            self.personal - less.personal,
            self.other - less.other,
        )

    def beyond(self, given: "Parts") -> "Parts":
        """What is still to be given, nothing where more was given already."""
        return self - self.at_most(given)

    def at_most(self, left: "Parts") -> "Parts":
        return Parts(
            min(self.cash, left.cash),
            min(self.fund, left.fund),
            min(self.personal, left.personal),
            min(self.other, left.other),
        )


def charge_number(now: datetime) -> str:
    """`CH-261121-7K2M9Q4T`: with a counter behind it still short enough for any provider."""
    return _number("CH", now)


def refund_number(now: datetime) -> str:
    return _number("RF", now)


def order_number(charge: str, count: int) -> str:
    """The charge's number and which attempt it is, from 1 on."""
    return f"{charge}-{count}"


def order_expires(now: datetime, pay_by: datetime) -> datetime:
    """When a provider stops taking money for an order begun now. Closing it does not rely on this."""
    return min(max(pay_by, now + ORDER_LASTS_AT_LEAST), now + ORDER_LASTS)


def wait_after(asked: int) -> timedelta:
    """Until the next question, when `asked` have been asked."""
    return WAITS[min(asked, len(WAITS) - 1)]


def expected_by(now: datetime, is_working: IsWorking, *, insured: bool) -> HospitalDay:
    days = INSURED_BACK_WORKING_DAYS if insured else CASH_BACK_WORKING_DAYS
    return add_working_days(hospital_day(now), days, is_working)


def split_lines(amounts: Sequence[int], paid: Parts) -> list[Parts]:
    """Share the parts of a payment over its lines; lines and parts both sum to the whole.

    One part after the other, each by what the lines have left: shared side by side, rounding
    could give a line more than it costs. Raises ValueError unless `paid` is the lines' total.
    """
    if sum(amounts) != paid.total:
        raise ValueError("the parts are not the total of the lines")
    left = list(amounts)
    shared = []
    for part in (paid.fund, paid.personal, paid.other):
        shares = allocate(Fen(part), left) if part else [Fen(0)] * len(left)
        left = [amount - share for amount, share in zip(left, shares, strict=True)]
        shared.append(shares)
    return [
        Parts(cash, fund, personal, other) for cash, fund, personal, other in zip(left, *shared, strict=True)
    ]


def share_of(lines: Sequence[Parts], basis_points: int) -> list[Parts]:
    """A share of every line and of every part of it. Rounding favours the patient, by a fen at most.

    10,000 basis points are all of it.
    """
    if not 0 <= basis_points <= _FULL:
        raise ValueError("a share is between nothing and all of it")
    cells = [amount for line in lines for amount in (line.cash, line.fund, line.personal, line.other)]
    back = -(-sum(cells) * basis_points // _FULL)
    if not back:
        return [Parts() for _ in lines]
    shares = allocate(Fen(back), cells)
    return [Parts(*shares[at : at + 4]) for at in range(0, len(shares), 4)]


def state_of(legs: Iterable[LegState]) -> RefundState:
    """Where a refund is, by its legs."""
    states = set(legs)
    if LegState.PARKED in states:
        return RefundState.PARKED
    if states == {LegState.SETTLED}:
        return RefundState.SETTLED
    if states & {LegState.SUBMITTED, LegState.SETTLED}:
        return RefundState.SUBMITTED
    return RefundState.REQUESTED


def events_between(state: RefundState, target: RefundState) -> tuple[RefundEvent, ...]:
    """What happened to a refund whose legs now say `target`."""
    if state is target:
        return ()
    return _ROADS[state, target]


_S, _E = RefundState, RefundEvent
_ROADS: dict[tuple[RefundState, RefundState], tuple[RefundEvent, ...]] = {
    (_S.REQUESTED, _S.SUBMITTED): (_E.SUBMIT,),
    (_S.REQUESTED, _S.SETTLED): (_E.SUBMIT, _E.SETTLE),
    (_S.REQUESTED, _S.PARKED): (_E.PARK,),
    (_S.SUBMITTED, _S.SETTLED): (_E.SETTLE,),
    (_S.SUBMITTED, _S.PARKED): (_E.PARK,),
    (_S.PARKED, _S.REQUESTED): (_E.RETRY,),
    (_S.PARKED, _S.SUBMITTED): (_E.RETRY, _E.SUBMIT),
    (_S.PARKED, _S.SETTLED): (_E.SETTLE,),
}


def _number(prefix: str, now: datetime) -> str:
    word = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}-{hospital_day(now):%y%m%d}-{word}"
