"""Keyset pages: "what comes after this row", stable while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.text import is_storable

T = TypeVar("T")
R = TypeVar("R")


class PageQuery(BaseModel):
    after: str = Field(default="", max_length=400, description="`next` of the previous page")
    limit: int = Field(default=20, ge=1, le=100)


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str = Field(default="", description="pass as `after`; empty on the last page")


def encode_cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, size: int) -> list[Any] | None:
    """The key of the last row seen, or None on the first page. Raises FieldsInvalid on nonsense."""
    if not cursor:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise FieldsInvalid({"after": N_("翻页位置无效")}) from None
    if not isinstance(key, list) or len(key) != size or not all(map(_is_key, key)):
        raise FieldsInvalid({"after": N_("翻页位置无效")})
    return key


def moment_key(cursor: str) -> tuple[datetime, UUID] | None:
    """The key of lists in order of time: when, in UTC, and the id. Raises FieldsInvalid on nonsense."""
    key = decode_cursor(cursor, 2)
    if key is None:
        return None
    try:
        at, identity = datetime.fromisoformat(str(key[0])), UUID(str(key[1]))
        if at.tzinfo is None:
            raise ValueError("no zone")
        return at.astimezone(UTC), identity
    except (ValueError, OverflowError):
        raise FieldsInvalid({"after": N_("翻页位置无效")}) from None


def _is_key(part: Any) -> bool:
    return part is None or isinstance(part, int) or (isinstance(part, str) and is_storable(part))


def cut(rows: Sequence[R], limit: int, key: Callable[[R], tuple[Any, ...]]) -> tuple[list[R], str]:
    """Rows were fetched as `limit + 1`: return one page of them and the cursor of the next."""
    more = len(rows) > limit
    kept = list(rows[:limit])
    return kept, encode_cursor(*key(kept[-1])) if more and kept else ""
