"""HTML routes of the condition form. It works without script; with script it saves itself."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import FieldsInvalid, Invalid, NotFound
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import ScannerDown, UploadTooLarge
from telehealth.directory import emergency_advice, hospital, hospital_by_code, said
from telehealth.intake import attaching, filling, presenting, sending
from telehealth.intake.errors import FormFixed, FormIncomplete, FormNotFound, FormOutdated, RedFlagRaised
from telehealth.intake.filling import SaveForm, content_of
from telehealth.intake.models import IntakeForm
from telehealth.intake.rules import PhotoKind
from telehealth.intake.sending import Overview
from telehealth.intake.states import FormState
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.contract import field_sentences, page
from telehealth.web.forms import collect
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import language

_KINDS = {"online": ClinicKind.INTERNET, "internet": ClinicKind.INTERNET, "offline": ClinicKind.OFFLINE}
NEEDS = Permission.BOOK


@dataclass
class Typed:
    """What was typed, to show again, and what is wrong with it."""

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    edit: SaveForm | None = None


@page(needs=NEEDS, limit="60/minute")
async def begin_intake_page(request: Request, unit: Unit, code: str) -> Response:
    """To the form of this errand; the rest of the address goes on to the next step."""
    place = await hospital_by_code(unit, code)
    asked = request.query_params
    try:
        person_id, department_id = UUID(asked.get("person", "")), UUID(asked.get("department", ""))
    except ValueError:
        raise NotFound() from None
    kind = _KINDS.get(asked.get("kind", ""), ClinicKind.INTERNET)
    row = await filling.begin(unit, person_id=person_id, department_id=department_id, kind=kind)
    if row.hospital_id != place.id:
        raise FormNotFound()
    rest = [(name, value) for name, value in asked.items() if name not in ("next", "form")]
    onward = f"/h/{code}/book?{urlencode([*rest, ('form', str(row.id))])}"
    return redirect(_address(code, row.id, own_path(asked.get("next", ""), onward)))


@page(needs=NEEDS)
async def intake_form_page(request: Request, unit: Unit, code: str, form_id: UUID) -> Response:
    found = await _own(unit, code, form_id)
    return await _show(request, unit, found, Typed(presenting.values(found.sheet.content)))


@page(needs=NEEDS, limit="60/minute")
async def save_intake_page(
    request: Request, units: Units, actor: Actor, code: str, form_id: UUID
) -> Response:
    """Save, or save and send. Whatever is refused, the words stay on the page and, where possible, stored."""
    return await _take(request, units, actor, code, form_id, await request.form(max_fields=200, max_files=0))


@page(needs=NEEDS, limit="30/minute")
async def attach_page(request: Request, units: Units, actor: Actor, form_id: UUID) -> Response:
    """The same form with files in it, from a browser without script."""
    sent = await request.form(max_fields=200, max_files=10)
    async with units.of(actor) as unit:
        row = await filling.read(unit, form_id)
        found = await sending.overview(unit, row.id)
        code = await _code_of(unit, row)
    errors: dict[str, str] = {}
    try:
        for kind in PhotoKind:
            for file in sent.getlist(f"_{kind}_file"):
                if isinstance(file, UploadFile) and file.filename:
                    await _attach(units, actor, form_id, kind, file, found.max_bytes, errors)
    finally:
        await sent.close()
    return await _take(request, units, actor, code, form_id, sent, errors)


@page(needs=NEEDS)
async def revise_intake_page(request: Request, unit: Unit, code: str, form_id: UUID) -> Response:
    await _own(unit, code, form_id)
    await filling.revise(unit, form_id)
    return redirect(_address(code, form_id, _next(request, code, form_id)))


@page(needs=NEEDS)
async def remove_attachment_page(
    request: Request, unit: Unit, code: str, form_id: UUID, attachment_id: UUID
) -> Response:
    await _own(unit, code, form_id)
    await attaching.remove(unit, attachment_id)
    return redirect(_address(code, form_id, _next(request, code, form_id)), flash=N_("已移除"))


@page(needs=NEEDS)
async def intake_emergency_page(request: Request, unit: Unit, code: str, form_id: UUID) -> Response:
    """What to do now, instead of a booking (XY04)."""
    found = await _own(unit, code, form_id)
    advice = await sending.advice_for(unit, form_id)
    if advice is None:
        return redirect(_address(code, form_id, _next(request, code, form_id)))
    here, lang = await emergency_advice(unit, found.sheet.row.hospital_id), language(request)
    return render(
        request,
        "intake/emergency.html",
        emergency={
            "sentence": words(request)(advice.sentence),
            "numbers": list(advice.numbers),
            "text": said(here, "text", lang),
            "places": [
                {
                    "name": said(place, "name", lang),
                    "address": said(place, "address", lang),
                    "phone": place.phone,
                }
                for place in here.places
            ],
        },
        form_href=_address(code, form_id, _next(request, code, form_id)),
        home=f"/h/{code}",
        complaint_phone=(await hospital_by_code(unit, code)).complaint_phone,
    )


async def _take(
    request: Request,
    units: Units,
    actor: Actor,
    code: str,
    form_id: UUID,
    sent: FormData,
    errors: dict[str, str] | None = None,
) -> Response:
    """Store first, so that a refusal to send costs nothing that was typed."""
    typed = _typed(sent)
    onward = own_path(str(typed.values.get("_next", "")), _next(request, code, form_id))
    typed.errors |= errors or {}
    status = 422
    try:
        if typed.edit is not None:
            async with units.of(actor) as unit:
                await _own(unit, code, form_id)
                saved = await filling.save(unit, form_id, typed.edit)
            if sent.get("go") != "submit" and not typed.errors:
                return redirect(_address(code, form_id, onward), flash=N_("已保存"))
            if not typed.errors:
                await sending.submit(units, actor, form_id, version=saved.version)
                return redirect(onward)
    except RedFlagRaised:
        return redirect(f"/h/{code}/intake/{form_id}/emergency?{urlencode({'next': onward})}")
    except FormFixed:
        return redirect(_address(code, form_id, onward), flash=FormFixed.detail, kind="warn")
    except FormIncomplete as error:
        typed.errors |= presenting.for_page(error.fields)
    except FormOutdated as error:
        typed.errors[""], status = error.detail, 409
    except FieldsInvalid as error:
        typed.errors |= error.fields
    async with units.of(actor) as unit:
        found = await _own(unit, code, form_id)
        return await _show(request, unit, found, typed, status=status, onward=onward)


def _typed(sent: FormData) -> Typed:
    values = collect(sent)
    shown = {name: value for name, value in values.items() if isinstance(value, str)}
    for _, none, *_rest in presenting.PARTS:
        shown.setdefault(none, "false")
    wanted = {name: value for name, value in shown.items() if name != "go"}
    try:
        return Typed(shown, edit=SaveForm.model_validate(wanted))
    except ValidationError as error:
        return Typed(shown, field_sentences(error))


async def _attach(
    units: Units,
    actor: Actor,
    form_id: UUID,
    kind: PhotoKind,
    file: UploadFile,
    limit: int,
    errors: dict[str, str],
) -> None:
    """A refused file is told beside its box; the others and the words are kept."""
    data = await file.read(limit + 1)
    try:
        if len(data) > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        await attaching.attach(units, actor, form_id, kind=kind, filename=file.filename or "file", data=data)
    except (Invalid, ScannerDown, BlobsDown) as error:
        errors[f"_{kind}"] = error.detail


async def _show(
    request: Request,
    unit: Unit,
    found: Overview,
    typed: Typed,
    *,
    status: int = 200,
    onward: str = "",
) -> Response:
    row, lang = found.sheet.row, language(request)
    place = await hospital_by_code(unit, str(request.path_params.get("code") or await _code_of(unit, row)))
    onward = onward or _next(request, place.code, row.id)
    stored = content_of(row)
    is_outdated = status == 409
    shared: dict[str, Any] = {
        "hospital": place,
        "hospital_name": said(place, "name", lang),
        "department": said(found.sheet.department, "name", lang),
        "person_name": found.sheet.person.name,
        "form_id": row.id,
        "onward": onward,
        "home": f"/h/{place.code}",
        "complaint_phone": place.complaint_phone,
    }
    if row.state is not FormState.DRAFT:
        return render(
            request,
            "intake/sent.html",
            **shared,
            summary=_summary(found, words(request)),
            boxes=presenting.boxes(found, {}),
            can_revise=row.state is FormState.SUBMITTED,
            submitted_at=row.submitted_at,
        )
    return render(
        request,
        "intake/form.html",
        status,
        **shared,
        values=typed.values,
        errors={name: words(request)(text) for name, text in typed.errors.items()},
        version=row.version,
        editor=secrets.token_urlsafe(12),
        conflict=[
            (words(request)(title), text)
            for title, text in (presenting.differences(stored, typed.values) if is_outdated else [])
        ],
        is_outdated=is_outdated,
        parts=presenting.parts(found),
        asks_weight=presenting.asks_weight(found),
        fillers=[(key, words(request)(label)) for key, label in presenting.fillers(found)],
        relations=[(text, words(request)(text)) for text in presenting.RELATIONS],
        boxes=presenting.boxes(found, typed.errors),
        images_first=found.sheet.department.images_first,
        questions=presenting.questions(found.questions, lang),
        max_bytes=found.max_bytes,
    )


def _summary(found: Overview, _: Any) -> list[tuple[str, str]]:
    content = found.sheet.content
    rows = [(_("主诉"), content.complaint)]
    for name, none, title, _help, label in presenting.PARTS:
        rows.append((_(title), _(label) if getattr(content, none) else str(getattr(content, name))))
    rows.append((_("体重（公斤）"), content.weight_kg))
    relation = _(content.filler_relation) if content.filler_relation else ""
    filler = (_(presenting.FILLERS[content.filled_by]), content.filler_name, relation)
    rows.append((_("填写人"), " ".join(word for word in filler if word)))
    return rows


async def _own(unit: Unit, code: str, form_id: UUID) -> Overview:
    """Raises FormNotFound, also under another hospital's address."""
    found = await sending.overview(unit, form_id)
    if (await hospital_by_code(unit, code)).id != found.sheet.row.hospital_id:
        raise FormNotFound()
    return found


async def _code_of(unit: Unit, row: IntakeForm) -> str:
    return (await hospital(unit, row.hospital_id)).code


def _address(code: str, form_id: UUID, onward: str) -> str:
    return f"/h/{code}/intake/{form_id}?{urlencode({'next': onward})}"


def _next(request: Request, code: str, form_id: UUID) -> str:
    return own_path(
        request.query_params.get("next", ""), f"/h/{code}/book?{urlencode({'form': str(form_id)})}"
    )


routes = [
    Route("/h/{code}/intake/new", begin_intake_page),
    Route("/h/{code}/intake/{form_id:uuid}", intake_form_page),
    Route("/h/{code}/intake/{form_id:uuid}", save_intake_page, methods=["POST"]),
    Route("/h/{code}/intake/{form_id:uuid}/revision", revise_intake_page, methods=["POST"]),
    Route("/h/{code}/intake/{form_id:uuid}/emergency", intake_emergency_page),
    Route(
        "/h/{code}/intake/{form_id:uuid}/attachments/{attachment_id:uuid}/removal",
        remove_attachment_page,
        methods=["POST"],
    ),
    Route("/uploads/intake/{form_id:uuid}", attach_page, methods=["POST"]),
]
