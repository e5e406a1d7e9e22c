"""Everybody of one town, calling at a house whose outside parties are the sandbox."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

import app
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.web.sessions import open_session
from tests.conftest import NOON_ENOUGH
from tests.support.cluster import Cluster
from tests.support.factories.town import Side
from tests.support.fuzzing import DOOR, Caller, InTown
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

TOKENS = 6


@pytest.fixture(scope="module")
def tokens(town: tuple[Side, Side], town_settings: Settings) -> dict[Role | None, list[str]]:
    return asyncio.run(_open_sessions(town_settings, town[0]))


@pytest.fixture(scope="module")
def in_town(
    tokens: dict[Role | None, list[str]], town_settings: Settings, cluster: Cluster, sandbox: Sandbox
) -> InTown:
    """What one test ends or removes is there for the next."""
    filled = urlsplit(town_settings.owner_url.get_secret_value()).path.lstrip("/")

    @contextmanager
    def copied() -> Iterator[None]:
        copy = cluster.clone(filled)
        addresses = {"database_url": SecretStr(copy.app_url), "owner_url": SecretStr(copy.owner_url)}
        settings = reach(town_settings.model_copy(update=addresses), sandbox)
        DOOR.open(app.build_house(settings, clock=FixedClock(NOON_ENOUGH)))
        try:
            yield
        finally:
            DOOR.close()
            cluster.drop(copy)

    return copied


@pytest.fixture
def caller(role: Role | None, tokens: dict[Role | None, list[str]], town: tuple[Side, Side]) -> Caller:
    return Caller(town[0], tokens[role])


@pytest.fixture
def guest(caller: Caller, in_town: InTown) -> Iterator[Caller]:
    """A caller who is in town for the whole test."""
    with in_town():
        yield caller


async def _open_sessions(settings: Settings, side: Side) -> dict[Role | None, list[str]]:
    house = app.build_house(settings, clock=FixedClock(NOON_ENOUGH))
    found: dict[Role | None, list[str]] = {None: []}
    async with house.units.system("test") as unit:
        for role in Role:
            opened = [await open_session(unit, side.actor(role), channel="app") for _ in range(TOKENS)]
            found[role] = [one.token for one in opened]
    await house.close()
    return found
