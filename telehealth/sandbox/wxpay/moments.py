"""Times as the provider writes them: RFC 3339 in Shanghai, to the second."""

import re
from datetime import UTC, datetime

from telehealth.sandbox.dates import SHANGHAI

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+08:00")


def written(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, SHANGHAI).isoformat(timespec="seconds")


def read_moment(text: str) -> float:
    """
    Raises:
        ValueError: not RFC 3339 at `+08:00`.
    """
    if _WRITTEN.fullmatch(text) is None:
        raise ValueError("RFC 3339 with +08:00")
    return datetime.fromisoformat(text).timestamp()


def any_moment(value: object) -> float:
    """An instant in whatever form another party keeps it: epoch seconds, or ISO with an offset.

    Raises:
        ValueError: neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise ValueError("no instant")
    instant = datetime.fromisoformat(value)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def day_of(epoch_s: float) -> str:
    """`20261121`, in Shanghai."""
    return datetime.fromtimestamp(epoch_s, SHANGHAI).strftime("%Y%m%d")
