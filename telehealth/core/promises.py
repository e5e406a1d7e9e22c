"""What is promised to a patient: who must act, by when, where it stands, what happens otherwise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from telehealth.core.clock import day_end

#: A message id, or names that were said in both languages.
Said = str | Mapping[str, str]


class Owner(StrEnum):
    """Who has to act for a promise to be kept."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    PHARMACY = "pharmacy"
    COURIER = "courier"
    HOSPITAL = "hospital"
    #: Whoever carries the money back: the payment channel, the insurer.
    PAYER = "payer"


class Standing(StrEnum):
    """Where a promise is."""

    #: Its time has not begun: something else comes first.
    AHEAD = "ahead"
    RUNNING = "running"
    KEPT = "kept"
    #: Kept, but after its time.
    DELAYED = "delayed"
    #: Its time is over, and it is still owed.
    LATE = "late"
    #: Its time is over, and what was said for that case has come about.
    MISSED = "missed"


#: Nothing will change these any more.
SETTLED = frozenset({Standing.KEPT, Standing.DELAYED, Standing.MISSED})


def standing(
    now: datetime,
    due_at: datetime | None,
    *,
    kept_at: datetime | None = None,
    is_missed: bool = False,
    has_begun: bool = True,
) -> Standing:
    """`due_at` is the first instant that is too late, so what is kept at that very instant is delayed."""
    if kept_at is not None:
        return Standing.DELAYED if due_at is not None and kept_at >= due_at else Standing.KEPT
    if is_missed:
        return Standing.MISSED
    if not has_begun:
        return Standing.AHEAD
    return Standing.LATE if due_at is not None and now >= due_at else Standing.RUNNING


@dataclass(frozen=True, slots=True)
class Part:
    """A half of something that is carried out in halves: the insurer's part of a refund, and the cash."""

    label: str
    text: str
    amount: int
    is_done: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """`code` is permanent; texts are message ids."""

    code: str
    owner: Owner
    title: Said
    standing: Standing
    #: The first instant that is too late; None when nobody named a time.
    due_at: datetime | None = None
    #: Told as a day, as refunds are: by the end of it.
    due_on: date | None = None
    kept_at: datetime | None = None
    #: What happens, or happened, if it is missed.
    otherwise: str = ""
    #: Fen, where it is about money.
    amount: int | None = None
    parts: tuple[Part, ...] = ()
    #: Where more is said about it.
    href: str = ""
    #: Why there is such a promise at all, where that is not plain.
    why: str = ""


def promise(
    code: str,
    owner: Owner,
    title: Said,
    now: datetime,
    *,
    due_at: datetime | None = None,
    due_on: date | None = None,
    kept_at: datetime | None = None,
    is_missed: bool = False,
    has_begun: bool = True,
    otherwise: str = "",
    amount: int | None = None,
    parts: tuple[Part, ...] = (),
    href: str = "",
    why: str = "",
) -> Promise:
    """A promise with where it stands `now`."""
    until = day_end(due_on) if due_on is not None else due_at
    found = standing(now, until, kept_at=kept_at, is_missed=is_missed, has_begun=has_begun)
    return Promise(code, owner, title, found, until, due_on, kept_at, otherwise, amount, parts, href, why)
