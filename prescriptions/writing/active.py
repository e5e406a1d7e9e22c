"""What a person takes already, on all their sheets: this hospital's, and others' with consent (REG 47, 56).

Other hospitals yield names of medicines, amounts and days only: no diagnosis, no doctor, no hospital.
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from prescriptions.formulary import Book, Published, book_of
from prescriptions.models import Line, Prescription
from prescriptions.queries import lines_by_sheet, sheets_in_use
from prescriptions.safety.facts import Active
from prescriptions.states import SheetKind
from telehealth.core.clock import hospital_day
from telehealth.core.unit import Unit, Units
from telehealth.patients.permitting import permits_medicine_check

REASON = "medicines in use"


@dataclass(frozen=True, slots=True)
class Taken:
    """One medicine in use, as it may be shown."""

    code: str
    name: str
    days_left: int
    is_foreign: bool
    active: Active


@dataclass(frozen=True, slots=True)
class ActiveMedicines:
    taken: tuple[Taken, ...]
    #: Whether other hospitals could be asked.
    foreign_known: bool

    @property
    def active(self) -> tuple[Active, ...]:
        return tuple(each.active for each in self.taken)


async def active_medicines(units: Units, rx: Prescription, book: Book) -> ActiveMedicines:
    """Of the person of this sheet, without the sheet itself. Opens a unit of its own: call it outside one."""
    async with units.system(REASON) as unit:
        foreign_known = await permits_medicine_check(unit, rx.person_id)
        sheets = await sheets_in_use(
            unit,
            rx.person_id,
            besides=rx.id,
            since=unit.now,
            hospital_id=None if foreign_known else rx.hospital_id,
        )
        lines = await lines_by_sheet(unit, [sheet.id for sheet in sheets])
        books = await _books(unit, sheets)
        taken = [
            made
            for sheet in sheets
            for line in lines[sheet.id]
            if (made := _taken(rx, sheet, line, books, book, unit)) is not None
        ]
    return ActiveMedicines(tuple(taken), foreign_known)


async def _books(unit: Unit, sheets: "list[Prescription]") -> dict[UUID, Published]:
    ids = {sheet.book_id for sheet in sheets if sheet.book_id is not None}
    return {each: await book_of(unit, each) for each in sorted(ids)}


def _taken(
    rx: Prescription,
    sheet: Prescription,
    line: Line,
    books: dict[UUID, Published],
    book: Book,
    unit: Unit,
) -> Taken | None:
    if sheet.signed_at is None or sheet.book_id is None:
        return None
    ends_in = line.days - (unit.today - hospital_day(sheet.signed_at)).days
    if ends_in <= 0:
        return None
    is_foreign = sheet.hospital_id != rx.hospital_id
    theirs = books[sheet.book_id].book
    name, ref = _name(theirs, line.drug_code), line.drug_code
    if is_foreign or _name(book, ref) != name:
        # Another book, another code: the name says what it is.
        ref = _code_by_name(book, ref, name)
    is_herb = sheet.kind is SheetKind.HERB
    return Taken(
        code=ref,
        name=name,
        days_left=ends_in,
        is_foreign=is_foreign,
        active=Active(
            ref=ref,
            dose=line.dose,
            frequency="" if is_herb else line.frequency,
            grams=(line.grams or Decimal(0)) if is_herb else None,
            days_left=ends_in,
        ),
    )


def _name(book: Book, code: str) -> str:
    entry = book.medicines.get(code) or book.herbs.get(code)
    return entry.name if entry else code


def _code_by_name(book: Book, code: str, name: str) -> str:
    """The same code where it means the same; else the name, which our book knows or the check says so."""
    return code if _name(book, code) == name else name
