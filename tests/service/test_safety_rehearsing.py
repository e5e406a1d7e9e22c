"""`rehearse safety FILE --hospital CODE`: the cases meet what that hospital has published."""

import json
from pathlib import Path

import pytest

from prescriptions.formulary.publishing import publish_sample
from prescriptions.safety.hospitals import command_of_hospital
from prescriptions.safety.rehearsing import NOT_AS_EXPECTED, UNUSABLE, sample_cases
from telehealth.core.unit import Units
from tests.support.factories.directory import add_hospital
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(sample_cases(), "utf-8")
    return path


async def test_REG22_a_hospitals_own_number_and_book_decide_its_rehearsal(
    units: Units, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = await add_hospital(units, "strict")
    await publish_policy(units, strict.id, prescription={"long_rx_days": 7, "general_max_days": 3})
    async with units.system("test") as unit:
        await publish_sample(unit, strict.id)
    assert await command_of_hospital(units, cases, "strict") == NOT_AS_EXPECTED
    lines = {line["id"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(lines) == 37
    assert "QTY_DAYS" in lines["SC23"]["codes"] and not lines["SC23"]["ok"]


async def test_a_hospital_that_is_none_or_published_nothing_is_told_so(
    units: Units, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = await add_hospital(units, "silent")
    await publish_policy(units, silent.id)
    assert await command_of_hospital(units, cases, "nowhere") == UNUSABLE
    assert await command_of_hospital(units, cases, "silent") == UNUSABLE
    said = capsys.readouterr()
    assert said.out == ""
    assert "hospital_not_found" in said.err and "formulary" in said.err
