"""Lines of the sheet and of other active sheets, looked up in the book and made comparable."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from prescriptions.formulary.book import Book, herb_tokens
from prescriptions.formulary.entries import Herb, Medicine, herb_name
from prescriptions.safety.facts import (
    Active,
    Finding,
    Item,
    Needs,
    Numbers,
    Patient,
    SafetyCode,
    Severity,
    Sheet,
    SheetKind,
)

#: Beyond it a number is a slip of the finger, whatever its unit; and arithmetic stays exact.
MOST = Decimal(1_000_000)
#: Once an hour, day and night: nothing is taken more often.
MOST_TAKES = Decimal(24)
#: The whole daily amount at one time: not "with each meal" (pain 12).
AT_ONCE = "dunfu"
#: Milligrams in one of it.
MASS = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001"), "μg": Decimal("0.001")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One medicine or herb the person would take. Amounts that make no sense are None, as unknown ones."""

    #: In `sheet.items`; None for a medicine of another sheet.
    position: int | None
    #: Id in the book, or a herb's name where the book has none.
    key: str
    medicine: Medicine | None
    herb: Herb | None
    is_herb: bool
    #: On the list of 1988, unprocessed.
    is_raw_toxic: bool
    tokens: frozenset[str]
    #: Keys of the herb itself, or of the herbs of a patent medicine.
    herbs: frozenset[str]
    dose: Decimal | None
    #: How often, over all days: 0.5 is every other day.
    takes_a_day: Decimal | None
    at_once: Decimal | None
    days: int | None
    quantity: Decimal | None
    grams: Decimal | None
    special: str
    days_left: int | None

    @property
    def is_known(self) -> bool:
        return self.medicine is not None or self.herb is not None

    @property
    def takes(self) -> Decimal | None:
        """How often on a day of taking: once a week is once on that day."""
        return None if self.takes_a_day is None else max(self.takes_a_day, Decimal(1))

    @property
    def on_a_day(self) -> Decimal | None:
        """The amount of a day of taking, in `amount_unit`."""
        return None if self.dose is None or self.takes is None else self.dose * self.takes

    def mg_on_a_day(self, ingredient: str) -> Decimal | None:
        """Milligrams of one ingredient a day, where the book says how much is in it."""
        amount, medicine = self.on_a_day, self.medicine
        if amount is None or medicine is None:
            return None
        if (content := medicine.ingredient_amounts.get(ingredient)) is not None:
            return amount / medicine.per_unit * content
        factor = MASS.get(medicine.amount_unit)
        return amount * factor if factor and medicine.ingredients == (ingredient,) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that lies before the checker: the sheet, the person, what they take already, and the book."""

    sheet: Sheet
    patient: Patient
    lines: tuple[Line, ...]
    active: tuple[Line, ...]
    book: Book
    numbers: Numbers

    @property
    def medicines(self) -> Iterator[tuple[Line, Medicine]]:
        for line in self.lines:
            if line.medicine is not None:
                yield line, line.medicine

    @property
    def pieces(self) -> Iterator[tuple[Line, Herb]]:
        for line in self.lines:
            if line.herb is not None:
                yield line, line.herb

    @property
    def pairs(self) -> Iterator[tuple[Line, Line]]:
        """Every two lines that meet in the person, at least one of them on this sheet."""
        for place, line in enumerate(self.lines):
            for other in self.lines[place + 1 :]:
                yield line, other
            for other in self.active:
                yield line, other

    @property
    def is_child(self) -> bool:
        return self.patient.age is not None and self.patient.age < self.numbers.adult_from


def lay_out(sheet: Sheet, patient: Patient, active: tuple[Active, ...], book: Book, numbers: Numbers) -> Desk:
    return Desk(
        sheet=sheet,
        patient=patient,
        lines=tuple(
            _line(book, sheet.kind, place, item, item.days, item.quantity, item.special, None)
            for place, item in enumerate(sheet.items)
        ),
        active=tuple(
            _line(book, None, None, each, None, None, "", each.days_left)
            for each in active
            if each.days_left is None or each.days_left > 0
        ),
        book=book,
        numbers=numbers,
    )


def found(
    code: SafetyCode,
    severity: Severity,
    *lines: Line,
    why: str,
    source: str,
    needs: Needs,
    **facts: object,
) -> Finding:
    """A finding about these lines, wherever they stand."""
    here = sorted((line.position, line.key, _written(line)) for line in lines if line.position is not None)
    return Finding(
        code=code,
        severity=severity,
        why=why,
        source=source,
        needs=needs,
        items=tuple(position for position, _, _ in here),
        refs=tuple(key for _, key, _ in here),
        written=tuple(written for _, _, written in here),
        others=tuple(sorted({line.key for line in lines if line.position is None})),
        facts={name: plain(value) for name, value in facts.items()},
    )


def _written(line: Line) -> str:
    parts = (line.dose, line.takes_a_day, line.days, line.grams, line.special)
    return "/".join("" if part is None else plain(part) for part in parts)


def plain(value: object) -> str:
    """12.50 → 12.5, 3E+3 → 3000: as a doctor writes it."""
    if isinstance(value, Decimal) and abs(value) > MOST * MOST:
        return f"{value:.3g}"
    if isinstance(value, Decimal):
        said = f"{value.quantize(Decimal('0.0001')):f}"
        return said.rstrip("0").rstrip(".")
    return str(value)


def sane(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and 0 < value <= MOST else None


def _line(
    book: Book,
    kind: SheetKind | None,
    position: int | None,
    item: Item | Active,
    days: int | None,
    quantity: Decimal | None,
    special: str,
    days_left: int | None,
) -> Line:
    is_piece = item.grams is not None
    medicine = book.medicine(item.ref)
    herb = book.herb(item.ref) if medicine is None or is_piece else None
    if herb is not None:
        medicine = None
    # A raw toxic piece is itself, even should a book make its name an alias of the processed one.
    raw = medicine is None and herb_name(item.ref) in book.tcm.toxic_raw
    key = medicine.code if medicine else herb_name(item.ref) if raw else book.herb_key(item.ref)
    # What the book does not have may be a herb all the same: rules of decoctions name herbs it does not sell.
    herbs = book.herbs_in(key) if medicine else frozenset((key,))
    tokens = book.tokens.get(key) or herb_tokens(key, book.herbs) | {f"drug:{key}"}
    dose, takes = sane(item.dose), _takes(book, item)
    at_once = dose * max(takes, Decimal(1)) if dose and takes and item.frequency == AT_ONCE else dose
    return Line(
        position=position,
        key=key,
        medicine=medicine,
        herb=None if raw else herb,
        is_herb=medicine is None and (herb is not None or is_piece or raw or kind is SheetKind.HERB),
        is_raw_toxic=raw,
        tokens=tokens,
        herbs=herbs,
        dose=dose,
        takes_a_day=takes,
        at_once=at_once,
        days=days,
        quantity=quantity,
        grams=sane(item.grams),
        special=special,
        days_left=days_left,
    )


def _takes(book: Book, item: Item | Active) -> Decimal | None:
    """Once and no more ("st") is one time; "as needed" says nothing unless its limit is written."""
    if item.takes_per_day is not None or not item.frequency:
        takes = sane(item.takes_per_day)
        return takes if takes is not None and takes <= MOST_TAKES else None
    term = book.frequencies.get(item.frequency)
    if item.frequency == "st":
        return Decimal(1)
    return term.takes_per_day if term else None
