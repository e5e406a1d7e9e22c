"""When a complaint is to be taken up and answered, and what is taken of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.core.calendar import IsWorking, add_working_days
from telehealth.core.clock import day_end, hospital_day
from telehealth.rulebook.rules import PolicySet

#: Nobody is asked to read more of one complaint at a time; the hospital's own limit is lower.
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Promise:
    """The first instants at which it is broken."""

    reply_by: datetime
    answer_by: datetime


def promise(at: datetime, policy: PolicySet, is_working: IsWorking) -> Promise:
    """Taken up within hours on any day; answered by 24:00 of the n-th working day after this one."""
    numbers = policy.complaints
    last = add_working_days(hospital_day(at), numbers.answer_working_days, is_working)
    return Promise(at + timedelta(hours=numbers.first_reply_hours), day_end(last))


def is_too_long(text: str, policy: PolicySet) -> bool:
    return len(text) > policy.complaints.longest_text


def reopen_until(answered_at: datetime, policy: PolicySet) -> datetime:
    return day_end(hospital_day(answered_at) + timedelta(days=policy.complaints.reopen_days))
