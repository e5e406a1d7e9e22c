"""When the condition form is complete, department by department."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from telehealth.intake.rules import FilledBy, Form, PhotoKind, Template, problems, template_for, templates
from telehealth.rulebook.rules import parse_policy, sample_policy

POLICY = sample_policy()
FILLED = Form(complaint="血压偏高两周，来复诊", history="高血压五年", no_known_allergies=True)


def found(form: Form, code: str = "general", age: int | None = 40) -> dict[str, str]:
    return problems(form, template_for(code), age=age, policy=POLICY)


def test_XY22_a_filled_general_form_is_complete() -> None:
    assert found(FILLED) == {}


def test_XY22_an_empty_form_names_each_missing_field() -> None:
    assert set(found(Form())) == {"complaint", "history", "allergies"}
    assert found(Form(complaint="  "))["complaint"] == "请写下这次最想解决的问题"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"complaint": "头痛"}, "complaint"),
        ({"complaint": "痛" * 1001}, "complaint"),
        ({"history": " "}, "history"),
        ({"no_known_allergies": False}, "allergies"),
        ({"allergies": "青霉素"}, "allergies"),
        ({"weight_kg": Decimal("0.4")}, "weight_kg"),
        ({"weight_kg": Decimal(301)}, "weight_kg"),
    ],
)
def test_XY22_a_field_that_says_nothing_or_contradicts_itself(change: dict[str, Any], field: str) -> None:
    assert list(found(replace(FILLED, **change))) == [field]


def test_XY22_none_is_an_answer() -> None:
    assert found(Form(complaint="血压偏高两周", no_history=True, no_known_allergies=True)) == {}


def test_XY23_chinese_medicine_needs_a_tongue_photo() -> None:
    assert found(FILLED, "tcm") == {"photos.tongue": "请上传舌象照片"}
    assert found(replace(FILLED, photos={PhotoKind.REPORT: 2}), "tcm") == {"photos.tongue": "请上传舌象照片"}
    assert found(replace(FILLED, photos={PhotoKind.TONGUE: 1}), "tcm") == {}


@pytest.mark.parametrize("code", ["dental", "skin"])
def test_GD15_image_first_departments_need_a_photo_of_the_site(code: str) -> None:
    assert found(FILLED, code) == {"photos.site": "请上传患处照片"}


def test_XY23_nine_photos_at_most() -> None:
    assert found(replace(FILLED, photos={PhotoKind.REPORT: 9})) == {}
    assert list(found(replace(FILLED, photos={PhotoKind.REPORT: 10}))) == ["photos"]
    fewer = parse_policy({"intake": {"max_photos": 2}})
    many = replace(FILLED, photos={PhotoKind.REPORT: 3})
    assert list(problems(many, template_for("general"), age=40, policy=fewer)) == ["photos"]


def test_paediatrics_needs_the_weight() -> None:
    child = replace(FILLED, filled_by=FilledBy.GUARDIAN, filler_name="示例家长", filler_relation="parent")
    assert list(found(child, "paediatrics", age=7)) == ["weight_kg"]
    assert found(replace(child, weight_kg=Decimal("21.5")), "paediatrics", age=7) == {}


def test_XY22_a_minors_form_is_filled_by_the_guardian_who_says_so() -> None:
    assert list(found(FILLED, age=17)) == ["filled_by"]
    assert found(FILLED, age=18) == {}
    by_guardian = replace(FILLED, filled_by=FilledBy.GUARDIAN)
    assert set(found(by_guardian, age=17)) == {"filler_name", "filler_relation"}
    named = replace(by_guardian, filler_name="示例家长", filler_relation="parent")
    assert found(named, age=17) == {}


def test_SJ11_staff_who_fill_the_form_give_their_name() -> None:
    assert list(found(replace(FILLED, filled_by=FilledBy.STAFF))) == ["filler_name"]


def test_a_department_without_a_template_asks_the_general_questions() -> None:
    assert template_for("no-such-department") is templates()["general"]


def test_every_template_has_a_name_in_both_languages_and_can_be_completed() -> None:
    for template in templates().values():
        assert isinstance(template, Template) and template.name_zh and template.name_en
        full = replace(FILLED, no_medicines=True, weight_kg=Decimal(60), photos=template.photos)
        assert problems(full, template, age=40, policy=POLICY) == {}
