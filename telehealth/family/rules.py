"""Pure decisions of the family account: which way a request goes, which month it counts in, who may pay."""

from calendar import isleap
from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

from telehealth.core.calendar import IsWorking, add_working_days
from telehealth.core.clock import HospitalDay, add_months, completed_years
from telehealth.core.i18n import N_
from telehealth.family.states import Way
from telehealth.rulebook.rules import LeapBirthday, PolicySet


class MayPay(StrEnum):
    """Whether an account's insured payer may stand for a patient (GS01)."""

    OWN = "own"
    BOUND = "bound"
    NOT_BOUND = "not_bound"
    #: The hospital does not offer the family account, or not yet (GS12).
    CLOSED = "closed"


#: Papers that show a child is who, and whose; the names a request asks for.
PAPERS_WANTED = N_("户口簿本人页和付款人页，或出生医学证明；一份能看出亲属关系即可")


def is_offered(policy: PolicySet, today: HospitalDay) -> bool:
    """GS12: switched on by the hospital, from the day it names."""
    return policy.family.enabled and policy.family.opens_on <= today


def age_on(born: date, day: HospitalDay, policy: PolicySet) -> int:
    """Completed years on the day of the request; a birthday counts from its own 00:00."""
    years = completed_years(born, day)
    is_leapling = (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28)
    if is_leapling and not isleap(day.year):
        years += policy.eligibility.leap_birthday is LeapBirthday.FEBRUARY_28
    return years


def ways_open(age: int, policy: PolicySet, *, has_register: bool) -> tuple[Way, ...]:
    """GS03–GS05: below the age by papers, from it in person; the desk is always among them.

    `has_register`: an authority answers for this kind of document.
    """
    if age < policy.family.face_from_age:
        return (Way.PAPERS, Way.COUNTER)
    return (Way.FACE, Way.BANK_CARD, Way.COUNTER) if has_register else (Way.COUNTER,)


def speaks_for_itself(age: int, policy: PolicySet) -> bool:
    """From this age the member's own word is needed; below it a guardian's is."""
    return age >= policy.family.face_from_age


def needs_guardian(age: int, policy: PolicySet) -> bool:
    """REG63: below 14 a guardian consents separately."""
    return age < policy.eligibility.separate_consent_under


def month_of(day: HospitalDay) -> date:
    """The calendar month an event counts in, as its first day (GS06)."""
    return day.replace(day=1)


def resets_on(day: HospitalDay) -> HospitalDay:
    """The 1st, 00:00, from which nothing of `day`'s month counts any more."""
    return add_months(month_of(day), 1)


def free_place(taken: Collection[int], limit: int) -> int | None:
    """The lowest free place of a month, or None when all `limit` are taken."""
    if len(taken) >= limit:
        return None
    return next(number for number in range(1, limit + 1) if number not in taken)


def next_place(taken: Collection[int]) -> int:
    """For a request that brings its place along from the month before: it was promised one."""
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def answer_day(today: HospitalDay, is_working: IsWorking, policy: PolicySet) -> HospitalDay:
    """By 24:00 of it the hospital has looked (GS03)."""
    return add_working_days(today, policy.family.review_working_days, is_working)


def lapse_day(today: HospitalDay, policy: PolicySet) -> HospitalDay:
    """At 24:00 of it an unfinished request gives its place back."""
    return today + timedelta(days=policy.family.request_days)


def papers_gone_day(decided_on: HospitalDay, policy: PolicySet) -> HospitalDay:
    """At 24:00 of it the papers are deleted (GS03)."""
    return decided_on + timedelta(days=policy.family.papers_kept_days)
