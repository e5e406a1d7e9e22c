"""Run a policy against a file of cases: what would the gate say, and is that what was expected?"""

import json
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from telehealth.core.errors import FieldsInvalid, NotFound
from telehealth.core.unit import Units
from telehealth.directory import hospital_by_code
from telehealth.eligibility.cases import Case, CaseFileUnusable, cases_of, read_cases
from telehealth.eligibility.facts import Decision
from telehealth.eligibility.rules import decide
from telehealth.rulebook import current_policy
from telehealth.rulebook.errors import CasesUnusable
from telehealth.rulebook.rules import PolicySet, sample_policy
from telehealth.rulebook.sheets import from_file_content

AS_EXPECTED, NOT_AS_EXPECTED, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Rehearsal:
    """`lines` as they are printed, one a case; `reason` says why a file was of no use."""

    lines: tuple[dict[str, Any], ...]
    exit_status: int
    reason: str | None = None


def rehearse(path: str | Path, policy: PolicySet) -> Rehearsal:
    """Decide every case in the file. 0 all as expected, 1 some not, 2 (and no lines) unusable."""
    try:
        cases = read_cases(path)
    except CaseFileUnusable as error:
        return Rehearsal((), UNUSABLE, str(error))
    lines = tuple(_line(case, decide(case.facts, policy)) for case in cases)
    is_met = all(line["ok"] for line in lines)
    return Rehearsal(lines, AS_EXPECTED if is_met else NOT_AS_EXPECTED)


def rehearse_cases(policy: PolicySet, raw: Any) -> list[dict[str, Any]]:
    """Decide the cases of a parsed file; the rulebook's page calls this. Raises CasesUnusable."""
    try:
        cases = cases_of(raw)
    except CaseFileUnusable as error:
        raise CasesUnusable(reason=str(error)) from None
    return [_line(case, decide(case.facts, policy)) for case in cases]


def sample_cases() -> str:
    """A case file to begin with."""
    return (files("telehealth.eligibility") / "data" / "sample_cases.json").read_text("utf-8")


def command(file: str | Path, policy_path: str | Path | None = None) -> int:
    """Print a JSON object a line on standard output, a reason on standard error; return the status."""
    try:
        policy = sample_policy() if policy_path is None else _policy_in(Path(policy_path))
    except (OSError, ValueError, RecursionError, FieldsInvalid) as error:
        sys.stderr.write(f"policy {policy_path} is unusable: {error}\n")
        return UNUSABLE
    return _print(rehearse(file, policy))


async def command_of_hospital(units: Units, file: str | Path, code: str) -> int:
    """As `command`, with what the hospital of this code has published."""
    try:
        async with units.public() as unit:
            place = await hospital_by_code(unit, code)
            policy = (await current_policy(unit, place.id)).policy
    except NotFound as error:
        sys.stderr.write(f"no policy to rehearse for {code}: {error.code}\n")
        return UNUSABLE
    return _print(rehearse(file, policy))


def _print(rehearsal: Rehearsal) -> int:
    for line in rehearsal.lines:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    if rehearsal.reason is not None:
        sys.stderr.write(rehearsal.reason + "\n")
    return rehearsal.exit_status


def _policy_in(path: Path) -> PolicySet:
    return from_file_content(json.loads(path.read_text("utf-8-sig")))


def _line(case: Case, decision: Decision) -> dict[str, Any]:
    return {
        "id": case.id,
        "allowed": decision.allowed,
        "codes": [str(code) for code in decision.codes],
        "satisfied_from": {
            str(check.code): check.satisfied_from.isoformat()
            for check in decision.findings
            if check.satisfied_from is not None
        },
        "ok": _is_met(case, decision),
    }


def _is_met(case: Case, decision: Decision) -> bool:
    expect, codes = case.expect, set(decision.codes)
    found = {check.code: check.satisfied_from for check in decision.findings}
    return (
        expect.allowed in (None, decision.allowed)
        and expect.must_include <= codes
        and codes.isdisjoint(expect.must_not_include)
        and all(found.get(code) == day for code, day in expect.satisfied_from.items())
    )
