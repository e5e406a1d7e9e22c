"""Errors as the client reads them: RFC 9457 problem+json for programs, a page for people."""

import json
from collections.abc import Iterable
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from telehealth.core.errors import (
    Busy,
    Conflict,
    DomainError,
    FieldsInvalid,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from telehealth.core.i18n import translator
from telehealth.core.plain import plain
from telehealth.web.preferences import language

log = structlog.get_logger(__name__)

STATUS: dict[type[DomainError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Refused: 409,
    Busy: 429,
    Unavailable: 503,
}


class DatabaseDown(Unavailable):
    code = "database_down"


#: Lost connections, lock and statement time-outs, deadlocks; a pool that stayed empty.
DATABASE_DOWN = (sa.exc.OperationalError, sa.exc.TimeoutError, psycopg.OperationalError)


class Unexpected(DomainError):
    code = "unexpected"
    detail = "系统出了点问题，我们已经记录，请稍后再试"


def status_of(error: DomainError | type[DomainError]) -> int:
    kind = error if isinstance(error, type) else type(error)
    return next((STATUS[base] for base in kind.__mro__ if base in STATUS), 500)


def wants_json(request: HTTPConnection) -> bool:
    if request.url.path.startswith(("/api/", "/blobs/", "/health/")):
        return True
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def sentence(error: DomainError, lang: str) -> str:
    """The error's detail in the reader's language; `{name}` in it is filled from the facts."""
    text = translator(lang)(error.detail)
    return text.format_map(_Facts(error.facts)) if "{" in text else text


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def problem(request: HTTPConnection, error: DomainError, status: int | None = None) -> Response:
    lang = language(request)
    status = status or status_of(error)
    _ = translator(lang)
    body: dict[str, Any] = {
        "type": f"urn:telehealth:problem:{error.code}",
        "title": _(_TITLES.get(status, "操作没有完成")),
        "status": status,
        "code": error.code,
        "detail": sentence(error, lang),
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if isinstance(error, FieldsInvalid):
        body["errors"] = [
            {"pointer": "/" + path.replace(".", "/"), "detail": _(text)}
            for path, text in error.fields.items()
        ]
    elif error.facts:
        body["facts"] = plain(error.facts)
    headers = {"content-language": lang, "cache-control": "no-store"}
    if isinstance(error, (Busy, Unavailable)):
        headers["retry-after"] = str(error.retry_after_s)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(
        json.dumps(body, ensure_ascii=False), status, headers, media_type="application/problem+json"
    )


_TITLES = {
    400: "请求有误",
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持的操作",
    409: "操作没有完成",
    410: "已经失效",
    413: "内容太大",
    415: "内容格式不支持",
    422: "内容需要修改",
    429: "操作太频繁",
    500: "系统出了点问题",
    503: "服务暂时不可用",
}


def answer(request: HTTPConnection, error: DomainError, status: int | None = None) -> Response:
    """The error in the form this client reads."""
    if wants_json(request):
        return problem(request, error, status)
    # Reached through the application: `pages` renders errors and this module words them.
    response: Response = request.app.state.error_page(request, error, status or status_of(error))
    if isinstance(error, (Busy, Unavailable)):
        response.headers["retry-after"] = str(error.retry_after_s)
    return response


async def on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - Starlette's handler type is wider than its contract
    log.info("request.refused", error=error.code, status=status_of(error))
    return answer(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    response = answer(request, _FROM_STATUS.get(error.status_code, DomainError)(), error.status_code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == 405:
        # From the root, though the routers on the way have moved the scope along.
        scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}
        response.headers["allow"] = ", ".join(sorted(_methods(request.app.routes, scope)))
    return response


def _methods(routes: Iterable[BaseRoute], scope: Scope) -> set[str]:
    """Every method of this path: one resource may be several routes, and Starlette names only the first."""
    found: set[str] = set()
    for route in routes:
        match, inner = route.matches(scope)
        if match is Match.NONE:
            continue
        if isinstance(route, Mount):
            found |= _methods(route.routes or (), {**scope, **inner})
        elif isinstance(route, Route):
            found |= route.methods or set()
    return found


async def on_crash(request: Request, error: Exception) -> Response:
    """A database that is away or overrun is a party we depend on; anything else is our bug."""
    if isinstance(error, DATABASE_DOWN):
        log.error("request.database_failed", exc_info=error)
        said: DomainError = DatabaseDown(retry_after_s=5)
    else:
        log.error("request.crashed", exc_info=error)
        said = Unexpected()
    try:
        return answer(request, said)
    except Exception:  # the page of last resort must not need what just broke
        log.exception("request.error_page_failed")
        return problem(request, said)


class _MethodRefused(DomainError):
    code = "method_not_allowed"
    detail = "这个地址不支持此操作"


class TooLarge(DomainError):
    code = "too_large"
    detail = "内容太大，请缩小后再试"


class _BadRequest(DomainError):
    code = "bad_request"
    detail = "请求有误，请检查后再试"


_FROM_STATUS: dict[int, type[DomainError]] = {
    400: _BadRequest,
    404: NotFound,
    405: _MethodRefused,
    413: TooLarge,
}
