"""Whatever a stranger or a patient sends, the API answers as its document says."""

from typing import Any

from telehealth.core.access import Role
from tests.support.fuzzing import Caller, first


@first(None)
def test_a_stranger_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@first(Role.PATIENT)
def test_a_patient_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)
