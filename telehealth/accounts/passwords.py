"""Argon2 is slow and greedy on purpose: two at a time, in threads, never on the loop."""

from functools import cache

import anyio
import anyio.to_thread
from pwdlib import PasswordHash

_HASHER = PasswordHash.recommended()
_TWO_AT_A_TIME = anyio.CapacityLimiter(2)


async def hash_password(password: str) -> str:
    return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=_TWO_AT_A_TIME)


async def is_password(password: str, hashed: str | None) -> bool:
    return await anyio.to_thread.run_sync(_verify, password, hashed, limiter=_TWO_AT_A_TIME)


def _verify(password: str, hashed: str | None) -> bool:
    # Made by whoever asks first, known login or not: their time tells nothing.
    nobodys = _nobodys()
    return _HASHER.verify(password, hashed or nobodys) and hashed is not None


@cache
def _nobodys() -> str:
    """Verified against when there is no such login, so that the answer takes as long."""
    return _HASHER.hash("nobody has this password")
