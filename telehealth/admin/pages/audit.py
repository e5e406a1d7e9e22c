"""Searching what was done, and checking that nobody rewrote it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.admin import housekeeping, queries
from telehealth.admin.api import search_of
from telehealth.admin.queries import AuditSearch
from telehealth.admin.reading_audit import AuditBook, Reading
from telehealth.admin.schemas import AuditQuery
from telehealth.core.access import Permission
from telehealth.core.audit import AuditRecord
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit
from telehealth.web.contract import page, parse
from telehealth.web.pages import render, words
from telehealth.web.pagination import cut, moment_key
from telehealth.web.preferences import language

NEEDS = Permission.SEARCH_AUDIT
LIMIT = 50
#: So many details are said before one opens the rest.
_AT_A_GLANCE = 2


@dataclass(frozen=True, slots=True)
class Verification:
    """What recomputing the chain found: the first link that does not match, or none."""

    broken_link: int | None


@page(needs=NEEDS)
async def audit_page(request: Request, unit: Unit) -> Response:
    return await _show(request, unit)


@page(needs=NEEDS)
async def verify_audit_page(request: Request, unit: Unit) -> Response:
    broken = await housekeeping.verify_chain(unit, unit.actor.hospital)
    return await _show(request, unit, Verification(broken))


async def _show(request: Request, unit: Unit, verification: Verification | None = None) -> Response:
    typed = {key: value for key, value in request.query_params.items() if value}
    book, lang = unit.port(AuditBook), language(request)
    errors: dict[str, str] = {}
    try:
        query = parse(AuditQuery, {**typed, "limit": LIMIT})
        after, wanted = moment_key(query.after), search_of(book, query, lang)
    except FieldsInvalid as error:
        _ = words(request)
        query, after, wanted = AuditQuery(), None, AuditSearch()
        errors = {name: _(sentence) for name, sentence in error.fields.items()}
    hospital_id = unit.actor.hospital
    rows = await queries.search(unit, hospital_id, wanted, after=after, limit=LIMIT)
    kept, more = cut(rows, LIMIT, lambda row: (row[0].at.isoformat(), row[0].id))
    return render(
        request,
        "admin/audit.html",
        422 if errors else 200,
        records=[_line(record, link, book.read(record, lang)) for record, link in kept],
        typed=typed,
        errors=errors,
        areas=book.areas(lang),
        names=book.names(lang, query.area),
        older=f"/admin/audit?{urlencode({**typed, 'after': more})}" if more else "",
        newest=f"/admin/audit?{urlencode(_without_after(typed))}" if query.after else "",
        chain=await queries.chain_state(unit, hospital_id),
        verification=verification,
    )


def _without_after(typed: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in typed.items() if key != "after"}


def _line(record: AuditRecord, link: int | None, reading: Reading) -> dict[str, Any]:
    spoken = [fact for fact in reading.facts if not fact.is_code]
    return {
        "at": record.at,
        "name": record.name,
        "reading": reading,
        "glance": spoken[:_AT_A_GLANCE],
        "subject": f"{record.subject_kind}:{record.subject_id}",
        "subject_kind": record.subject_kind,
        "subject_id": record.subject_id,
        "original": _original(record),
        "link": link,
    }


def _original(record: AuditRecord) -> str:
    """All that is stored and sealed, as it is stored."""
    names = (
        "id", "name", "subject_kind", "subject_id", "facts", "actor_id", "actor_name", "scope", "account_id",
        "at", "wall_at", "request_id",
    )  # fmt: skip
    stored = {name: getattr(record, name) for name in names}
    return json.dumps(stored, ensure_ascii=False, indent=1, default=str)


routes = [
    Route("/admin/audit", audit_page),
    Route("/admin/audit/verification", verify_audit_page, methods=["POST"]),
]
