"""What a load balancer and a watchman ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

import app
from telehealth.core.clock import FixedClock
from telehealth.core.settings import TURN, Settings
from telehealth.web.application import build
from tests.support.coturn import Coturn

Browse = Callable[[TURN], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def clock() -> FixedClock:
    """coturn has the machine's own."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def relaying(settings: Settings, clock: FixedClock) -> Browse:
    @asynccontextmanager
    async def browse(turn: TURN) -> AsyncIterator[httpx2.AsyncClient]:
        house = app.build_house(settings.model_copy(update={"turn": turn}), clock=clock)
        transport = httpx2.ASGITransport(app=build(house), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield http
        await house.close()

    return browse


async def test_a_house_without_a_relay_says_so(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/turn")
    assert (answer.status_code, answer.json()) == (200, {"status": "off"})
    assert (await client.get("/health/nothing")).status_code == 404


async def test_the_relay_is_asked_for_a_real_allocation(relaying: Browse, coturn: Coturn) -> None:
    async with relaying(coturn.settings()) as http:
        answer = await http.get("/health/turn")
    assert (answer.status_code, answer.json()["urls"]) == (200, {coturn.url: "ok", coturn.tcp_url: "ok"})


async def test_a_relay_that_refuses_us_makes_the_check_fail(relaying: Browse, coturn: Coturn) -> None:
    async with relaying(coturn.settings(secret="sandbox-of-somebody-else")) as http:
        answer = await http.get("/health/turn")
    assert answer.status_code == 503
    assert answer.json()["urls"][coturn.url] == "refused 401"


async def test_the_relay_is_asked_at_most_every_ten_seconds(
    relaying: Browse, coturn: Coturn, clock: FixedClock
) -> None:
    """Anybody may ask us."""
    async with relaying(coturn.settings()) as http:
        clock.advance(-timedelta(days=1))
        answers = [(await http.get("/health/turn")).status_code]
        clock.advance(timedelta(seconds=9))
        answers.append((await http.get("/health/turn")).status_code)
        clock.advance(timedelta(days=1))
        answers.append((await http.get("/health/turn")).status_code)
    assert answers == [503, 503, 200]
