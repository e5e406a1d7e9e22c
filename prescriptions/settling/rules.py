"""When a sheet may still be paid, and what goes back when: pure, in Asia/Shanghai."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from telehealth.core.calendar import IsWorking
from telehealth.core.clock import HospitalDay, at_local, day_end, day_start, hospital_day
from telehealth.core.i18n import N_

#: Codes of this length are typed with a thumb and read aloud.
CODE_DIGITS = 8
#: The first of two words about an unpaid sheet; the other comes on its last day.
FIRST_REMINDER = timedelta(days=1)
FULL = 10_000


def closes_at(signed_at: datetime, valid_until: datetime, days: int) -> datetime:
    """First instant at which no payment counts; `days` are counted from the day of issue, which is day 1."""
    return min(valid_until, day_start(hospital_day(signed_at) + timedelta(days=days)))


def reimbursed_until(visit_on: HospitalDay, days: int) -> datetime:
    """24:00 of day D + `days`: the day of the visit is not counted (XY09)."""
    return day_end(visit_on + timedelta(days=days))


def last_opening(
    now: datetime, until: datetime, *, opens: str, closes: str, is_working: IsWorking
) -> datetime | None:
    """When the window closes for the last time before `until`; None when it does not open any more.

    `opens` and `closes` are "08:00" and "16:30"; closed days do not count (XY32).
    """
    day, first = hospital_day(until - timedelta(microseconds=1)), hospital_day(now)
    while day >= first:
        if is_working(day):
            shuts = min(at_local(day, time.fromisoformat(closes)), until)
            if shuts > max(now, at_local(day, time.fromisoformat(opens))):
                return shuts
        day -= timedelta(days=1)
    return None


def reminders(passed_at: datetime, pay_by: datetime, at: time) -> list[datetime]:
    """One the day after, one on the last day to pay; those that would come too late are left out."""
    last = hospital_day(pay_by - timedelta(microseconds=1))
    days = {hospital_day(passed_at + FIRST_REMINDER), last}
    return sorted(moment for day in days if passed_at < (moment := at_local(day, at)) < pay_by)


class Cause(StrEnum):
    """Why a person gives money back for something paid."""

    #: Ours, or the courier's.
    LOST = "lost"
    DAMAGED = "damaged"
    QUALITY = "quality"
    RECALLED = "recalled"
    WRONG = "wrong"
    LATE = "late"
    #: The patient's.
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CHANGED_MIND = "changed_mind"
    DECOCTED = "decocted"
    #: Neither's: a new allergy, a sheet the doctor takes back.
    MEDICAL = "medical"


#: What the table of docs/money.md §9 gives back, in basis points of the goods. A person may decide otherwise.
SHARES = {
    Cause.LOST: FULL,
    Cause.DAMAGED: FULL,
    Cause.QUALITY: FULL,
    Cause.RECALLED: FULL,
    Cause.WRONG: FULL,
    Cause.LATE: FULL,
    Cause.MEDICAL: FULL,
    Cause.REFUSED: 0,
    Cause.UNREACHABLE: 0,
    Cause.CHANGED_MIND: 0,
    Cause.DECOCTED: 0,
}
CAUSE_LABELS = {
    Cause.LOST: N_("包裹丢失"),
    Cause.DAMAGED: N_("包裹或药品破损"),
    Cause.QUALITY: N_("药品质量问题"),
    Cause.RECALLED: N_("药品召回"),
    Cause.WRONG: N_("发错药品"),
    Cause.LATE: N_("医院超时未配药"),
    Cause.MEDICAL: N_("医学原因不能再用"),
    Cause.REFUSED: N_("患者拒收"),
    Cause.UNREACHABLE: N_("联系不上收件人，包裹退回"),
    Cause.CHANGED_MIND: N_("患者改变主意"),
    Cause.DECOCTED: N_("代煎已开始，患者取消"),
}
