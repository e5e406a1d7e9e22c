"""Everything the pad shows of one sheet: lines, prices, stock, checks, and what is still missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from prescriptions.formulary import Book, Published, book_of, published_book
from prescriptions.formulary.entries import Herb, Medicine
from prescriptions.models import Line, Prescription
from prescriptions.queries import last_review, last_sheet, lines_of, pharmacist_expected, sheets_of_visit
from prescriptions.rules import valid_until
from prescriptions.safety.facts import Finding, Item, Numbers
from prescriptions.safety.fulfilment import Capabilities, capabilities
from prescriptions.safety.names import unit_name
from prescriptions.safety.wording import say
from prescriptions.sheet.content import plain_number
from prescriptions.sheet.wording import grams as grams_words
from prescriptions.states import PRESCRIPTION, CheckStage, RxEvent, RxState, SheetKind
from prescriptions.stock import availability
from prescriptions.writing.active import ActiveMedicines, active_medicines
from prescriptions.writing.checking import Checked, look_again, run_check
from prescriptions.writing.completing import lacking, unconfirmed
from prescriptions.writing.content import PadContent, read_body
from prescriptions.writing.own import OwnVisit, own_sheet
from prescriptions.writing.schemas import Can, FindingView, HitView, LineView, PadView, SheetRow, TakenView
from prescriptions.writing.sheeting import dose_words
from prescriptions.writing.splitting import pickup_only
from prescriptions.writing.wording import INSURANCE, NO_PHARMACIST, STATES
from telehealth.core.access import Actor
from telehealth.core.i18n import N_, format_fen, format_instant, translator
from telehealth.core.unit import Unit, Units
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import PolicySet

Say = Callable[[str], str]
MOST_HITS = 12


@dataclass(frozen=True, slots=True)
class Pad:
    """One sheet and all it is judged by."""

    rx: Prescription
    visit: OwnVisit
    lines: Sequence[Line]
    content: PadContent
    published: Published
    policy: PolicySet
    checked: Checked
    active: ActiveMedicines
    stock: Mapping[str, Decimal]
    is_reviewed_in_time: bool
    last: Prescription | None
    returned_because: str

    @property
    def book(self) -> Book:
        return self.published.book

    @property
    def numbers(self) -> Numbers:
        return Numbers.of(self.policy)


async def look(units: Units, actor: Actor, prescription_id: UUID) -> Pad:
    """Raises PrescriptionNotFound, NoFormulary."""
    async with units.of(actor) as unit:
        rx, _ = await own_sheet(unit, prescription_id)
        published = await published_book(unit, rx.hospital_id)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        return await _look(unit, prescription_id, active, published)


async def _look(unit: Unit, prescription_id: UUID, active: ActiveMedicines, published: Published) -> Pad:
    rx, visit = await own_sheet(unit, prescription_id)
    policy = (await current_policy(unit, rx.hospital_id)).policy
    lines = await lines_of(unit, rx.id)
    until = rx.valid_until or valid_until(unit.now, policy.prescription.valid_days_online)
    review = await last_review(unit, rx.id) if rx.issue else None
    return Pad(
        rx=rx,
        visit=visit,
        lines=lines,
        content=read_body(rx.body),
        published=published,
        policy=policy,
        checked=await _check(unit, rx, lines, active, published),
        active=active,
        stock=await availability(unit, rx.hospital_id, rx.campus_id, [line.drug_code for line in lines]),
        is_reviewed_in_time=await pharmacist_expected(unit, rx.hospital_id, since=unit.now, until=until),
        last=await last_sheet(unit, rx) if rx.state is RxState.DRAFT else None,
        returned_because=review.reason if review is not None and rx.state is not RxState.SIGNED else "",
    )


async def _check(
    unit: Unit, rx: Prescription, lines: Sequence[Line], active: ActiveMedicines, published: Published
) -> Checked:
    """A draft is checked as it is written; a signed sheet is looked at by the book it was signed by."""
    if rx.state is RxState.DRAFT or rx.book_id is None:
        return await run_check(unit, rx, lines, CheckStage.WRITING, active, published)
    return await look_again(unit, rx, lines, active, await book_of(unit, rx.book_id))


def pad_view(pad: Pad, lang: str) -> PadView:
    say_, rx = translator(lang), pad.rx
    editable = rx.state is RxState.DRAFT and not pad.visit.is_closed
    missing = {} if not editable else lacking(rx, pad.lines, pad.content, pad.policy)
    open_lines = unconfirmed(pad.lines)
    still = pad.checked.open_findings(pad.content)
    return PadView(
        id=rx.id,
        number=rx.number,
        kind=rx.kind,
        state=str(rx.state),
        version=rx.version,
        issue=rx.issue,
        may_edit=editable,
        may_void=PRESCRIPTION.allows(rx.state, RxEvent.VOID),
        may_revise=PRESCRIPTION.allows(rx.state, RxEvent.REVISE),
        facts=pad.content.facts,
        lines=[_line(pad, line, lang, say_) for line in pad.lines],
        total=rx.total,
        total_words=format_fen(rx.total, lang),
        weight_words=_weight(pad, say_),
        # An empty sheet has nothing to be checked yet.
        findings=[_finding(pad, each, lang) for each in pad.checked.verdict.findings if pad.lines],
        taken=[
            TakenView(
                name=each.name,
                days_left=each.days_left,
                is_foreign=each.is_foreign,
                words=say_(N_("还可用 %(n)s 天")) % {"n": each.days_left},
            )
            for each in pad.active.taken
        ],
        foreign_known=pad.active.foreign_known,
        missing={name: say_(words) for name, words in missing.items()},
        unconfirmed=open_lines,
        can_sign=editable and not missing and not open_lines and not still,
        split=len(pickup_only(pad.lines, pad.book, pad.numbers)) if editable and _is_western(rx) else 0,
        no_pharmacist="" if pad.is_reviewed_in_time else say_(NO_PHARMACIST),
        last_number=pad.last.number if pad.last is not None else "",
        answer_by=format_instant(rx.answer_by, lang) if rx.answer_by else "",
        returned_because=pad.returned_because,
    )


async def find_drugs(unit: Unit, prescription_id: UUID, typed: str, lang: str) -> list[HitView]:
    """By any part of a name, pinyin, initials or code. Raises PrescriptionNotFound, NoFormulary."""
    rx, _ = await own_sheet(unit, prescription_id)
    published = await published_book(unit, rx.hospital_id)
    codes = published.find(rx.kind, typed, MOST_HITS)
    stock = await availability(unit, rx.hospital_id, rx.campus_id, codes)
    numbers = Numbers.of((await current_policy(unit, rx.hospital_id)).policy)
    return [_hit(published.book, numbers, code, stock.get(code, Decimal(0)), lang) for code in codes]


async def sheet_rows(unit: Unit, room: UUID, lang: str) -> list[SheetRow]:
    """Sheets of a visit that the unit may see; discarded drafts are left out."""
    found = []
    for rx in await sheets_of_visit(unit, room):
        if rx.state is RxState.VOIDED and not rx.issue:
            continue
        tone, words = STATES[rx.state]
        found.append(
            SheetRow(
                id=rx.id,
                number=rx.number,
                kind=rx.kind,
                state=str(rx.state),
                state_words=translator(lang)(words),
                tone=tone,
                total=rx.total,
                lines=len(await lines_of(unit, rx.id)),
                href=f"/staff/prescriptions/{rx.id}",
            )
        )
    return found


def detail_of(entry: Medicine | Herb, say_: Say) -> str:
    if isinstance(entry, Herb):
        return say_(N_("常用 %(least)s–%(most)s g")) % {
            "least": plain_number(entry.dose_min), "most": plain_number(entry.dose_max),
        }  # fmt: skip
    return f"{entry.strength} × {entry.pack_units} {entry.dose_unit}/{entry.pack_unit}"


def price_of(entry: Medicine | Herb, lang: str) -> str:
    if isinstance(entry, Herb):
        return f"¥{plain_number(entry.price_per_gram / 100)}/g"
    return f"{format_fen(entry.price, lang)}/{entry.pack_unit}"


def _hit(book: Book, numbers: Numbers, code: str, free: Decimal, lang: str) -> HitView:
    say_ = translator(lang)
    entry = book.medicines.get(code) or book.herbs[code]
    can = capabilities(Item(ref=code), book, numbers)
    refusal = "" if can.prescribable else say_(N_("不能在线上开具"))
    if isinstance(entry, Herb):
        unit, each, per, route, step = "g", "g", "1", "", entry.decoction_note
    else:
        unit, each = unit_name(entry.amount_unit, say_), entry.dose_unit
        per, route, step = plain_number(entry.per_unit), entry.route, ""
    return HitView(
        code=code,
        name=entry.name,
        detail=detail_of(entry, say_),
        price=price_of(entry, lang),
        insurance=_insurance(entry, say_),
        stock=_stock(entry, free),
        in_stock=free > 0,
        can=_can(can),
        refusal=refusal,
        amount_unit=unit,
        dose_unit=each,
        per_unit=per,
        route=route,
        step=step,
    )


def _line(pad: Pad, line: Line, lang: str, say_: Say) -> LineView:
    entry = pad.book.medicines.get(line.drug_code) or pad.book.herbs.get(line.drug_code)
    words = pad.content.words_of(line.id)
    free = pad.stock.get(line.drug_code, Decimal(0))
    term = pad.book.frequencies.get(line.frequency)
    is_medicine = isinstance(entry, Medicine)
    return LineView(
        id=line.id,
        drug_code=line.drug_code,
        name=entry.name if entry else line.drug_code,
        detail=detail_of(entry, say_) if entry else "",
        price=price_of(entry, lang) if entry else "",
        insurance=_insurance(entry, say_) if entry else "",
        stock=_stock(entry, free) if entry else "",
        in_stock=free > 0 and free >= line.quantity,
        can=_can(capabilities(Item(ref=line.drug_code), pad.book, pad.numbers)),
        dose=_number(line.dose),
        amount_unit=unit_name(entry.amount_unit, say_) if isinstance(entry, Medicine) else "g",
        dose_words=dose_words(entry, line.dose) if isinstance(entry, Medicine) else "",
        frequency=line.frequency,
        frequency_words=say_(term.name) if term else "",
        days=line.days or None,
        route=line.route,
        quantity=_number(line.quantity or None),
        quantity_unit=entry.pack_unit if isinstance(entry, Medicine) else "g",
        is_quantity_own=words.is_quantity_own,
        role=line.role,
        grams=_number(line.grams),
        special=line.special,
        step="" if is_medicine or entry is None else entry.decoction_note,  # type: ignore[union-attr]
        timing=words.timing,
        note=words.note,
        amount=line.amount,
        amount_words=format_fen(line.amount, lang),
        copied=line.copied,
        confirmed=line.confirmed,
        resigned_because=line.resign_reason,
    )


def _finding(pad: Pad, finding: Finding, lang: str) -> FindingView:
    said = say(finding, pad.book, lang)
    given = pad.content.resigned.get(finding.key)
    return FindingView(
        key=finding.key,
        code=str(finding.code),
        severity=str(finding.severity),
        title=said.title,
        label=said.severity,
        why=said.why,
        todo=said.todo,
        advice=said.advice,
        source=finding.source,
        lines=list(finding.items),
        reason=given.reason if given is not None else "",
    )


def _weight(pad: Pad, say_: Say) -> str:
    if pad.rx.kind is not SheetKind.HERB or not pad.lines:
        return ""
    each = sum((line.grams or Decimal(0) for line in pad.lines), Decimal(0))
    doses = pad.content.decoction.doses
    return say_(N_("每剂 %(n)s 味 %(each)s，%(doses)s 剂共 %(all)s")) % {
        "n": len(pad.lines), "each": grams_words(each), "doses": doses, "all": grams_words(each * doses),
    }  # fmt: skip


def _stock(entry: Medicine | Herb, free: Decimal) -> str:
    unit = entry.pack_unit if isinstance(entry, Medicine) else "g"
    return f"{plain_number(free)} {unit}"


def _insurance(entry: Medicine | Herb, say_: Say) -> str:
    return say_(INSURANCE[entry.insurance_class]) if isinstance(entry, Medicine) else ""


def _can(can: Capabilities) -> Can:
    return Can(
        prescribable=can.prescribable, courier=can.courier, pickup_only=can.pickup_only,
        cold_chain=can.cold_chain, long_rx=can.long_rx,
    )  # fmt: skip


def _number(value: Decimal | None) -> str:
    return "" if value is None else plain_number(value)


def _is_western(rx: Prescription) -> bool:
    return rx.kind is SheetKind.WESTERN
