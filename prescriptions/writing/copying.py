"""Copy the last sheet: an act of the doctor, whose lines are marked and confirmed one by one (REG 18)."""

from uuid import UUID

from prescriptions.formulary import published_book
from prescriptions.models import Line, Prescription
from prescriptions.queries import last_sheet, lines_of
from prescriptions.safety.facts import Item, Numbers
from prescriptions.safety.fulfilment import capabilities
from prescriptions.states import SheetKind
from prescriptions.writing.content import LineWords, PadContent, read_body
from prescriptions.writing.drafting import price, put_lines, require_version, touch
from prescriptions.writing.errors import LineNotConfirmed, NothingToCopy
from prescriptions.writing.own import lock_own_draft
from telehealth.accounts import keep_step_up
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy


async def copy_last(unit: Unit, prescription_id: UUID, *, version: int, page: str = "") -> Prescription:
    """Lines of the person's last sheet of this kind, behind those that are there. Facts are not copied.

    What the book no longer has is left out; quantity and price are today's. Again copies nothing twice.

    Raises PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated, NothingToCopy.
    """
    rx, _ = await lock_own_draft(unit, prescription_id)
    require_version(rx, version, page)
    await keep_step_up(unit)
    last = await last_sheet(unit, rx)
    if last is None:
        raise NothingToCopy()
    published = await published_book(unit, rx.hospital_id)
    numbers = Numbers.of((await current_policy(unit, rx.hospital_id)).policy)
    content, theirs = read_body(rx.body), read_body(last.body)
    if rx.kind is SheetKind.HERB:
        content = content.model_copy(update={"decoction": theirs.decoction})
    rows, words = [*await lines_of(unit, rx.id)], dict(content.words)
    there = {row.drug_code for row in rows}
    for line in await lines_of(unit, last.id):
        if line.drug_code in there:
            continue
        if not capabilities(Item(ref=line.drug_code), published.book, numbers).prescribable:
            continue
        made = _copy(rx, line, len(rows) + 1)
        own = theirs.words_of(line.id)
        words[str(made.id)] = LineWords(timing=own.timing, note=own.note)
        price(published, made, content.decoction, own=None)
        rows.append(made)
    if len(rows) == len(there):
        raise NothingToCopy()
    await put_lines(unit, rx, [fresh(rx, row, place) for place, row in enumerate(rows, start=1)])
    rx.copied_from = last.id
    touch(unit, rx, content.model_copy(update={"words": words}), page)
    unit.audit("prescription.copied", rx, number=rx.number, copied_from=last.number)
    return rx


async def confirm(
    unit: Unit, prescription_id: UUID, line_id: UUID, *, version: int, page: str = ""
) -> Prescription:
    """This very line is right for today. Raises as `copy_last`, LineNotConfirmed for no such line."""
    rx, _ = await lock_own_draft(unit, prescription_id)
    require_version(rx, version, page)
    await keep_step_up(unit)
    line = next((row for row in await lines_of(unit, rx.id) if row.id == line_id), None)
    if line is None:
        raise LineNotConfirmed(lines=[str(line_id)])
    line.confirmed = True
    content: PadContent = read_body(rx.body)
    touch(unit, rx, content, page)
    unit.audit("prescription.line_confirmed", rx, number=rx.number, line=line.position)
    return rx


def _copy(rx: Prescription, line: Line, place: int) -> Line:
    made = fresh(rx, line, place)
    made.id, made.copied, made.confirmed = new_id(), True, False
    made.resign_reason, made.resigned_at = "", None
    return made


def fresh(rx: Prescription, line: Line, place: int) -> Line:
    """The same words as a row of this sheet at this place."""
    return Line(
        id=line.id, prescription_id=rx.id, hospital_id=rx.hospital_id, account_id=rx.account_id,
        person_id=rx.person_id, position=place, drug_code=line.drug_code, dose=line.dose,
        frequency=line.frequency, days=line.days, route=line.route, role=line.role, grams=line.grams,
        special=line.special, quantity=line.quantity, amount=line.amount, copied=line.copied,
        confirmed=line.confirmed, resign_reason=line.resign_reason, resigned_at=line.resigned_at,
    )  # fmt: skip
