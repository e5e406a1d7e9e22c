"""A sheet while it is written: opened empty, kept as it is typed, thrown away.

Nothing is ever written for the doctor (REG 18): a line exists because the doctor chose that drug and typed
that dose. Prices and quantities are the server's, by the published book.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from prescriptions.formulary import Published, published_book
from prescriptions.models import NUMBERS, Line, Prescription
from prescriptions.queries import lines_of, sheets_of_visit
from prescriptions.safety.facts import Item, Numbers
from prescriptions.safety.fulfilment import capabilities
from prescriptions.states import RxState, SheetKind
from prescriptions.writing.content import (
    DecoctionPlan,
    LineInput,
    LineWords,
    PadContent,
    PadFacts,
    SavePad,
    read_body,
)
from prescriptions.writing.errors import NoDiagnosisOnFile, PadClosed, PadOutdated
from prescriptions.writing.own import OwnVisit, lock_own_draft, require_spoken, visit_of_doctor
from prescriptions.writing.pricing import herb_amount, medicine_amount, packs_needed
from telehealth.accounts import keep_step_up, require_step_up
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id, public_number, share_token
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy

#: Drafts of one visit; more are a script gone wild.
MOST_SHEETS = 12


async def open_pad(unit: Unit, room: UUID, kind: SheetKind) -> Prescription:
    """An empty sheet for the visit the doctor is in; an empty one that is there already is given back.

    Raises RoomNotFound, PadClosed, StepUpNeeded, NoDiagnosisOnFile (XY05), NothingSaid (REG 8), NoFormulary.
    """
    visit = await visit_of_doctor(unit, room, lock=True)
    if not visit.is_admitted:
        raise PadClosed()
    await require_step_up(unit)
    if not visit.diagnoses:
        raise NoDiagnosisOnFile()
    await require_spoken(unit, room)
    await published_book(unit, visit.hospital_id)
    sheets = await sheets_of_visit(unit, room)
    for sheet in sheets:
        if sheet.state is RxState.DRAFT and sheet.kind is kind and not await lines_of(unit, sheet.id):
            return sheet
    if len(sheets) >= MOST_SHEETS:
        raise PadClosed()
    return await begin(unit, visit, kind, PadContent())


async def begin(unit: Unit, visit: OwnVisit, kind: SheetKind, content: PadContent) -> Prescription:
    sequence = await unit.session.scalar(sa.select(NUMBERS.next_value()))
    rx = Prescription(
        id=new_id(),
        number=public_number("RX", unit.now, int(sequence or 0)),
        hospital_id=visit.hospital_id,
        account_id=visit.account_id,
        person_id=visit.person_id,
        visit_id=visit.id,
        doctor_id=visit.doctor_id,
        department_id=visit.department_id,
        campus_id=visit.campus_id,
        kind=kind,
        state=RxState.DRAFT,
        body=content.model_dump_json(),
        version=1,
        saved_by="",
        saved_at=unit.now,
        created_at=unit.now,
        total=0,
        may_travel=True,
        needs_cold_chain=False,
        issue=0,
        verify_code=share_token(),
    )
    unit.session.add(rx)
    await unit.session.flush()
    unit.audit("prescription.opened", rx, number=rx.number, kind=kind)
    return rx


async def save(unit: Unit, prescription_id: UUID, edit: SavePad) -> Prescription:
    """Keep what is typed so far: facts and lines, in this order.

    Raises PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated, FieldsInvalid for a drug that
    is unknown, not of this kind of sheet, or never prescribed online (REG 33).
    """
    rx, visit = await lock_own_draft(unit, prescription_id)
    require_version(rx, edit.version, edit.page)
    await keep_step_up(unit)
    published = await published_book(unit, rx.hospital_id)
    numbers = Numbers.of((await current_policy(unit, rx.hospital_id)).policy)
    refuse_unusable(published, numbers, rx.kind, edit.lines)
    _refuse_foreign(edit.facts, visit, published)
    before = {line.id: line for line in await lines_of(unit, rx.id)}
    content = _content(read_body(rx.body), edit)
    rows = [
        _line(rx, published, content.decoction, item, before.get(item.id), place)
        for place, item in enumerate(edit.lines, start=1)
    ]
    await put_lines(unit, rx, rows)
    touch(unit, rx, content, edit.page)
    try:
        async with unit.session.begin_nested():
            await unit.session.flush()
    except IntegrityError:
        # A line's id is the page's own; one that stands on another sheet is no line of this one.
        raise FieldsInvalid({"lines": N_("同一行出现了两次")}) from None
    return rx


def require_version(rx: Prescription, version: int, page: str = "") -> None:
    """Raises PadOutdated."""
    if rx.version != version and (not page or rx.saved_by != page):
        raise PadOutdated(version=rx.version)


def touch(unit: Unit, rx: Prescription, content: PadContent, page: str = "") -> None:
    """The sheet says something else now."""
    rx.body = content.model_dump_json()
    rx.version += 1
    rx.saved_by, rx.saved_at = page, unit.now


async def put_lines(unit: Unit, rx: Prescription, rows: Sequence[Line]) -> None:
    """Positions and ids are unique, so the old rows go first."""
    for old in await lines_of(unit, rx.id):
        unit.session.expunge(old)
    await unit.session.execute(sa.delete(Line).where(Line.prescription_id == rx.id))
    unit.session.add_all(rows)
    rx.total = sum(row.amount for row in rows)


def refuse_unusable(
    published: Published, numbers: Numbers, kind: SheetKind, items: Sequence[LineInput]
) -> None:
    """Raises FieldsInvalid with the path of each line."""
    wrong: dict[str, str] = {}
    seen: set[UUID] = set()
    for place, item in enumerate(items):
        if words := _unusable(published, numbers, kind, item):
            wrong[f"lines.{place}.drug_code"] = words
        if item.id in seen:
            wrong[f"lines.{place}.id"] = N_("同一行出现了两次")
        seen.add(item.id)
        if kind is SheetKind.WESTERN and item.quantity is not None and item.quantity % 1:
            wrong[f"lines.{place}.quantity"] = N_("数量须为整盒")
        if item.frequency and item.frequency not in published.book.frequencies:
            wrong[f"lines.{place}.frequency"] = N_("请从给出的选项中选择")
        if item.special and item.special not in steps_of(published, item.drug_code):
            wrong[f"lines.{place}.special"] = N_("请从给出的选项中选择")
    if wrong:
        raise FieldsInvalid(wrong)


def steps_of(published: Published, code: str) -> tuple[str, ...]:
    """Special steps a herb may have: the book's terms, and its own step as the book writes it."""
    herb = published.book.herbs.get(code)
    own = (herb.decoction_note,) if herb and herb.decoction_note else ()
    return tuple(dict.fromkeys((*own, *published.book.tcm.decoction_terms)))


def _unusable(published: Published, numbers: Numbers, kind: SheetKind, item: LineInput) -> str:
    shelf: Mapping[str, object] = published.book.medicines
    if kind is SheetKind.HERB:
        shelf = published.book.herbs
    if item.drug_code not in shelf:
        return N_("药品目录中没有这种药品")
    if not capabilities(Item(ref=item.drug_code), published.book, numbers).prescribable:
        return N_("这种药品不能在线上开具，请患者到线下就诊")
    return ""


def _refuse_foreign(facts: PadFacts, visit: OwnVisit, published: Published) -> None:
    """Diagnoses are the hospital's own of this person (XY05), the others the book's."""
    wrong: dict[str, str] = {}
    if any(code not in visit.diagnoses for code in facts.diagnoses):
        wrong["facts.diagnoses"] = N_("请从医院已有的诊断中选择")
    known = published.book.tcm_diagnoses
    for name, is_syndrome in (("tcm_disease", False), ("tcm_syndrome", True)):
        code = getattr(facts, name)
        if code and (code not in known or known[code].is_syndrome is not is_syndrome):
            wrong[f"facts.{name}"] = N_("请从给出的选项中选择")
    if any(code not in published.book.allergy_classes for code in facts.allergy_classes):
        wrong["facts.allergy_classes"] = N_("请从给出的选项中选择")
    if wrong:
        raise FieldsInvalid(wrong)


def _content(before: PadContent, edit: SavePad) -> PadContent:
    words = {
        str(item.id): LineWords(timing=item.timing, note=item.note, is_quantity_own=item.quantity is not None)
        for item in edit.lines
    }
    return PadContent(**edit.facts.model_dump(), words=words, resigned=before.resigned)


def _line(
    rx: Prescription,
    published: Published,
    decoction: DecoctionPlan,
    item: LineInput,
    before: Line | None,
    place: int,
) -> Line:
    line = Line(
        id=item.id,
        prescription_id=rx.id,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        person_id=rx.person_id,
        position=place,
        drug_code=item.drug_code,
        dose=item.dose,
        frequency=item.frequency,
        days=item.days or 0,
        route=item.route,
        role=item.role,
        grams=item.grams,
        special=item.special,
        quantity=Decimal(0),
        amount=0,
        copied=before.copied if before is not None and before.drug_code == item.drug_code else False,
        confirmed=before is None or before.confirmed,
        resign_reason="",
    )
    price(published, line, decoction, own=item.quantity)
    return line


def price(published: Published, line: Line, decoction: DecoctionPlan, *, own: Decimal | None) -> None:
    """Quantity and amount of a line, anew. `own` is the doctor's word on packs."""
    book = published.book
    if herb := book.herbs.get(line.drug_code):
        line.days = decoction.days
        line.quantity = (line.grams or Decimal(0)) * decoction.doses
        line.amount = herb_amount(herb, line.quantity)
    elif medicine := book.medicines.get(line.drug_code):
        line.route = line.route or medicine.route
        needed = packs_needed(
            book, medicine, dose=line.dose, frequency=line.frequency, days=line.days or None
        )
        line.quantity = own if own is not None else needed or Decimal(0)
        line.amount = medicine_amount(medicine, line.quantity)
