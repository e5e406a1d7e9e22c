"""`rehearse eligibility FILE`: what a case file may say, and what is printed about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from telehealth.eligibility.rehearsing import command, rehearse
from telehealth.rulebook.rules import parse_policy, sample_policy

SAMPLE = Path(__file__).parents[2] / "telehealth/eligibility/data/sample_cases.json"

VISIT = {"date": "2026-09-30", "kind": "outpatient", "status": "finished", "hospital": "this"}
WELCOME: dict[str, Any] = {
    "id": "A",
    "today": "2026-11-21",
    "slot_date": "2026-11-21",
    "patient": {"birth_date": "1980-01-01", "identity_verified": True, "card_bound": True},
    "visits": [VISIT],
    "declaration": {"stable": True, "red_flags": []},
    "bans": [],
    "notice_accepted": True,
    "expect": {"allowed": True},
}


def case(**changes: Any) -> dict[str, Any]:
    """The welcome case with keys changed; a key set to None is left out."""
    merged = WELCOME | changes
    return {key: value for key, value in merged.items() if value is not None}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(content: Any) -> Path:
        path = tmp_path / "cases.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return to_file


def codes_of(write: Any, row: dict[str, Any]) -> list[str]:
    rehearsal = rehearse(write({"rows": [row]}), sample_policy())
    assert rehearsal.reason is None
    codes: list[str] = rehearsal.lines[0]["codes"]
    return codes


def test_every_sample_case_meets_its_expectation() -> None:
    rehearsal = rehearse(SAMPLE, sample_policy())
    assert rehearsal.exit_status == 0
    assert [line["id"] for line in rehearsal.lines] == [f"EL{n:02d}" for n in range(1, 13)]
    assert all(line["ok"] for line in rehearsal.lines)


def test_a_line_has_exactly_the_promised_keys() -> None:
    line = rehearse(SAMPLE, sample_policy()).lines[2]
    assert line == {
        "id": "EL03",
        "allowed": False,
        "codes": ["AGE_BELOW_MINIMUM"],
        "satisfied_from": {"AGE_BELOW_MINIMUM": "2026-11-22"},
        "ok": True,
    }


def test_a_changed_number_is_seen_before_it_is_published() -> None:
    stricter = parse_policy({"eligibility": {"min_age_years": 18, "offline_visit_window_months": 3}})
    rehearsal = rehearse(SAMPLE, stricter)
    assert rehearsal.exit_status == 1
    assert {line["id"] for line in rehearsal.lines if not line["ok"]} == {
        "EL02",
        "EL03",
        "EL04",
        "EL06",
        "EL08",
    }


def test_the_command_prints_one_json_object_a_line_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command(SAMPLE) == 0
    out, err = capsys.readouterr()
    assert len([json.loads(line) for line in out.splitlines()]) == 12
    assert err == ""


def test_the_command_takes_a_policy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "policy.json"
    sheet.write_text(json.dumps({"eligibility": {"min_age_years": {"value": 5, "source": "x"}}}), "utf-8")
    assert command(SAMPLE, sheet) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[2]["allowed"] is True and lines[2]["ok"] is False


@pytest.mark.parametrize("content", ["", "{", "3", "{}", '{"rows": []}', '{"rows": [1]}', '{"rows": [{}]}',
                                     '{"format": "2", "rows": [{"id": "A"}]}'])  # fmt: skip
def test_an_unusable_file_exits_2_with_the_reason_on_standard_error(
    content: str, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(write(content)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip()


def test_a_missing_file_and_an_unusable_policy_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "none.json") == 2
    bad = tmp_path / "policy.json"
    bad.write_text('{"eligibility": {"min_age_years": 999}}', "utf-8")
    assert command(SAMPLE, bad) == 2
    out, err = capsys.readouterr()
    assert out == "" and "min_age_years" in err


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"today": "2026-02-30"}, "today"),
        ({"today": None, "slot_date": None}, "today"),
        ({"patient": {"birth_date": 5}}, "birth_date"),
        ({"patient": []}, "patient"),
        ({"patient": {"identity_verified": "yes"}}, "identity_verified"),
        ({"visits": [{"kind": "outpatient"}]}, "visits"),
        ({"visits": {"date": "2026-01-01"}}, "visits"),
        ({"bans": [{"channel": "pigeon"}]}, "channel"),
        ({"declaration": {"stable": True, "red_flags": "chest_pain"}}, "red_flags"),
        ({"his": "maybe"}, "his"),
        ({"expect": {"must_not_include": ["BANED"]}}, "BANED"),
        ({"expect": {"satisfied_from": {"BANED": "2026-01-01"}}}, "BANED"),
    ],
)
def test_a_row_we_cannot_understand_makes_the_file_unusable(
    changes: dict[str, Any], key: str, write: Any
) -> None:
    rehearsal = rehearse(write({"rows": [case(), case(id="B", **changes)]}), sample_policy())
    assert rehearsal.exit_status == 2
    assert rehearsal.lines == ()
    assert rehearsal.reason is not None and "case B" in rehearsal.reason and key in rehearsal.reason


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"patient": None}, ["IDENTITY_UNVERIFIED", "CARD_NOT_BOUND"]),
        ({"patient": {"identity_verified": True, "card_bound": True}}, ["IDENTITY_UNVERIFIED"]),
        ({"declaration": None}, ["NOT_STABLE"]),
        ({"declaration": {"stable": True}}, []),
        ({"notice_accepted": None}, ["NOTICE_NOT_ACCEPTED"]),
        ({"visits": None}, ["NO_RECENT_OFFLINE_VISIT"]),
        ({"bans": None}, []),
        ({"slot_date": None}, []),
        ({"today": None}, []),
        ({"his_available": False}, ["HIS_UNAVAILABLE"]),
        ({"his": "down", "visits": None}, ["HIS_UNAVAILABLE"]),
        ({"his": {"available": False}}, ["HIS_UNAVAILABLE"]),
        ({"his": "up"}, []),
        ({"visits": [{"date": "2026-09-30", "kind": "outpatient"}]}, ["NO_RECENT_OFFLINE_VISIT"]),
        ({"visits": [{"date": "2026-09-30", "kind": "telepathy", "status": "finished"}]},
         ["NO_RECENT_OFFLINE_VISIT"]),
        ({"visits": [VISIT | {"hospital": "other"}]}, ["NO_RECENT_OFFLINE_VISIT"]),
        ({"visits": [VISIT | {"campus": "east"}]}, []),
        ({"bans": [{"channel": "phone", "from": "2026-11-01", "until": "2027-01-31"}]}, []),
        ({"bans": [{"channel": "offline", "from": "2026-11-01", "until": "2027-01-31"}]}, []),
        ({"bans": [{"channel": "wechat", "from": "2026-11-01", "until": "2027-01-31"}]}, ["BANNED"]),
        ({"bans": [{"channel": "all", "until": "2027-01-31"}]}, ["BANNED"]),
        ({"bans": [{"channel": "online", "from": "2026-08-20", "until": "2026-11-20"}]}, []),
        ({"bans": [{"channel": "online", "from": "2026-11-22", "until": "2027-02-22"}]}, []),
        ({"channel": "phone", "bans": [{"channel": "online", "until": "2027-01-31"}]}, []),
        ({"clinic_kind": "offline_registration", "visits": None, "declaration": None}, []),
    ],
)  # fmt: skip
def test_what_a_case_leaves_out_or_says_otherwise(
    changes: dict[str, Any], codes: list[str], write: Any
) -> None:
    assert codes_of(write, case(**changes)) == codes


@pytest.mark.parametrize(
    ("expect", "is_met"),
    [
        ({}, True),
        ({"allowed": True}, False),
        ({"allowed": False, "must_include": ["AGE_BELOW_MINIMUM"]}, True),
        ({"must_include": ["BANNED"]}, False),
        ({"must_not_include": ["AGE_BELOW_MINIMUM"]}, False),
        ({"satisfied_from": {"AGE_BELOW_MINIMUM": "2026-11-22"}}, True),
        ({"satisfied_from": {"AGE_BELOW_MINIMUM": "2026-11-23"}}, False),
        ({"satisfied_from": {"AGE_BELOW_MINIMUM": None}}, False),
        ({"satisfied_from": {"BANNED": "2026-11-22"}}, False),
        ({"satisfied_from": {"BANNED": None}}, True),
    ],
)
def test_only_what_is_expected_is_compared(expect: dict[str, Any], is_met: bool, write: Any) -> None:
    young = {"birth_date": "2020-11-22", "identity_verified": True, "card_bound": True}
    rehearsal = rehearse(write({"rows": [case(patient=young, expect=expect)]}), sample_policy())
    assert rehearsal.lines[0]["ok"] is is_met
    assert rehearsal.exit_status == (0 if is_met else 1)


def test_a_bare_list_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([case()]), "utf-8-sig")
    assert rehearse(path, sample_policy()).exit_status == 0
