"""Wait for what another process does: ask until it is so, and say what was waited for."""

import time
from collections.abc import Callable


def eventually(predicate: Callable[[], object], timeout_s: float = 10) -> None:
    """Return as soon as `predicate()` is true. Raises AssertionError after `timeout_s` of wall time."""
    end = time.monotonic() + timeout_s
    while not predicate():
        if time.monotonic() > end:
            name = getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"{name} was still false after {timeout_s:g} s")
        time.sleep(0.02)
