"""`rehearse safety FILE`: what a case file may say, and what is printed about it."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prescriptions.formulary.book import sample_book
from prescriptions.safety.cases import CaseFileUnusable, cases_of
from prescriptions.safety.facts import Numbers
from prescriptions.safety.rehearsing import rehearse, rehearse_cases, sample_cases

SAMPLE = Path(__file__).parents[2] / "prescriptions/safety/data/sample_cases.json"
CASE: dict[str, Any] = {
    "id": "A",
    "sheet": "western",
    "delivery": "courier",
    "patient": {
        "age": 45, "sex": "M", "weight_kg": 65, "pregnant": False, "lactating": False,
        "allergies": [], "diagnoses": ["I10"], "stable": True,
    },
    "items": [{"ref": "W001", "dose": 5, "takes_per_day": 1, "days": 28}],
    "other_active": [],
    "must_include": [],
    "must_not_include": ["DDI", "QTY_DAYS"],
}  # fmt: skip


def case(path: str = "", value: Any = None) -> dict[str, Any]:
    """The clean refill with one place changed; "patient.age" or "items.0.dose" names it."""
    row = copy.deepcopy(CASE)
    if path:
        at: Any = row
        *way, last = path.split(".")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[int(last) if last.isdigit() else last] = value
    return row


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(content: Any) -> Path:
        path = tmp_path / "cases.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return to_file


def test_every_sample_case_meets_its_expectation() -> None:
    rehearsal = rehearse(SAMPLE, sample_book(), Numbers())
    assert [line["id"] for line in rehearsal.lines if not line["ok"]] == []
    assert (rehearsal.exit_status, len(rehearsal.lines)) == (0, 37)


def test_a_line_has_exactly_the_promised_keys() -> None:
    assert rehearse(SAMPLE, sample_book(), Numbers()).lines[1] == {
        "id": "SC02",
        "outcome": "resign",
        "codes": ["DUP_CLASS"],
        "ok": True,
    }


def test_the_command_prints_json_lines_and_nothing_else(write: Any) -> None:
    unmet = case("must_include", ["DDI_BLOCK"])
    ran = _command(write({"rows": [case(), unmet]}))
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, ran.stderr) == (1, "")
    assert [line["ok"] for line in lines] == [True, False]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"rows": []}', '{"rows": [1]}', "[NaN]", '"text"'])
def test_a_file_that_is_no_case_file_is_unusable(write: Any, content: str) -> None:
    rehearsal = rehearse(write(content), sample_book(), Numbers())
    assert (rehearsal.exit_status, rehearsal.lines) == (2, ())
    assert rehearsal.reason


def test_a_missing_file_is_unusable_and_says_so(tmp_path: Path) -> None:
    ran = _command(tmp_path / "none.json")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "none.json" in ran.stderr


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", None),
        ("sheet", None),
        ("sheet", "paper"),
        ("items", None),
        ("items", []),
        ("items", "W001"),
        ("items.0.ref", None),
        ("items.0.dose", "5"),
        ("items.0.dose", True),
        ("items.0.days", 2.5),
        ("items.0", {"dose": 5}),
        ("items.0.takes_per_day", [1]),
        ("patient", None),
        ("patient", []),
        ("patient.age", "45"),
        ("patient.sex", "X"),
        ("patient.allergies", "penicillin"),
        ("patient.pregnant", "no"),
        ("delivery", "drone"),
        ("other_active", {}),
        ("must_include", "DDI"),
        ("foreign_known", 1),
    ],
)
def test_a_wrong_type_or_a_missing_field_is_no_case(path: str, value: Any) -> None:
    with pytest.raises(CaseFileUnusable):
        cases_of({"rows": [case(path, value)]})


def test_a_huge_number_is_no_case_and_no_crash(write: Any) -> None:
    for number in ("1e400", "1e999999", "9" * 5000, "-1e-400"):
        text = json.dumps({"rows": [case("items.0.dose", 77777)]}).replace("77777", number)
        assert rehearse(write(text), sample_book(), Numbers()).exit_status in (1, 2)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("items.0.dose", 0, "CHECK_INCOMPLETE"),
        ("items.0.dose", -5, "CHECK_INCOMPLETE"),
        ("items.0.dose", None, "CHECK_INCOMPLETE"),
        ("items.0.dose", 5000000000, "CHECK_INCOMPLETE"),
        ("items.0.dose", 5000, "MAX_DAILY"),
        ("items.0.takes_per_day", 0, "CHECK_INCOMPLETE"),
        ("items.0.takes_per_day", -1, "CHECK_INCOMPLETE"),
        ("items.0.takes_per_day", 1000, "CHECK_INCOMPLETE"),
        ("items.0.days", 0, "QTY_DAYS"),
        ("items.0.days", -28, "QTY_DAYS"),
        ("items.0.days", 100000, "QTY_DAYS"),
        ("items.0.ref", "W999", "CHECK_INCOMPLETE"),
        ("items.0", {"ref": "W001"}, "CHECK_INCOMPLETE"),
        ("items.0", {"ref": "H001"}, "CHECK_INCOMPLETE"),
        ("items.0.quantity", -1, "QTY_PACKS"),
    ],
)
def test_absurd_amounts_and_unknown_drugs_are_blocked_not_passed(path: str, value: Any, code: str) -> None:
    (line,) = rehearse_cases(sample_book(), Numbers(), [case(path, value)])
    assert code in line["codes"]
    assert line["outcome"] == "block"


def test_a_family_name_stands_for_all_of_its_codes() -> None:
    row = case("items", [{"ref": "W012", "dose": 20, "takes_per_day": 1, "days": 7},
                         {"ref": "W001", "dose": 5, "takes_per_day": 1, "days": 7}])  # fmt: skip
    (line,) = rehearse_cases(sample_book(), Numbers(), [row])
    assert "DDI_WARN" in line["codes"] and line["ok"] is False


def test_the_sample_to_begin_with_is_a_case_file() -> None:
    assert all(line["ok"] for line in rehearse_cases(sample_book(), Numbers(), json.loads(sample_cases())))


def _command(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "telehealth.command", "rehearse", "safety", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
