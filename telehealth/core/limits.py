"""How often somebody may try. Counted in this process, or in Redis for several nodes.

The window slides, so nobody gets twice the rate by waiting for its edge. Wall clock.
"""

import time
from functools import lru_cache
from math import ceil
from typing import Any, cast

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from telehealth.core.errors import Busy, Unavailable


class LimitsDown(Unavailable):
    code = "limits_down"


class Limiter:
    def __init__(self, url: str = "memory://") -> None:
        """`memory://`, or `redis://host:port/db` when several nodes must count together."""
        # The client library of `bus.RedisBus`, too; `limits` would take another one.
        client = {"implementation": "redispy"} if "redis" in url.partition(":")[0] else {}
        storage = storage_from_string(f"async+{url.removeprefix('async+')}", wrap_exceptions=True, **client)
        self._redis: Any = getattr(getattr(storage, "bridge", None), "storage", None)
        self._windows = SlidingWindowCounterRateLimiter(cast(Storage, storage))

    async def hit(self, rule: str, *keys: str) -> None:
        """Count one try under `rule` ("5/minute", "100/day") for these keys together.

        A refused try is not counted. Raises Busy with the seconds to wait, LimitsDown.
        """
        item = _parsed(rule)
        try:
            if await self._windows.hit(item, *keys):
                return
            reset_at = (await self._windows.get_window_stats(item, *keys)).reset_time
        except StorageError as error:
            raise LimitsDown(retry_after_s=5) from error
        raise Busy(retry_after_s=max(1, ceil(reset_at - time.time())), rule=rule)

    async def look(self, rule: str, *keys: str) -> None:
        """Refuse as `hit` would, but count nothing: for tries that count only when they fail."""
        item = _parsed(rule)
        try:
            if await self._windows.test(item, *keys):
                return
            reset_at = (await self._windows.get_window_stats(item, *keys)).reset_time
        except StorageError as error:
            raise LimitsDown(retry_after_s=5) from error
        raise Busy(retry_after_s=max(1, ceil(reset_at - time.time())), rule=rule)

    async def forget(self, rule: str, *keys: str) -> None:
        """A success wipes the slate: the next try counts as the first."""
        await self._windows.clear(_parsed(rule), *keys)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()


@lru_cache(maxsize=256)
def _parsed(rule: str) -> RateLimitItem:
    return parse(rule)
