"""Routes → OpenAPI 3.1, including the errors each one names."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from starlette.routing import BaseRoute, Mount, Route

from telehealth.core.errors import Busy, DomainError, Forbidden, NotFound, Unauthenticated
from telehealth.core.idempotency import KEY, KeyInvalid, KeyReused
from telehealth.web.contract import (
    BodyUnreadable,
    MediaTypeRefused,
    Operation,
    RequestInvalid,
    operation_of,
)
from telehealth.web.links import links
from telehealth.web.problems import TooLarge, status_of

PREFIX = "/api/v1"
_REF = "#/components/schemas/{model}"
_CONVERTOR = re.compile(r"{(\w+):\w+}")

PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; clients may rely on it"},
        "detail": {"type": "string", "description": "a sentence in the language of the request"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "facts": {"type": "object", "additionalProperties": True},
    },
}


def document(routes: Iterable[BaseRoute], *, version: str) -> dict[str, Any]:
    """`routes` are those mounted under /api/v1."""
    found = [(route, method, op) for route, method, op in operations(routes)]
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    adapters = _adapters(op for _, _, op in found)
    keyed, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    schemas.update(definitions.get("$defs", {}))
    paths: dict[str, Any] = {}
    names = [op.name for _, _, op in found]
    addresses = [(route.path, op) for route, _, op in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two operations of the same name: {sorted(twice)}")
    for route, method, op in found:
        path = PREFIX + _CONVERTOR.sub(r"{\1}", route.path)
        described = paths.setdefault(path, {})[method.lower()] = _operation(op, method, keyed)
        if onward := links(route.path, op, addresses):
            described["responses"][str(_status(op))]["links"] = onward
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Telehealth API",
            "version": version,
            "description": "Follow-up visits of an internet hospital. Amounts are integer fen; instants are"
            " UTC; days are Asia/Shanghai. Errors are RFC 9457 problems.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "th_session"},
            },
        },
    }


def operations(routes: Iterable[BaseRoute]) -> Iterable[tuple[Route, str, Operation]]:
    for route in routes:
        if isinstance(route, Mount):
            yield from operations(route.routes)
        elif isinstance(route, Route):
            op = operation_of(route.endpoint)
            if op is not None and not op.html:
                for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                    yield route, method, op


def _adapters(found: Iterable[Operation]) -> list[tuple[Any, Any, TypeAdapter[Any]]]:
    wanted: dict[tuple[Any, str], TypeAdapter[Any]] = {}
    for op in found:
        if op.body is not None:
            wanted[op.body, "validation"] = TypeAdapter(op.body)
        if op.returns not in (None, type(None)):
            wanted[op.returns, "serialization"] = TypeAdapter(op.returns)
    return [(key, mode, adapter) for (key, mode), adapter in wanted.items()]


def _operation(op: Operation, method: str, schemas: dict[Any, Any]) -> dict[str, Any]:
    described = (op.handler.__doc__ or op.name.replace("_", " ").capitalize()).strip()
    result: dict[str, Any] = {
        "operationId": op.name,
        "summary": described.splitlines()[0],
        "tags": [op.handler.__module__.split(".")[-2]],
        "responses": {str(_status(op)): _success(op, schemas)},
    }
    if "\n" in described:
        result["description"] = described
    parameters = [_path_parameter(name, kind) for name, kind in op.path]
    if op.query is not None:
        parameters += _query_parameters(op.query)
    if op.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 8, "maxLength": 64, "pattern": f"^{KEY.pattern}$"},
                "description": "the same key with the same body is done once and answered alike",
            }
        )
    if parameters:
        result["parameters"] = parameters
    if op.body is not None:
        schema = schemas[op.body, "validation"]
        result["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if op.needs is not None:
        result["security"] = [{"bearer": []}, {"session": []}]
        result["x-permission"] = str(op.needs)
    else:
        result["security"] = []
    for status, errors in sorted(_failures(op, method).items()):
        codes = sorted({error.code for error in errors})
        result["responses"][str(status)] = {
            "description": ", ".join(codes),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return result


def _status(op: Operation) -> int:
    """An answer without content is 204, unless it leads elsewhere."""
    is_empty = op.returns in (None, type(None)) and not op.media
    return 204 if is_empty and op.status < 300 else op.status


def _success(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    if op.media:
        return {
            "description": "done",
            "content": {op.media: {"schema": {"type": "string", "format": "binary"}}},
        }
    if op.returns in (None, type(None)):
        return {"description": "done"}
    schema = schemas[op.returns, "serialization"]
    return {"description": "done", "content": {"application/json": {"schema": schema}}}


def _failures(op: Operation, method: str) -> dict[int, list[type[DomainError]]]:
    errors: list[type[DomainError]] = list(op.raises)
    failures: dict[int, list[type[DomainError]]] = {}
    if op.needs is not None:
        errors += [Unauthenticated, Forbidden]
    if op.path:
        errors.append(NotFound)
    if op.body is not None or op.query is not None:
        errors.append(RequestInvalid)
    if op.body is not None:
        errors.append(BodyUnreadable)
        failures[415] = [MediaTypeRefused]
        failures[413] = [TooLarge]
    if op.idempotent:
        errors += [KeyReused, KeyInvalid]
    if op.limit:
        errors.append(Busy)
    if method not in ("GET", "HEAD"):
        errors.append(Forbidden)  # another site's page
    for error in errors:
        failures.setdefault(status_of(error), []).append(error)
    return failures


def _path_parameter(name: str, kind: Any) -> dict[str, Any]:
    schema = {"type": "string", "format": "uuid"} if kind is UUID else TypeAdapter(kind).json_schema()
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _inline({k: v for k, v in field.items() if k != "description"}, definitions),
            **({"description": field["description"]} if "description" in field else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """Query schemas are small: put their definitions in place."""
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    return {key: _inline(value, definitions) for key, value in schema.items()}
