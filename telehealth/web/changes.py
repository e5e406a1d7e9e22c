"""A page's ear: one socket that says "look again", and nothing else. ADR 0007 says why.

It carries no data: the page asks for what it shows the way it always does, under its own permissions. A
person hears of what concerns their account, staff also of what concerns their hospital, each at most every
few seconds. A hint may be lost: pages ask by themselves as well, only less often while they hear.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from telehealth.core.access import NOBODY, Actor
from telehealth.core.errors import Forbidden
from telehealth.core.unit import Units, desk_topic, own_topic
from telehealth.web import sessions
from telehealth.web.authenticate import session_id_of
from telehealth.web.contract import require_totp
from telehealth.web.house import House

log = structlog.get_logger(__name__)

PATH = "/changes"
#: Pages of one account that hear at once, and of all accounts in one process; others ask as often as before.
MOST_OF_ONE, MOST = 20, 5_000
#: How far apart two hints stand at least, in wall-clock seconds: a busy hospital changes all the time.
PACE_S = 5.0
#: A proxy forgets a silent connection, and a dead page is noticed only by what cannot be sent.
BEAT_S = 25.0
LOOK, STILL = "look", "still"
#: The session is over; too many; the room's socket closes with the same numbers.
OVER, FULL = 4401, 1013


class Ear:
    """One page. `news` and `doubt` are set by the bus and cleared by the socket."""

    def __init__(self, account_id: UUID, topics: tuple[str, ...]) -> None:
        self.account_id = account_id
        self.topics = topics
        self.wake = asyncio.Event()
        self.news = False
        #: A session of this account ended: maybe this one.
        self.doubt = False


class Ears:
    """Who listens in this process. Hears the bus from the first page on."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._hears = False
        self._by_topic: dict[str, set[Ear]] = defaultdict(set)
        self._count: dict[UUID, int] = defaultdict(int)

    def join(self, actor: Actor) -> Ear | None:
        """None when too many listen."""
        if sum(self._count.values()) >= MOST or self._count.get(actor.account, 0) >= MOST_OF_ONE:
            return None
        if not self._hears and self._units.bus is not None:
            self._units.bus.subscribe(self.hinted)
            self._hears = True
        topics: tuple[str, ...] = (own_topic(actor.account), f"account:{actor.account}:sessions")
        if actor.hospital_id is not None:
            topics += (desk_topic(actor.hospital_id),)
        ear = Ear(actor.account, topics)
        self._count[actor.account] += 1
        for topic in topics:
            self._by_topic[topic].add(ear)
        return ear

    def leave(self, ear: Ear) -> None:
        self._count[ear.account_id] -= 1
        if not self._count[ear.account_id]:
            del self._count[ear.account_id]
        for topic in ear.topics:
            self._by_topic[topic].discard(ear)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def hinted(self, topics: Sequence[str] | None) -> None:
        """Handler of the bus. After a gap everybody looks, and every session is doubted."""
        for topic in list(self._by_topic) if topics is None else topics:
            for ear in self._by_topic.get(topic, ()):
                ear.doubt = ear.doubt or topic.endswith(":sessions")
                ear.news = ear.news or not topic.endswith(":sessions")
                ear.wake.set()


async def open_ear(websocket: WebSocket) -> None:
    """Closing before `accept` answers 403."""
    house: House = websocket.app.state.house
    actor: Actor = websocket.scope.get("actor", NOBODY)
    session_id = session_id_of(websocket)
    if session_id is None or not _is_ours(websocket, house.settings.public_url) or not _may(actor):
        await websocket.close()
        return
    await websocket.accept()
    ear = websocket.app.state.ears.join(actor)
    if ear is None:
        await websocket.close(FULL)
        return
    speaking = asyncio.create_task(_speak(websocket, house.units, ear, session_id))
    try:
        # Nothing is said to us; whoever speaks anyway is not answered.
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        websocket.app.state.ears.leave(ear)
        speaking.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await speaking


async def _speak(websocket: WebSocket, units: Units, ear: Ear, session_id: UUID) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                await ear.wake.wait()
        ear.wake.clear()
        if (ear.doubt or not ear.news) and not await _stands(units, session_id):
            await websocket.close(OVER)
            return
        had_news, ear.news, ear.doubt = ear.news, False, False
        await websocket.send_text(LOOK if had_news else STILL)
        if had_news:
            await asyncio.sleep(PACE_S)


async def _stands(units: Units, session_id: UUID) -> bool:
    """A database that is away ends nobody's session; whatever the page asks next is asked who it is."""
    try:
        async with units.alone() as db:
            return await sessions.stands(db, session_id, units.clock.wall())
    except (DBAPIError, OSError) as error:
        log.warning("changes.session_unknown", error=type(error).__name__)
        return True


def _may(actor: Actor) -> bool:
    if not actor.is_staff:
        return actor.is_known
    try:
        require_totp(actor)
    except Forbidden:
        return False
    return True


def _is_ours(websocket: WebSocket, public_url: str) -> bool:
    """Whether a browser upgraded from our own pages; what is no browser says no origin."""
    origin = websocket.headers.get("origin")
    if origin is None:
        return True
    netloc = urlsplit(origin).netloc
    return netloc != "" and netloc in (websocket.headers.get("host"), urlsplit(public_url).netloc)


routes = (WebSocketRoute(PATH, open_ear, name="changes"),)
