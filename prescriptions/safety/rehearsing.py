"""`rehearse safety FILE`: what would the checks say of these sheets, and is that what was expected?"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from prescriptions.formulary.book import Book, sample_book
from prescriptions.safety.cases import Case, CaseFileUnusable, cases_of, read_cases
from prescriptions.safety.checking import check
from prescriptions.safety.facts import Numbers, Verdict

AS_EXPECTED, NOT_AS_EXPECTED, UNUSABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`lines` as they are printed, one a case; `reason` says why a file was of no use."""

    lines: tuple[dict[str, Any], ...]
    exit_status: int
    reason: str | None = None


def rehearse(path: str | Path, book: Book, numbers: Numbers) -> Rehearsal:
    """Check every sheet in the file. 0 all as expected, 1 some not, 2 (and no lines) unusable."""
    try:
        cases = read_cases(path)
    except CaseFileUnusable as error:
        return Rehearsal((), UNUSABLE, str(error))
    lines = tuple(line_of(case, book, numbers) for case in cases)
    is_met = all(line["ok"] for line in lines)
    return Rehearsal(lines, AS_EXPECTED if is_met else NOT_AS_EXPECTED)


def rehearse_cases(book: Book, numbers: Numbers, raw: Any) -> list[dict[str, Any]]:
    """Check the sheets of a parsed file; the formulary's page calls this. Raises CaseFileUnusable."""
    return [line_of(case, book, numbers) for case in cases_of(raw)]


def sample_cases() -> str:
    """A case file to begin with."""
    return (files("prescriptions.safety") / "data" / "sample_cases.json").read_text("utf-8")


def command(file: str | Path) -> int:
    """By the sample formulary and the law's numbers; needs no server. Returns the exit status."""
    return show(rehearse(file, sample_book(), Numbers()))


def show(rehearsal: Rehearsal) -> int:
    """A JSON object a line on standard output, a reason on standard error."""
    for line in rehearsal.lines:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    if rehearsal.reason is not None:
        sys.stderr.write(rehearsal.reason + "\n")
    return rehearsal.exit_status


def line_of(case: Case, book: Book, numbers: Numbers) -> dict[str, Any]:
    verdict = check(case.sheet, case.patient, case.active, book, numbers, foreign_known=case.foreign_known)
    return {
        "id": case.id,
        "outcome": str(verdict.outcome),
        "codes": list(verdict.codes),
        "ok": _is_met(case, verdict),
    }


def _is_met(case: Case, verdict: Verdict) -> bool:
    return (
        case.outcome in (None, verdict.outcome)
        and all(_is_among(wanted, verdict.codes) for wanted in case.must_include)
        and not any(_is_among(unwanted, verdict.codes) for unwanted in case.must_not_include)
    )


def _is_among(said: str, codes: Iterable[str]) -> bool:
    """By the code itself, or by the name of a family: "DDI" is any of DDI_BLOCK, DDI_RESIGN, DDI_WARN."""
    return any(code == said or code.startswith(said + "_") for code in codes)
