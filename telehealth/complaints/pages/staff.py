"""The hospital's complaints: oldest promise first, one in hand, its answer."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.complaints import handling, presenting, queries
from telehealth.complaints.errors import ComplaintNotFound
from telehealth.complaints.schemas import AnswerComplaint, ReplyToComplaint
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
HERE = "/staff/complaints"


@page(needs=P.HANDLE_COMPLAINTS)
async def queue_page(request: Request, unit: Unit) -> Response:
    lang, is_done = language(request), request.query_params.get("group") == "done"
    rows = await queries.done(unit) if is_done else await queries.owed(unit, limit=100)
    waiting, late, _ = await queries.count_owed(unit)
    return render(
        request,
        "complaints/queue.html",
        rows=[presenting.line(unit, row, lang) for row in rows],
        is_done=is_done,
        waiting=waiting,
        late=late,
    )


@page(needs=P.HANDLE_COMPLAINTS)
async def staff_complaint_page(request: Request, unit: Unit, complaint_id: UUID) -> Response:
    row = await queries.complaint_of(unit, complaint_id)
    unit.audit("complaint.opened", row)
    return await _show(request, unit, complaint_id)


@page(needs=P.HANDLE_COMPLAINTS)
async def take_complaint_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    here = f"{HERE}/{complaint_id}"
    try:
        async with units.of(actor) as unit:
            await handling.take(unit, actor, complaint_id)
    except ComplaintNotFound:
        raise
    except DomainError as error:
        return redirect(here, flash=error.detail, kind="warn")
    return redirect(here, flash=N_("已由您受理，患者已收到通知"))


@page(needs=P.HANDLE_COMPLAINTS)
async def reply_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    async def doing(unit: Unit, body: Any) -> None:
        await handling.reply(unit, actor, complaint_id, body.text)

    done = N_("已回复，患者已收到通知")
    return await _said(request, units, actor, complaint_id, "reply", ReplyToComplaint, doing, done)


@page(needs=P.HANDLE_COMPLAINTS)
async def answer_page(request: Request, units: Units, actor: Actor, complaint_id: UUID) -> Response:
    async def doing(unit: Unit, body: Any) -> None:
        await handling.answer(unit, actor, complaint_id, body.text, outcome=body.outcome)

    done = N_("已答复，患者已收到通知")
    return await _said(request, units, actor, complaint_id, "answer", AnswerComplaint, doing, done)


async def _said(
    request: Request,
    units: Units,
    actor: Actor,
    complaint_id: UUID,
    box: str,
    model: type[BaseModel],
    doing: Any,
    done: str,
) -> Response:
    form = await read_form(request, model)
    said, status = next(iter(form.errors.values()), ""), 422
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                await doing(unit, form.model)
            return redirect(f"{HERE}/{complaint_id}", flash=done)
        except ComplaintNotFound:
            raise
        except DomainError as error:
            said, status = sentence(error, language(request)), status_of(error)
    async with units.of(actor) as unit:
        return await _show(request, unit, complaint_id, wrong=(box, said, form.values), status=status)


async def _show(
    request: Request,
    unit: Unit,
    complaint_id: UUID,
    *,
    wrong: tuple[str, str, dict[str, Any]] | None = None,
    status: int = 200,
) -> Response:
    lang = language(request)
    row = await queries.complaint_of(unit, complaint_id)
    topic = presenting.topic_of(unit, row)
    decided = (
        await topic.explain(unit, row.about_id, lang)
        if topic is not None and topic.explain is not None and row.about_id is not None
        else []
    )
    return render(
        request,
        "complaints/staff_complaint.html",
        status,
        complaint=await presenting.whole(unit, row, lang),
        is_mine=row.owner_id == unit.actor.account,
        decided=decided,
        outcomes=presenting.outcomes(lang),
        wrong=wrong or ("", "", {}),
    )


routes = [
    Route(HERE, queue_page),
    Route(HERE + "/{complaint_id:uuid}", staff_complaint_page),
    Route(HERE + "/{complaint_id:uuid}/taking", take_complaint_page, methods=["POST"]),
    Route(HERE + "/{complaint_id:uuid}/replies", reply_page, methods=["POST"]),
    Route(HERE + "/{complaint_id:uuid}/answer", answer_page, methods=["POST"]),
]
