"""How a child says no. `kind` is too_large, unreadable or refused."""

from collections.abc import Callable
from typing import Any

#: A file → facts (JSON) and the bytes made of it.
Work = Callable[[bytes], tuple[dict[str, Any], list[bytes]]]


class Refusal(Exception):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.reason = reason
