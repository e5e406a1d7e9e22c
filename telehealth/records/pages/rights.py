"""My rights over my data: all of it in one file, leaving it alone, a dead relative's; the desk's answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from telehealth.accounts import CodeBurned, CodeExpired, CodeNotSent, CodesUsedUp, CodeTooSoon, CodeWrong
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobNotFound
from telehealth.core.errors import Conflict, Refused
from telehealth.core.i18n import N_
from telehealth.core.progress import may_resume, progress_of
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospital, hospitals, said
from telehealth.patients import hospital_patient, people_of
from telehealth.patients.masking import mask_name, mask_number
from telehealth.records import exporting, heirs, queries, restricting
from telehealth.records.contributing import DESK
from telehealth.records.errors import ExportExpired, ExportLocked, ExportNotReady, NoPhone
from telehealth.records.models import DataRequest, Export
from telehealth.records.pages.own import person_id
from telehealth.records.schemas import AnswerHeir, AskAsHeirForm
from telehealth.records.states import RequestKind
from telehealth.records.wording import REQUEST_BADGES
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission

HERE = "/data-rights"
_CODES = (CodeWrong, CodeBurned, CodeExpired, CodeTooSoon, CodesUsedUp, CodeNotSent, NoPhone)


@page(needs=P.BOOK)
async def rights_page(request: Request, unit: Unit, actor: Actor) -> Response:
    lang = language(request)
    people = await people_of(unit, actor.account)
    places = list(await hospitals(unit))
    requests = await queries.requests_of(unit, actor.account)
    exports = await queries.exports_of(unit, actor.account)
    names = {person.id: link.name for link, person in people}
    return render(
        request,
        "records/rights.html",
        people=[{"id": person.id, "name": link.name} for link, person in people],
        exports=[await _export(unit, row, names) for row in exports],
        records=[
            row
            for link, person in people
            for place in places
            if (row := await _kept(unit, link.name, person.id, place, requests, lang)) is not None
        ],
        heirs=[
            {
                "hospital": said(next(one for one in places if one.id == row.hospital_id), "name", lang),
                "asked_at": row.asked_at,
                "answer_by": row.answer_by,
                "answer": row.answer,
                "badge": REQUEST_BADGES[row.state],
                "name": mask_name(heirs.told_in(row).name),
            }
            for row in requests
            if row.kind is RequestKind.HEIR
        ],
    )


@page(needs=P.BOOK, limit="10/hour")
async def ask_export_page(request: Request, unit: Unit, actor: Actor) -> Response:
    wanted = person_id(str((await request.form(max_files=0)).get("person_id", "")))
    people = await people_of(unit, actor.account)
    if wanted is None or wanted not in {person.id for _, person in people}:
        return redirect(HERE, flash=N_("请选择就诊人"), kind="warn")
    row = await exporting.ask(unit, actor, wanted)
    return redirect(f"/exports/{row.id}")


@page(needs=P.BOOK)
async def export_page(request: Request, unit: Unit, actor: Actor, export_id: UUID) -> Response:
    return await _show(request, unit, actor, export_id)


@page(needs=P.BOOK, limit="10/hour")
async def export_code_page(request: Request, units: Units, actor: Actor, export_id: UUID) -> Response:
    try:
        await exporting.send_code(units, actor, export_id)
    except _CODES as error:
        return redirect(f"/exports/{export_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"/exports/{export_id}?sent=1", flash=N_("验证码已发送到您的手机"))


@page(needs=P.BOOK, limit="20/hour")
async def unlock_export_page(request: Request, units: Units, actor: Actor, export_id: UUID) -> Response:
    code = str((await request.form(max_files=0)).get("code", "")).strip()[:10]
    try:
        await exporting.unlock(units, actor, export_id, code)
    except _CODES as error:
        async with units.account(actor.account, actor) as unit:
            wrong = sentence(error, language(request))
            return await _show(request, unit, actor, export_id, wrong=wrong, status=status_of(error))
    return redirect(f"/exports/{export_id}", flash=N_("验证通过，请在十分钟内下载"))


@page(needs=P.BOOK, limit="20/hour")
async def export_file_page(request: Request, units: Units, actor: Actor, export_id: UUID) -> Response:
    try:
        row, size, data = await exporting.open_file(units, actor, export_id)
    except (ExportNotReady, ExportExpired, ExportLocked, BlobNotFound) as error:
        return redirect(f"/exports/{export_id}", flash=sentence(error, language(request)), kind="warn")
    name = f"health-record-{row.asked_at:%Y%m%d}.zip"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-length": str(size),
        "cache-control": "private, no-store",
    }
    return StreamingResponse(data, media_type=exporting.ZIP, headers=headers)


@page(needs=P.BOOK, limit="20/hour")
async def retry_export_page(unit: Unit, export_id: UUID) -> Response:
    await exporting.retry(unit, export_id)
    return redirect(f"/exports/{export_id}")


@page(needs=P.BOOK, limit="20/hour")
async def restrict_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """The person's word is enough: it stands at once."""
    form = await request.form(max_files=0)
    person, place = person_id(str(form.get("person_id", ""))), person_id(str(form.get("hospital_id", "")))
    if person is None or place is None or form.get("agreed") != "true":
        return redirect(HERE, flash=N_("请先阅读说明并勾选确认"), kind="warn")
    try:
        await restricting.restrict(unit, actor, person, place)
    except (Refused, Conflict) as error:
        return redirect(HERE, flash=sentence(error, language(request)), kind="warn")
    return redirect(HERE, flash=N_("已限制处理：除依法保存外，医院不再使用这些资料"))


@page(needs=P.BOOK)
async def lift_page(unit: Unit, request_id: UUID) -> Response:
    await restricting.lift(unit, request_id)
    return redirect(HERE, flash=N_("已解除限制"))


@page(needs=P.BOOK)
async def heir_page(request: Request, unit: Unit) -> Response:
    return await _heir(request, unit, blank())


@page(needs=P.BOOK, limit="10/hour")
async def ask_as_heir_page(request: Request, unit: Unit, actor: Actor) -> Response:
    form = await read_form(request, AskAsHeirForm)
    if form.model is None:
        return await _heir(request, unit, form, status=422)
    told = form.model
    await heirs.ask(
        unit, actor, told.hospital, heirs.Told(told.name, told.document_number, told.relation, told.wish)
    )
    return redirect(HERE, flash=N_("已提交，服务台会在期限内答复；请备好死亡证明和亲属关系证明"))


@page(needs=P.BOOK_FOR_PATIENT)
async def data_requests_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return await _desk(request, unit, actor, blank())


@page(needs=P.BOOK_FOR_PATIENT)
async def answer_heir_page(request: Request, units: Units, actor: Actor, request_id: UUID) -> Response:
    form = await read_form(request, AnswerHeir)
    if form.model is None:
        async with units.of(actor) as unit:
            await queries.request_at(unit, actor.hospital, request_id)
            return await _desk(request, unit, actor, form, wrong=request_id, status=422)
    try:
        async with units.of(actor) as unit:
            await heirs.answer(unit, request_id, granted=form.model.granted, text=form.model.answer)
    except (Conflict, Refused) as error:
        return redirect(DESK, flash=sentence(error, language(request)), kind="warn")
    return redirect(DESK, flash=N_("已答复"))


async def _show(
    request: Request, unit: Unit, actor: Actor, export_id: UUID, *, wrong: str = "", status: int = 200
) -> Response:
    row = await queries.export(unit, actor.account, export_id)
    names = {person.id: link.name for link, person in await people_of(unit, actor.account)}
    shown = await _export(unit, row, names)
    return render(
        request,
        "records/export.html",
        status,
        export=shown,
        row=await progress_of(unit, exporting.KIND, row.id),
        unlocked=exporting.is_unlocked(unit, row),
        sent=request.query_params.get("sent") == "1" or bool(wrong),
        wrong=wrong,
        sha256=row.sha256,
    )


async def _export(unit: Unit, row: Export, names: dict[UUID, str]) -> dict[str, Any]:
    work = await progress_of(unit, exporting.KIND, row.id)
    over = row.expires_at is not None and (row.key is None or unit.now >= row.expires_at)
    return {
        "id": row.id,
        "href": f"/exports/{row.id}",
        "person": names.get(row.person_id, ""),
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "is_ready": row.expires_at is not None and not over,
        "is_over": over,
        "has_failed": work is not None and may_resume(work, unit.wall),
        "tag": ("", N_("已过期")) if over else work.badge if work else ("", N_("排队中")),
        "size": f"{(row.size or 0) / 1_000_000:.1f} MB",
    }


async def _kept(
    unit: Unit, name: str, person: UUID, place: Hospital, requests: Any, lang: str
) -> dict[str, Any] | None:
    known = await hospital_patient(unit, place.id, person)
    if known is None:
        return None
    standing: DataRequest | None = next(
        (
            row
            for row in requests
            if row.kind is RequestKind.RESTRICTION
            and row.decided_at is None
            and (row.person_id, row.hospital_id) == (person, place.id)
        ),
        None,
    )
    return {
        "person": name,
        "person_id": person,
        "hospital": said(place, "name", lang),
        "hospital_id": place.id,
        "restricted_at": known.restricted_at,
        "lift": f"/data-rights/{standing.id}/lifting" if standing else "",
        "until": restricting.kept_until(standing) if standing else None,
    }


async def _heir(request: Request, unit: Unit, form: Form[Any], *, status: int = 200) -> Response:
    lang = language(request)
    places = [
        (place.code, said(place, "name", lang))
        for place in await hospitals(unit)
        if place.is_live(unit.today)
    ]
    return render(request, "records/heir.html", status, form=form, hospitals=places)


async def _desk(
    request: Request,
    unit: Unit,
    actor: Actor,
    form: Form[Any],
    *,
    wrong: UUID | None = None,
    status: int = 200,
) -> Response:
    waiting = await queries.waiting_requests(unit, actor.hospital)
    place = await hospital(unit, actor.hospital)
    return render(
        request,
        "records/data_requests.html",
        status,
        hospital=said(place, "name", language(request)),
        rows=[_asked(row, unit.now) | {"is_wrong": row.id == wrong} for row in waiting],
        standing=[
            {"asked_at": row.asked_at} for row in await queries.standing_requests(unit, actor.hospital)
        ],
        form=form,
    )


def _asked(row: DataRequest, now: datetime) -> dict[str, Any]:
    told = heirs.told_in(row)
    return {
        "id": row.id,
        "name": told.name,
        "document": mask_number(told.document_number),
        "relation": told.relation,
        "wish": told.wish,
        "asked_at": row.asked_at,
        "answer_by": row.answer_by,
        "is_late": row.answer_by < now,
        "action": f"{DESK}/{row.id}/answer",
    }


routes = [
    Route("/data-rights", rights_page),
    Route("/data-rights/restrictions", restrict_page, methods=["POST"]),
    Route("/data-rights/{request_id:uuid}/lifting", lift_page, methods=["POST"]),
    Route("/data-rights/heirs", heir_page),
    Route("/data-rights/heirs", ask_as_heir_page, methods=["POST"]),
    Route("/exports", ask_export_page, methods=["POST"]),
    Route("/exports/{export_id:uuid}", export_page),
    Route("/exports/{export_id:uuid}/code", export_code_page, methods=["POST"]),
    Route("/exports/{export_id:uuid}/unlocking", unlock_export_page, methods=["POST"]),
    Route("/exports/{export_id:uuid}/file", export_file_page),
    Route("/exports/{export_id:uuid}/retry", retry_export_page, methods=["POST"]),
    Route("/staff/data-requests", data_requests_page),
    Route("/staff/data-requests/{request_id:uuid}/answer", answer_heir_page, methods=["POST"]),
]
