"""Until when a bill may be paid and where, when people are reminded, and who stands where in a queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from telehealth.core.clock import HospitalDay, at_local, day_end, hospital_day
from telehealth.hospital.billing import BillKind

#: Seconds until the hospital's system is told again, by how often it was told; then the last one for ever.
_WAITS_S = (10, 30, 120, 300)
#: The visit's own day does not count: the first reminder comes the day after it (XY09).
_FIRST_REMINDER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BillClocks:
    """`shown` is the one deadline people are told: the earlier of the two (XY33)."""

    #: 24:00 of the last day on which the window pays with insurance.
    reimbursed_until: datetime
    #: 24:00 of the sheet's last day; None for what needs no prescription.
    valid_until: datetime | None

    @property
    def shown(self) -> datetime:
        return min(self.reimbursed_until, self.valid_until or self.reimbursed_until)


def bill_clocks(
    kind: BillKind, visited_on: HospitalDay, *, sheet_days: int, reimbursement_days: int
) -> BillClocks:
    """A sheet's days count from the visit's own; those of the insurer from the day after it (XY09, XY33)."""
    is_sheet = kind is BillKind.DRUG
    return BillClocks(
        day_end(visited_on + timedelta(days=reimbursement_days)),
        day_end(visited_on + timedelta(days=sheet_days - 1)) if is_sheet else None,
    )


def bill_reminders(visited_on: HospitalDay, shown: datetime, at: time) -> list[datetime]:
    """D+1 and the last day, at that time (XY09); one where both fall on one day."""
    last = hospital_day(shown - timedelta(microseconds=1))
    days = {visited_on + _FIRST_REMINDER, last}
    return sorted(moment for day in days if (moment := at_local(day, at)) < shown and day > visited_on)


def wait_before_telling_again(tells: int) -> timedelta:
    return timedelta(seconds=_WAITS_S[min(tells, len(_WAITS_S)) - 1] if tells else 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody in a queue, as far as others are concerned."""

    starts_at: datetime
    #: Came after their time was over, or was sent back: stands where they were put.
    is_late: bool


def place_on_arrival(waiting: Sequence[Standing], mine: Standing) -> int:
    """How many stand before somebody who arrives: by slot, then by arrival; who is late stands last."""
    if mine.is_late:
        return len(waiting)
    later = (
        index for index, other in enumerate(waiting) if not other.is_late and other.starts_at > mine.starts_at
    )
    return next(later, len(waiting))


def place_after_missing(waiting: int, *, after: int) -> int:
    """A missed call is forgiven so many patients later, or at the end of a shorter queue (GD07)."""
    return min(after, waiting)


def is_forgiven(missed_calls: int, *, forgiven: int) -> bool:
    """`missed_calls` with the one just missed."""
    return missed_calls <= forgiven


def reminder_due(ahead: int, positions: Sequence[int], reminded_at: int | None) -> int | None:
    """The position of which somebody with `ahead` before them is now told, once each (GD07: N-3, N-1)."""
    due = min((position for position in positions if ahead <= position), default=None)
    if due is None or (reminded_at is not None and reminded_at <= due):
        return None
    return due


def check_in_opens(starts_at: datetime, minutes: int) -> datetime:
    return starts_at - timedelta(minutes=minutes)


def number_shown(number: int) -> str:
    """As it stands on ticket and screen."""
    return f"{number:03d}"


def bill_pay_by(now: datetime, valid_until: datetime | None, *, minutes: int) -> datetime:
    """How long a price that was asked for stands: some minutes, and never past the sheet's own end."""
    until = now + timedelta(minutes=minutes)
    return until if valid_until is None else min(until, valid_until)
