"""Wait for what another process does: ask until it is so, and say what was waited for."""

import asyncio
import time
from collections.abc import Callable

import sqlalchemy as sa

from telehealth.core.unit import Units


def eventually(predicate: Callable[[], object], timeout_s: float = 30) -> None:
    """Return as soon as `predicate()` is true. Raises AssertionError after `timeout_s` of wall time."""
    end, pause_s = time.monotonic() + timeout_s, 0.02
    while not predicate():
        if time.monotonic() > end:
            name = getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"{name} was still false after {timeout_s:g} s")
        time.sleep(pause_s)
        # Whoever asks without a pause takes from those who are asked about.
        pause_s = min(pause_s * 1.5, 0.25)


async def until_somebody_waits(units: Units) -> None:
    """Return once a statement of this database waits for a row that another one holds."""
    waiting = sa.text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with units.alone() as connection:
                if (await connection.execute(waiting)).scalar():
                    return
