"""The administrator's pages of the drug book: versions, imports with their bad rows, publication."""

from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.formulary import publishing, queries
from prescriptions.formulary.errors import FileUnreadable, VersionOutdated
from prescriptions.formulary.importing import Report, import_file
from prescriptions.formulary.models import FormularyVersion
from prescriptions.formulary.reading import TABLES, BookUnusable
from prescriptions.states import BookState, SheetKind
from telehealth.core.access import Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render, words

NEEDS = Permission.MANAGE_FORMULARY
STATES = {
    BookState.DRAFT: ("warn", N_("草稿")),
    BookState.PUBLISHED: ("ok", N_("使用中")),
    BookState.RETIRED: ("", N_("已停用")),
    BookState.DISCARDED: ("", N_("已作废")),
}
TITLES = {
    "medicines": N_("西药与中成药"),
    "herbs": N_("中药饮片"),
    "interactions": N_("相互作用"),
    "tcm_rules": N_("饮片配伍与用法规则"),
    "allergy_classes": N_("过敏类别"),
    "diagnoses_icd10": N_("西医诊断"),
    "diagnoses_tcm": N_("中医病证"),
    "frequencies": N_("给药频次"),
}
#: Rows shown at once; a search narrows them.
SHOWN = 50


@page(needs=NEEDS)
async def formulary_page(request: Request, unit: Unit) -> Response:
    rows = await queries.versions(unit, unit.actor.hospital)
    counts = await queries.count_drugs(unit, [row.id for row in rows])
    return render(
        request,
        "prescriptions/formulary.html",
        versions=[_line(row, counts[row.id]) for row in rows],
    )


@page(needs=NEEDS)
async def draft_formulary_page(unit: Unit) -> Response:
    row = await publishing.draft(unit, unit.actor.hospital)
    return redirect(f"/admin/formulary/{row.id}", flash=N_("已新建草稿，导入文件后可发布"))


@page(needs=NEEDS)
async def formulary_version_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    return await _show(request, unit, await queries.version_row(unit, version_id))


@page(needs=NEEDS)
async def import_formulary_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    async with request.form(max_fields=5, max_files=1) as data:
        file, table = data.get("file"), str(data.get("table") or "")
        content = await file.read() if isinstance(file, UploadFile) else b""
        replaces = data.get("replaces") == "true"
    row = await queries.version_row(unit, version_id)
    try:
        report = await import_file(unit, version_id, table, content, replaces=replaces)
    except FileUnreadable as error:
        return await _show(request, unit, row, refusal=error.detail, status=422)
    return await _show(request, unit, row, report=report)


@page(needs=NEEDS)
async def publish_formulary_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    row = await queries.version_row(unit, version_id)
    try:
        await publishing.publish(unit, version_id)
    except BookUnusable as error:
        return await _show(request, unit, row, places=error, status=422)
    except VersionOutdated as error:
        return await _show(request, unit, row, refusal=error.detail, status=409)
    return redirect("/admin/formulary", flash=N_("已发布，新处方即时使用这一版"))


@page(needs=NEEDS)
async def discard_formulary_page(unit: Unit, version_id: UUID) -> Response:
    await publishing.discard(unit, version_id)
    return redirect("/admin/formulary", flash=N_("草稿已作废"))


async def _show(
    request: Request,
    unit: Unit,
    row: FormularyVersion,
    *,
    report: Report | None = None,
    places: BookUnusable | None = None,
    refusal: str = "",
    status: int = 200,
) -> Response:
    counts = await queries.count_drugs(unit, [row.id])
    typed = request.query_params.get("q", "")[:60]
    drugs = await queries.drugs(unit, row.id, typed, limit=SHOWN)
    return render(
        request,
        "prescriptions/formulary_version.html",
        status,
        version=_line(row, counts[row.id]),
        tables=[(table, TITLES[table]) for table in TABLES],
        titles=TITLES,
        missing=[
            TITLES[table] for table in TABLES if table not in queries.KIND_OF and table not in row.rules
        ],
        drugs=drugs,
        shown=SHOWN,
        typed=typed,
        report=report,
        bad=_bad(request, report),
        places=list(places.places) if places else [],
        refusal=words(request)(refusal) if refusal else "",
    )


def _bad(request: Request, report: Report | None) -> list[dict[str, Any]]:
    _ = words(request)
    found = report.bad if report else ()
    return [{"number": bad.number, "field": bad.field, "said": _(bad.said)} for bad in found]


def _line(row: FormularyVersion, counts: dict[SheetKind, int]) -> dict[str, Any]:
    kind, label = STATES[row.state]
    return {
        "id": row.id,
        "number": row.number,
        "kind": kind,
        "label": label,
        "note": row.note,
        "digest": row.digest[:12],
        "published_at": row.published_at,
        "medicines": counts.get(SheetKind.WESTERN, 0),
        "herbs": counts.get(SheetKind.HERB, 0),
        "is_draft": row.state is BookState.DRAFT,
    }


routes = [
    Route("/admin/formulary", formulary_page),
    Route("/admin/formulary/drafts", draft_formulary_page, methods=["POST"]),
    Route("/admin/formulary/{version_id:uuid}", formulary_version_page),
    # Below /uploads, where a body may be as large as a file.
    Route("/uploads/formulary/{version_id:uuid}", import_formulary_page, methods=["POST"]),
    # Whoever loads the page of a report again sees the version.
    Route("/uploads/formulary/{version_id:uuid}", formulary_version_page),
    Route("/admin/formulary/{version_id:uuid}/publication", publish_formulary_page, methods=["POST"]),
    Route("/admin/formulary/{version_id:uuid}/discard", discard_formulary_page, methods=["POST"]),
]
