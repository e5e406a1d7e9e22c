"""Every test that needs a database gets its own clone of the migrated schema, and stands still in time."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

import app
from telehealth.core.clock import FixedClock
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.core.unit import Units
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support.cluster import Cluster
from tests.support.schema import fingerprint, make_schema

pytest_plugins = [
    "tests.support.cluster",
    "tests.support.coturn",
    "tests.support.sandbox",
    "tests.support.phones",
]

#: Saturday 21 November 2026, 10:00 in Shanghai.
NOON_ENOUGH = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON_ENOUGH)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    return cluster.template(make_schema, fingerprint())


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[Addresses]:
    addresses = cluster.clone(template)
    yield addresses
    cluster.drop(addresses)


@pytest.fixture
def settings(database: Addresses, tmp_path: Path) -> Settings:
    return Settings(
        profile=Profile.TEST,
        home=tmp_path,
        database_url=database.app_url,
        owner_url=database.owner_url,
        public_url="http://testserver",
        worker_in_web=False,
    )


@pytest.fixture
async def house(settings: Settings, clock: FixedClock) -> AsyncIterator[House]:
    built = app.build_house(settings, clock=clock)
    await built.blobs.prepare()
    yield built
    await built.close()


@pytest.fixture
async def units(house: House) -> Units:
    return house.units


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(house), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http
