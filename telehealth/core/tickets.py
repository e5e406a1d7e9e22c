"""Short signed tickets: a right to one thing for a few minutes, carried by whoever holds it.

Time is the wall clock's. A ticket is signed, not sealed: put ids in it, never personal data.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from telehealth.core.clock import Clock
from telehealth.core.errors import Unauthenticated

ALGORITHMS = ["HS256"]
KEY_BYTES = 32
RESERVED = frozenset({"purpose", "iat", "exp"})


class TicketExpired(Unauthenticated):
    code = "ticket_expired"
    detail = "链接已过期，请返回上一页重新打开"


class TicketInvalid(Unauthenticated):
    code = "ticket_invalid"
    detail = "链接无效，请返回上一页重新打开"


class Tickets:
    def __init__(self, key: bytes, clock: Clock) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"a ticket key must have at least {KEY_BYTES} bytes")
        self._key = OctKey.import_key(key)
        self._clock = clock

    def issue(self, purpose: str, claims: Mapping[str, Any], *, ttl: timedelta) -> str:
        """`claims` must be JSON; the names purpose, iat and exp are ours."""
        if taken := RESERVED & claims.keys():
            raise ValueError(f"reserved claims: {sorted(taken)}")
        now = self._clock.wall()
        body = {
            **claims,
            "purpose": purpose,
            "iat": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
        }
        return jwt.encode({"alg": "HS256"}, body, self._key, algorithms=ALGORITHMS)

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims as they were issued. Raises TicketExpired, TicketInvalid."""
        checks = jwt.JWTClaimsRegistry(
            now=int(self._clock.wall().timestamp()),
            purpose={"essential": True, "value": purpose},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=ALGORITHMS).claims
            checks.validate(claims)
        except ExpiredTokenError:
            raise TicketExpired() from None
        except (JoseError, ValueError):
            raise TicketInvalid() from None
        return {name: value for name, value in claims.items() if name not in RESERVED}
