"""Schemathesis against the whole application, as somebody who is signed in.

The document is known when tests are collected, the house behind it only when they run: `DOOR`
stands between the two. New operations join by themselves, with the first role that may call them.
"""

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.python.asgi import get_client
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

import app
from telehealth.core.access import GRANTS, Permission, Role
from telehealth.core.limits import Limiter
from telehealth.web import openapi
from telehealth.web.application import VERSION, build
from telehealth.web.house import House
from tests.support.factories.town import Side

#: Random requests to an operation as each role, besides those at the edges of its document; `make fuzz`
#: sends more.
EXAMPLES = int(os.environ.get("TELEHEALTH_FUZZ_EXAMPLES", "20"))

#: JSON Schema cannot say that a checksum is right or a day in the future: 422 is our answer then.
_ACCEPTED = ["2xx", "307", "401", "403", "404", "409", "422", "429", "503"]
_CHECKS = {
    "positive_data_acceptance": {"expected-statuses": _ACCEPTED},
    # An outside party that is down is said to be down; anything else of ours at 5xx is a bug.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
    # A text far beyond its length makes a body that is not read to its end.
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "409", "413", "415", "422"]
    },
}

#: Who goes first to an operation that several may call. Nobody has the public ones.
_BEFORE_OTHERS = (None, Role.PATIENT, Role.DESK, Role.REVIEWER, Role.ADMIN)
ORDER = (*_BEFORE_OTHERS, *(role for role in Role if role not in _BEFORE_OTHERS))

Test = Callable[..., None]
#: Opens a copy of the town as it was at first.
InTown = Callable[[], AbstractContextManager[None]]


class Patience(Limiter):
    """Nobody is asked to wait: 429 would hide what lies behind it."""

    async def hit(self, rule: str, *keys: str) -> None:
        return None


class Door:
    """The application of the moment; before there is one, its document alone."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = JSONResponse(document)
        self._house: House | None = None
        self._app: ASGIApp = self._document

    def open(self, house: House) -> None:
        self._house = replace(house, limiter=Patience())
        self._app = build(self._house)

    def close(self) -> None:
        """Has the house closed where it lived, in schemathesis' own event loop."""
        with get_client(self) as client:
            client.delete("http://testserver/house")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        elif scope["path"] == "/house" and self._house is not None:
            await self._house.close()
            self._house, self._app = None, self._document
            await Response(status_code=204)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


DOOR = Door(openapi.document([route for feature in app.FEATURES for route in feature.api], version=VERSION))


def _schema(without: Collection[str] = (), unchecked: Collection[str] = ()) -> Any:
    """The document as schemathesis reads it. It invents no credentials: every caller has their own."""
    config = {
        "checks": _CHECKS | {name: {"enabled": False} for name in unchecked},
        "phases": {name: {"enabled": False} for name in without},
        "generation": {"with-security-parameters": False},
    }
    return schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", DOOR, config=SchemathesisConfig.from_dict(config)
    )


_FIRST = _schema()
#: The edges of the document, and that nobody gets in without a token, are the same whoever asks.
_AGAIN = _schema(without=("coverage", "examples"), unchecked=("ignored_auth",))


def first(role: Role | None) -> Callable[[Test], Test | None]:
    """The operations that nobody earlier in the order may call."""
    return _each(role, _new_to(role), thoroughly)


def again(role: Role) -> Callable[[Test], Test | None]:
    """The operations that somebody earlier in the order has been through: a third of the requests each."""
    operations = _AGAIN.include(lambda ctx: may(role, ctx) and _earlier(role, ctx))
    return _each(role, operations, settings(thoroughly, max_examples=max(1, EXAMPLES // 3)))


def _new_to(role: Role | None) -> Any:
    return _FIRST.include(lambda ctx: may(role, ctx) and not _earlier(role, ctx))


def _earlier(role: Role | None, ctx: Any) -> bool:
    return any(may(one, ctx) for one in ORDER[: ORDER.index(role)])


def _each(role: Role | None, operations: Any, much: settings) -> Callable[[Test], Test | None]:
    """A test for each operation, none where there are none.

    Only a parameter of pytest's own keeps their names apart, and under xdist tests of one name run once.
    """

    def declare(test: Test) -> Test | None:
        if not _has_any(operations):
            return None
        declared: Test = operations.parametrize()(pytest.mark.parametrize("role", [role])(much(test)))
        return declared

    return declare


def _has_any(operations: Any) -> bool:
    return next(operations.get_all_operations(), None) is not None


def may(role: Role | None, ctx: Any) -> bool:
    needs = ctx.operation.definition.raw.get("x-permission")
    if needs is None or role is None:
        return needs is None and role is None
    return Permission(needs) in GRANTS[role]


#: The same requests in every run, and none to make a failing one shorter: the rows have changed by then.
thoroughly = settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Caller:
    """One of a side's people, with a few tokens of their own: some operations end a session."""

    def __init__(self, side: Side, tokens: Iterable[str]) -> None:
        self._side = side
        self._headers = iter([{"Authorization": f"Bearer {token}"} for token in tokens])
        self.headers = next(self._headers, {})
        self.begin()

    def begin(self) -> None:
        """The same requests are pointed at the same things each time."""
        self._turns = cycle((True, False))

    def __call__(self, case: Any) -> None:
        self.point(case)
        answer = case.call_and_validate(headers=dict(self.headers))
        if answer.status_code == 401:
            self.headers = next(self._headers, self.headers)

    def point(self, case: Any, known: Collection[str | None] = ()) -> None:
        """Half of what is well-formed names things that are there, so that handlers get to work.

        What is `known` came from an earlier answer and stays.
        """
        if case.meta.generation.mode.is_positive and next(self._turns):
            self._fill(case.path_parameters, case.path, known)
            if isinstance(case.body, dict):
                # In a body a "code" is what was sent to a phone.
                self._fill(case.body, case.path, {*known, "code"})

    def _fill(self, values: dict[str, Any], path: str, known: Collection[str | None]) -> None:
        for name in set(values) - set(known):
            if name in ("id", "check_id", *self._side.things):
                values[name] = self._side.fill(name, path)
            elif name == "hospital":
                values[name] = self._side.things["code"]


#: Those with operations that nobody earlier may call.
PIONEERS = [role for role in Role if _has_any(_new_to(role))]


def wander(role: Role, caller: Caller, in_town: InTown) -> None:
    """Some days of somebody who does one thing after another, each with what the last one answered."""

    class Day(_FIRST.include(lambda ctx: may(role, ctx)).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self._town = ExitStack()
            self._town.enter_context(in_town())
            caller.begin()

        def teardown(self) -> None:
            self._town.close()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": dict(caller.headers)}

        def step(self, input: Any) -> Any:
            caller.point(input.case, {name for _, name in input.applied_parameters})
            return super().step(input)

    Day.run(settings=settings(thoroughly, max_examples=max(1, EXAMPLES * 2 // 5), stateful_step_count=8))
