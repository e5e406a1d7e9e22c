"""Clinics, slots and seats as arithmetic: templates, channel quotas, holds, cancelling."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from telehealth.core.clock import HospitalDay, at_local, day_start
from telehealth.rulebook.rules import Channel, ClinicKind, PolicySet


class HalfDay(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True)
class Quotas:
    """The most seats each channel may take of one clinic. Caps, not seats set aside: see `seats_left`."""

    online: int
    desk: int
    phone: int

    def of(self, channel: Channel) -> int:
        return {Channel.ONLINE: self.online, Channel.DESK: self.desk, Channel.PHONE: self.phone}[channel]


@dataclass(frozen=True)
class Taken:
    """Seats that are held or booked, by the channel they were taken through."""

    online: int = 0
    desk: int = 0
    phone: int = 0

    def by(self, channel: Channel) -> int:
        return {Channel.ONLINE: self.online, Channel.DESK: self.desk, Channel.PHONE: self.phone}[channel]

    @property
    def total(self) -> int:
        return self.online + self.desk + self.phone


@dataclass(frozen=True)
class TemplateRow:
    """A weekly recurring clinic. `weekday` counts from Monday = 0; own hours override the half-day's.

    A row that does not run on holidays is skipped on any day the calendar closes.
    """

    weekday: int
    half: HalfDay
    kind: ClinicKind
    capacity: int
    slot_minutes: int | None = None
    starts: time | None = None
    ends: time | None = None
    runs_on_holidays: bool = False


@dataclass(frozen=True)
class PlannedSlot:
    starts_at: datetime
    ends_at: datetime
    seats: int


@dataclass(frozen=True)
class PlannedClinic:
    row: TemplateRow
    day: HospitalDay
    starts_at: datetime
    ends_at: datetime
    quotas: Quotas
    slots: tuple[PlannedSlot, ...]


def quotas_for(kind: ClinicKind, capacity: int, policy: PolicySet) -> Quotas:
    """SJ04, SJ05: shares are floored, the desk has what the others leave.

    In offline registration the three caps add up to the capacity. In an internet clinic staff act
    for a patient in the same pool, so only the online share is capped.
    """
    numbers = policy.schedule
    if kind is ClinicKind.INTERNET:
        return Quotas(_floor_share(capacity, numbers.internet_online_bp), capacity, capacity)
    wanted = max(_floor_share(capacity, numbers.offline_online_bp), numbers.offline_online_minimum)
    online = min(capacity, wanted)
    phone = min(capacity - online, _floor_share(capacity, numbers.offline_phone_bp))
    return Quotas(online, capacity - online - phone, phone)


def share_for(kind: ClinicKind, channel: Channel, capacity: int, policy: PolicySet) -> int:
    return quotas_for(kind, capacity, policy).of(channel)


def seats_left(
    capacity: int, quotas: Quotas, taken: Taken, channel: Channel, *, is_released: bool = False
) -> int:
    """Seats `channel` may still take: never beyond its cap until the release, never beyond the clinic."""
    free = capacity - taken.total
    if not is_released:
        free = min(free, quotas.of(channel) - taken.by(channel))
    return max(free, 0)


def released_at(day: HospitalDay, policy: PolicySet) -> datetime | None:
    """From when every channel may take what is left of a clinic on `day`; None when shares stay."""
    numbers = policy.schedule
    if not numbers.release_unused_share:
        return None
    return at_local(day - timedelta(days=numbers.release_days_before), numbers.release_time)


def half_hours(half: HalfDay, policy: PolicySet) -> tuple[time, time]:
    numbers = policy.schedule
    return {
        HalfDay.MORNING: (numbers.morning_starts, numbers.morning_ends),
        HalfDay.AFTERNOON: (numbers.afternoon_starts, numbers.afternoon_ends),
        HalfDay.EVENING: (numbers.evening_starts, numbers.evening_ends),
    }[half]


def half_of(at: time, policy: PolicySet) -> HalfDay:
    """The half-day a time belongs to; a pause belongs to the half before it."""
    numbers = policy.schedule
    if at < numbers.afternoon_starts:
        return HalfDay.MORNING
    return HalfDay.AFTERNOON if at < numbers.evening_starts else HalfDay.EVENING


def plan(
    template: Iterable[TemplateRow],
    days: Iterable[HospitalDay],
    is_open: Callable[[HospitalDay], bool],
    policy: PolicySet,
) -> list[PlannedClinic]:
    """Clinics with their slots for `days`, in order of time.

    `is_open` is false on a holiday. A weekend day without clinics needs no entry: the template has
    none. Raises ValueError for a row whose hours leave no room for a slot.
    """
    rows = list(template)
    clinics = [
        _planned(row, day, policy)
        for day in days
        for row in rows
        if row.weekday == day.weekday() and (row.runs_on_holidays or is_open(day))
    ]
    return sorted(clinics, key=lambda clinic: clinic.starts_at)


def _planned(row: TemplateRow, day: HospitalDay, policy: PolicySet) -> PlannedClinic:
    opens, closes = half_hours(row.half, policy)
    starts_at = at_local(day, row.starts or opens)
    ends_at = at_local(day, row.ends or closes)
    length = timedelta(minutes=row.slot_minutes or policy.schedule.slot_minutes)
    slots = tuple(_slots(starts_at, ends_at, length, row.capacity))
    if not slots:
        raise ValueError("no slot fits into the hours of this row")
    quotas = quotas_for(row.kind, row.capacity, policy)
    return PlannedClinic(row, day, starts_at, ends_at, quotas, slots)


def _slots(starts_at: datetime, ends_at: datetime, length: timedelta, capacity: int) -> Iterator[PlannedSlot]:
    """Seats as even as they go, earlier slots first; slots that would stay empty are left out."""
    count = (ends_at - starts_at) // length
    if count <= 0:
        return
    each, extra = divmod(capacity, count)
    for index in range(count):
        seats = each + (index < extra)
        if seats:
            begin = starts_at + index * length
            yield PlannedSlot(begin, begin + length, seats)


def hold_until(now: datetime, slot_end: datetime, *, assisted: bool, policy: PolicySet) -> datetime:
    """When an unpaid hold lapses (XY24): never past the slot's end, so `now` or earlier means too late."""
    numbers = policy.booking
    minutes = numbers.hold_minutes_assisted if assisted else numbers.hold_minutes
    return min(now + timedelta(minutes=minutes), slot_end)


def pending_until(now: datetime, slot_start: datetime, policy: PolicySet) -> datetime | None:
    """How long a seat waits uncharged for the hospital's system (XY24); None when it is too late to wait."""
    ends_at = slot_start - timedelta(minutes=policy.booking.pending_verification_minutes)
    return ends_at if now < ends_at else None


class CancelReason(StrEnum):
    """Which sentence of the cancelling rule spoke."""

    UNPAID = "unpaid"
    IN_TIME = "in_time"
    OUR_FAILURE = "our_failure"
    UNATTENDED = "unattended"
    ON_THE_DAY = "on_the_day"
    SLOT_RUNNING = "slot_running"
    ATTENDED = "attended"
    DAY_OVER = "day_over"


@dataclass(frozen=True)
class CancelRuling:
    """`refund_bp` of the fee goes back without anybody asking: 10000 is all of it."""

    allowed: bool
    refund_bp: int
    reason: CancelReason
    free_until: datetime


def may_cancel(
    now: datetime,
    *,
    slot_date: HospitalDay,
    slot_start: datetime,
    slot_end: datetime,
    policy: PolicySet,
    is_paid: bool = True,
    is_attended: bool = False,
    is_our_failure: bool = False,
) -> CancelRuling:
    """What cancelling at `now` means for a booking (SJ06). Hospital days decide, not the caller's zone.

    On the day, before the slot starts, the seat may be given back without a refund, which spares
    the patient a strike. While the slot runs the doctor may come at any moment.
    """
    numbers = policy.booking
    free_until = day_start(slot_date - timedelta(days=numbers.free_cancel_days_before))
    is_refundable_after = numbers.on_day_unattended_cancel == "full_refund"
    cases = (
        (is_attended, False, 0, CancelReason.ATTENDED),
        (is_our_failure, True, 10_000, CancelReason.OUR_FAILURE),
        (now >= day_start(slot_date + timedelta(days=1)), False, 0, CancelReason.DAY_OVER),
        (not is_paid, True, 0, CancelReason.UNPAID),
        (now < free_until, True, numbers.cancel_refund_bp, CancelReason.IN_TIME),
        (now < slot_start, True, 0, CancelReason.ON_THE_DAY),
        (now < slot_end, False, 0, CancelReason.SLOT_RUNNING),
        (is_refundable_after, True, 10_000, CancelReason.UNATTENDED),
    )
    for applies, allowed, refund_bp, reason in cases:
        if applies:
            return CancelRuling(allowed, refund_bp, reason, free_until)
    return CancelRuling(False, 0, CancelReason.ON_THE_DAY, free_until)


def _floor_share(capacity: int, basis_points: int) -> int:
    return capacity * basis_points // 10_000
