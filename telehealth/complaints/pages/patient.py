"""Complaining: whom to call, the form, what became of it, and the last word on the answer."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.complaints import ending, making, photographing, presenting, queries
from telehealth.complaints.errors import ComplaintNotFound, TopicNotFound
from telehealth.complaints.making import Said
from telehealth.complaints.phones import phones, supervision_phone
from telehealth.complaints.schemas import ComplaintWords, TopicKind, Words
from telehealth.complaints.states import ComplaintKind
from telehealth.complaints.topics import Found, Topic, Topics
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid, NotFound
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import MAX_PHOTO_BYTES
from telehealth.directory import hospital, hospital_by_code, hospitals, said
from telehealth.rulebook import current_policy
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.pagination import cut, moment_key
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
PAGE_SIZE = 20


class Filled(BaseModel):
    model_config = ConfigDict(extra="ignore")

    kind: ComplaintKind
    text: Words
    draft: UUID
    hospital: str = ""
    about: TopicKind = ""
    about_id: UUID | None = None


@page(public=True)
async def phones_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """Public: also for those who will not, or cannot, sign in."""
    return render(
        request,
        "complaints/phones.html",
        places=await phones(unit, language(request)),
        may_write=not actor.is_staff,
    )


@page(needs=P.BOOK)
async def complaints_page(request: Request, unit: Unit) -> Response:
    try:
        before = moment_key(request.query_params.get("after", ""))
    except FieldsInvalid:
        before = None
    rows = await queries.complaints_of(unit, before=before, limit=PAGE_SIZE)
    kept, following = cut(rows, PAGE_SIZE, lambda row: (row.made_at, row.id))
    return render(
        request,
        "complaints/list.html",
        rows=[presenting.line(unit, row, language(request)) for row in kept],
        older=f"/complaints?after={following}" if following else "",
        newest="/complaints" if before else "",
    )


@page(needs=P.BOOK)
async def new_complaint_page(request: Request, unit: Unit, actor: Actor) -> Response:
    asked = request.query_params
    values = {
        "about": asked.get("about", "")[:40],
        "about_id": asked.get("id", "")[:40],
        "hospital": asked.get("hospital", "")[:40],
        "draft": str(new_id()),
    }
    return await _ask(request, unit, actor, blank(**values))


@page(needs=P.BOOK, limit="20/hour")
async def make_complaint_page(request: Request, units: Units, actor: Actor) -> Response:
    """Whatever is refused, the words stay on the page."""
    form = await read_form(request, Filled)
    if form.model is not None:
        try:
            async with units.account(actor.account, actor) as unit:
                row = await making.complain(unit, actor, await _said(unit, form.model))
            return redirect(f"/complaints/{row.id}", flash=N_("投诉已登记，进度在这里随时可看"))
        except FieldsInvalid as error:
            form.refuse(error)
        except NotFound:
            raise
        except DomainError as error:
            form.errors["__all__"] = sentence(error, language(request))
    async with units.account(actor.account, actor) as unit:
        return await _ask(request, unit, actor, form, status=422)


@page(needs=P.BOOK)
async def complaint_page(request: Request, unit: Unit, complaint_id: UUID) -> Response:
    return await _show(request, unit, complaint_id)


@page(needs=P.BOOK, limit="60/hour")
async def add_to_complaint_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    return await _words(request, units, actor, complaint_id, making.add_words, N_("已补充"))


@page(needs=P.BOOK, limit="20/hour")
async def reopen_complaint_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    done = N_("已提出异议，医院会重新处理")
    return await _words(request, units, actor, complaint_id, ending.reopen, done)


@page(needs=P.BOOK)
async def close_complaint_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    return await _end(request, units, actor, complaint_id, ending.close, N_("已确认结束，谢谢您的反馈"))


@page(needs=P.BOOK)
async def withdraw_complaint_page(
    request: Request, units: Units, actor: Actor, complaint_id: UUID
) -> Response:
    return await _end(request, units, actor, complaint_id, ending.withdraw, N_("投诉已撤回"))


@page(needs=P.BOOK, limit="60/hour")
async def attach_photo_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    """A photo by itself: a refused one is told, and costs nothing that was written."""
    async with units.of(actor) as unit:
        await queries.complaint_of(unit, complaint_id)
    sent = await request.form(max_fields=5, max_files=1)
    here = f"/complaints/{complaint_id}"
    try:
        file = sent.get("photo")
        if not isinstance(file, UploadFile) or not file.filename:
            return redirect(here, flash=N_("请先选择一张照片"), kind="warn")
        data = await file.read(MAX_PHOTO_BYTES + 1)
        await photographing.attach(units, actor, complaint_id, data)
    except NotFound:
        raise
    except DomainError as error:
        return redirect(here, flash=error.detail, kind="warn")
    finally:
        await sent.close()
    return redirect(here, flash=N_("照片已添加"))


async def _said(unit: Unit, filled: Filled) -> Said:
    place = await hospital_by_code(unit, filled.hospital) if filled.hospital else None
    return Said(
        filled.kind, filled.text, filled.draft, place.id if place else None, filled.about, filled.about_id
    )


async def _ask(request: Request, unit: Unit, actor: Actor, form: Form[Any], *, status: int = 200) -> Response:
    """Raises TopicNotFound for something that is not theirs."""
    lang, values = language(request), form.values
    topic, found = await _about(unit, actor, values)
    places = await hospitals(unit)
    if found is None and values.get("hospital"):
        found = Found((await hospital_by_code(unit, str(values["hospital"]))).id, "")
    if found is None and len(places) == 1:
        found = Found(places[0].id, "")
    place = await hospital(unit, found.hospital_id) if found else None
    policy = (await current_policy(unit, found.hospital_id)).policy.complaints if found else None
    is_decision = topic is not None and topic.is_decision
    known = await queries.open_about(unit, topic.kind, UUID(str(values["about_id"]))) if topic else None
    return render(
        request,
        "complaints/new.html",
        status,
        values=values | {"kind": values.get("kind") or ("review" if is_decision else "")},
        errors=form.errors,
        about=(topic.label, found.number, topic.href(UUID(str(values["about_id"]))))
        if topic and found
        else None,
        is_decision=is_decision,
        kinds=presenting.kinds(lang, is_decision=is_decision),
        place=said(place, "name", lang) if place else "",
        code=place.code if place else "",
        places=[(row.code, said(row, "name", lang)) for row in places],
        numbers=policy,
        known=presenting.line(unit, known, lang) if known is not None else None,
        complaint_phone=place.complaint_phone if place else "",
        supervision_phone=policy.supervision_phone if policy else "",
        draft=values.get("draft") or str(new_id()),
    )


async def _about(unit: Unit, actor: Actor, values: dict[str, Any]) -> tuple[Topic | None, Found | None]:
    if not values.get("about"):
        return None, None
    topic = unit.port(Topics).of(str(values["about"]))
    try:
        found = await topic.find(unit, actor, UUID(str(values.get("about_id"))))
    except ValueError:
        found = None
    if found is None:
        raise TopicNotFound()
    return topic, found


async def _show(
    request: Request,
    unit: Unit,
    complaint_id: UUID,
    *,
    wrong: tuple[str, str, str] = ("", "", ""),
    status: int = 200,
) -> Response:
    """`wrong` is which box, what was refused about it, and what was typed."""
    lang = language(request)
    row = await queries.complaint_of(unit, complaint_id)
    topic, again = presenting.topic_of(unit, row), ""
    shown = await presenting.whole(unit, row, lang)
    if topic is not None and topic.again is not None and row.about_id is not None and shown["may_again"]:
        again = await topic.again(unit, row.about_id)
    policy = (await current_policy(unit, row.hospital_id)).policy.complaints
    return render(
        request,
        "complaints/complaint.html",
        status,
        complaint=shown,
        again_href=again,
        most_photos=policy.most_photos,
        longest=policy.longest_text,
        wrong=wrong,
        complaint_phone=shown["phone"],
        supervision_phone=await supervision_phone(unit, row.hospital_id),
    )


async def _words(
    request: Request,
    units: Units,
    actor: Actor,
    complaint_id: UUID,
    verb: Callable[[Unit, UUID, str], Awaitable[object]],
    done: str,
) -> Response:
    form = await read_form(request, ComplaintWords)
    said_wrong, status = form.errors.get("text", ""), 422
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                await verb(unit, complaint_id, form.model.text)
            return redirect(f"/complaints/{complaint_id}", flash=done)
        except ComplaintNotFound:
            raise
        except FieldsInvalid as error:
            said_wrong = error.fields["text"]
        except DomainError as error:
            said_wrong, status = sentence(error, language(request)), status_of(error)
    box = "reopening" if verb is ending.reopen else "additions"
    async with units.of(actor) as unit:
        typed = str(form.values.get("text", ""))
        return await _show(request, unit, complaint_id, wrong=(box, said_wrong, typed), status=status)


async def _end(
    request: Request,
    units: Units,
    actor: Actor,
    complaint_id: UUID,
    verb: Callable[[Unit, UUID], Awaitable[object]],
    done: str,
) -> Response:
    here = f"/complaints/{complaint_id}"
    try:
        async with units.of(actor) as unit:
            await verb(unit, complaint_id)
    except ComplaintNotFound:
        raise
    except DomainError as error:
        return redirect(here, flash=error.detail, kind="warn")
    return redirect(here, flash=done)


def new_href(about: str, about_id: UUID) -> str:
    return f"/complaints/new?{urlencode({'about': about, 'id': str(about_id)})}"


routes = [
    Route("/supervision", phones_page),
    Route("/complaints", complaints_page),
    Route("/complaints/new", new_complaint_page),
    Route("/complaints/new", make_complaint_page, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}", complaint_page),
    Route("/complaints/{complaint_id:uuid}/additions", add_to_complaint_page, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/reopening", reopen_complaint_page, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/closing", close_complaint_page, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/withdrawal", withdraw_complaint_page, methods=["POST"]),
    Route("/uploads/complaints/{complaint_id:uuid}", attach_photo_page, methods=["POST"]),
]
