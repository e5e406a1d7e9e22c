"""A sheet of five lines before ten active medicines: what the pad waits for at every change."""

import statistics
import time
from decimal import Decimal

from prescriptions.formulary.book import sample_book
from prescriptions.safety.checking import check
from prescriptions.safety.facts import Active, Delivery, Item, Numbers, Patient, Sex, Sheet, SheetKind
from tests.bench.figures import Figure, Figures

RUNS = 500
#: Five lines that meet each other and the ten in many ways, and herbs hidden in pills.
LINES = (("W010", "2.5", 1), ("W008", "100", 1), ("P002", "10", 3), ("P008", "5", 2), ("W013", "500", 2))
ACTIVE = ("W003", "W005", "W025", "W011", "W023", "W029", "W034", "P006", "P011", "P010")


def measure() -> Figures:
    """The pure check: lines looked up, every pair, every family of rules, findings sorted."""
    book, numbers = sample_book(), Numbers()
    sheet, patient, active = _sheet(), _patient(), tuple(Active(ref=ref) for ref in ACTIVE)
    check(sheet, patient, active, book, numbers, foreign_known=True)
    took: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        verdict = check(sheet, patient, active, book, numbers, foreign_known=True)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    yield Figure(
        "safety_check",
        round(statistics.median(took), 3),
        "ms p50",
        "<= 5",
        {
            "lines": len(LINES),
            "active": len(ACTIVE),
            "runs": RUNS,
            "p99": round(took[int(RUNS * 0.99)], 3),
            "findings": len(verdict.findings),
            "outcome": str(verdict.outcome),
        },
    )


def _sheet() -> Sheet:
    items = tuple(
        Item(ref=ref, dose=Decimal(dose), takes_per_day=Decimal(takes), days=28) for ref, dose, takes in LINES
    )
    return Sheet(kind=SheetKind.WESTERN, items=items, delivery=Delivery.COURIER)


def _patient() -> Patient:
    return Patient(
        age=66, sex=Sex.FEMALE, weight_kg=Decimal(60), pregnant=False, lactating=False,
        allergies=("penicillin", "花粉"), diagnoses=("I48", "I25.1", "E11.9"), conditions=("N18.3", "I10"),
        stable=True, egfr=Decimal(45),
    )  # fmt: skip
