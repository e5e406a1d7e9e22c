"""Allergies: of a class, of a medicine, of an ingredient, of a herb; and what reacts across (REG 29)."""

from collections.abc import Iterator

from prescriptions.formulary.book import Book
from prescriptions.formulary.entries import herb_name
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.lines import Desk, Line, found

#: Words by which a form says that there are none.
NONE_KNOWN = frozenset(("无", "否认", "无过敏史", "否认过敏史", "none", "no", "nkda", "nka"))
ETHANOL = "ethanol"


def allergies(desk: Desk) -> Iterator[Finding]:
    if desk.patient.allergies is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, why="allergies_unknown", source="REG29",
            needs=Needs.ALLERGIES,
        )  # fmt: skip
        return
    for said in sorted(set(desk.patient.allergies)):
        if said.strip().lower() not in NONE_KNOWN and said.strip():
            yield from _one(desk, said)


def _one(desk: Desk, said: str) -> Iterator[Finding]:
    name = class_of(desk.book, said)
    for line in desk.lines:
        if _is_itself(desk.book, line, said):
            yield _finding(SafetyCode.ALLERGY_BLOCK, line, "allergy_itself", line.key)
        elif name is not None and (level := level_of(desk.book, line, name)) is not None:
            is_block = level == "block"
            code = SafetyCode.ALLERGY_BLOCK if is_block else SafetyCode.ALLERGY_WARN
            yield _finding(code, line, "allergy_class" if is_block else "allergy_cross", name)
    is_checked = _can_be_checked(desk.book, name) if name is not None else _names_something(desk.book, said)
    if not is_checked:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN,
            why="allergy_unchecked", source="REG29", needs=Needs.RESIGN,
        )  # fmt: skip


def level_of(book: Book, line: Line, name: str) -> str | None:
    """ "block", "caution" or None for an allergy to a class.

    The class itself always blocks. Of classes that react across, the narrowest of the medicine decides:
    penicillin and a cephalosporin is caution, though both are beta-lactams.
    """
    carried = line.medicine.allergy_classes if line.medicine else ()
    if name in carried or (name == ETHANOL and "flag:ethanol" in line.tokens):
        return "block"
    cross = book.allergy_classes[name].cross
    return next((cross[each] for each in carried if each in cross), None)


def class_of(book: Book, said: str) -> str | None:
    """The class a person means: by id, by name, or by name without 类."""
    wanted = said.strip().lower()
    for allergy in book.allergy_classes.values():
        if wanted in (allergy.code, allergy.name.lower(), allergy.name.lower().removesuffix("类")):
            return allergy.code
    return None


def _is_itself(book: Book, line: Line, said: str) -> bool:
    """The very medicine, one of its ingredients, or one of its herbs; whole names only."""
    if book.herb_key(said) in line.herbs:
        return True
    medicine = line.medicine
    if medicine is None:
        return False
    names = {medicine.code, medicine.name, medicine.name_en, *medicine.ingredients}
    return herb_name(said).lower() in {herb_name(name).lower() for name in names if name}


def _names_something(book: Book, said: str) -> bool:
    """Known to the book, so that its absence from the sheet was seen."""
    return (
        book.medicine(said) is not None
        or book.herb(said) is not None
        or said.strip().lower() in {name.lower() for name in book.by_ingredient}
        or any(book.herb_key(said) in herbs for herbs in book.components.values())
    )


def _can_be_checked(book: Book, name: str) -> bool:
    """A class without members and without cross-reactions was never filled in: it would pass everything."""
    return name == ETHANOL or name in book.allergy_members or bool(book.allergy_classes[name].cross)


def _finding(code: SafetyCode, line: Line, why: str, allergy: str) -> Finding:
    is_block = code is SafetyCode.ALLERGY_BLOCK
    return found(
        code, Severity.BLOCK if is_block else Severity.WARN, line,
        why=why, source="REG29", needs=Needs.REMOVE if is_block else Needs.NOTHING, allergy=allergy,
    )  # fmt: skip
