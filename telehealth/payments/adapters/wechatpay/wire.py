"""How the provider writes things down: compact JSON, RFC 3339 in Shanghai, and answers that must fit."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from telehealth.core.clock import SHANGHAI
from telehealth.payments.errors import ProviderDown


class Said(BaseModel):
    """What we read of an answer. Fields we do not know are the provider's business."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


S = TypeVar("S", bound=Said)


def packed(body: Mapping[str, Any]) -> bytes:
    """The same mapping always makes the same bytes: a repetition must be identical."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def written(at: datetime) -> str:
    """`2026-11-21T10:00:00+08:00`."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def shortened(text: str, *, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode("utf-8", "ignore")


def read(shape: type[S], body: bytes) -> S:
    """
    Raises:
        ProviderDown: it answered, but not in words we know, so nothing is known.
    """
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        raise ProviderDown(reason="unreadable") from None
