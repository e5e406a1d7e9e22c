"""The contract of a route, read from the handler's signature.

    @operation(status=201, needs=Permission.BOOK, raises=(SlotTaken,), idempotent=True)
    async def hold_slot(unit: Unit, body: HoldSlot) -> BookingView: ...

`unit: Unit` opens one unit as the actor and commits it before the first response byte;
`units: Units` leaves opening to a handler that must talk to an outside party between two of
them. `body` and `query` are Pydantic models; other names are path parameters. `@page` is the
same for HTML: it returns a Response and reads forms itself.
"""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, get_type_hints
from uuid import UUID

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from telehealth.core import idempotency
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid, Forbidden, Invalid, NotFound
from telehealth.core.i18n import N_
from telehealth.core.text import is_storable
from telehealth.core.unit import Unit, Units
from telehealth.web.house import actor_of, house_of

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


class RequestInvalid(FieldsInvalid):
    code = "request_invalid"
    detail = "有几处需要修改"


class BodyUnreadable(Invalid):
    code = "body_unreadable"
    detail = "提交的内容不是有效的 JSON"


class MediaTypeRefused(DomainError):
    code = "media_type_refused"
    detail = "请以 application/json 提交"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route promises; read by the dispatcher, the OpenAPI document and the house tests."""

    handler: Callable[..., Awaitable[Any]]
    needs: Permission | None
    public: bool
    status: int = 200
    raises: tuple[type[DomainError], ...] = ()
    idempotent: bool = False
    limit: str = ""
    html: bool = False
    #: What a file is, where the answer is one instead of JSON; the handler returns the Response.
    media: str = ""
    tag: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    returns: Any = None
    path: tuple[tuple[str, Any], ...] = ()
    opens: str = ""
    passes: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return self.handler.__name__


def operation(
    *,
    needs: Permission | None = None,
    public: bool = False,
    status: int = 200,
    raises: tuple[type[DomainError], ...] = (),
    idempotent: bool = False,
    limit: str = "",
    media: str = "",
) -> Callable[[Callable[..., Awaitable[Any]]], Endpoint]:
    """A JSON route, or with `media` a file's. Exactly one of `needs` and `public` is given.

    `limit` is per caller, "30/minute".
    """

    def declare(handler: Callable[..., Awaitable[Any]]) -> Endpoint:
        return _endpoint(
            _read(
                handler, needs, public,
                status=status, raises=raises, idempotent=idempotent, limit=limit, media=media,
            )
        )  # fmt: skip

    return declare


def page(
    *, needs: Permission | None = None, public: bool = False, limit: str = ""
) -> Callable[[Callable[..., Awaitable[Response]]], Endpoint]:
    """An HTML route; the handler returns the Response, rendered before the unit commits."""

    def declare(handler: Callable[..., Awaitable[Response]]) -> Endpoint:
        return _endpoint(_read(handler, needs, public, html=True, limit=limit))

    return declare


def operation_of(endpoint: Any) -> Operation | None:
    found = getattr(endpoint, "operation", None)
    return found if isinstance(found, Operation) else None


def parse(model: type[BaseModel], raw: Any) -> Any:
    """Validate what came over the wire. Raises RequestInvalid with a sentence per field.

    Only here: a Pydantic error while building an answer is our bug and stays a 500.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise RequestInvalid(field_sentences(error)) from None


def field_sentences(error: ValidationError) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in item["loc"]) or "body"
        sentences.setdefault(path, _sentence(item["type"], str(item.get("msg", ""))))
    return sentences


def _sentence(kind: str, message: str) -> str:
    if kind == "value_error":
        # Our own validators raise ValueError with a Chinese sentence.
        return message.removeprefix("Value error, ")
    return next((text for prefix, text in _SENTENCES if kind.startswith(prefix)), "格式不正确")


UNREADABLE = N_("含有无法识别的字符")

_SENTENCES = (
    ("missing", "请填写此项"),
    ("string_too_short", "请填写此项"),
    ("string_too_long", "内容太长"),
    ("too_long", N_("数量太多")),
    ("too_short", N_("数量不够")),
    ("greater_than", "数值太小"),
    ("less_than", "数值太大"),
    ("extra_forbidden", N_("不认识的字段")),
    ("date", "请填写有效的日期"),
    ("enum", "请从给出的选项中选择"),
    ("literal_error", "请从给出的选项中选择"),
    ("bool", "请选择是或否"),
)


def _read(
    handler: Callable[..., Awaitable[Any]], needs: Permission | None, public: bool, **rest: Any
) -> Operation:
    if (needs is None) is not public:
        raise TypeError(f"{handler.__name__} must name its permission or say public=True, not both")
    hints = get_type_hints(handler, include_extras=True)
    returns = hints.pop("return", None)
    if returns is type(None):
        returns = None
    facts: dict[str, Any] = {"path": (), "passes": ()}
    for name in inspect.signature(handler).parameters:
        kind = hints[name]
        if kind in (Unit, Units):
            facts["opens"] = name
            facts["passes"] += ((name, kind),)
        elif kind in (Actor, Request):
            facts["passes"] += ((name, kind),)
        elif name in ("body", "query"):
            facts[name] = kind
        else:
            facts["path"] += ((name, kind),)
    if rest.get("idempotent") and not any(kind is Unit for _, kind in facts["passes"]):
        # The key, the work and the stored answer are one transaction, or the promise is empty.
        raise TypeError(f"{handler.__name__} is idempotent and must take a Unit")
    return Operation(
        handler,
        needs,
        public,
        returns=None if rest.get("html") or rest.get("media") else returns,
        **facts,
        **rest,
    )


def _endpoint(declared: Operation) -> Endpoint:
    answers = None if declared.returns is None else TypeAdapter(declared.returns)
    wants_unit = next((name for name, kind in declared.passes if kind is Unit), None)

    async def endpoint(request: Request) -> Response:
        actor = actor_of(request)
        if declared.needs is not None:
            actor.require(declared.needs)
            if actor.is_staff:
                require_totp(actor)
        house = house_of(request)
        if declared.limit:
            who = str(actor.account_id or (request.client.host if request.client else ""))
            await house.limiter.hit(declared.limit, declared.name, who)
        arguments, raw = await _arguments(declared, request, actor)
        if wants_unit is None:
            return _respond(declared, answers, await declared.handler(**arguments))
        async with house.units.of(actor) as unit:
            arguments[wants_unit] = unit
            if declared.idempotent:
                return await _once(declared, answers, request, unit, arguments, raw)
            return _respond(declared, answers, await declared.handler(**arguments))

    endpoint.operation = declared  # type: ignore[attr-defined]
    endpoint.__name__ = declared.name
    endpoint.__doc__ = declared.handler.__doc__
    return endpoint


async def _arguments(declared: Operation, request: Request, actor: Actor) -> tuple[dict[str, Any], bytes]:
    arguments: dict[str, Any] = {}
    raw = b""
    for name, kind in declared.passes:
        if kind is Units:
            arguments[name] = house_of(request).units
        elif kind is Actor:
            arguments[name] = actor
        elif kind is Request:
            arguments[name] = request
    for name, kind in declared.path:
        arguments[name] = _path_value(request.path_params[name], kind)
    if declared.query is not None:
        arguments["query"] = parse(declared.query, _query(declared.query, request.query_params))
    if declared.body is not None:
        raw = await request.body()
        arguments["body"] = _body(declared.body, request, raw)
    return arguments, raw


def _body(model: type[BaseModel], request: Request, raw: bytes) -> Any:
    """Strict: JSON has its own true and 1, and a client that mixes them up is told so.

    A model with `FORM_VALUES` also serves a page's script, which sends what form fields hold.
    """
    _json(request, raw)
    try:
        return model.model_validate_json(raw, strict=not getattr(model, "FORM_VALUES", False))
    except ValidationError as error:
        raise RequestInvalid(field_sentences(error)) from None


def _path_value(value: Any, kind: Any) -> Any:
    if kind is UUID and not isinstance(value, UUID):
        try:
            return UUID(value)
        except ValueError:
            raise NotFound() from None
    if not is_storable(value):
        raise NotFound()
    return value


def _query(model: type[BaseModel], params: QueryParams) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in params:
            many = getattr(field.annotation, "__origin__", None) in (list, tuple)
            raw[key] = params.getlist(key) if many else params[key]
    unknown = [key for key in params if key not in raw]
    if unknown and model.model_config.get("extra") == "forbid":
        raise RequestInvalid({key: N_("不认识的字段") for key in unknown})
    refused = {key: UNREADABLE for key, value in raw.items() if not is_storable(value)}
    if refused:
        raise RequestInvalid(refused)
    return raw


def _json(request: Request, raw: bytes) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        # text/plain is what a cross-site form can send: never read it as JSON.
        raise MediaTypeRefused()
    try:
        value = json.loads(raw, parse_constant=_no_constants, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BodyUnreadable() from None
    if not is_storable(value):
        raise RequestInvalid(dict.fromkeys(_unstorable(value), UNREADABLE))
    return value


def _unstorable(value: Any) -> list[str]:
    """The fields that cannot be kept, or the body as a whole where not even their names can."""
    if isinstance(value, dict) and all(map(is_storable, value)):
        return [name for name, item in value.items() if not is_storable(item)] or ["body"]
    return ["body"]


def _no_constants(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    # 1e999 is a number to JSON and infinity to Python.
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _respond(declared: Operation, answers: TypeAdapter[Any] | None, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if answers is None:
        return Response(status_code=204)
    return Response(
        answers.dump_json(result, by_alias=True),
        declared.status,
        {"cache-control": "no-store"},
        media_type="application/json",
    )


async def _once(
    declared: Operation,
    answers: TypeAdapter[Any] | None,
    request: Request,
    unit: Unit,
    arguments: dict[str, Any],
    raw: bytes,
) -> Response:
    key = request.headers.get("idempotency-key")
    if key is None or unit.actor.account_id is None:
        return _respond(declared, answers, await declared.handler(**arguments))
    # One account may work at two hospitals; neither is answered what the other was.
    where = f"{unit.actor.hospital_id or ''} {request.url.path}?{request.url.query}"
    mark = idempotency.fingerprint(request.method, where, raw)
    replay = await idempotency.claim(unit, unit.actor.account_id, key, mark)
    if replay is not None:
        headers = {"cache-control": "no-store", "idempotency-replayed": "true"}
        return Response(replay.body, replay.status, headers, media_type="application/json")
    response = _respond(declared, answers, await declared.handler(**arguments))
    await idempotency.remember(
        unit, unit.actor.account_id, key, status=response.status_code, body=bytes(response.body)
    )
    return response


def require_totp(actor: Actor) -> None:
    """Raises Forbidden unless this session showed a second factor."""
    if actor.assurance != "totp":
        raise Forbidden(step="second_factor")
