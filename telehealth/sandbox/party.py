"""What an outside party is, and the world it shares with the others."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.sandbox.books import Books
from telehealth.sandbox.dates import PartyClock
from telehealth.sandbox.faults import Faults


@dataclass(frozen=True, slots=True)
class Knock:
    """One request as it came in; the body is not kept."""

    party: str
    method: str
    target: str
    status: int
    at: datetime


@dataclass
class World:
    books: Books
    clock: PartyClock
    faults: Faults
    #: What a browser types to reach us; None means the host the caller used.
    public_url: str | None = None
    #: Where the house is, for parties it registered an address with; "" for nowhere.
    callbacks: str = ""
    #: The last requests, newest last: kept in memory, for tests that count tries.
    knocks: deque[Knock] = field(default_factory=lambda: deque(maxlen=1000))

    def address(self, request: Request) -> str:
        return self.public_url or f"{request.url.scheme}://{request.headers['host']}"


class Party(ABC):
    """An outside party: mounted at `/<name>`, with its own keys, books and ways to fail."""

    name: ClassVar[str]
    title: ClassVar[str]
    #: Ways to fail beyond `faults.EVERYWHERE`: mode → what it does.
    modes: ClassVar[Mapping[str, str]] = {}
    #: The service a Tencent credential names, when the party is one; see `application`.
    vendor_service: ClassVar[str] = ""
    #: A path of the vendor's own host, served at our root as well: its SDKs know no mount.
    vendor_root: ClassVar[str] = ""
    #: The page where its own people press buttons, if the console should lead there.
    desk: ClassVar[str] = ""

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        self.world = world
        self.keys = keys

    @staticmethod
    @abstractmethod
    def new_keys() -> dict[str, Any]: ...

    @abstractmethod
    def routes(self) -> list[BaseRoute]: ...

    @abstractmethod
    def describe(self, base_url: str) -> dict[str, Any]:
        """Addresses and credentials a client needs, as printed when the sandbox is ready."""

    @abstractmethod
    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """What the console shows of our books: headings with rows of like keys."""

    def vendor_routes(self) -> list[BaseRoute]:
        """What is below `vendor_root`."""
        return []

    async def run(self) -> None:
        """Whatever the party does unasked, for as long as the sandbox lives."""
        return None

    def freshen(self) -> None:
        """Date our samples relative to today's business date once more."""
        return None


class Doorbell:
    """Writes down each request to a party with the status it got."""

    def __init__(self, app: ASGIApp, world: World, party: str) -> None:
        self.app = app
        self._world = world
        self._party = party

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._world.knocks.append(
                    Knock(self._party, scope["method"], target, message["status"], self._world.clock.wall())
                )
            await send(message)

        await self.app(scope, receive, listen)
