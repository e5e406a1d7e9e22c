"""Pooled connections below the unit: leased, spoken to first, and spoken to in whole commands."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy as sa
from psycopg import generators
from psycopg.pq import ExecStatus
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")

#: How many dead connections in a row the pool may hand us after the server went away.
_DEAD_AT_MOST = 100
_PLACE = re.compile(rb"\$(\d+)")


@asynccontextmanager
async def leased(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """`engine.connect()` without a task of its own for each return to the pool."""
    connection = await engine.connect()
    try:
        yield connection
    except BaseException:
        # Whoever cancelled us must not leave it half returned.
        await asyncio.shield(asyncio.create_task(connection.close()))
        raise
    await connection.close()


def cursor_of(
    connection: AsyncConnection, driver: psycopg.AsyncConnection[Any], statement: bytes
) -> psycopg.AsyncRawCursor[Any]:
    """One for each hot statement, kept with its connection: the driver has learned the columns before."""
    cursors = cast(sa.Connection, connection.sync_connection).info.setdefault("cursors", {})
    known: psycopg.AsyncRawCursor[Any] | None = cursors.get(statement)
    if known is None:
        known = cursors[statement] = psycopg.AsyncRawCursor(driver)
    return known


async def first_word(
    connection: AsyncConnection, speak: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]
) -> tuple[psycopg.AsyncConnection[Any], T]:
    """Say the first thing on a pooled connection; the driver that answered, and its answer."""
    for _ in range(_DEAD_AT_MOST):
        raw = await connection.get_raw_connection()
        driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
        try:
            return driver, await speak(driver)
        except psycopg.OperationalError as error:
            if not driver.closed:
                raise
            # The server went away while this connection lay in the pool. Nothing was done on it
            # yet, so take another: cheaper than asking before every use.
            await connection.invalidate(error)
            lost = error
    raise lost


async def say(driver: psycopg.AsyncConnection[Any], command: str) -> None:
    """Commands of our own making, several in one message, past the driver's cursors."""
    async with driver.lock:
        driver.pgconn.send_query(command.encode())
        for result in await driver.wait(generators.execute(driver.pgconn)):
            if result.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)


@lru_cache(256)
def together(statements: tuple[bytes, ...]) -> bytes:
    """Writes that do not see each other, as one statement."""
    if len(statements) == 1:
        return statements[0]
    parts: list[bytes] = []
    first = 0
    for number, statement in enumerate(statements):
        shifted = _PLACE.sub(lambda found, by=first: b"$%d" % (int(found[1]) + by), statement)  # type: ignore[misc]
        parts.append(b"w%d as (%s)" % (number, shifted))
        first += max((int(each) for each in _PLACE.findall(statement)), default=0)
    return b"with " + b", ".join(parts) + b" select"
