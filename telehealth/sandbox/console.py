"""The operator's door: read the books, set faults, move the business clock."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.dates import instant_text
from telehealth.sandbox.faults import UnknownFault
from telehealth.sandbox.pages import page
from telehealth.sandbox.party import Party, World


class Console:
    def __init__(self, world: World, parties: Sequence[Party]) -> None:
        self._world = world
        self._parties = parties

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.show),
            Route("/state", self.state),
            Route("/requests", self.requests),
            Route("/requests", self.forget_requests, methods=["DELETE"]),
            Route("/faults", self.put_faults, methods=["PUT"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/clock", self.put_clock, methods=["PUT"]),
            Route("/samples", self.freshen_samples, methods=["POST"]),
        ]

    async def show(self, _request: Request) -> Response:
        standing = self._world.faults.standing()
        parties = [
            {
                "name": party.name,
                "title": party.title,
                "desk": party.desk,
                "modes": self._world.faults.modes[party.name],
                "mode": standing.get(party.name, {}).get("mode", ""),
                "books": party.page_of_books(),
            }
            for party in self._parties
        ]
        now = self._world.clock.now().astimezone().isoformat(timespec="seconds")
        return page("console.html", parties=parties, now=now, offset_s=self._world.clock.offset_s)

    async def state(self, _request: Request) -> Response:
        return JSONResponse(self._state())

    async def requests(self, request: Request) -> Response:
        """What came in lately, oldest first, optionally of one `party`."""
        party = request.query_params.get("party")
        knocks = [knock for knock in self._world.knocks if party in (None, knock.party)]
        return JSONResponse(
            {"requests": [{**asdict(knock), "at": instant_text(knock.at)} for knock in knocks]}
        )

    async def forget_requests(self, _request: Request) -> Response:
        self._world.knocks.clear()
        return Response(status_code=204)

    async def put_faults(self, request: Request) -> Response:
        """`{"his": {"mode": "down"}, "sms": null}`: the parties named change, null ends a fault."""
        try:
            wanted = await request.json()
            if not isinstance(wanted, dict):
                raise UnknownFault("expected an object of party names")
            with self._world.books.writing():
                for party, fault in wanted.items():
                    if fault is None:
                        self._world.faults.clear(party)
                    elif isinstance(fault, dict):
                        self._world.faults.set(party, fault)
                    else:
                        raise UnknownFault("a fault is an object with a mode, or null")
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse(self._state())

    async def clear_faults(self, request: Request) -> Response:
        self._world.faults.clear(request.query_params.get("party"))
        return JSONResponse(self._state())

    async def put_clock(self, request: Request) -> Response:
        """`{"offset_s": N}`: business time is wall time plus N seconds."""
        try:
            offset_s = (await request.json())["offset_s"]
        except (ValueError, TypeError, KeyError):
            offset_s = None
        if isinstance(offset_s, bool) or not isinstance(offset_s, int | float) or abs(offset_s) > 3e9:
            return JSONResponse({"error": "offset_s is a number of seconds"}, 422)
        self._world.clock.move(offset_s)
        return JSONResponse(self._state())

    async def freshen_samples(self, _request: Request) -> Response:
        for party in self._parties:
            party.freshen()
        return JSONResponse(self._state())

    def _state(self) -> dict[str, Any]:
        clock = self._world.clock
        return {
            "clock": {"offset_s": clock.offset_s, "now": instant_text(clock.now())},
            "faults": self._world.faults.standing(),
            "modes": self._world.faults.modes,
        }
