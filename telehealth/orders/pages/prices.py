"""What everything costs and what comes back of it, before anybody signs in (REGULATION 16)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.unit import Unit
from telehealth.directory import hospital_by_code, said
from telehealth.orders.doors import tables_of
from telehealth.orders.pricing import ARRIVAL, DepartmentFees, RefundRow, fees_of
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule import offers_kind
from telehealth.web.contract import page
from telehealth.web.pages import render, words
from telehealth.web.preferences import language


@page(public=True)
async def prices_page(request: Request, unit: Unit, code: str) -> Response:
    place = await hospital_by_code(unit, code)
    lang = language(request)
    version = await current_policy(unit, place.id)
    kinds = [kind for kind in ClinicKind if offers_kind(place, kind, unit.today)]
    insurance = version.policy.insurance
    return render(
        request,
        "orders/prices.html",
        hospital=place,
        name=said(place, "name", lang),
        departments=[_department(row, lang) for row in await fees_of(unit, place, kinds)],
        online=ClinicKind.INTERNET in kinds,
        offline=ClinicKind.OFFLINE in kinds,
        tables=[
            {"title": table.title, "rows": [_row(request, row) for row in table.rows(version.policy)]}
            for table in tables_of(request)
        ],
        arrival=ARRIVAL,
        splits=bool(insurance.online_split_regions and insurance.online_split_lines),
        reimbursement_days=insurance.offline_reimbursement_days,
        version=version.number,
        today=unit.today,
        complaint_phone=place.complaint_phone,
    )


def _department(row: DepartmentFees, lang: str) -> dict[str, Any]:
    return {
        "name": said(row.department, "name", lang),
        "doctors": [
            {
                "name": said(each.doctor, "name", lang),
                "title": said(each.doctor, "title", lang),
                "online": each.online,
                "offline": each.offline,
            }
            for each in row.doctors
        ],
    }


def _row(request: Request, row: RefundRow) -> dict[str, Any]:
    _ = words(request)
    number = {"n": row.number}
    return {
        "when": _(row.when) % number,
        "share": "" if row.share is None or not row.is_possible else f"{row.share / 100:g}%",
        "is_nothing": not row.share,
        "is_possible": row.is_possible,
        "is_automatic": row.is_automatic,
        "was_paid": row.share is not None,
        "note": _(row.note) % number if row.note else "",
    }


routes = [Route("/h/{code}/prices", prices_page)]
