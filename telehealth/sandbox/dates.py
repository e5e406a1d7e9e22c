"""The sandboxes' clocks: wall time for signatures and tokens, business time for what a hospital dates."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from telehealth.sandbox.books import Books

SHANGHAI = ZoneInfo("Asia/Shanghai")


class PartyClock:
    """Wall time, and business time moved by an offset that is kept in the books over restarts."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._offset = timedelta(seconds=float(books.recall("console", "clock_offset_s") or 0))

    @property
    def offset_s(self) -> float:
        return self._offset.total_seconds()

    def move(self, offset_s: float) -> None:
        self._offset = timedelta(seconds=offset_s)
        self._books.note("console", "clock_offset_s", offset_s)

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return self.wall() + self._offset

    def today(self) -> date:
        return self.now().astimezone(SHANGHAI).date()


def months_before(day: date, months: int) -> date:
    """Same day number `months` earlier, else the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 27))


def instant_text(instant: datetime) -> str:
    """As a FHIR `instant`, in the hospital's own zone, to the millisecond."""
    return instant.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
