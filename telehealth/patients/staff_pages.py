"""The review queue of a hospital's staff."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.patients import binding, queries, reviewing
from telehealth.patients.errors import ReviewNotFound
from telehealth.patients.models import IdentityReview
from telehealth.patients.rules import DOCUMENT_LABELS
from telehealth.patients.schemas import ApproveReview, RefuseReview
from telehealth.patients.states import CARD_LABELS, REVIEW_LABELS, ReviewKind
from telehealth.patients.wording import RELATION_LABELS, REVIEW_STATES, SEX_LABELS
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
HERE = "/staff/identity-reviews"

_ASKED = {
    ReviewKind.DOCUMENT: N_("请核对证件原件与下列信息是否一致"),
    ReviewKind.ADULT_CONSENT: N_("请核对本人证件，并当面确认本人同意由申请账号代为办理"),
    ReviewKind.GUARDIANSHIP: N_("请核对户口簿、出生医学证明等监护关系材料，以及双方证件"),
    ReviewKind.CARD: N_("请在医院系统中确认这张卡属于哪一份病历；疑为他人卡号的请不予通过"),
}


@page(needs=P.REVIEW_DOCUMENTS)
async def identity_reviews_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return await _queue(request, unit, actor)


@page(needs=P.REVIEW_DOCUMENTS)
async def approve_review_page(request: Request, units: Units, actor: Actor, review_id: UUID) -> Response:
    form = await read_form(request, ApproveReview)
    chosen = form.model.his_patient_id if form.model else None
    try:
        if chosen:
            await binding.approve_card(units, actor, review_id, chosen)
        else:
            await reviewing.approve(units, actor, review_id)
    except ReviewNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, review_id, error)
    return redirect(HERE, flash=N_("已通过，申请人会收到通知"))


@page(needs=P.REVIEW_DOCUMENTS)
async def refuse_review_page(request: Request, units: Units, actor: Actor, review_id: UUID) -> Response:
    form = await read_form(request, RefuseReview)
    if form.model is None:
        error: DomainError = FieldsInvalid({"reason": N_("请写明未通过的原因，申请人会看到")})
        return await _again(request, units, actor, review_id, error)
    try:
        await reviewing.refuse(units, actor, review_id, form.model.reason)
    except ReviewNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, review_id, error)
    return redirect(HERE, flash=N_("已记录，申请人会收到原因"))


async def _again(
    request: Request, units: Units, actor: Actor, review_id: UUID, error: DomainError
) -> Response:
    if isinstance(error, FieldsInvalid):
        said = words(request)(next(iter(error.fields.values())))
    else:
        said = sentence(error, language(request))
    async with units.hospital(actor.hospital, actor) as unit:
        return await _queue(request, unit, actor, wrong=(review_id, said), status=status_of(error))


async def _queue(
    request: Request,
    unit: Unit,
    actor: Actor,
    *,
    wrong: tuple[UUID, str] | None = None,
    status: int = 200,
) -> Response:
    _ = words(request)
    rows = await queries.review_queue(unit, actor.hospital)
    decided = await queries.recent_reviews(unit, actor.hospital)
    return render(
        request, "patients/identity_reviews.html", status,
        reviews=[_line(row, request) for row in rows],
        decided=[
            {
                "kind": _(REVIEW_LABELS[row.kind]),
                "name": row.name,
                "result": _(REVIEW_STATES[row.state][1]),
                "at": row.decided_at,
                "reason": row.reason,
            }
            for row in decided
        ],
        wrong_id=wrong[0] if wrong else None,
        wrong=wrong[1] if wrong else "",
    )  # fmt: skip


def _line(row: IdentityReview, request: Request) -> dict[str, object]:
    _ = words(request)
    rows = [
        (_("姓名"), row.name),
        (_(DOCUMENT_LABELS[row.document_kind]), row.document_number),
        (_("签发国家或地区"), row.country),
        (_("性别"), _(SEX_LABELS[row.sex])),
        (_("出生日期"), row.birth_date.isoformat()),
        (_("与申请人关系"), _(RELATION_LABELS[row.relation])),
        (_("申请人"), row.holder_name or _("申请人尚未实名")),
    ]
    if row.card_number and row.card_kind:
        rows.append((_(CARD_LABELS[row.card_kind]), row.card_number))
    return {
        "id": row.id,
        "kind": _(REVIEW_LABELS[row.kind]),
        "asked": _(_ASKED[row.kind]),
        "facts": rows,
        "at": row.requested_at,
        "candidates": row.candidates,
    }


routes = [
    Route(HERE, identity_reviews_page),
    Route(HERE + "/{review_id:uuid}/approval", approve_review_page, methods=["POST"]),
    Route(HERE + "/{review_id:uuid}/refusal", refuse_review_page, methods=["POST"]),
]
