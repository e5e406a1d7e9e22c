"""The sample persons: invented, with resident IDs in a division that was never assigned.

Dated relative to the business day of the first start. Phones run from 13800000101 upwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from telehealth.sandbox.dates import months_before
from telehealth.sandbox.resident_id import resident_id

Born = Callable[[date], date]
When = Callable[[date], date]
Kind = Literal["resident_id", "passport", "hk_macau_permit", "taiwan_permit"]


def days_ago(days: int) -> When:
    return lambda today: today - timedelta(days=days)


def months_ago(months: int) -> When:
    return lambda today: months_before(today, months)


def first_day_that_still_counts(today: date) -> date:
    """The earliest visit whose six months have not run out today, month ends clamped."""
    day = months_before(today, 6)
    while _six_months_after(day) < today:
        day += timedelta(days=1)
    return day


def _six_months_after(day: date) -> date:
    index = day.year * 12 + day.month - 1 + 6
    for number in range(day.day, 27, -1):
        try:
            return date(index // 12, index % 12 + 1, number)
        except ValueError:
            continue
    return date(index // 12, index % 12 + 1, day.day)


def born(year: int, month: int, day: int) -> Born:
    return lambda _today: date(year, month, day)


def turning(years: int, *, in_days: int) -> Born:
    """Born so that the birthday of `years` comes `in_days` after today."""

    def day_of_birth(today: date) -> date:
        birthday = today + timedelta(days=in_days)
        try:
            return birthday.replace(year=birthday.year - years)
        except ValueError:  # 29 February: the year is completed on 1 March
            return date(birthday.year - years, 3, 1)

    return day_of_birth


@dataclass(frozen=True, slots=True)
class Visit:
    """An encounter the HIS knows. `kind` is its v3-ActCode: AMB, IMP, EMER or VR."""

    when: When
    kind: str = "AMB"
    status: str = "finished"
    campus: str = ""
    provider: str = ""
    diagnosis: tuple[str, str] | None = None
    department: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    phone: str
    relation: str


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    hospital: str
    family: str
    given: str
    gender: Literal["female", "male"]
    born: Born
    card: str
    phone: str
    shows: str
    shows_en: str
    visits: tuple[Visit, ...] = ()
    kind: Kind = "resident_id"
    #: The number of a document other than a resident ID, which is computed from birth and sequence.
    document: str = ""
    sequence: int = 0
    contact: Contact | None = None
    #: Whether the card is linked to the social-security card.
    linked: bool = True
    replaced_by: str = ""

    @property
    def name(self) -> str:
        return f"{self.family} {self.given}" if self.given.isascii() else self.family + self.given

    def number(self, today: date) -> str:
        if self.kind != "resident_id":
            return self.document
        return resident_id(born=self.born(today), sequence=self.sequence)
