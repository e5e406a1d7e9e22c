"""One Unit = one transaction: committed at its edge, seen by nobody else, remembered by no connection."""

import asyncio
import contextlib
from typing import cast
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from telehealth.core.access import NOBODY, Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.errors import Refused
from telehealth.core.ids import new_id
from telehealth.core.offset import ClockOffset
from telehealth.core.settings import Settings
from telehealth.core.unit import Unit, UnitBroken, Units

WRITE = b"insert into clock_offset (id, offset_s, moved_at) values (1, 7, now())"
SCOPES = sa.text(
    "select current_setting('app.hospital', true) as hospital, current_setting('app.account', true)"
    " as account, current_setting('app.system', true) as system"
)


async def test_what_a_unit_wrote_is_there_once_it_ended(units: Units) -> None:
    async with units.system("test") as unit:
        unit.session.add(ClockOffset(id=1, offset_s=7, moved_at=unit.wall))
        await unit.session.flush()
        assert await _offset(units) is None
    assert await _offset(units) == 7


async def test_an_error_undoes_everything_the_unit_wrote(units: Units) -> None:
    with pytest.raises(Refused):
        async with units.system("test") as unit:
            unit.session.add(ClockOffset(id=1, offset_s=7, moved_at=unit.wall))
            await unit.session.flush()
            raise Refused()
    assert await _offset(units) is None


async def test_what_the_hot_paths_wrote_on_the_driver_is_there_too(units: Units) -> None:
    async with units.system("test") as unit:
        await (await unit.connection()).execute(WRITE)
    assert await _offset(units) == 7


async def test_what_the_driver_wrote_is_there_though_the_session_was_made_for_nothing(units: Units) -> None:
    async with units.system("test") as unit:
        assert not unit.session.new
        await (await unit.connection()).execute(WRITE)
    assert await _offset(units) == 7


@pytest.mark.parametrize("with_session", [True, False])
async def test_an_error_undoes_what_the_driver_wrote(units: Units, with_session: bool) -> None:
    with pytest.raises(Refused):
        async with units.system("test") as unit:
            if with_session:
                assert await unit.session.scalar(sa.text("select 1")) == 1
            await (await unit.connection()).execute(WRITE)
            raise Refused()
    assert await _offset(units) is None


@pytest.mark.parametrize("on_the_driver", [True, False])
async def test_a_unit_whose_statement_failed_cannot_end_as_if_it_were_done(
    units: Units, on_the_driver: bool
) -> None:
    with pytest.raises(UnitBroken):
        async with units.system("test") as unit:
            await (await unit.connection()).execute(WRITE)
            with contextlib.suppress(sa.exc.DBAPIError, psycopg.Error):
                if on_the_driver:
                    await (await unit.connection()).execute(b"select 1/0")
                else:
                    await unit.session.execute(sa.text("select 1/0"))
    assert await _offset(units) is None


async def test_a_unit_whose_caller_went_away_leaves_nothing_and_gives_its_connection_back(
    units: Units,
) -> None:
    began = asyncio.Event()

    async def interrupted() -> None:
        async with units.system("test") as unit:
            await (await unit.connection()).execute(WRITE)
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(interrupted())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _offset(units) is None
    assert cast(QueuePool, units.engine.pool).checkedout() == 0


async def test_an_error_at_the_commit_reaches_whoever_opened_the_unit(units: Units) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with units.system("test") as unit:
            unit.session.add(ClockOffset(id=2, offset_s=7, moved_at=unit.wall))


async def test_a_unit_reads_the_clocks_once(units: Units, clock: FixedClock) -> None:
    async with units.public() as unit:
        began = unit.now
        clock.advance(unit.units.clock.business() - began + (unit.now - unit.wall))
        assert unit.now == began == unit.wall


async def test_scopes_are_set_for_the_transaction_only(units: Units) -> None:
    hospital_id = new_id()
    async with units.hospital(hospital_id, NOBODY) as unit:
        assert await _scopes(unit) == (str(hospital_id), "", "")
        connection = await unit.connection()
        backend = connection.info.backend_pid
    async with units.engine.connect() as same:
        raw = await same.get_raw_connection()
        assert raw.driver_connection is not None
        assert raw.driver_connection.info.backend_pid == backend
        assert [value or "" for value in (await same.execute(SCOPES)).one()] == ["", "", ""]


async def test_a_pooled_connection_does_not_leak_a_scope_into_the_next_unit(units: Units) -> None:
    hospital_id, account_id = new_id(), new_id()
    async with units.system("test") as unit:
        assert await _scopes(unit) == ("", "", "on")
    async with units.hospital(hospital_id, NOBODY) as unit:
        assert await _scopes(unit) == (str(hospital_id), "", "")
    async with units.account(account_id, NOBODY) as unit:
        assert await _scopes(unit) == ("", str(account_id), "")
    with pytest.raises(Refused):
        async with units.system("test"):
            raise Refused()
    async with units.public() as unit:
        assert await _scopes(unit) == ("", str(UUID(int=0)), "")


async def test_a_scope_survives_a_savepoint_that_was_rolled_back(units: Units) -> None:
    hospital_id = new_id()
    async with units.hospital(hospital_id, NOBODY) as unit:
        with pytest.raises(sa.exc.IntegrityError):
            async with unit.session.begin_nested():
                unit.session.add(ClockOffset(id=2, offset_s=7, moved_at=unit.wall))
                await unit.session.flush()
        assert await _scopes(unit) == (str(hospital_id), "", "")


@pytest.mark.parametrize(
    ("actor", "scope"),
    [
        (Actor(), "public"),
        (Actor.signed_in(UUID(int=5), frozenset({Role.PATIENT})), "account"),
        (Actor.signed_in(UUID(int=5), frozenset({Role.DESK}), hospital_id=UUID(int=6)), "hospital"),
    ],
)
async def test_a_request_runs_in_the_narrowest_unit_of_its_actor(
    units: Units, actor: Actor, scope: str
) -> None:
    async with units.of(actor) as unit:
        assert unit.scope == scope


async def test_a_unit_opens_on_a_new_connection_after_the_server_dropped_the_pooled_ones(
    units: Units, settings: Settings
) -> None:
    async with units.public() as unit:
        await unit.session.execute(sa.text("select 1"))
    _drop_connections(settings)
    async with units.public() as unit:
        assert await unit.session.scalar(sa.text("select 1")) == 1


async def test_a_lost_wake_up_does_not_make_a_committed_unit_look_failed(
    units: Units, settings: Settings
) -> None:
    async with units.system("test") as unit:
        unit.session.add(ClockOffset(id=1, offset_s=7, moved_at=unit.wall))
        unit.deferred = 1
        # The server goes away between the commit and the wake-up.
        sa.event.listen(unit.session.sync_session, "after_commit", lambda _: _drop_connections(settings))
    assert await _offset(units) == 7


async def _scopes(unit: Unit) -> tuple[str, str, str]:
    row = (await unit.session.execute(SCOPES)).one()
    return (row.hospital or "", row.account or "", row.system or "")


async def _offset(units: Units) -> int | None:
    async with units.public() as unit:
        row = await unit.session.get(ClockOffset, 1)
        return row.offset_s if row else None


def _drop_connections(settings: Settings) -> None:
    """What a restart of the server does to a pool. The role may end its own backends."""
    engine = sa.create_engine(settings.database_url.get_secret_value())
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
