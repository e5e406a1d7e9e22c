"""Whoever takes a consent back reads first what follows from it (REG56)."""

import pytest

from telehealth.patients.contributing_consents import FOLLOWS
from telehealth.patients.linking_family import CARRYING
from telehealth.patients.states import Purpose


@pytest.mark.parametrize("purpose", Purpose)
def test_REG56_every_purpose_says_what_follows_from_taking_it_back(purpose: Purpose) -> None:
    assert (purpose in FOLLOWS) is not (purpose in CARRYING)
