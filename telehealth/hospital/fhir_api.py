"""The FHIR R4 door: /fhir/{hospital}/{type}[/{id}], read only, one key a system.

Whatever happens is said as an OperationOutcome. Sessions and cookies count for nothing here, and a key counts
for nothing elsewhere. A search may be posted, so that an ID number stands in no address and no log of one.
"""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.errors import (
    Busy,
    DomainError,
    FieldsInvalid,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from telehealth.directory import hospital_by_code
from telehealth.hospital import keying, serving
from telehealth.hospital.capability import capability_statement
from telehealth.hospital.elements import issue, outcome
from telehealth.hospital.errors import ParameterNotServed, ResourceGone, ResourceNotFound, SearchInvalid
from telehealth.hospital.searching import Pairs, Search, read_search
from telehealth.hospital.serving import Body, Found, Hits, Shelf
from telehealth.web.authenticate import bearer_of
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pagination import encode_cursor, moment_key

log = structlog.get_logger(__name__)

JSON = "application/fhir+json; charset=utf-8"
#: One system, and somebody who tries keys.
RATE, STRANGERS = "600/minute", "20/minute"
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_FORMATS = ("application/fhir+json", "application/json", "text/json", "application/*", "*/*")
_SHORT = {"json": _FORMATS[0], "application/fhir json": _FORMATS[0]}

Endpoint = Callable[[Request], Awaitable[Response]]


class MethodRefused(DomainError):
    code = "method_not_allowed"
    detail = "只提供查询"


class FormatRefused(DomainError):
    code = "not_acceptable"
    detail = "只提供 application/fhir+json"


class FormRefused(DomainError):
    code = "media_type_refused"
    detail = "请以 application/x-www-form-urlencoded 提交查询"


@page(public=True)
async def fhir_capability_page(request: Request) -> Response:
    async def answer() -> Response:
        _require(request, "GET")
        house = house_of(request)
        async with house.units.public() as unit:
            place = await hospital_by_code(unit, request.path_params["code"])
            body = capability_statement(
                Shelf.of(house.contributions), base=_base(request), name=place.name, day=unit.today
            )
        return _json(body)

    return await _said(request, answer)


@page(public=True)
async def fhir_search_page(request: Request) -> Response:
    """GET, or POST to `_search` with the same parameters as a form."""

    async def answer() -> Response:
        posted = request.url.path.endswith("/_search")
        _require(request, "POST" if posted else "GET")
        caller = await _caller(request)
        house, kind = house_of(request), str(request.path_params["kind"])
        shelf = Shelf.of(house.contributions)
        if not shelf.source(kind).is_searched:
            raise MethodRefused(type=kind)
        asked = await _asked(request, shelf, kind)
        async with house.units.hospital(caller.hospital_id, caller.actor) as unit:
            hits = await serving.search(unit, shelf, kind, asked)
        bodies = [await serving.finished(house.units, found) for found in hits.items]
        return _json(_bundle(request, kind, asked, hits, bodies))

    return await _said(request, answer)


@page(public=True)
async def fhir_read_page(request: Request) -> Response:
    async def answer() -> Response:
        _require(request, "GET")
        caller = await _caller(request)
        house, kind = house_of(request), str(request.path_params["kind"])
        shelf = Shelf.of(house.contributions)
        shelf.source(kind)
        resource_id = _id(str(request.path_params["id"]))
        async with house.units.hospital(caller.hospital_id, caller.actor) as unit:
            found = await serving.read(unit, shelf, kind, resource_id)
        return _one(request, found, await serving.finished(house.units, found))

    return await _said(request, answer)


@page(public=True)
async def fhir_unknown_page(request: Request) -> Response:
    async def answer() -> Response:
        await _caller(request)
        raise ResourceNotFound()

    return await _said(request, answer)


async def _said(request: Request, answer: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await answer()
    except DomainError as error:
        return _refusal(error)


def _require(request: Request, method: str) -> None:
    allowed = (method, "HEAD") if method == "GET" else (method,)
    if request.method not in allowed:
        raise MethodRefused(allow=", ".join(allowed))
    accepted = request.headers.get("accept", "*/*") or "*/*"
    wanted = request.query_params.get("_format") or accepted
    kinds = [part.partition(";")[0].strip().lower() for part in wanted.split(",")]
    is_file = request.path_params.get("kind") == "Binary"
    if not is_file and not any(_SHORT.get(kind, kind) in _FORMATS for kind in kinds):
        raise FormatRefused()
    if "fhirversion=" in wanted.lower() and "fhirversion=4.0" not in wanted.lower():
        raise FormatRefused()


async def _caller(request: Request) -> keying.Caller:
    """Whoever tries keys is slowed down; a system that knows its own is counted by it, wherever it stands."""
    house = house_of(request)
    host = request.client.host if request.client else ""
    try:
        caller = await keying.recognise(
            house.units, str(request.path_params["code"]), bearer_of(request) or ""
        )
    except Unauthenticated:
        await house.limiter.hit(STRANGERS, "fhir_stranger", host)
        raise
    await house.limiter.hit(RATE, "fhir", str(caller.key_id))
    return caller


async def _asked(request: Request, shelf: Shelf, kind: str) -> Search:
    pairs: list[tuple[str, str]] = list(request.query_params.multi_items())
    if request.method == "POST":
        pairs += await _form(request)
    strict = "handling=strict" in request.headers.get("prefer", "").replace(" ", "").lower()
    asked = read_search(pairs, shelf.params(kind), strict=strict)
    cursor = next((value for name, value in pairs if name == "_after"), "")
    return Search(asked.groups, asked.count, _after(cursor), asked.used, asked.ignored)


async def _form(request: Request) -> Pairs:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/x-www-form-urlencoded":
        raise FormRefused()
    try:
        return parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError:
        raise SearchInvalid(reason="form") from None


def _after(cursor: str) -> tuple[datetime, UUID] | None:
    try:
        return moment_key(cursor)
    except FieldsInvalid:
        raise SearchInvalid(param="_after", reason="not_a_page_of_ours") from None


def _id(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        raise ResourceNotFound() from None
    if str(found) != text.lower():
        raise ResourceNotFound()
    return found


def _base(request: Request) -> str:
    return f"{house_of(request).settings.public_url.rstrip('/')}/fhir/{request.path_params['code']}"


def _bundle(request: Request, kind: str, asked: Search, hits: Hits, bodies: list[Body]) -> Body:
    here, base = f"{_base(request)}/{kind}", _base(request)
    links = [{"relation": "self", "url": f"{here}?{urlencode(asked.used)}"}]
    if hits.has_more:
        last = hits.items[-1]
        cursor = encode_cursor(last.updated_at.isoformat(), str(last.id))
        links.append({"relation": "next", "url": f"{here}?{urlencode([*asked.used, ('_after', cursor)])}"})
    entries: list[Body] = [
        {"fullUrl": f"{base}/{kind}/{body['id']}", "resource": body, "search": {"mode": "match"}}
        for body in bodies
    ]
    if asked.ignored:
        said = [issue("warning", "not-supported", "未采用的查询条件", facts=name) for name in asked.ignored]
        entries.append({"resource": outcome(*said), "search": {"mode": "outcome"}})
    bundle: Body = {"resourceType": "Bundle", "type": "searchset"}
    if hits.total is not None:
        bundle["total"] = hits.total
    bundle["link"] = links
    if entries:
        bundle["entry"] = entries
    return bundle


def _one(request: Request, found: Found, body: Body) -> Response:
    tag = f'W/"{body["meta"]["versionId"]}"'
    headers = {"etag": tag, "last-modified": format_datetime(found.updated_at.astimezone(UTC), usegmt=True)}
    if tag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if body["resourceType"] == "Binary" and "fhir+json" not in request.headers.get("accept", ""):
        # As it is, unless the resource itself is asked for.
        headers |= {"content-security-policy": "sandbox; default-src 'none'"}
        return Response(base64.b64decode(body["data"]), 200, headers, media_type=body["contentType"])
    return _json(body, headers)


def _json(body: Body, headers: dict[str, str] | None = None) -> Response:
    return Response(serving.written(body), 200, headers, media_type=JSON)


#: Kind of error → status, and what FHIR calls it; the first that fits.
_ANSWERS: tuple[tuple[type[DomainError], int, str], ...] = (
    (ParameterNotServed, 400, "not-supported"),
    (SearchInvalid, 400, "invalid"),
    (Invalid, 400, "invalid"),
    (Unauthenticated, 401, "login"),
    (Forbidden, 403, "forbidden"),
    (ResourceGone, 410, "deleted"),
    (NotFound, 404, "not-found"),
    (MethodRefused, 405, "not-supported"),
    (FormatRefused, 406, "not-supported"),
    (FormRefused, 415, "not-supported"),
    (Busy, 429, "throttled"),
    (Unavailable, 503, "transient"),
)


def _refusal(error: DomainError) -> Response:
    status, code = next(
        ((status, code) for kind, status, code in _ANSWERS if isinstance(error, kind)), (500, "exception")
    )
    facts = "; ".join([error.code, *(f"{name}={value}" for name, value in error.facts.items())])
    headers: dict[str, str] = {}
    if isinstance(error, (Busy, Unavailable)):
        headers["retry-after"] = str(error.retry_after_s)
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="fhir"'
    if status == 405:
        headers["allow"] = str(error.facts.get("allow", "GET, HEAD"))
    body: dict[str, Any] = outcome(issue("error", code, error.detail, facts=facts))
    log.info("fhir.refused", error=error.code, status=status)
    return Response(serving.written(body), status, headers, media_type=JSON)


routes = [
    Route("/fhir/{code}/metadata", fhir_capability_page, methods=ANY),
    Route("/fhir/{code}/{kind}", fhir_search_page, methods=ANY),
    Route("/fhir/{code}/{kind}/_search", fhir_search_page, methods=ANY),
    Route("/fhir/{code}/{kind}/{id}", fhir_read_page, methods=ANY),
    Route("/fhir/{code}/{rest:path}", fhir_unknown_page, methods=ANY),
]
