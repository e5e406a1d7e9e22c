"""The hospital's side: papers to look at, people at the desk, and a binding found by its number."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.text import is_storable
from telehealth.core.unit import Unit, Units
from telehealth.family import attaching, ending, queries, reviewing
from telehealth.family.errors import BindingNotFound
from telehealth.family.pages import values
from telehealth.family.schemas import RefuseBinding
from telehealth.family.states import BindingState
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
HERE = "/staff/family-reviews"


@page(needs=P.REVIEW_DOCUMENTS)
async def binding_reviews_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return await _queue(request, unit, actor)


@page(needs=P.REVIEW_DOCUMENTS)
async def reviewed_paper_page(request: Request, units: Units, actor: Actor, paper_id: UUID) -> Response:
    """Looking is recorded with who looked."""
    wants_thumbnail = request.query_params.get("thumbnail") == "true"
    url = await attaching.link_to(units, actor, paper_id, thumbnail=wants_thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})


@page(needs=P.REVIEW_DOCUMENTS)
async def approve_binding_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    try:
        await reviewing.approve(units, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error)
    return redirect(HERE, flash=N_("已通过并绑定，双方会收到通知"))


@page(needs=P.REVIEW_DOCUMENTS)
async def refuse_binding_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    form = await read_form(request, RefuseBinding)
    if form.model is None:
        error: DomainError = FieldsInvalid({"reason": N_("请写明未通过的原因，申请人会看到")})
        return await _again(request, units, actor, binding_id, error)
    try:
        await reviewing.refuse(units, actor, binding_id, form.model.reason)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error)
    return redirect(HERE, flash=N_("已记录，申请人会收到原因，名额已退回"))


@page(needs=P.REVIEW_DOCUMENTS)
async def unbind_at_desk_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    try:
        await ending.unbind_at_desk(units, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error)
    return redirect(HERE, flash=N_("已解除，付款人会收到通知"))


async def _again(
    request: Request, units: Units, actor: Actor, binding_id: UUID, error: DomainError
) -> Response:
    if isinstance(error, FieldsInvalid):
        said = words(request)(next(iter(error.fields.values())))
    else:
        said = sentence(error, language(request))
    async with units.hospital(actor.hospital, actor) as unit:
        # What is not this hospital's is not there at all.
        await queries.binding_at(unit, actor.hospital, binding_id)
        return await _queue(request, unit, actor, wrong=(binding_id, said), status=status_of(error))


async def _queue(
    request: Request,
    unit: Unit,
    actor: Actor,
    *,
    wrong: tuple[UUID, str] | None = None,
    status: int = 200,
) -> Response:
    _, lang = words(request), language(request)
    number = request.query_params.get("number", "").strip().upper()
    found = None
    if number and len(number) <= 40 and is_storable(number):
        found = await queries.by_number(unit, actor.hospital, number)
    rows = await queries.review_queue(unit, actor.hospital)
    decided = await queries.recently_decided(unit, actor.hospital)
    return render(
        request, "family/reviews.html", status,
        reviews=[
            values.review(
                row, list(await queries.papers_of(unit, row.id)), _, lang,
                late=row.answer_by is not None and row.answer_by <= unit.now,
            )
            for row in rows
        ],
        number=number,
        found=None if found is None else {
            "id": found.id,
            "facts": [
                (_("编号"), found.number), (_("成员"), found.member_name), (_("付款人"), found.payer_name),
            ],
            "badge": values.badge(found, _),
            "is_bound": found.state is BindingState.BOUND,
        },
        decided=[
            {
                "number": row.number,
                "name": row.member_name,
                "result": values.badge(row, _)[1],
                "reason": row.reason,
                "at": row.decided_at,
            }
            for row in decided
        ],
        wrong_id=wrong[0] if wrong else None,
        wrong=wrong[1] if wrong else "",
    )  # fmt: skip


routes = [
    Route(HERE, binding_reviews_page),
    Route(HERE + "/papers/{paper_id:uuid}", reviewed_paper_page),
    Route(HERE + "/{binding_id:uuid}/approval", approve_binding_page, methods=["POST"]),
    Route(HERE + "/{binding_id:uuid}/refusal", refuse_binding_page, methods=["POST"]),
    Route(HERE + "/{binding_id:uuid}/unbinding", unbind_at_desk_page, methods=["POST"]),
]
