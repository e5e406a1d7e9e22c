"""What somebody reported to have done badly on: the same ingredient again needs a reason (REG69, REG29)."""

from collections.abc import Iterator

from prescriptions.formulary.book import Book
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.lines import Desk, Line, found


def reactions(desk: Desk) -> Iterator[Finding]:
    for line in desk.lines:
        for ref in sorted(set(desk.patient.reported)):
            if _shares(desk.book, line, ref):
                yield found(
                    SafetyCode.REACTION_REPORTED, Severity.RESIGN, line,
                    why="reaction_reported", source="REG69", needs=Needs.RESIGN, a=ref,
                )  # fmt: skip


def _shares(book: Book, line: Line, ref: str) -> bool:
    """The very drug, one of its ingredients, or one of its herbs."""
    if line.key == ref or book.herb_key(ref) in line.herbs:
        return True
    reported = book.medicine(ref)
    if reported is None or line.medicine is None:
        return False
    return bool(set(reported.ingredients) & set(line.medicine.ingredients))
