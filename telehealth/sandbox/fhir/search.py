"""FHIR search: parse what was asked, refuse what is unknown when asked to be strict, choose and sort."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from telehealth.sandbox.fhir.moments import PREFIXES, read_prefixed
from telehealth.sandbox.fhir.outcomes import Outcome
from telehealth.sandbox.fhir.parameters import (
    INCLUDES,
    PARAMETERS,
    RESULT_PARAMETERS,
    Parameter,
    Resource,
    sort_moment,
)
from telehealth.sandbox.fhir.store import Store

DEFAULT_COUNT = 20
LARGEST_COUNT = 100

Test = Callable[[Resource], bool]


@dataclass
class Query:
    kind: str
    tests: list[Test] = field(default_factory=list)
    #: Values the store has pointers for: parameter → references or codes, any of them.
    pointers: dict[str, list[str]] = field(default_factory=dict)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    count: int = DEFAULT_COUNT
    only_total: bool = False
    includes: list[str] = field(default_factory=list)
    #: What the server acted on, for the `self` link.
    honoured: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def parse(kind: str, pairs: Iterable[tuple[str, str]], *, strict: bool) -> Query:
    """
    Raises:
        Outcome: 400 for a value or modifier this server cannot read; when strict, for any unknown
            parameter.
    """
    query = Query(kind)
    for name, value in pairs:
        if name in RESULT_PARAMETERS:
            known = _shape(query, name, value)
        else:
            known = _restrict(query, name, value)
        if known:
            query.honoured.append((name, value))
        elif strict:
            raise Outcome(400, "not-supported", f"{kind} has no search parameter {name!r} with that meaning")
        else:
            query.ignored.append(name)
    return query


def run(store: Store, hospital: str, query: Query) -> list[dict[str, Any]]:
    """All matches in order; the caller pages."""
    if query.pointers:
        name, values = next(iter(query.pointers.items()))
        candidates = store.pointed_at(hospital, query.kind, name, values)
    else:
        candidates = store.everything(hospital, query.kind)
    matches = [resource for resource in candidates if all(test(resource) for test in query.tests)]
    for name, descending in reversed(query.sort):
        matches.sort(key=_sort_key(PARAMETERS[query.kind][name]), reverse=descending)
    return matches


def _shape(query: Query, name: str, value: str) -> bool:
    if name == "_count":
        if not value.isascii() or not value.isdigit():
            raise Outcome(400, "value", "_count is a number")
        query.only_total = query.only_total or int(value) == 0
        query.count = min(int(value), LARGEST_COUNT) or DEFAULT_COUNT
    elif name == "_include":
        if value not in INCLUDES or not value.startswith(f"{query.kind}:"):
            return False
        query.includes.append(value)
    elif name == "_sort":
        for part in value.split(","):
            if part.lstrip("-") not in PARAMETERS[query.kind]:
                return False
            query.sort.append((part.lstrip("-"), part.startswith("-")))
    elif name == "_summary":
        if value not in ("count", "false"):
            return False
        query.only_total = query.only_total or value == "count"
    elif name == "_format":
        return value in ("json", "application/json", "application/fhir+json")
    return True


def _restrict(query: Query, name: str, value: str) -> bool:
    bare, _, modifier = name.partition(":")
    parameter = PARAMETERS[query.kind].get(bare)
    if parameter is None:
        return False
    if modifier and (parameter.kind, modifier) not in _MODIFIERS:
        raise Outcome(400, "not-supported", f"the modifier :{modifier} is not supported on {bare}")
    if not value:
        raise Outcome(400, "value", f"{bare} has no value")
    alternatives = _split(value)
    reader = {"token": _token_test, "reference": _reference_test, "string": _string_test, "date": _date_test}
    tests = [reader[parameter.kind](parameter, bare, part, modifier) for part in alternatives]
    if modifier == "not":
        query.tests.append(lambda resource: all(test(resource) for test in tests))
    else:
        query.tests.append(lambda resource: any(test(resource) for test in tests))
    if parameter.indexed and not modifier:
        pointers = [_pointer(parameter, part) for part in alternatives]
        if all(pointers):
            query.pointers[bare] = [pointer for pointer in pointers if pointer]
    return True


_MODIFIERS = {("string", "exact"), ("string", "contains"), ("token", "not"), ("reference", "Patient")}


def _split(value: str, separator: str = ",") -> list[str]:
    """Parts between separators; a separator after a backslash belongs to its part."""
    return re.split(rf"(?<!\\){re.escape(separator)}", value)


def _unescaped(value: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", value)


def _token(value: str) -> tuple[str | None, str]:
    """`system|code` → both; a bare code has no say on the system, `|code` wants none."""
    parts = [_unescaped(part) for part in _split(value, "|")]
    return (parts[0], parts[1]) if len(parts) > 1 else (None, parts[0])


def _pointer(parameter: Parameter, value: str) -> str | None:
    return _reference(parameter, value) if parameter.kind == "reference" else _token(value)[1] or None


def _reference(parameter: Parameter, value: str) -> str:
    parts = value.rsplit("/", 2)
    return f"{parts[-2]}/{parts[-1]}" if len(parts) > 1 else f"{parameter.target}/{value}"


def _token_test(parameter: Parameter, _name: str, value: str, modifier: str) -> Test:
    system, code = _token(value)

    def fits(token: tuple[str | None, str]) -> bool:
        has_system, has_code = token
        if system == "" and has_system is not None:
            return False
        # A plain code element carries its system by binding, so it fits whatever system is named.
        right_system = not system or has_system in (system, None)
        return right_system and (not code or has_code == code)

    if modifier == "not":
        return lambda resource: not any(fits(token) for token in parameter.read(resource))
    return lambda resource: any(fits(token) for token in parameter.read(resource))


def _reference_test(parameter: Parameter, _name: str, value: str, _modifier: str) -> Test:
    wanted = _reference(parameter, value)
    return lambda resource: any(_reference(parameter, have) == wanted for have in parameter.read(resource))


def _string_test(parameter: Parameter, _name: str, value: str, modifier: str) -> Test:
    value = _unescaped(value)
    if modifier == "exact":
        return lambda resource: any(have == value for have in parameter.read(resource))
    wanted = value.casefold()
    if modifier == "contains":
        return lambda resource: any(wanted in have.casefold() for have in parameter.read(resource))
    return lambda resource: any(have.casefold().startswith(wanted) for have in parameter.read(resource))


def _date_test(parameter: Parameter, name: str, value: str, _modifier: str) -> Test:
    try:
        prefix, wanted = read_prefixed(value)
    except (ValueError, OverflowError) as error:
        raise Outcome(400, "value", f"{name}: {error}") from error
    return lambda resource: any(PREFIXES[prefix](have, wanted) for have in parameter.read(resource))


def _sort_key(parameter: Parameter) -> Callable[[Resource], Any]:
    def key(resource: Resource) -> Any:
        values: Sequence[Any] = list(parameter.read(resource))
        if parameter.kind == "date":
            return sort_moment(values[0] if values else None)
        return str(values[0]) if values else ""

    return key
