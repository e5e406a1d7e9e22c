"""No-shows: which absence is a strike, when strikes become a ban, and until when it runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from telehealth.core.clock import HospitalDay, add_months
from telehealth.rulebook.rules import Channel, PolicySet


class NotAStrike(StrEnum):
    """Why an absence does not count, or may not be set at all."""

    NEITHER_PAID_NOR_CONFIRMED = "neither_paid_nor_confirmed"
    CANCELLED = "cancelled"
    PATIENT_CAME = "patient_came"
    SLOT_NOT_STARTED = "slot_not_started"
    DOCTOR_ABSENT = "doctor_absent"
    CLOSED_BY_HOSPITAL = "closed_by_hospital"
    TECHNICAL_FAILURE = "technical_failure"
    TOO_FEW_RINGS = "too_few_rings"
    NOT_REMINDED = "not_reminded"
    PATIENT_WROTE = "patient_wrote"


@dataclass(frozen=True)
class Absence:
    """What is known of a visit whose patient did not come, on the day of the slot."""

    is_paid_or_confirmed: bool
    has_slot_started: bool
    rings: int
    reminders: int
    patient_messages_that_day: int = 0
    did_patient_come: bool = False
    is_cancelled: bool = False
    was_doctor_present: bool = True
    was_closed_by_hospital: bool = False
    had_technical_failure: bool = False


@dataclass(frozen=True)
class Strike:
    """`reversed_` strikes were taken back by staff and count for nothing."""

    on: HospitalDay
    reversed_: bool = False


@dataclass(frozen=True)
class Ban:
    """Closes one channel from `from_on` to 24:00 of `until_on`; without `until_on`, for good."""

    channel: Channel
    from_on: HospitalDay | None
    until_on: HospitalDay | None
    is_lifted: bool = False

    def covers(self, day: HospitalDay, channel: Channel) -> bool:
        has_begun = self.from_on is None or self.from_on <= day
        is_over = self.until_on is not None and self.until_on < day
        return channel is self.channel and has_begun and not is_over and not self.is_lifted


@dataclass(frozen=True)
class Standing:
    """What the patient is shown with each strike: how many count, and when the oldest drops out."""

    counted: int
    limit: int
    oldest_drops_on: HospitalDay | None
    banned_until: HospitalDay | None


def why_no_strike(absence: Absence, policy: PolicySet) -> tuple[NotAStrike, ...]:
    """Every reason against a strike; empty means that *patient absent* may be set and counts."""
    numbers = policy.strikes
    reasons = (
        (not absence.is_paid_or_confirmed, NotAStrike.NEITHER_PAID_NOR_CONFIRMED),
        (absence.is_cancelled, NotAStrike.CANCELLED),
        (absence.did_patient_come, NotAStrike.PATIENT_CAME),
        (not absence.has_slot_started, NotAStrike.SLOT_NOT_STARTED),
        (not absence.was_doctor_present, NotAStrike.DOCTOR_ABSENT),
        (absence.was_closed_by_hospital, NotAStrike.CLOSED_BY_HOSPITAL),
        (absence.had_technical_failure, NotAStrike.TECHNICAL_FAILURE),
        (absence.rings < numbers.rings_before_absent, NotAStrike.TOO_FEW_RINGS),
        (absence.reminders < numbers.reminders_before_absent, NotAStrike.NOT_REMINDED),
        (absence.patient_messages_that_day > 0, NotAStrike.PATIENT_WROTE),
    )
    return tuple(reason for applies, reason in reasons if applies)


def bans_from(strikes: Iterable[Strike], policy: PolicySet) -> tuple[Ban, ...]:
    """All bans a history of strikes brings, oldest first.

    Computed anew from the whole history: a reversed strike takes its ban with it, so whoever
    reverses one lifts every recorded ban that is no longer in here.
    """
    return tuple(ban for _, bans in _episodes(strikes, policy) for ban in bans)


def ban_after(strikes: Iterable[Strike], policy: PolicySet) -> Ban | None:
    """The ban that the latest strike triggers, or None when it is not the one too many."""
    history = _standing_strikes(strikes)
    episodes = _episodes(history, policy)
    if not episodes or episodes[-1][0] != len(history) - 1:
        return None
    return episodes[-1][1][0]


def standing(strikes: Iterable[Strike], today: HospitalDay, policy: PolicySet) -> Standing:
    history = [strike for strike in _standing_strikes(strikes) if strike.on <= today]
    episodes = _episodes(history, policy)
    until = episodes[-1][1][0].until_on if episodes else None
    open_ban = until if until is not None and today <= until else None
    counted = [
        strike.on for strike in history
        if today <= _counts_until(strike, policy) and (until is None or strike.on > until)
    ]  # fmt: skip
    drops_on = add_months(counted[0], policy.strikes.window_months) + timedelta(days=1) if counted else None
    return Standing(len(counted), policy.strikes.limit, drops_on, open_ban)


def _episodes(strikes: Iterable[Strike], policy: PolicySet) -> list[tuple[int, tuple[Ban, ...]]]:
    """(index of the triggering strike, a ban for each channel), in order of time."""
    episodes: list[tuple[int, tuple[Ban, ...]]] = []
    counting: list[Strike] = []
    silent_until: date | None = None
    for index, strike in enumerate(_standing_strikes(strikes)):
        # The counter restarts after a ban: an absence from a booking honoured during it is not held
        # against the patient a second time.
        if silent_until is not None and strike.on <= silent_until:
            continue
        counting = [earlier for earlier in counting if strike.on <= _counts_until(earlier, policy)]
        counting.append(strike)
        if len(counting) >= policy.strikes.limit:
            silent_until = add_months(strike.on, policy.strikes.ban_months)
            channels = policy.strikes.banned_channels
            episodes.append((index, tuple(Ban(each, strike.on, silent_until) for each in channels)))
            counting = []
    return episodes


def _standing_strikes(strikes: Iterable[Strike]) -> list[Strike]:
    return sorted((strike for strike in strikes if not strike.reversed_), key=lambda strike: strike.on)


def counts_until(on: HospitalDay, policy: PolicySet) -> HospitalDay:
    """The last day on which an absence of `on` still counts (SJ09)."""
    return add_months(on, policy.strikes.window_months)


def _counts_until(strike: Strike, policy: PolicySet) -> HospitalDay:
    return counts_until(strike.on, policy)
