"""Those who treat and dispense are answered as the document says, where others were before."""

from typing import Any

from telehealth.core.access import Role
from tests.support.fuzzing import Caller, again


@again(Role.DOCTOR)
def test_a_doctor_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.PHARMACIST)
def test_a_pharmacist_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.PHARMACY)
def test_the_pharmacy_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.FINANCE)
def test_finance_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)
