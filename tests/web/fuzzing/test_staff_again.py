"""Where others were before, staff are answered as the document says too: whose a thing is decides."""

from typing import Any

from telehealth.core.access import Role
from tests.support.fuzzing import Caller, again


@again(Role.DESK)
def test_the_desk_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.REVIEWER)
def test_a_reviewer_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.ADMIN)
def test_an_administrator_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)


@again(Role.HEAD)
def test_the_head_finds_nothing(case: Any, guest: Caller) -> None:
    guest(case)
