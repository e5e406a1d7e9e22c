"""The same thing twice: by ingredient, hidden ones included, and by class (REG 29, 47)."""

from collections.abc import Iterator

from prescriptions.safety.doses import is_refill
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.lines import Desk, Line, found


def duplicates(desk: Desk) -> Iterator[Finding]:
    for line, other in desk.pairs:
        if line.medicine is not None and other.medicine is not None:
            yield from _medicines(desk, line, other)
        elif line.is_herb and line.herb is not None and line.key == other.key:
            # Raw and honey-fried of one herb do stand together: say it, ask for nothing.
            yield found(
                SafetyCode.DUP_INGREDIENT, Severity.WARN, line, other,
                why="herb_twice", source="REG47", needs=Needs.NOTHING,
            )  # fmt: skip


def _medicines(desk: Desk, line: Line, other: Line) -> Iterator[Finding]:
    if line.key == other.key and is_refill(desk, other):
        yield found(
            SafetyCode.DUP_INGREDIENT, Severity.WARN, line, other,
            why="refill_overlap", source="REG47", needs=Needs.NOTHING, days=other.days_left,
        )  # fmt: skip
        return
    for ingredient in sorted(_ingredients(line) & _ingredients(other)):
        yield found(
            SafetyCode.DUP_INGREDIENT, Severity.RESIGN, line, other,
            why="same_ingredient", source="REG47", needs=Needs.RESIGN, ingredient=ingredient,
        )  # fmt: skip
    for name in sorted((_classes(line) & _classes(other)) - desk.book.duplicate_exempt):
        yield found(
            SafetyCode.DUP_CLASS, Severity.RESIGN, line, other,
            why="same_class", source="REG47", needs=Needs.RESIGN, group=name,
        )  # fmt: skip


def _ingredients(line: Line) -> frozenset[str]:
    return frozenset(line.medicine.ingredients) if line.medicine else frozenset()


def _classes(line: Line) -> frozenset[str]:
    return frozenset(line.medicine.duplicate_classes) if line.medicine else frozenset()
