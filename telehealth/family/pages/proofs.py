"""How a request is proved, page by page: papers, face, bank card and code, or the desk. No script."""

from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.family import attaching, proving, queries
from telehealth.family.doors import GUESSES, MESSAGES, face_return
from telehealth.family.errors import BindingNotFound, PapersMissing
from telehealth.family.pages.members import show
from telehealth.family.schemas import CheckBankCard, GiveMemberCode
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
_SENT = N_("材料已提交，医院审核后会通知您")
_BOUND = N_("核验通过，已绑定，可以用医保为家人付款了")


@page(needs=P.MANAGE_PEOPLE, limit="30/minute")
async def attach_papers_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    """Files that came with the form, from a browser without script."""
    async with units.account(actor.account, actor) as unit:
        await queries.own_binding(unit, actor.account, binding_id)
    sent = await request.form(max_fields=40, max_files=attaching.MOST_PAPERS + 1)
    error: DomainError | None = None
    taken = 0
    try:
        for file in sent.getlist("paper_file"):
            if isinstance(file, UploadFile) and file.filename:
                await attaching.attach(units, actor, binding_id, await file.read())
                taken += 1
    except DomainError as refusal:
        error = refusal
    finally:
        await sent.close()
    if error is not None or not taken:
        return await _again(request, units, actor, binding_id, error or PapersMissing(), place="paper")
    return redirect(f"/family/{binding_id}", flash=N_("材料已上传，请确认后提交审核"))


@page(needs=P.MANAGE_PEOPLE)
async def remove_paper_page(
    request: Request, unit: Unit, actor: Actor, binding_id: UUID, paper_id: UUID
) -> Response:
    await queries.own_binding(unit, actor.account, binding_id)
    await attaching.remove(unit, actor, paper_id)
    return redirect(f"/family/{binding_id}", flash=N_("已移除"))


@page(needs=P.MANAGE_PEOPLE)
async def submit_papers_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    try:
        async with units.account(actor.account, actor) as unit:
            await proving.submit_papers(unit, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error, place="paper")
    return redirect(f"/family/{binding_id}", flash=_SENT)


@page(needs=P.MANAGE_PEOPLE)
async def choose_counter_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    try:
        async with units.account(actor.account, actor) as unit:
            await proving.choose_counter(unit, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error)
    return redirect(f"/family/{binding_id}", flash=N_("已登记，请带证件原件到医院窗口核对"))


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def start_face_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    form = await request.form(max_fields=5, max_files=0)
    try:
        check_id, url = await proving.start_face(
            units, actor, binding_id,
            return_url=face_return(request, binding_id), agreed=form.get("agree_face") == "true",
        )  # fmt: skip
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error, place="agree_face")
    return _face(request, binding_id, check_id, url=url)


@page(needs=P.MANAGE_PEOPLE)
async def face_page(request: Request, unit: Unit, actor: Actor, binding_id: UUID, check_id: UUID) -> Response:
    """Where the vendor sends the browser back to; that itself proves nothing."""
    row = await queries.own_binding(unit, actor.account, binding_id)
    if row.evidence.get("face_check") != str(check_id):
        raise BindingNotFound()
    return _face(request, binding_id, check_id)


@page(needs=P.MANAGE_PEOPLE, limit="60/minute")
async def finish_face_page(
    request: Request, units: Units, actor: Actor, binding_id: UUID, check_id: UUID
) -> Response:
    try:
        await proving.finish_face(units, actor, binding_id, check_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        said = sentence(error, language(request))
        return _face(request, binding_id, check_id, error=said, status=status_of(error))
    return redirect(f"/family/{binding_id}", flash=_BOUND)


@page(needs=P.MANAGE_PEOPLE, limit=MESSAGES)
async def check_bank_card_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    form = await read_form(request, CheckBankCard)
    typed = {"phone": str(form.values.get("phone", ""))}
    if form.model is None:
        return await _again(request, units, actor, binding_id, FieldsInvalid(form.errors), typed=typed)
    try:
        await proving.check_bank_card(
            units, actor, binding_id, card=form.model.digits, phone=form.model.phone
        )
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error, place="card", typed=typed)
    flash = N_("验证码已发到成员在银行登记的手机，请成员告诉您后填写")
    return redirect(f"/family/{binding_id}#code", flash=flash)


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def give_code_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    form = await read_form(request, GiveMemberCode)
    if form.model is None:
        error: DomainError = FieldsInvalid({"code": N_("请填写六位数字验证码")})
        return await _again(request, units, actor, binding_id, error)
    try:
        await proving.give_code(units, actor, binding_id, form.model.code)
    except BindingNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, binding_id, error, place="code")
    return redirect(f"/family/{binding_id}", flash=_BOUND)


def _face(
    request: Request, binding_id: UUID, check_id: UUID, *, url: str = "", error: str = "", status: int = 200
) -> Response:
    return render(
        request, "family/face.html", status, binding_id=binding_id, check_id=check_id, url=url, error=error
    )


async def _again(
    request: Request,
    units: Units,
    actor: Actor,
    binding_id: UUID,
    error: DomainError,
    *,
    place: str = "__all__",
    typed: dict[str, Any] | None = None,
) -> Response:
    """The same page with what went wrong beside its field."""
    if isinstance(error, FieldsInvalid):
        errors = dict(error.fields)
    else:
        errors = {place: sentence(error, language(request))}
    async with units.account(actor.account, actor) as unit:
        return await show(
            request, unit, actor, binding_id, errors=errors, typed=typed, status=status_of(error)
        )


_ONE = "/family/{binding_id:uuid}"

routes = [
    Route("/uploads/family/{binding_id:uuid}", attach_papers_page, methods=["POST"]),
    Route(_ONE + "/papers/{paper_id:uuid}/removal", remove_paper_page, methods=["POST"]),
    Route(_ONE + "/submission", submit_papers_page, methods=["POST"]),
    Route(_ONE + "/counter", choose_counter_page, methods=["POST"]),
    Route(_ONE + "/face-checks", start_face_page, methods=["POST"]),
    Route(_ONE + "/face-checks/{check_id:uuid}", face_page),
    Route(_ONE + "/face-checks/{check_id:uuid}", finish_face_page, methods=["POST"]),
    Route(_ONE + "/bank-checks", check_bank_card_page, methods=["POST"]),
    Route(_ONE + "/codes", give_code_page, methods=["POST"]),
]
