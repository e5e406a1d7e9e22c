"""Lines that must not travel onto a sheet of their own, so that the rest may (REG 40, 41, 45)."""

from collections.abc import Sequence
from uuid import UUID

from prescriptions.formulary import Book, published_book
from prescriptions.models import Line
from prescriptions.queries import lines_of
from prescriptions.safety.facts import Item, Numbers
from prescriptions.safety.fulfilment import capabilities
from prescriptions.states import SheetKind
from prescriptions.writing.content import PadContent, read_body
from prescriptions.writing.copying import fresh
from prescriptions.writing.drafting import begin, put_lines, require_version, touch
from prescriptions.writing.errors import NothingToSplit
from prescriptions.writing.own import lock_own_draft
from telehealth.accounts import keep_step_up
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy


def pickup_only(lines: Sequence[Line], book: Book, numbers: Numbers) -> list[Line]:
    """Those that keep the others from travelling; empty when all or none of them may."""
    bound = [line for line in lines if not capabilities(Item(ref=line.drug_code), book, numbers).courier]
    return bound if 0 < len(bound) < len(lines) else []


async def split(unit: Unit, prescription_id: UUID, *, version: int, page: str = "") -> tuple[UUID, UUID]:
    """Move them to a new draft of the same visit; both are signed by themselves. Ids of rest and new sheet.

    Raises PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated, NothingToSplit.
    """
    rx, visit = await lock_own_draft(unit, prescription_id)
    require_version(rx, version, page)
    await keep_step_up(unit)
    book = (await published_book(unit, rx.hospital_id)).book
    numbers = Numbers.of((await current_policy(unit, rx.hospital_id)).policy)
    lines = [*await lines_of(unit, rx.id)]
    bound = {line.id for line in pickup_only(lines, book, numbers)}
    if rx.kind is not SheetKind.WESTERN or not bound:
        raise NothingToSplit()
    content = read_body(rx.body)
    other = await begin(unit, visit, rx.kind, _words(content, bound))
    stay = [fresh(rx, row, place) for place, row in enumerate((r for r in lines if r.id not in bound), 1)]
    move = [fresh(other, row, place) for place, row in enumerate((r for r in lines if r.id in bound), 1)]
    await put_lines(unit, rx, stay)
    await unit.session.flush()
    await put_lines(unit, other, move)
    other.copied_from = rx.copied_from
    touch(unit, rx, _words(content, {row.id for row in stay}), page)
    unit.audit("prescription.split", rx, number=rx.number, into=other.number)
    await unit.session.flush()
    return rx.id, other.id


def _words(content: PadContent, ids: set[UUID]) -> PadContent:
    kept = {str(each) for each in ids}
    return content.model_copy(
        update={"words": {key: said for key, said in content.words.items() if key in kept}}
    )
