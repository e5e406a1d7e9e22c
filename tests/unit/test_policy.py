"""The policy set: the requirement's numbers, their bounds, and what an editor page needs of them."""

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from telehealth.core.errors import FieldsInvalid
from telehealth.rulebook.rules import PolicySet, diff, digest, form, parse_policy, sample_policy
from telehealth.rulebook.sheets import from_file_content, from_sheet


def refused(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(FieldsInvalid) as caught:
        parse_policy(raw)
    return caught.value.fields


def with_eligibility(**values: Any) -> PolicySet:
    return parse_policy({"eligibility": values})


def test_the_shipped_file_names_every_field_and_equals_the_defaults() -> None:
    file = Path("telehealth/rulebook/data/sample_policy.json")
    shipped = json.loads((Path(__file__).parents[2] / file).read_text("utf-8"))
    assert shipped == PolicySet().model_dump(mode="json")
    assert sample_policy() == PolicySet()


def test_an_older_set_without_a_newer_field_still_reads() -> None:
    policy = parse_policy({"eligibility": {"min_age_years": 7}})
    assert policy.eligibility.min_age_years == 7
    assert policy.booking.hold_minutes == 15


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"eligibility": {"min_age_years": -1}}, "eligibility.min_age_years"),
        ({"eligibility": {"min_age_years": 121}}, "eligibility.min_age_years"),
        ({"eligibility": {"min_age_years": "six"}}, "eligibility.min_age_years"),
        ({"eligibility": {"offline_visit_window_months": 0}}, "eligibility.offline_visit_window_months"),
        ({"eligibility": {"offline_visit_window_months": 61}}, "eligibility.offline_visit_window_months"),
        ({"schedule": {"offline_online_bp": 10_001}}, "schedule.offline_online_bp"),
        ({"schedule": {"release_time": "25:00"}}, "schedule.release_time"),
        ({"strikes": {"banned_channels": []}}, "strikes.banned_channels"),
        ({"strikes": {"banned_channels": ["pigeon"]}}, "strikes.banned_channels.0"),
        ({"prescription": {"ai_may_draft": "true"}}, "prescription.ai_may_draft"),
        ({"prescription": {"valid_days_max": 4}}, "prescription.valid_days_max"),
        ({"retention_years": {"outpatient_record": 14}}, "retention_years.outpatient_record"),
        ({"booking": 3}, "booking"),
        ({"nonsense": {}}, "nonsense"),
        ({"booking": {"nonsense": 1}}, "booking.nonsense"),
    ],
)
def test_a_number_out_of_bounds_is_refused_under_its_path(raw: dict[str, Any], path: str) -> None:
    fields = refused(raw)
    assert path in fields
    assert any("一" <= letter <= "鿿" for letter in fields[path])


def test_all_mistakes_are_told_at_once() -> None:
    fields = refused({"eligibility": {"min_age_years": 999}, "booking": {"hold_minutes": 0}})
    assert fields == {
        "eligibility.min_age_years": "超过允许的最大值",
        "booking.hold_minutes": "低于允许的最小值",
    }


def test_XY03_no_policy_may_let_an_online_visit_extend_the_window() -> None:
    fields = refused({"eligibility": {"visit_kinds_that_count": ["outpatient", "online"]}})
    assert fields == {"eligibility.visit_kinds_that_count": "线上就诊不能计入线下就诊有效期"}


def test_XY24_help_may_not_shorten_the_hold() -> None:
    assert "booking" in refused({"booking": {"hold_minutes": 40, "hold_minutes_assisted": 30}})


def test_SJ04_shares_may_not_exceed_the_whole() -> None:
    assert "schedule" in refused({"schedule": {"offline_online_bp": 8_000, "offline_phone_bp": 3_000}})


def test_half_days_may_not_overlap() -> None:
    assert "schedule" in refused({"schedule": {"morning_ends": "14:00"}})


def test_form_fields_arrive_as_text_and_are_understood() -> None:
    policy = parse_policy(
        {
            "eligibility": {"min_age_years": "8", "same_hospital_only": "false"},
            "strikes": {"banned_channels": "online, phone"},
            "queue": {"reminder_positions": "5，2"},
            "ratings": {"stars": "5"},
            "prescription": {"ai_may_draft": "false", "herb_sheet_separate": "true"},
            "schedule": {"release_time": "17:30"},
        }
    )
    assert policy.eligibility.min_age_years == 8
    assert policy.eligibility.same_hospital_only is False
    assert policy.strikes.banned_channels == ("online", "phone")
    assert policy.queue.reminder_positions == (5, 2)
    assert policy.schedule.release_time == time(17, 30)


def test_every_field_of_the_form_can_be_shown_without_knowing_it() -> None:
    fields = [field for section in form(sample_policy()) for field in section.fields]
    assert {field.input for field in fields} == {
        "integer", "switch", "time", "day", "choice", "list", "text",
    }  # fmt: skip
    for field in fields:
        assert field.label_zh and field.label_en and field.source, field.path
        if field.input == "integer":
            assert field.unit and field.minimum is not None and field.maximum is not None, field.path
            assert field.minimum <= field.value <= field.maximum
        if field.input == "choice":
            assert field.value in field.choices


def test_the_form_values_read_back_into_the_same_set() -> None:
    raw: dict[str, dict[str, Any]] = {}
    for section in form(sample_policy()):
        raw[section.name] = {field.path.split(".")[1]: field.value for field in section.fields}
    assert parse_policy(raw) == sample_policy()


def test_a_diff_names_what_changes_and_nothing_else() -> None:
    changes = diff(sample_policy(), with_eligibility(min_age_years=7))
    assert [(change.path, change.old, change.new) for change in changes] == [
        ("eligibility.min_age_years", 6, 7)
    ]
    assert changes[0].label_zh == "最小就诊年龄（含）"
    assert diff(sample_policy(), PolicySet()) == []


def test_equal_sets_have_equal_digests() -> None:
    assert digest(sample_policy()) == digest(PolicySet())
    assert digest(sample_policy()) != digest(with_eligibility(min_age_years=7))


SHEET: dict[str, Any] = {
    "label": "sample",
    "timezone": "Asia/Shanghai",
    "eligibility": {
        "min_age_years": {"value": 8, "inclusive": True, "source": "x", "verified": True},
        "visit_types_that_count": ["outpatient", "inpatient"],
        "pipl_guardian_consent_under": {"value": 14},
    },
    "booking": {
        "online_quota_share": {"internet_clinic": 0.9, "offline_registration": 0.25, "note": "n"},
        "no_show_limit": {"value": 4},
        "payment_hold_minutes": {"value": 10, "elder_or_assisted": 20},
        "free_cancel_until": "00:00 of the slot date",
    },
    "insurance": {"regions_with_online_split": ["Beijing: consultation fee only"]},
}


def test_a_sheet_of_wrapped_values_is_read() -> None:
    policy = from_file_content(SHEET)
    assert policy.eligibility.min_age_years == 8
    assert policy.eligibility.visit_kinds_that_count == ("outpatient", "inpatient")
    assert (policy.schedule.internet_online_bp, policy.schedule.offline_online_bp) == (9_000, 2_500)
    assert policy.strikes.limit == 4
    assert (policy.booking.hold_minutes, policy.booking.hold_minutes_assisted) == (10, 20)
    assert policy.insurance.online_split_regions == ("beijing",)


def test_a_policy_file_in_our_own_form_is_read() -> None:
    assert from_file_content({"eligibility": {"min_age_years": 9}}).eligibility.min_age_years == 9
    assert from_file_content(sample_policy().model_dump(mode="json")) == sample_policy()


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"label": "x", "timezone": "UTC"}, "timezone"),
        ({"label": "x", "eligibility": {"min_age_years": {"value": 6, "inclusive": False}}},
         "eligibility.min_age_years.inclusive"),
        ({"label": "x", "eligibility": {"min_age_yeers": {"value": 6}}}, "eligibility.min_age_yeers"),
        ({"label": "x", "booking": {"no_show_limit": {"valeu": 3}}}, "booking.no_show_limit.valeu"),
        ({"label": "x", "booking": {"online_quota_share": {"internet_clinic": 1.00001}}},
         "schedule.internet_online_bp"),
        ({"label": "x", "eligibility": 6}, "eligibility"),
    ],
)  # fmt: skip
def test_a_misspelt_or_impossible_sheet_is_refused(raw: dict[str, Any], path: str) -> None:
    with pytest.raises(FieldsInvalid) as caught:
        from_sheet(raw)
    assert path in caught.value.fields


def test_a_file_that_is_no_object_is_refused() -> None:
    with pytest.raises(FieldsInvalid):
        from_file_content([1, 2])
