"""The pharmacist's pages: the queue by promise, one sheet to answer, the duty roster."""

from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.errors import ChecksFailed
from prescriptions.reviewing import answering, planning
from prescriptions.reviewing.errors import (
    DutyRefused,
    IssueOutdated,
    LinesNotAcknowledged,
    NotUnderReview,
    OwnSheet,
    ReasonNeeded,
    SheetDiffers,
)
from prescriptions.reviewing.presenting import look, queue_view, sheet_view
from prescriptions.stock import OutOfStock
from prescriptions.writing.api import press_of
from telehealth.accounts import StaffMember, StepUpNeeded
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobStore
from telehealth.core.clock import SHANGHAI
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language

NEEDS = Permission.REVIEW_PRESCRIPTIONS
#: A sheet is opened within that time.
LINK_LASTS = timedelta(minutes=2)
#: Duty is shown so far ahead.
SHOWN = timedelta(days=14)
_REFUSALS = (
    ChecksFailed, LinesNotAcknowledged, ReasonNeeded, OutOfStock, NotUnderReview, IssueOutdated, OwnSheet,
    SheetDiffers,
)  # fmt: skip


@page(needs=NEEDS)
async def review_queue_page(request: Request, unit: Unit) -> Response:
    found = await queue_view(unit, unit.actor.hospital, language(request))
    return render(request, "prescriptions/review_queue.html", **found)


@page(needs=NEEDS)
async def review_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    return await _show(request, units, actor, prescription_id)


@page(needs=NEEDS)
async def pass_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    async with request.form(max_fields=100, max_files=0) as data:
        issue = _number(data.get("issue"))
        seen = {_number(value) for value in data.getlist("acknowledged")}
    try:
        await answering.pass_sheet(
            units, actor, prescription_id, issue=issue, acknowledged=seen, press=press_of(request)
        )
    except StepUpNeeded:
        return redirect(f"/staff/step-up?next=/staff/reviews/{prescription_id}")
    except _REFUSALS as error:
        return await _show(request, units, actor, prescription_id, refusal=error)
    return redirect("/staff/reviews", flash=N_("已通过并签名，患者可以缴费"))


@page(needs=NEEDS)
async def answer_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    """Return or refuse, by the button that was pressed."""
    async with request.form(max_fields=10, max_files=0) as data:
        issue, reason = _number(data.get("issue")), str(data.get("reason") or "")[:500]
        refuses = data.get("go") == "refuse"
    verb = answering.refuse_sheet if refuses else answering.return_sheet
    try:
        async with units.of(actor) as unit:
            await verb(unit, prescription_id, issue=issue, reason=reason)
    except _REFUSALS as error:
        return await _show(request, units, actor, prescription_id, refusal=error, typed=reason)
    said = N_("已拒绝，医生和患者已收到通知") if refuses else N_("已退回医生修改")
    return redirect("/staff/reviews", flash=said)


@page(needs=NEEDS)
async def review_sheet_page(units: Units, actor: Actor, prescription_id: UUID) -> Response:
    """The very bytes that were signed."""
    found = await look(units, actor, prescription_id)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    name = f"{found.rx.number}.pdf"
    return redirect(await store.link(found.file.key, ttl=LINK_LASTS, filename=name, disposition="inline"))


@page(needs=NEEDS)
async def duty_page(request: Request, unit: Unit) -> Response:
    return await _duty(request, unit)


@page(needs=NEEDS)
async def plan_duty_page(request: Request, unit: Unit) -> Response:
    async with request.form(max_fields=10, max_files=0) as data:
        typed = {name: str(data.get(name) or "") for name in ("account", "starts_at", "ends_at")}
    pharmacists = {str(row.account_id): row for row in await planning.pharmacists(unit)}
    starts, ends = _moment(typed["starts_at"]), _moment(typed["ends_at"])
    if typed["account"] not in pharmacists or starts is None or ends is None:
        return await _duty(request, unit, typed=typed, refusal=N_("请选择药师并填写起止时间"), status=422)
    try:
        await planning.plan_duty(
            unit, unit.actor.hospital, UUID(typed["account"]), starts_at=starts, ends_at=ends
        )
    except DutyRefused as error:
        return await _duty(request, unit, typed=typed, refusal=error.detail, status=422)
    return redirect("/staff/duty", flash=N_("已安排值班"))


@page(needs=NEEDS)
async def drop_duty_page(unit: Unit, duty_id: UUID) -> Response:
    await planning.drop_duty(unit, duty_id)
    return redirect("/staff/duty", flash=N_("已取消这段值班"))


async def _show(
    request: Request,
    units: Units,
    actor: Actor,
    prescription_id: UUID,
    *,
    refusal: DomainError | None = None,
    typed: str = "",
) -> Response:
    found = await look(units, actor, prescription_id)
    return render(
        request,
        "prescriptions/review.html",
        200 if refusal is None else 409,
        rx=sheet_view(found, actor, language(request)),
        refusal=words(request)(refusal.detail) if refusal else "",
        typed=typed,
    )


async def _duty(
    request: Request,
    unit: Unit,
    *,
    typed: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> Response:
    people = {row.account_id: row for row in await planning.pharmacists(unit)}
    rows = await planning.duties(unit, unit.actor.hospital, until=unit.now + planning.SHOWN)
    lang = language(request)
    return render(
        request,
        "prescriptions/duty.html",
        status,
        duties=[
            {
                "id": row.id,
                "name": _name(people.get(row.account_id), lang),
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "is_now": row.starts_at <= unit.now,
            }
            for row in rows
        ],
        pharmacists=[(str(row.account_id), _name(row, lang)) for row in people.values()],
        typed=typed or {},
        refusal=words(request)(refusal) if refusal else "",
    )


def _name(row: StaffMember | None, lang: str) -> str:
    if row is None:
        return "—"
    return str(row.name_en if lang == "en" and row.name_en else row.name)


def _number(text: object) -> int:
    """Nonsense matches nothing and is told as outdated."""
    said = str(text or "")
    return int(said) if said.isdecimal() and len(said) < 6 else -1


def _moment(text: str) -> datetime | None:
    """As a browser's field writes it, in the hospital's own time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


routes = [
    Route("/staff/reviews", review_queue_page),
    Route("/staff/reviews/{prescription_id:uuid}", review_page),
    Route("/staff/reviews/{prescription_id:uuid}/pass", pass_page, methods=["POST"]),
    Route("/staff/reviews/{prescription_id:uuid}/answer", answer_page, methods=["POST"]),
    Route("/staff/reviews/{prescription_id:uuid}/sheet", review_sheet_page),
    Route("/staff/duty", duty_page),
    Route("/staff/duty", plan_duty_page, methods=["POST"]),
    Route("/staff/duty/{duty_id:uuid}/end", drop_duty_page, methods=["POST"]),
]
