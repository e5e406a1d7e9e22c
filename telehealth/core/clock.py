"""Two clocks, and the hospital's day.

The *business clock* (wall time plus an offset that only the demo profile may set) decides what
a hospital means by time: ages, windows, holds, midnight, validity. The *wall clock* decides
sessions, codes, TOTP, tickets, signatures and job retries. Instants are timezone-aware UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

#: A date as people at the hospital mean it, in Asia/Shanghai. Day D runs from 00:00 of D to
#: before 00:00 of D+1, so "24:00 of D" is `day_end(D)`.
HospitalDay = date


class Clock(Protocol):
    def wall(self) -> datetime: ...

    def business(self) -> datetime: ...


class SystemClock:
    """The machine's clock; `offset` moves only the business side and stays zero outside the demo."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def business(self) -> datetime:
        return self.wall() + self.offset


class FixedClock:
    """Stands still until told to move: the clock of every test."""

    def __init__(self, at: datetime) -> None:
        self._wall = at.astimezone(UTC)
        self._business = self._wall

    def wall(self) -> datetime:
        return self._wall

    def business(self) -> datetime:
        return self._business

    def advance(self, by: timedelta) -> None:
        self._wall += by
        self._business += by

    def move_business_to(self, at: datetime) -> None:
        self._business = at.astimezone(UTC)


def hospital_day(instant: datetime) -> HospitalDay:
    return instant.astimezone(SHANGHAI).date()


def day_start(day: HospitalDay) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def day_end(day: HospitalDay) -> datetime:
    """24:00 of `day`, exclusive."""
    return day_start(day + timedelta(days=1))


def at_local(day: HospitalDay, clock_time: time) -> datetime:
    return datetime.combine(day, clock_time, SHANGHAI).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Same day number `months` later, else the last day of that month (Civil Code term rule)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def completed_years(born: date, on: date) -> int:
    """Age in completed years. Born on 29 February, a year is completed on 1 March of a common year."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
