"""Names for things: sortable ids, numbers for people, tokens that cannot be guessed."""

import secrets
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from telehealth.core.clock import hospital_day


def new_id() -> UUID:
    """UUIDv7, so it exists before the insert. It reveals its birth time: never a secret."""
    return uuid7()


def public_number(prefix: str, now: datetime, sequence: int) -> str:
    """`BK-261121-004217`: what a person reads out at a desk. `sequence` comes from the database."""
    return f"{prefix}-{hospital_day(now):%y%m%d}-{sequence % 1_000_000:06d}"


def share_token() -> str:
    return secrets.token_urlsafe(24)
