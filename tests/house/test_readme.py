"""What README says of rules, modules and tests is true: whoever follows a row arrives."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.programs import ROOT

#: Rules of the requirements (XY, SJ, BJ, GD, GS) and of the law (REG).
RULE = re.compile(r"(?:XY|SJ|BJ|GD|GS|REG)\d+")
TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Row:
    rule: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


@cache
def table() -> tuple[Row, ...]:
    rows = []
    for line in (ROOT / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and RULE.fullmatch(cells[0]):
            modules, tests = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in cells[2:])
            rows.append(Row(cells[0], modules, tests))
    return tuple(rows)


@cache
def rules_tested_in() -> dict[str, frozenset[str]]:
    """`service/test_family` → the rules its tests are named after."""
    return {
        path.relative_to(TESTS).with_suffix("").as_posix(): frozenset(
            rule for name in re.findall(r"def test_(\w+)", path.read_text()) for rule in RULE.findall(name)
        )
        for path in TESTS.rglob("test_*.py")
    }


def exists(module: str, before: Path | None) -> Path | None:
    """From `telehealth/`, from the root, or beside the module named before it; `*` stands for any."""
    for place in (ROOT / "telehealth", ROOT, *((before.parent, before.parent.parent) if before else ())):
        if found := sorted(place.glob(module.rstrip("/"))):
            return found[0]
    return None


def test_the_table_of_rules_was_found_and_names_each_rule_once() -> None:
    rules = [row.rule for row in table()]
    assert len(rules) > 80
    assert sorted(rules) == sorted(set(rules))


@pytest.mark.parametrize("row", table(), ids=lambda row: row.rule)
def test_a_rule_in_readme_has_the_modules_and_the_tests_it_names(row: Row) -> None:
    before, missing = None, []
    for module in row.modules:
        found = exists(module, before)
        before = found or before
        missing += [] if found else [module]
    assert row.modules and missing == []
    assert row.tests
    assert [name for name in row.tests if row.rule not in rules_tested_in().get(name, ())] == []


def test_every_rule_that_a_test_is_named_after_stands_in_readme() -> None:
    tested = frozenset[str]().union(*rules_tested_in().values())
    assert sorted(tested - {row.rule for row in table()}) == []
