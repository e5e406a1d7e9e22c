"""Hints reach the other nodes soon and our own sockets at once, over the database or over Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import psycopg
import pytest

from telehealth.core.access import Actor, Role
from telehealth.core.bus import Bus, NotifyBus, RedisBus
from telehealth.core.errors import Busy, Refused
from telehealth.core.ids import new_id
from telehealth.core.limits import Limiter
from telehealth.core.provisioning import Addresses, libpq_url
from telehealth.core.unit import Units
from tests.support.cluster import Cluster
from tests.support.redis import RedisServer, redis_server

pytestmark = pytest.mark.anyio

Carried = NotifyBus | RedisBus
EVERYTHING = "everything"


class Ear:
    """What a node was told; `EVERYTHING` for None."""

    def __init__(self, bus: Bus) -> None:
        self.heard: list[str] = []
        self._news = asyncio.Event()
        bus.subscribe(self._hear)

    def _hear(self, topics: Sequence[str] | None) -> None:
        self.heard += [EVERYTHING] if topics is None else topics
        self._news.set()

    async def until(self, condition: Callable[[list[str]], object]) -> None:
        async with asyncio.timeout(60):
            while not condition(self.heard):
                self._news.clear()
                await self._news.wait()


@pytest.fixture(params=["notify", "redis"])
def make_bus(request: pytest.FixtureRequest, database: Addresses) -> Callable[[], Carried]:
    if request.param == "notify":
        return lambda: NotifyBus(database.app_url)
    server: RedisServer = request.getfixturevalue("redis")
    return lambda: RedisBus(server.url)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
async def nodes(
    make_bus: Callable[[], Carried],
) -> AsyncIterator[tuple[Carried, Carried]]:
    one, other = make_bus(), make_bus()
    yield one, other
    await one.close()
    await other.close()


async def test_a_hint_reaches_the_other_node_and_ourselves_once(
    nodes: tuple[Carried, Carried],
) -> None:
    one, other = nodes
    mine, theirs = Ear(one), Ear(other)
    await theirs.until(lambda heard: EVERYTHING in heard)
    await mine.until(lambda heard: EVERYTHING in heard)
    mine.heard.clear()

    one.publish(["room:1"])
    assert mine.heard == ["room:1"], "our own sockets need not wait for the echo"
    await theirs.until(lambda heard: "room:1" in heard)
    other.publish(["room:2"])
    await mine.until(lambda heard: "room:2" in heard)
    assert mine.heard == ["room:1", "room:2"], "the echo of our own is not told again"


async def test_thousands_of_hints_go_together_and_none_twice(
    nodes: tuple[Carried, Carried],
) -> None:
    one, other = nodes
    theirs = Ear(other)
    await theirs.until(lambda heard: EVERYTHING in heard)
    theirs.heard.clear()

    topics = [f"room:{new_id()}" for _ in range(1_000)]
    for topic in topics:
        one.publish([topic, topic])
    await theirs.until(lambda heard: len(heard) >= len(topics))
    assert theirs.heard == topics


async def test_who_was_cut_off_from_the_database_listens_again_and_looks_at_everything(
    database: Addresses, cluster: Cluster
) -> None:
    one, other = NotifyBus(database.app_url), NotifyBus(database.app_url)
    theirs = Ear(other)
    await theirs.until(lambda heard: EVERYTHING in heard)
    one.publish(["room:1"])
    await theirs.until(lambda heard: "room:1" in heard)
    theirs.heard.clear()

    name = libpq_url(database.app_url).rpartition("/")[2].partition("?")[0]
    with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = %s and application_name like 'telehealth hints%%'",
            (name,),
        )
    await theirs.until(lambda heard: EVERYTHING in heard)
    one.publish(["room:2"])
    await theirs.until(lambda heard: "room:2" in heard)
    await one.close()
    await other.close()


async def test_who_was_cut_off_from_redis_listens_again_and_looks_at_everything(redis: RedisServer) -> None:
    one, other = RedisBus(redis.url), RedisBus(redis.url)
    theirs = Ear(other)
    await theirs.until(lambda heard: EVERYTHING in heard)
    theirs.heard.clear()

    redis.stop()
    one.publish(["room:lost"])
    redis.start()
    await theirs.until(lambda heard: EVERYTHING in heard)
    one.publish(["room:2"])
    await theirs.until(lambda heard: "room:2" in heard)
    await one.close()
    await other.close()


async def test_a_unit_hints_after_its_commit_and_not_when_it_is_rolled_back(
    units: Units, database: Addresses
) -> None:
    bus = NotifyBus(database.app_url)
    units.bus = bus
    ear = Ear(bus)
    await ear.until(lambda heard: EVERYTHING in heard)
    ear.heard.clear()
    actor = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))

    async with units.of(actor) as unit:
        unit.hint("room:1")
        assert ear.heard == []
    assert ear.heard == ["room:1"]

    with pytest.raises(Refused):
        async with units.of(actor) as unit:
            unit.hint("room:2")
            raise Refused()
    assert ear.heard == ["room:1"]
    await bus.close()


async def test_a_unit_is_kept_even_when_nobody_can_be_told(units: Units) -> None:
    bus = RedisBus("redis://127.0.0.1:1/0")
    units.bus = bus
    actor = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
    async with units.of(actor) as unit:
        unit.audit("test.hinted", "tests:1")
        unit.hint("room:1")
    await bus.close()


async def test_nodes_that_share_a_redis_count_tries_together(redis: RedisServer) -> None:
    one, other = Limiter(redis.url), Limiter(redis.url)
    await one.hit("2/minute", "sms")
    await other.hit("2/minute", "sms")
    with pytest.raises(Busy):
        await one.hit("2/minute", "sms")
    await one.close()
    await other.close()
