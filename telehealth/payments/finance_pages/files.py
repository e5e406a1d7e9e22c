"""Long files of the books, made in the background and fetched when they are whole."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, translator
from telehealth.core.progress import may_resume
from telehealth.core.unit import Unit, Units
from telehealth.payments import preparing
from telehealth.payments.errors import ExportNotReady
from telehealth.payments.exporting import EXPORTS
from telehealth.payments.finance_pages.frame import show
from telehealth.payments.finance_views import ROOT
from telehealth.payments.models import FinanceExport
from telehealth.payments.wording import EXPORT_NAMES
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect
from telehealth.web.preferences import language

HERE = f"{ROOT}/files"
LONGEST_DAYS = 366


class AskFile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Literal["orders", "refunds", "differences", "entries"]
    first: date
    last: date


@page(needs=Permission.SEE_MONEY)
async def export_files_page(request: Request, unit: Unit) -> Response:
    return await show(
        request, unit, "files", "finance_files.html",
        files=await preparing.exports(unit), names=EXPORT_NAMES,
        choices=[(name, translator(language(request))(EXPORT_NAMES[name])) for name in EXPORTS],
        first=unit.today.replace(day=1), last=unit.today, today=unit.today,
    )  # fmt: skip


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def ask_export_file_page(request: Request, unit: Unit) -> Response:
    form = await read_form(request, AskFile)
    asked = form.model
    if asked is None or not 0 <= (asked.last - asked.first).days < LONGEST_DAYS:
        return redirect(HERE, flash=N_("请选择内容和起止日期，最长一年"), kind="warn")
    row = await preparing.ask_for(unit, asked.name, asked.first, asked.last, lang=language(request))
    return redirect(f"{HERE}/{row.id}")


@page(needs=Permission.SEE_MONEY)
async def one_export_page(request: Request, unit: Unit, export_id: UUID) -> Response:
    row, progress = await preparing.export_of(unit, export_id)
    return await show(
        request, unit, "files", "finance_file.html", row=row, progress=progress, name=EXPORT_NAMES[row.name],
        may_resume=not row.is_whole and may_resume(progress, unit.wall),
    )  # fmt: skip


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def resume_export_file_page(unit: Unit, export_id: UUID) -> Response:
    await preparing.go_on(unit, export_id)
    return redirect(f"{HERE}/{export_id}")


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def fetch_export_file_page(units: Units, actor: Actor, export_id: UUID) -> Response:
    async with units.of(actor) as unit:
        row, _progress = await preparing.export_of(unit, export_id)
    return file_of(units, row)


def file_of(units: Units, row: FinanceExport) -> Response:
    """Raises ExportNotReady."""
    if not row.is_whole:
        raise ExportNotReady()
    name = f"{row.name}-{row.first:%Y%m%d}-{row.last:%Y%m%d}.csv"
    return StreamingResponse(
        preparing.contents(units, row),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


routes = [
    Route(HERE, export_files_page),
    Route(HERE, ask_export_file_page, methods=["POST"]),
    Route(f"{HERE}/{{export_id:uuid}}", one_export_page),
    Route(f"{HERE}/{{export_id:uuid}}/resumption", resume_export_file_page, methods=["POST"]),
    Route(f"{HERE}/{{export_id:uuid}}/file", fetch_export_file_page),
]
