"""The pad as a page, beside the room. With script it is worked by keyboard; without, line by line."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.errors import ChecksFailed
from prescriptions.formulary import Published, published_book
from prescriptions.formulary.spelling import initials
from prescriptions.queries import lines_of
from prescriptions.states import RxState, SheetKind
from prescriptions.writing import copying, drafting, resigning, revising, signing, splitting, voiding
from prescriptions.writing.api import press_of
from prescriptions.writing.content import (
    TEMPERATURES,
    TIMINGS,
    LineInput,
    PadContent,
    PadFacts,
    SavePad,
    read_body,
)
from prescriptions.writing.forms import ActForm, AddLineForm, FactsForm
from prescriptions.writing.own import own_sheet
from prescriptions.writing.reading import signed_sheet
from prescriptions.writing.schemas import OpenBody
from prescriptions.writing.showing import Pad, look, pad_view, sheet_rows
from prescriptions.writing.wording import ANSWERS, FEE_CLASSES, NEXT, ROLES, SHEETS, STATES, TEXTS
from telehealth.accounts import StepUpNeeded
from telehealth.consultations.filing import PatientFile, file_of
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import (
    Conflict,
    DomainError,
    FieldsInvalid,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
)
from telehealth.core.i18n import N_, translator
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.patients.wording import SEX_LABELS
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

NEEDS = Permission.CONSULT
#: At these ages a woman is asked; the check asks at any.
BEARING = range(10, 61)
REFUSALS = (Refused, Conflict, Invalid, Unavailable, Forbidden)


@page(needs=NEEDS, limit="60/minute")
async def open_pad_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, OpenBody)
    kind = form.model.kind if form.model else SheetKind.WESTERN
    try:
        async with units.of(actor) as unit:
            rx = await drafting.open_pad(unit, room_id, kind)
    except StepUpNeeded:
        return _step_up(f"/staff/rooms/{room_id}?pane=file")
    except REFUSALS as error:
        return redirect(f"/staff/rooms/{room_id}?pane=file#part-tools", flash=error.detail, kind="warn")
    return redirect(_href(rx.id))


@page(needs=NEEDS)
async def pad_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    lang = language(request)
    pad = await look(units, actor, prescription_id)
    async with units.of(actor) as unit:
        file = await file_of(unit, pad.rx.visit_id)
        siblings = await sheet_rows(unit, pad.rx.visit_id, lang)
    view = pad_view(pad, lang)
    options = _options(pad, lang)
    state = pad.rx.state
    return render(
        request,
        "prescriptions/pad.html",
        pad=view,
        patient=_patient(file, lang),
        siblings=[row for row in siblings if row.id != pad.rx.id],
        options=options,
        sheet=SHEETS[pad.rx.kind],
        state={"tone": STATES[state][0], "words": STATES[state][1], "next": NEXT.get(state, "")},
        is_herb=pad.rx.kind is SheetKind.HERB,
        is_draft=state is RxState.DRAFT,
        has_file=pad.rx.issue > 0,
        room=f"/staff/rooms/{pad.rx.visit_id}",
        href=_href(pad.rx.id),
        data={
            "pad": view.model_dump(mode="json"),
            "page": new_id().hex,
            "api": f"/api/v1/prescriptions/{pad.rx.id}",
            "href": _href(pad.rx.id),
            "lang": lang,
            "options": options,
            "texts": _said(TEXTS, lang),
        },
    )


@page(needs=NEEDS, limit="240/minute")
async def facts_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    form = await read_form(request, FactsForm)
    if form.model is None:
        return await _unread(units, actor, prescription_id, next(iter(form.errors.values()), Invalid.detail))
    try:
        facts = form.model.facts
    except ValidationError:
        return _back(prescription_id, N_("煎服方法的数字不合理，请检查"), kind="warn")
    return await _save(units, actor, prescription_id, form.model.version, facts=facts)


@page(needs=NEEDS, limit="240/minute")
async def add_line_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    form = await read_form(request, AddLineForm)
    if form.model is None:
        return await _unread(units, actor, prescription_id, next(iter(form.errors.values()), Invalid.detail))
    async with units.of(actor) as unit:
        rx, _ = await own_sheet(unit, prescription_id)
        code = _code(await published_book(unit, rx.hospital_id), rx.kind, form.model.drug)
    if not code:
        return _back(prescription_id, N_("药品目录中没有这种药品"), kind="warn")
    return await _save(units, actor, prescription_id, form.model.version, add=form.model.line(code))


@page(needs=NEEDS, limit="240/minute")
async def remove_line_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    form = await read_form(request, ActForm)
    if form.model is None:
        return await _unread(units, actor, prescription_id)
    return await _save(units, actor, prescription_id, form.model.version, drop=form.model.subject)


@page(needs=NEEDS, limit="60/minute")
async def act_page(request: Request, units: Units, actor: Actor, prescription_id: UUID, act: str) -> Response:
    """Copy, confirm, sign again, split, sign, take back, mend."""
    form = await read_form(request, ActForm)
    if form.model is None:
        return await _unread(units, actor, prescription_id)
    try:
        said = await _act(request, units, actor, prescription_id, act, form.model)
    except StepUpNeeded:
        return _step_up(_href(prescription_id))
    except ChecksFailed:
        return _back(prescription_id, ChecksFailed.detail, kind="warn", part="part-checks")
    except FieldsInvalid as error:
        return _back(prescription_id, next(iter(error.fields.values())), kind="warn")
    except REFUSALS as error:
        return _back(prescription_id, sentence(error, "zh-CN"), kind="warn")
    return _back(prescription_id, said)


@page(needs=NEEDS)
async def sheet_page(units: Units, actor: Actor, prescription_id: UUID) -> Response:
    number, pdf = await signed_sheet(units, actor, prescription_id)
    headers = {
        "content-disposition": f'inline; filename="{number}.pdf"',
        "cache-control": "private, no-store",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _unread(units: Units, actor: Actor, prescription_id: UUID, words: str = "") -> Response:
    """A form that makes no sense. Raises PrescriptionNotFound: of somebody else's sheet nothing is said."""
    async with units.of(actor) as unit:
        await own_sheet(unit, prescription_id)
    return _back(prescription_id, words, kind="warn")


async def _act(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, act: str, form: ActForm
) -> str:
    version = form.version
    if act == "signature":
        await signing.sign(units, actor, prescription_id, version=version, press=press_of(request))
        return N_("处方已签名，已送药师审核")
    if act == "resignature":
        await resigning.resign(
            units, actor, prescription_id, form.subject, reason=form.reason, version=version
        )
        return N_("已再次签名")
    async with units.of(actor) as unit:
        if act == "copy":
            await copying.copy_last(unit, prescription_id, version=version)
            return N_("已复制上次处方，请逐条确认")
        if act == "confirmation":
            await copying.confirm(unit, prescription_id, _uuid(form.subject), version=version)
            return N_("已确认")
        if act == "split":
            await splitting.split(unit, prescription_id, version=version)
            return N_("已拆分为两张处方，请分别签名")
        if act == "revision":
            await revising.revise(unit, prescription_id)
            return N_("请修改后重新签名")
        if act == "voiding":
            await voiding.void(unit, prescription_id)
            return N_("处方已作废")
    raise NotFound()


async def _save(
    units: Units,
    actor: Actor,
    prescription_id: UUID,
    version: int,
    *,
    facts: PadFacts | None = None,
    add: LineInput | None = None,
    drop: str = "",
) -> Response:
    try:
        async with units.of(actor) as unit:
            rx, _ = await own_sheet(unit, prescription_id)
            content = read_body(rx.body)
            lines = [_input(line, content) for line in await lines_of(unit, rx.id) if str(line.id) != drop]
            edit = SavePad(
                version=version,
                facts=facts or content.facts,
                lines=(*lines, *([add] if add is not None else [])),
            )
            await drafting.save(unit, prescription_id, edit)
    except FieldsInvalid as error:
        return _back(prescription_id, next(iter(error.fields.values())), kind="warn")
    except REFUSALS as error:
        return _back(prescription_id, error.detail, kind="warn")
    return _back(prescription_id, N_("已保存"))


def _input(line: Any, content: PadContent) -> LineInput:
    words = content.words_of(line.id)
    return LineInput(
        id=line.id, drug_code=line.drug_code, dose=line.dose, frequency=line.frequency,
        days=line.days or None, route=line.route,
        quantity=line.quantity if words.is_quantity_own else None, role=line.role, grams=line.grams,
        special=line.special, timing=words.timing, note=words.note,
    )  # fmt: skip


def _code(published: Published, kind: SheetKind, typed: str) -> str:
    """What is typed in full; a part of a name chooses nothing (REG 18)."""
    book = published.book
    if kind is SheetKind.HERB:
        herb = book.herb(typed)
        return herb.code if herb else ""
    medicine = book.medicine(typed.strip().upper()) or book.medicine(typed)
    return medicine.code if medicine else ""


def _patient(file: PatientFile, lang: str) -> dict[str, Any]:
    say = translator(lang)
    who = say(N_("%(sex)s，%(age)s 岁")) % {"sex": say(SEX_LABELS[file.person.sex]), "age": file.age}
    if file.allergies:
        allergies, tone = file.allergies, "danger"
    elif file.has_no_known_allergies:
        allergies, tone = say(N_("患者自述无药物过敏")), "ok"
    else:
        allergies, tone = say(N_("患者没有填写过敏史，请询问")), "warn"
    return {
        "name": file.person.name,
        "who": who,
        "may_bear": str(file.person.sex) == "female" and file.age in BEARING,
        "allergies": allergies,
        "tone": tone,
        "weight": file.content.weight_kg if file.content else "",
        "medicines": file.content.medicines if file.content else "",
    }


def _options(pad: Pad, lang: str) -> dict[str, Any]:
    say, book = translator(lang), pad.book
    terms = {*book.tcm.decoction_terms, *(herb.decoction_note for herb in book.herbs.values())} - {""}
    steps = sorted(terms, key=lambda term: (term not in book.tcm.decoction_terms, len(term), term))
    return {
        "diagnoses_choices": [(code, f"{text} {code}") for code, text in pad.visit.diagnoses.items()],
        "frequencies": [(term.code, say(term.name)) for term in book.frequencies.values()],
        "diseases": [(e.code, e.name) for e in book.tcm_diagnoses.values() if not e.is_syndrome],
        "syndromes": [(e.code, e.name) for e in book.tcm_diagnoses.values() if e.is_syndrome],
        "allergies": [(entry.code, entry.name) for entry in book.allergy_classes.values()],
        "steps": [(step, initials(step)) for step in steps],
        "routes": sorted({medicine.route for medicine in book.medicines.values()}),
        "timings": [(each, say(each) if each else "") for each in TIMINGS],
        "temperatures": [(each, say(each)) for each in TEMPERATURES],
        "answers": [(code, say(words)) for code, words in ANSWERS],
        "fee_classes": [(words, say(words)) for words in FEE_CLASSES],
        "roles": [(code, say(words)) for code, words in ROLES.items()],
        "decocted_by": [("pharmacy", say(N_("药房代煎"))), ("patient", say(N_("患者自煎")))],
    }


def _said(words: Any, lang: str) -> Any:
    if isinstance(words, str):
        return translator(lang)(words)
    return {key: _said(value, lang) for key, value in words.items()}


def _href(prescription_id: UUID) -> str:
    return f"/staff/prescriptions/{prescription_id}"


def _back(prescription_id: UUID, flash: str = "", *, kind: str = "ok", part: str = "") -> Response:
    return redirect(_href(prescription_id) + (f"#{part}" if part else ""), flash=flash, kind=kind)


def _step_up(target: str) -> Response:
    return redirect(f"/staff/step-up?next={quote(target, safe='')}")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FieldsInvalid({"subject": DomainError.detail}) from None


_PAD = "/staff/prescriptions/{prescription_id:uuid}"
routes = [
    Route("/staff/rooms/{room_id:uuid}/prescriptions", open_pad_page, methods=["POST"]),
    Route(_PAD, pad_page),
    Route(f"{_PAD}/sheet.pdf", sheet_page),
    Route(f"{_PAD}/facts", facts_page, methods=["POST"]),
    Route(f"{_PAD}/lines", add_line_page, methods=["POST"]),
    Route(f"{_PAD}/removals", remove_line_page, methods=["POST"]),
    Route(f"{_PAD}/acts/{{act}}", act_page, methods=["POST"]),
]
