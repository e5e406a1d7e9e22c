"""What features offer to the one list of orders: a line each, and the promises that stand behind it.

The list stands above the features whose orders it shows, and below prescriptions, so the words both
sides use are here. A feature contributes a `Source` under the name "orders".
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from telehealth.core.promises import Promise, Said
from telehealth.core.unit import Unit


class Group(StrEnum):
    """What an order asks of its patient, which is how the list is filtered (XY26)."""

    TODO = "todo"
    COMING = "coming"
    ON_THE_WAY = "on_the_way"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Line:
    """One order in the list."""

    #: In its address: "bookings", "prescriptions".
    kind: str
    id: UUID
    number: str
    ordered_at: datetime
    person_id: UUID
    group: Group
    #: What it is, and with whom: message id or names.
    what: str
    icon: str
    title: Said
    place: Said
    #: Its state in words, and a kind of tag.
    label: str
    tone: str
    #: The page on which something is done about it.
    href: str
    #: What to do there, in a word or two; "" when there is nothing to do.
    action: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    #: Fen.
    amount: int | None = None
    #: What has to be done by when.
    due_at: datetime | None = None
    due_words: str = ""
    #: Money that is on its way back, fen, and the day by which it arrives.
    refund: int | None = None
    refund_on: date | None = None
    #: Shown to whoever fetches it: the pick-up code and the window's number.
    code: str = ""
    window_number: str = ""
    #: What is shown of a parcel.
    waybill: str = ""

    @property
    def key(self) -> tuple[datetime, UUID]:
        return self.ordered_at, self.id

    @property
    def order_href(self) -> str:
        return f"/orders/{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True)
class Link:
    """Where one goes from an order; the first is its main thing to do."""

    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Opened:
    """One order with everything promised about it, in the order of time."""

    line: Line
    hospital: Said
    phone: str
    complaint_phone: str
    promises: Sequence[Promise]
    links: Sequence[Link]
    #: The row itself, for what features above know how to add to it.
    subject: Any = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: the newest first, after `before`, one more than `limit` if there are more."""

    group: Group | None = None
    person_id: UUID | None = None
    before: tuple[datetime, UUID] | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Source:
    """`lines` starts from what the actor may see; `open` raises NotFound for anybody else's."""

    kind: str
    lines: Callable[[Unit, Wanted], Awaitable[Sequence[Line]]]
    open: Callable[[Unit, UUID], Awaitable[Opened]]
