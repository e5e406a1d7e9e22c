"""The administrator's pages of the drug book: versions, files on their way into a draft, publication."""

from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.formulary import accepting, publishing, queries
from prescriptions.formulary.errors import (
    FileTooLong,
    FileUnreadable,
    ImportEnded,
    ImportRunning,
    VersionFixed,
    VersionOutdated,
)
from prescriptions.formulary.importing import KIND
from prescriptions.formulary.models import FormularyImport, FormularyVersion
from prescriptions.formulary.reading import TABLES, BookUnusable
from prescriptions.states import BookState, SheetKind
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.i18n import N_
from telehealth.core.progress import may_resume, progress_of
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

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
HERE = "/admin/formulary"
#: Rows shown at once; a search narrows them.
SHOWN = 50
IMPORTS_SHOWN = 10


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


@page(needs=NEEDS, limit="60/hour")
async def import_formulary_page(request: Request, units: Units, actor: Actor, version_id: UUID) -> Response:
    async with request.form(max_fields=5, max_files=1) as data:
        file, table = data.get("file"), str(data.get("table") or "")
        content = await file.read() if isinstance(file, UploadFile) else b""
        replaces = data.get("replaces") == "true"
    async with units.of(actor) as unit:
        await queries.version_row(unit, version_id)
    try:
        row = await accepting.take(units, actor, version_id, table, content, replaces=replaces)
    except (FileUnreadable, FileTooLong, ImportRunning, VersionFixed, BlobsDown) as error:
        async with units.of(actor) as unit:
            version = await queries.version_row(unit, version_id)
            refusal = sentence(error, language(request))
            return await _show(request, unit, version, refusal=refusal, status=status_of(error))
    return redirect(f"{HERE}/imports/{row.id}")


@page(needs=NEEDS)
async def formulary_import_page(request: Request, unit: Unit, import_id: UUID) -> Response:
    row = await queries.import_row(unit, import_id)
    progress = await progress_of(unit, KIND, import_id)
    if progress is None:
        # Announced by an app whose file has not come.
        return redirect(f"{HERE}/{row.version_id}")
    version = await queries.version_row(unit, row.version_id)
    return render(
        request,
        "prescriptions/formulary_import.html",
        version=_line(version, {}),
        job=row,
        progress=progress,
        title=TITLES[row.table_name],
        may_resume=row.is_running and may_resume(progress, unit.wall),
    )


@page(needs=NEEDS)
async def resume_formulary_import_page(request: Request, unit: Unit, import_id: UUID) -> Response:
    try:
        await accepting.go_on(unit, import_id)
    except ImportEnded as error:
        return redirect(f"{HERE}/imports/{import_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"{HERE}/imports/{import_id}")


@page(needs=NEEDS)
async def stop_formulary_import_page(request: Request, unit: Unit, import_id: UUID) -> Response:
    try:
        await accepting.stop(unit, import_id)
    except ImportEnded as error:
        return redirect(f"{HERE}/imports/{import_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"{HERE}/imports/{import_id}")


@page(needs=NEEDS)
async def publish_formulary_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    row = await queries.version_row(unit, version_id)
    try:
        await publishing.publish(unit, version_id)
    except BookUnusable as error:
        return await _show(request, unit, row, places=error, status=422)
    except (VersionOutdated, ImportRunning) as error:
        refusal = sentence(error, language(request))
        return await _show(request, unit, row, refusal=refusal, status=409)
    return redirect("/admin/formulary", flash=N_("已发布，新处方即时使用这一版"))


@page(needs=NEEDS)
async def discard_formulary_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    try:
        await publishing.discard(unit, version_id)
    except ImportRunning as error:
        return redirect(f"{HERE}/{version_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect("/admin/formulary", flash=N_("草稿已作废"))


async def _show(
    request: Request,
    unit: Unit,
    row: FormularyVersion,
    *,
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
        running=await queries.running_import(unit, row.id),
        imports=[
            await _imported(unit, each)
            for each in await queries.imports_of(unit, row.id, limit=IMPORTS_SHOWN)
        ],
        places=list(places.places) if places else [],
        refusal=refusal,
    )


async def _imported(unit: Unit, row: FormularyImport) -> dict[str, Any]:
    progress = await progress_of(unit, KIND, row.id)
    return {
        "href": f"{HERE}/imports/{row.id}",
        "title": TITLES[row.table_name],
        "asked_at": row.asked_at,
        "badge": ("warn", N_("已停止")) if row.was_stopped else progress.badge if progress else ("", ""),
        "taken": row.taken,
        "bad_rows": row.bad_rows,
    }


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
    # Whoever loads the page of a refusal again sees the version.
    Route("/uploads/formulary/{version_id:uuid}", formulary_version_page),
    Route("/admin/formulary/imports/{import_id:uuid}", formulary_import_page),
    Route(
        "/admin/formulary/imports/{import_id:uuid}/resumption", resume_formulary_import_page, methods=["POST"]
    ),
    Route("/admin/formulary/imports/{import_id:uuid}/stop", stop_formulary_import_page, methods=["POST"]),
    Route("/admin/formulary/{version_id:uuid}/publication", publish_formulary_page, methods=["POST"]),
    Route("/admin/formulary/{version_id:uuid}/discard", discard_formulary_page, methods=["POST"]),
]
