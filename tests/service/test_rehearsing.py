"""`rehearse eligibility FILE --hospital CODE`: the cases meet what that hospital has published."""

import json
from pathlib import Path

import pytest

from telehealth.core.unit import Units
from telehealth.eligibility.rehearsing import UNUSABLE, command_of_hospital, sample_cases
from tests.support.factories.directory import add_hospital
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(sample_cases(), "utf-8")
    return path


async def test_XY01_a_hospitals_own_number_decides_its_rehearsal(
    units: Units, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = await add_hospital(units, "strict")
    await publish_policy(units, strict.id, eligibility={"min_age_years": 80})
    await command_of_hospital(units, cases, "strict")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 12
    assert not any(line["allowed"] for line in lines)


async def test_a_hospital_that_is_none_or_published_nothing_is_told_so(
    units: Units, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await add_hospital(units, "silent")
    assert await command_of_hospital(units, cases, "nowhere") == UNUSABLE
    assert await command_of_hospital(units, cases, "silent") == UNUSABLE
    said = capsys.readouterr()
    assert said.out == ""
    assert "hospital_not_found" in said.err and "policy_missing" in said.err
