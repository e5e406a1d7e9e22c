"""Sheets, people and lines for the safety checks, in as few words as a test needs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from prescriptions.formulary.book import Book, sample_book
from prescriptions.safety.checking import check
from prescriptions.safety.facts import (
    Active,
    Delivery,
    Finding,
    Item,
    Numbers,
    Patient,
    SafetyCode,
    Sex,
    Sheet,
    SheetKind,
    Verdict,
)

LAW = Numbers()


def adult(*diagnoses: str, **changes: Any) -> Patient:
    """A man of 45 of whom everything is known."""
    known: dict[str, Any] = {
        "age": 45, "sex": Sex.MALE, "weight_kg": Decimal(65), "pregnant": False, "lactating": False,
        "allergies": (), "diagnoses": diagnoses, "stable": True, "egfr": Decimal(95),
    }  # fmt: skip
    return Patient(**known | changes)


def child(age: int, *diagnoses: str, **changes: Any) -> Patient:
    return adult(*diagnoses, **{"age": age, "weight_kg": Decimal(20)} | changes)


def line(ref: str, dose: float | str, takes: float | str = 1, days: int = 7, **more: Any) -> Item:
    return Item(ref=ref, dose=Decimal(str(dose)), takes_per_day=Decimal(str(takes)), days=days, **more)


def piece(ref: str, grams: float | str, special: str = "", **more: Any) -> Item:
    return Item(ref=ref, grams=Decimal(str(grams)), special=special, **more)


def taken(ref: str, dose: float | str | None = None, takes: float | str = 1, **more: Any) -> Active:
    """Of another sheet; foreign ones come without a dose."""
    if dose is None:
        return Active(ref=ref, **more)
    return Active(ref=ref, dose=Decimal(str(dose)), takes_per_day=Decimal(str(takes)), **more)


def western(*items: Item, **more: Any) -> Sheet:
    return Sheet(kind=SheetKind.WESTERN, items=items, **{"delivery": Delivery.COURIER} | more)


def decoction(*items: Item, **more: Any) -> Sheet:
    return Sheet(kind=SheetKind.HERB, items=items, **{"delivery": Delivery.COURIER} | more)


def verdict(
    sheet: Sheet,
    patient: Patient,
    active: Sequence[Active] | None = (),
    *,
    book: Book | None = None,
    numbers: Numbers = LAW,
    foreign_known: bool = True,
) -> Verdict:
    return check(sheet, patient, active, book or sample_book(), numbers, foreign_known=foreign_known)


def codes(sheet: Sheet, patient: Patient, active: Sequence[Active] | None = (), **more: Any) -> set[str]:
    return set(verdict(sheet, patient, active, **more).codes)


def only(code: SafetyCode, found: Verdict) -> Finding:
    """The one finding of this code."""
    (one,) = [finding for finding in found.findings if finding.code is code]
    return one
