"""The API against its own document: whatever a client may send, as each kind of caller.

`EXAMPLES` cases an operation here; a longer run sets TELEHEALTH_FUZZ_EXAMPLES=50.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

import app
from telehealth.core.access import GRANTS, Permission, Role
from telehealth.core.clock import FixedClock
from telehealth.web import openapi
from telehealth.web.application import VERSION, build
from tests.conftest import NOON_ENOUGH
from tests.support.factories.accounts import bearer
from tests.support.outside import reach

EXAMPLES = int(os.environ.get("TELEHEALTH_FUZZ_EXAMPLES", "6"))
DOCUMENT = openapi.document([route for part in app.FEATURES for route in part.api], version=VERSION)
#: A valid shape may still name nobody, be too early, or be somebody else's.
ANSWERS = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ANSWERS}}}
)


class Door:
    """The document can be read before a house stands behind it."""

    app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif self.app is None:
            await JSONResponse(DOCUMENT)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


DOOR = Door()
API = schemathesis.openapi.from_asgi("/api/v1/openapi.json", DOOR, config=CONFIG)


@pytest.fixture(scope="module")
def tokens(town: Any, town_settings: Any, sandbox: Any) -> Iterator[dict[Role, Iterator[dict[str, str]]]]:
    """A fresh session for each operation: some of them sign the caller out."""
    outside = reach(town_settings, sandbox)

    async def issue() -> dict[Role, list[dict[str, str]]]:
        house = app.build_house(outside, clock=FixedClock(NOON_ENOUGH))
        try:
            return {
                role: [await bearer(house.units, town[0].actor(role)) for _ in range(110)]
                for role in (Role.PATIENT, Role.DESK, Role.ADMIN)
            }
        finally:
            await house.close()

    issued = asyncio.run(issue())
    DOOR.app = build(app.build_house(outside, clock=FixedClock(NOON_ENOUGH)))
    yield {role: iter(each) for role, each in issued.items()}


def allowed(role: Role | None, context: Any) -> bool:
    needs = context.operation.definition.raw.get("x-permission")
    if role is None:
        return needs is None
    return needs is not None and Permission(needs) in GRANTS[role]


QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@API.include(lambda context: allowed(None, context)).parametrize()
@QUICK
def test_nobody_finds_nothing_the_document_does_not_say(case: Any, tokens: Any) -> None:
    case.call_and_validate()


@pytest.fixture
def patient(tokens: Any) -> dict[str, str]:
    return next(tokens[Role.PATIENT])


@API.include(lambda context: allowed(Role.PATIENT, context)).parametrize()
@QUICK
def test_a_patient_finds_nothing_the_document_does_not_say(case: Any, patient: dict[str, str]) -> None:
    case.call_and_validate(headers={name.title(): value for name, value in patient.items()})


@pytest.fixture
def desk(tokens: Any) -> dict[str, str]:
    return next(tokens[Role.DESK])


@API.include(lambda context: allowed(Role.DESK, context)).parametrize()
@QUICK
def test_the_desk_finds_nothing_the_document_does_not_say(case: Any, desk: dict[str, str]) -> None:
    case.call_and_validate(headers={name.title(): value for name, value in desk.items()})


@pytest.fixture
def admin(tokens: Any) -> dict[str, str]:
    return next(tokens[Role.ADMIN])


@API.include(lambda context: allowed(Role.ADMIN, context)).parametrize()
@QUICK
def test_an_administrator_finds_nothing_the_document_does_not_say(case: Any, admin: dict[str, str]) -> None:
    case.call_and_validate(headers={name.title(): value for name, value in admin.items()})
