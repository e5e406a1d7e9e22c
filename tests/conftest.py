"""Every test that needs a database has an empty one to itself, and stands still in time."""

import functools
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpcore2
import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import app
from telehealth.core.clock import FixedClock
from telehealth.core.db import build_engine
from telehealth.core.feature import Feature
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.core.unit import Units
from telehealth.web import application
from telehealth.web.application import build
from telehealth.web.assets import Assets
from telehealth.web.house import House
from telehealth.web.pages import Pages
from tests.support.cluster import Cluster
from tests.support.lending import Lender
from tests.support.schema import fingerprint, make_schema

pytest_plugins = [
    "tests.support.cluster",
    "tests.support.coturn",
    "tests.support.sandbox",
    "tests.support.phones",
    "tests.support.wechat",
]

# Whom this machine trusts takes 20 ms to read: once for all clients of a process, not for each.
httpcore2.default_ssl_context = functools.cache(httpcore2.default_ssl_context)

_kept_pages: dict[tuple[int, ...], tuple[Sequence[Feature], Pages]] = {}


def pages_of(features: Sequence[Feature], assets: Assets) -> Pages:
    """Templates are compiled once for the same features, not once a test."""
    kept = tuple(id(feature) for feature in features)
    if kept not in _kept_pages:
        _kept_pages[kept] = (features, Pages(features, assets))
    return _kept_pages[kept][1]


application.Assets = functools.cache(Assets)
application.Pages = pages_of

#: Saturday 21 November 2026, 10:00 in Shanghai.
NOON_ENOUGH = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def pytest_collection_finish() -> None:
    """What was loaded so far stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON_ENOUGH)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    return cluster.template(make_schema, fingerprint())


@pytest.fixture(scope="session")
def lender(cluster: Cluster, template: str) -> Iterator[Lender]:
    lender = Lender(cluster, template)
    yield lender
    lender.close()


@pytest.fixture
def database(lender: Lender) -> Iterator[Addresses]:
    """Of this test alone."""
    lent = lender.lend()
    yield lent.addresses
    lender.take_back(lent)


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


@functools.cache
def engine_of(url: str, *, pool_size: int) -> AsyncEngine:
    """One for as long as a database is lent: what it compiled for one test is there for the next."""
    return build_engine(url, pool_size=pool_size)


@pytest.fixture
async def house(
    settings: Settings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    with monkeypatch.context() as patched:
        patched.setattr(app, "build_engine", engine_of)
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
