"""The safety check of a sheet: pure, over all that the person takes, the same at writing, signing, review
and dispensing. Every input that is missing is said, never passed over."""

from collections.abc import Iterator, Sequence

from prescriptions.formulary.book import Book
from prescriptions.safety.allergies import allergies
from prescriptions.safety.contraindications import contraindications
from prescriptions.safety.decoctions import decoctions
from prescriptions.safety.doses import doses
from prescriptions.safety.duplicates import duplicates
from prescriptions.safety.facts import (
    Active,
    Finding,
    Needs,
    Numbers,
    Patient,
    SafetyCode,
    Severity,
    Sheet,
    Verdict,
)
from prescriptions.safety.fulfilment import fulfilment
from prescriptions.safety.interactions import interactions
from prescriptions.safety.lines import Desk, found, lay_out
from prescriptions.safety.quantity import quantity
from prescriptions.safety.reactions import reactions

FAMILIES = (
    fulfilment,
    quantity,
    doses,
    allergies,
    reactions,
    contraindications,
    interactions,
    duplicates,
    decoctions,
)


def check(
    sheet: Sheet,
    patient: Patient,
    active: Sequence[Active] | None,
    book: Book,
    numbers: Numbers,
    *,
    foreign_known: bool,
) -> Verdict:
    """All findings about a sheet, gravest first.

    `active` are medicines of other sheets, of other hospitals, too; None when even our own are not known.
    `foreign_known` says whether other hospitals could be asked: without the patient's consent they cannot.
    """
    desk = lay_out(sheet, patient, tuple(active or ()), book, numbers)
    findings = [finding for family in FAMILIES for finding in family(desk)]
    findings += _not_asked(desk, is_ours_known=active is not None, is_foreign_known=foreign_known)
    return Verdict.of(findings, book_version=book.version)


def _not_asked(desk: Desk, *, is_ours_known: bool, is_foreign_known: bool) -> Iterator[Finding]:
    """What the person takes already is a patient value like any other: missing, it needs a reason."""
    if not is_ours_known or not is_foreign_known:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.RESIGN,
            why="foreign_unknown" if is_ours_known else "active_unknown",
            source="REG47",
            needs=Needs.CONSENT if is_ours_known else Needs.MEDICINES,
        )
    if unknown := [line for line in desk.active if not line.is_known and not line.is_raw_toxic]:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.RESIGN,
            *unknown,
            why="active_not_in_book",
            source="REG47",
            needs=Needs.RESIGN,
        )
