"""By when a pharmacist looks at a reaction, and what it means for the next sheet (REG69)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prescriptions.formulary.book import sample_book
from prescriptions.reactions.rules import assess_by, is_too_long
from prescriptions.reactions.states import (
    CAUSALITIES,
    ENDINGS,
    REACTION,
    SEVERITIES,
    STATES,
    TAKING,
    Causality,
    Ending,
    ReactionState,
    Severity,
    Taking,
)
from prescriptions.safety.facts import Needs, SafetyCode
from prescriptions.safety.facts import Severity as Level
from prescriptions.safety.wording import say
from telehealth.rulebook.rules import PolicySet, parse_policy, sample_policy
from tests.support.sheets import adult, decoction, line, only, piece, verdict, western

POLICY = sample_policy()
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)


def policy(**values: Any) -> PolicySet:
    return parse_policy({"reactions": values})


@pytest.mark.parametrize(("severity", "hours"), [("severe", 2), ("moderate", 24), ("mild", 24)])
def test_REG69_a_severe_reaction_is_looked_at_within_two_hours_any_other_within_a_day(
    severity: str, hours: int
) -> None:
    assert assess_by(NOW, Severity(severity), POLICY) == NOW + timedelta(hours=hours)


def test_REG69_the_numbers_are_the_hospitals() -> None:
    changed = policy(severe_hours=1, assess_hours=8, longest_text=300)
    assert assess_by(NOW, Severity.SEVERE, changed) == NOW + timedelta(hours=1)
    assert assess_by(NOW, Severity.MILD, changed) == NOW + timedelta(hours=8)
    assert is_too_long("字" * 301, changed) and not is_too_long("字" * 301, POLICY)
    assert is_too_long("字" * 2001, POLICY)


def test_REG69_the_same_ingredient_again_is_signed_with_a_reason() -> None:
    found = only(
        SafetyCode.REACTION_REPORTED, verdict(western(line("W001", 5)), adult("I10", reported=("W001",)))
    )
    assert (found.severity, found.needs, found.items) == (Level.RESIGN, Needs.RESIGN, (0,))
    book = sample_book()
    for lang in ("zh-CN", "en"):
        said = say(found, book, lang)
        assert said.why and "{" not in said.why
    assert "氨氯地平" in say(found, book).why


def test_REG69_another_medicine_is_not_spoken_against() -> None:
    codes = verdict(western(line("W001", 5)), adult("I10", reported=("W013",))).codes
    assert SafetyCode.REACTION_REPORTED not in codes


def test_REG69_a_herb_counts_like_a_medicine() -> None:
    sheet = decoction(piece("H001", 15), piece("H006", 6))
    assert SafetyCode.REACTION_REPORTED in verdict(sheet, adult("I69.3", reported=("H006",))).codes
    assert SafetyCode.REACTION_REPORTED not in verdict(sheet, adult("I69.3", reported=("H005",))).codes


def test_every_word_of_the_form_is_there() -> None:
    assert set(SEVERITIES) == set(Severity) and set(TAKING) == set(Taking) and set(ENDINGS) == set(Ending)
    assert set(CAUSALITIES) == set(Causality) and set(STATES) == set(ReactionState) == REACTION.reachable
