"""The gate before the vendor's services: checks the signature, finds the action, wraps answer and error."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from telehealth.sandbox import tc3
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.party import World
from telehealth.sandbox.tc3 import Refusal


@dataclass(frozen=True, slots=True)
class Call:
    params: Mapping[str, Any]
    region: str
    #: Where a browser reaches this sandbox.
    address: str
    #: A fault of the party itself; those of every party were dealt with at the gate.
    fault: Fault | None

    def text(self, name: str, *, longest: int = 4096) -> str:
        """A required string.

        Raises:
            Refusal: missing, not a string, or too long.
        """
        value = self.params.get(name)
        if value is None:
            raise Refusal("MissingParameter", f"The request is missing the parameter `{name}`.")
        if not isinstance(value, str) or len(value) > longest:
            raise Refusal("InvalidParameter", f"The parameter `{name}` is not a string of at most {longest}.")
        return value

    def has(self, mode: str) -> bool:
        return self.fault is not None and self.fault.mode == mode


class AnswerLost(Exception):
    """The action was carried out, but its answer never reaches the caller."""


Action = Callable[[Call], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Gate:
    """One vendor service. The vendor gives each service its own host and the path `/`; see `application`."""

    world: World
    party: str
    service: str
    version: str
    secrets: Mapping[str, str]
    actions: Mapping[str, Action]

    async def answer(self, request: Request) -> Response:
        fault = await self.world.faults.meet(self.party)
        if fault is not None and fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault is not None and fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        try:
            return _wrap(await self._act(request, fault))
        except Refusal as refusal:
            return refused(refusal)
        except AnswerLost:
            return PlainTextResponse("Internal Server Error", 500)

    async def _act(self, request: Request, fault: Fault | None) -> dict[str, Any]:
        body = await request.body()
        tc3.verify(
            tc3.Arrived(
                request.method,
                request.scope["raw_path"],
                request.scope["query_string"],
                request.headers.raw,
                body,
            ),
            service=self.service,
            secrets=self.secrets,
            now=self.world.clock.wall(),
        )
        if fault is not None and fault.mode == "throttled":
            raise Refusal("RequestLimitExceeded", "The request frequency exceeds the limit.")
        if request.headers.get("x-tc-version") != self.version:
            raise Refusal("NoSuchVersion", f"The service {self.service} has the version {self.version}.")
        action = self.actions.get(request.headers.get("x-tc-action", ""))
        if action is None:
            raise Refusal("InvalidAction", "The action is invalid or not found.")
        region = request.headers.get("x-tc-region", "")
        return await action(Call(_parse(request, body), region, self.world.address(request), fault))


def _parse(request: Request, body: bytes) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal("UnsupportedProtocol", "Only application/json is supported.")
    try:
        params = json.loads(body)
    except ValueError:
        params = None
    if not isinstance(params, dict):
        raise Refusal("InvalidRequest", "The request body is not a JSON object.")
    return params


def _wrap(answer: dict[str, Any]) -> Response:
    return JSONResponse({"Response": {**answer, "RequestId": str(uuid4())}})


def refused(refusal: Refusal) -> Response:
    return _wrap({"Error": {"Code": refusal.code, "Message": refusal.message}})
