"""Argon2 is slow and greedy on purpose: two at a time, in threads, never on the loop."""

import anyio
import anyio.to_thread
from pwdlib import PasswordHash

_HASHER = PasswordHash.recommended()
_TWO_AT_A_TIME = anyio.CapacityLimiter(2)
#: Verified against when there is no such login, so that the answer takes as long.
_NOBODYS = _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=_TWO_AT_A_TIME)


async def is_password(password: str, hashed: str | None) -> bool:
    right = await anyio.to_thread.run_sync(
        _HASHER.verify, password, hashed or _NOBODYS, limiter=_TWO_AT_A_TIME
    )
    return right and hashed is not None
