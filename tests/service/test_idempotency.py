"""The same request sent twice is done once and answered twice."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.core.clock import FixedClock
from telehealth.core.errors import Refused
from telehealth.core.idempotency import (
    KEPT_FOR,
    KeyInvalid,
    KeyReused,
    Replay,
    claim,
    fingerprint,
    forget_old,
    remember,
)
from telehealth.core.ids import new_id
from telehealth.core.unit import Units

ME = new_id()
KEY = "4f1c2d3e-held"
BODY = b'{"slot":1}'


async def test_the_second_request_is_answered_as_the_first_was(units: Units) -> None:
    assert await _hold(units) is None
    assert await _hold(units) == Replay(201, b"held 1")
    assert await _done(units) == 1


async def test_a_key_used_with_another_body_is_refused(units: Units) -> None:
    await _hold(units)
    with pytest.raises(KeyReused):
        await _hold(units, body=b'{"slot":2}')


async def test_a_key_used_at_another_address_is_refused(units: Units) -> None:
    await _hold(units)
    with pytest.raises(KeyReused):
        await _hold(units, path="/people")


async def test_somebody_elses_equal_key_is_another_key(units: Units) -> None:
    await _hold(units)
    async with units.system("test") as unit:
        assert await claim(unit, new_id(), KEY, _mark()) is None


async def test_duplicates_at_the_same_time_are_done_once(units: Units) -> None:
    answers = await asyncio.gather(*(_hold(units) for _ in range(6)))
    assert sorted(str(answer) for answer in answers) == [
        "None",
        *5 * [str(Replay(201, b"held 1"))],
    ]
    assert await _done(units) == 1


async def test_a_request_that_failed_leaves_its_key_free(units: Units) -> None:
    with pytest.raises(Refused):
        async with units.system("test") as unit:
            assert await claim(unit, ME, KEY, _mark()) is None
            raise Refused()
    assert await _hold(units) is None


async def test_a_duplicate_that_waited_takes_over_when_the_first_fails(units: Units) -> None:
    claimed, fail = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        async with units.system("test") as unit:
            assert await claim(unit, ME, KEY, _mark()) is None
            claimed.set()
            await fail.wait()
            raise Refused()

    first = asyncio.create_task(failing())
    await claimed.wait()
    second = asyncio.create_task(_hold(units))
    await _until_somebody_waits(units)
    fail.set()
    assert await second is None
    with pytest.raises(Refused):
        await first
    assert await _done(units) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "tab\tinside", "编号编号编号编号"])
async def test_a_key_that_is_none_is_refused(units: Units, key: str) -> None:
    with pytest.raises(KeyInvalid):
        async with units.system("test") as unit:
            await claim(unit, ME, key, _mark())


async def test_keys_are_kept_for_a_day_of_wall_time(units: Units, clock: FixedClock) -> None:
    await _hold(units)
    clock.move_business_to(clock.business() + timedelta(days=30))
    await _forget(units)
    assert await _hold(units) is not None
    clock.advance(KEPT_FOR + timedelta(seconds=1))
    await _forget(units)
    assert await _hold(units) is None


def _mark(path: str = "/bookings", body: bytes = BODY) -> str:
    return fingerprint("POST", path, body)


async def _hold(units: Units, path: str = "/bookings", body: bytes = BODY) -> Replay | None:
    """Claim, do, remember: what the contract layer does around a handler."""
    async with units.system("test") as unit:
        replay = await claim(unit, ME, KEY, _mark(path, body))
        if replay is None:
            unit.audit("test.held", "tests:1")
            await unit.flush()
            done = await unit.session.scalar(sa.text("select count(*) from audit_records"))
            await remember(unit, ME, KEY, status=201, body=f"held {done}".encode())
        return replay


async def _done(units: Units) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.text("select count(*) from audit_records")) or 0


async def _forget(units: Units) -> None:
    async with units.system("test") as unit:
        await forget_old(unit)


async def _until_somebody_waits(units: Units) -> None:
    waiting = sa.text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(30), units.engine.connect() as connection:
        while not await connection.scalar(waiting):
            await connection.rollback()
