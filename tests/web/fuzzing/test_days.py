"""One thing after another, each with what the last one answered: the API keeps to its document."""

import pytest

from telehealth.core.access import Role
from tests.support.fuzzing import PIONEERS, Caller, InTown, wander


@pytest.mark.parametrize("role", PIONEERS)
def test_days_find_nothing(role: Role, caller: Caller, in_town: InTown) -> None:
    wander(role, caller, in_town)
