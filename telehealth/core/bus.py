"""Hints to live sockets that something changed, across processes.

A hint is a topic ("room:<id>") and may be lost: whoever listens reads what changed by number and
compares now and then. Hints leave after the commit, in a transaction of their own: NOTIFY inside a
writing one holds a lock of the whole database until its commit, which halves the throughput. Those
of a few milliseconds go together.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Protocol

import psycopg
import structlog
from psycopg import sql

from telehealth.core.ids import new_id
from telehealth.core.provisioning import libpq_url

log = structlog.get_logger(__name__)

CHANNEL = "telehealth_hints"
#: How long hints are gathered, in wall-clock seconds.
GATHER_S = 0.005
#: The same of what nobody is in a hurry to hear.
MENTION_S = 0.25
#: NOTIFY refuses 8,000 bytes.
PAYLOAD = 7_000
#: Waits before the next try to reach the carrier, in wall-clock seconds.
BACKOFF_S = (0.1, 0.25, 0.5, 1, 2, 5)

#: Is told topics; None: everything may have changed. Must neither block nor raise.
Handler = Callable[[Sequence[str] | None], None]


class Bus(Protocol):
    def publish(self, topics: Iterable[str]) -> None:
        """Tell this process at once, the others soon. Never waits and never fails."""

    def mention(self, topics: Iterable[str]) -> None:
        """`publish`, without haste: what many say of one topic in a quarter of a second is said once."""

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """The answer ends the subscription."""

    async def close(self) -> None: ...


class _Carried:
    """What both carriers share. Connections are opened when somebody first needs them."""

    def __init__(self) -> None:
        #: In front of every payload, so that our own echo is known.
        self._self = new_id().hex
        self._handlers: list[Handler] = []
        self._waiting: dict[str, None] = {}
        self._mentioned: dict[str, None] = {}
        self._soon: asyncio.TimerHandle | None = None
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        #: Set while the listener hears what others say.
        self.listening = asyncio.Event()

    def publish(self, topics: Iterable[str]) -> None:
        gathered = list(dict.fromkeys(topics))
        if not gathered:
            return
        self._tell(gathered)
        self._waiting.update(dict.fromkeys(gathered))
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_soon(), name="bus.send")

    def mention(self, topics: Iterable[str]) -> None:
        self._mentioned.update(dict.fromkeys(topics))
        if self._mentioned and self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(MENTION_S, self._publish_mentioned)

    def _publish_mentioned(self) -> None:
        mentioned, self._mentioned, self._soon = self._mentioned, {}, None
        self.publish(mentioned)

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        self._handlers.append(handler)
        if self._listener is None:
            self._listener = asyncio.get_running_loop().create_task(self._listen(), name="bus.listen")
        return lambda: self._handlers.remove(handler)

    async def close(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._publish_mentioned()
        if self._sender is not None:
            # What was gathered still goes out.
            await asyncio.wait([self._sender], timeout=2)
        for task in (self._sender, self._listener):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._sender = self._listener = None
        await self._hang_up()

    def _tell(self, topics: Sequence[str] | None) -> None:
        for handler in tuple(self._handlers):
            handler(topics)

    def _heard(self, payload: str) -> None:
        origin, *topics = payload.split(" ")
        if origin != self._self:
            self._tell(topics)

    async def _send_soon(self) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            while self._waiting:
                topics, self._waiting = list(self._waiting), {}
                await self._send_or_drop(list(self._packed(topics)))
        finally:
            self._sender = None

    def _packed(self, topics: Sequence[str]) -> Iterable[str]:
        payload = self._self
        for topic in topics:
            if len(payload) + 1 + len(topic) > PAYLOAD:
                yield payload
                payload = self._self
            payload += f" {topic}"
        yield payload

    async def _send_or_drop(self, payloads: Sequence[str]) -> None:
        # A connection that lay idle may be dead: the second try is on a new one.
        for _ in range(2):
            try:
                await self._send(payloads)
                return
            except self._failures() as error:
                lost = type(error).__name__
                await self._hang_up()
        log.warning("bus.hints_lost", count=len(payloads), error=lost)

    async def _listen(self) -> None:
        failed = 0
        while True:
            try:
                async with contextlib.aclosing(self._hear()) as heard:
                    async for payload in heard:
                        if payload is None:
                            failed = 0
                            self.listening.set()
                            # Whatever was said while nobody listened.
                            self._tell(None)
                        else:
                            self._heard(payload)
            except self._failures() as error:
                log.warning("bus.lost", error=type(error).__name__)
            finally:
                self.listening.clear()
            await asyncio.sleep(BACKOFF_S[min(failed, len(BACKOFF_S) - 1)])
            failed += 1

    def _failures(self) -> tuple[type[Exception], ...]:
        raise NotImplementedError

    async def _send(self, payloads: Sequence[str]) -> None:
        raise NotImplementedError

    def _hear(self) -> Any:
        """None once it listens, then each payload; ends or raises when the connection is lost."""
        raise NotImplementedError

    async def _hang_up(self) -> None:
        """Close the sending connection, dead or alive."""
        raise NotImplementedError


class NotifyBus(_Carried):
    """Over the database that is there anyway: one connection that listens, one that sends."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = libpq_url(url)
        self._sending: psycopg.AsyncConnection[Any] | None = None

    def _failures(self) -> tuple[type[Exception], ...]:
        return (psycopg.Error, OSError)

    async def _send(self, payloads: Sequence[str]) -> None:
        if self._sending is None:
            self._sending = await self._connect("telehealth hints out")
        await self._sending.execute(
            "select pg_notify(%s, said) from unnest(%s::text[]) said", (CHANNEL, list(payloads)), prepare=True
        )

    async def _hear(self) -> AsyncIterator[str | None]:
        connection = await self._connect("telehealth hints in")
        try:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            yield None
            async for said in connection.notifies():
                yield said.payload
        finally:
            await connection.close()

    async def _hang_up(self) -> None:
        connection, self._sending = self._sending, None
        if connection is not None:
            await connection.close()

    async def _connect(self, name: str) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            application_name=name,
            connect_timeout=5,
            # A server that vanished without a word is noticed within a minute.
            keepalives_idle=20,
            keepalives_interval=10,
            keepalives_count=3,
        )


class RedisBus(_Carried):
    """For many nodes: PostgreSQL wakes every listener for every NOTIFY, Redis is made for it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        # Only those who use it load it.
        redis = importlib.import_module("redis.asyncio")
        self._lost: type[Exception] = importlib.import_module("redis.exceptions").RedisError
        self._client: Any = redis.Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=5, socket_keepalive=True
        )

    def _failures(self) -> tuple[type[Exception], ...]:
        return (self._lost, OSError)

    async def _send(self, payloads: Sequence[str]) -> None:
        for payload in payloads:
            await self._client.publish(CHANNEL, payload)

    async def _hear(self) -> AsyncIterator[str | None]:
        heard = self._client.pubsub(ignore_subscribe_messages=True)
        try:
            await heard.subscribe(CHANNEL)
            yield None
            while True:
                said = await heard.get_message(timeout=None)
                if said is not None:
                    yield said["data"]
        finally:
            await heard.aclose()

    async def _hang_up(self) -> None:
        await self._client.aclose()


def bus_of(bus_url: str, database_url: str) -> Bus:
    """`redis://…`, or the database when `bus_url` is empty."""
    return RedisBus(bus_url) if bus_url else NotifyBus(database_url)
