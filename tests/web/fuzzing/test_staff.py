"""Whatever staff send where patients have no business, the API answers as its document says."""

from typing import Any

from telehealth.core.access import Role
from tests.support.fuzzing import Caller, first


@first(Role.DESK)
def test_the_desk_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.REVIEWER)
def test_a_reviewer_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.ADMIN)
def test_an_administrator_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.DOCTOR)
def test_a_doctor_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.HEAD)
def test_the_head_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.PHARMACIST)
def test_a_pharmacist_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.PHARMACY)
def test_the_pharmacy_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.FINANCE)
def test_finance_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)
