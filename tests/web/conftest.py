"""Houses to call at: one with test routes only, one in a town with something of everything."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx2
import pytest

import app
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.settings import Profile, Settings
from telehealth.web.application import build
from telehealth.web.house import House
from tests.conftest import NOON_ENOUGH
from tests.support import tiny
from tests.support.cluster import Cluster
from tests.support.factories.town import Side, open_town

PATIENT = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
DESK = Actor.signed_in(new_id(), frozenset({Role.DESK}), hospital_id=new_id(), name="前台", assurance="totp")


@pytest.fixture
def tiny_house(house: House) -> House:
    return replace(house, features=(tiny.feature,))


@pytest.fixture
async def http(tiny_house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever it is, over ASGI; redirects are not followed and crashes are answers."""
    transport = httpx2.ASGITransport(app=build(tiny_house), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture(scope="module")
def town_settings(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A database of its own for a whole file of tests, since a town takes seconds to fill."""
    database = cluster.clone(template)
    yield Settings(
        profile=Profile.TEST,
        home=tmp_path_factory.mktemp("town"),
        database_url=database.app_url,
        owner_url=database.owner_url,
        public_url="http://testserver",
        worker_in_web=False,
    )
    cluster.drop(database)


@pytest.fixture(scope="module")
def town(town_settings: Settings) -> tuple[Side, Side]:
    async def fill() -> tuple[Side, Side]:
        house = app.build_house(town_settings, clock=FixedClock(NOON_ENOUGH))
        await house.blobs.prepare()
        try:
            return await open_town(house.units)
        finally:
            await house.close()

    return asyncio.run(fill())


@pytest.fixture
async def town_house(town_settings: Settings) -> AsyncIterator[House]:
    house = app.build_house(town_settings, clock=FixedClock(NOON_ENOUGH))
    await house.blobs.prepare()
    yield house
    await house.close()


@pytest.fixture
async def town_http(town_house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(town_house), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client
