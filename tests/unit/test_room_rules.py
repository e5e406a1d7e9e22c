"""What a doctor's words show, who may write, and when a call may begin."""

import pytest

from telehealth.consultations.presenting import LANGUAGES, said
from telehealth.consultations.rules import CallRule, call_rule, is_own_text, may_write, next_step
from telehealth.consultations.states import ConsultationState as S
from telehealth.core.rooms import Side

QUICK = ("请补充目前用药情况", "建议线下面诊")


@pytest.mark.parametrize("text", ["您最近血压怎么样", "您好，药可以停了", "OK, stop the pills", "37.5 度"])
def test_XY13_what_is_said_to_this_patient_is_evidence(text: str) -> None:
    assert is_own_text("text", text, QUICK)


@pytest.mark.parametrize(
    "text",
    ["您好", " 您 好 ！", "Hello!", "ＯＫ", "好的。", "…", "", "建议线下面诊。", "请补充目前用药情况?"],
)
def test_XY13_what_is_said_to_everybody_is_none(text: str) -> None:
    assert not is_own_text("text", text, QUICK)


@pytest.mark.parametrize("kind", ["quick", "file", "system"])
def test_XY13_only_a_text_is_a_text(kind: str) -> None:
    assert not is_own_text(kind, "您最近血压怎么样", QUICK)


def test_XY27_the_patients_side_writes_from_payment_on_the_doctors_from_admission() -> None:
    allowed = {(state, side) for state in S for side in Side if may_write(state, side)}
    assert allowed == {(S.WAITING, Side.PATIENT), (S.ADMITTED, Side.PATIENT), (S.ADMITTED, Side.DOCTOR)}


@pytest.mark.parametrize(
    ("answers", "rule"),
    [
        ({}, CallRule(False, False, "asked")),
        ({"patient": True}, CallRule(False, False, "asked")),
        ({"doctor": True}, CallRule(False, False, "asked")),
        ({"patient": True, "doctor": True}, CallRule(True, True, "")),
        ({"patient": False, "doctor": True}, CallRule(False, False, "not_agreed")),
        ({"doctor": False}, CallRule(False, False, "not_agreed")),
        ({"helper": True, "patient": True}, CallRule(False, False, "asked")),
    ],
)
def test_REG50_both_sides_agree_or_nobody_calls(answers: dict[str, bool], rule: CallRule) -> None:
    assert call_rule(S.ADMITTED, recorded=True, answers=answers) == rule


@pytest.mark.parametrize("answers", [{}, {"patient": False}])
def test_where_nothing_is_recorded_nobody_needs_to_agree(answers: dict[str, bool]) -> None:
    assert call_rule(S.ADMITTED, recorded=False, answers=answers) == CallRule(True, False, "")


@pytest.mark.parametrize(
    ("state", "refusal"), [(S.WAITING, "not_admitted"), (S.CONCLUDED, "over"), (S.CLOSED, "over")]
)
def test_calls_are_for_visits_that_were_admitted_and_are_not_over(state: S, refusal: str) -> None:
    assert call_rule(state, recorded=False, answers={}) == CallRule(False, False, refusal)


def test_everybody_has_something_to_do_next() -> None:
    free, asked = CallRule(True, False, ""), CallRule(False, False, "asked")
    steps = {(state, side): next_step(state, side, free) for state in S for side in Side}
    assert steps[S.WAITING, Side.PATIENT] == "prepare" and steps[S.WAITING, Side.DOCTOR] == "admit"
    assert steps[S.ADMITTED, Side.PATIENT] == "talk" and steps[S.ADMITTED, Side.DOCTOR] == "conclude"
    assert {steps[state, side] for state in (S.CONCLUDED, S.CLOSED) for side in Side} == {"read"}
    assert next_step(S.ADMITTED, Side.PATIENT, asked) == "answer_consent"


def test_a_sentence_comes_in_both_languages() -> None:
    assert set(said("就诊中")) == set(LANGUAGES)
