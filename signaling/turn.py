"""Relaying: credentials that end by themselves, and whether coturn takes them.

coturn knows our secret and no users (`use-auth-secret`): a username says when it ends, the
password proves that we made it. Times are the wall clock's.
"""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from aioice import stun
from aioice.turn import create_turn_endpoint
from pydantic import SecretStr

from telehealth.core.settings import Settings

ANSWERS_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Credential:
    username: str
    password: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One url of a relay, taken apart."""

    host: str
    port: int
    transport: str
    tls: bool


def ice_servers(
    settings: Settings, account: UUID | None, wall: datetime
) -> tuple[list[dict[str, Any]], datetime | None]:
    """What an RTCPeerConnection is given, and until when. Nothing without a relay of our own.

    A stranger's STUN server would learn who consults whom, and when.
    """
    if settings.turn is None:
        return [], None
    turn = settings.turn
    given = credential(turn.secret, account, wall, ttl_s=turn.ttl_s)
    server = {"urls": list(turn.urls), "username": given.username, "credential": given.password}
    return [server], given.expires_at


def credential(secret: SecretStr, account: UUID | None, wall: datetime, *, ttl_s: int) -> Credential:
    """HMAC-SHA1, as coturn's REST API has it; SHA-1 is its choice and holds for an HMAC."""
    expires_at = (wall + timedelta(seconds=ttl_s)).replace(microsecond=0)
    username = f"{int(expires_at.timestamp())}:{account or 'house'}"
    made = hmac.new(secret.get_secret_value().encode(), username.encode(), hashlib.sha1).digest()
    return Credential(username, base64.b64encode(made).decode(), expires_at)


async def check(settings: Settings, wall: datetime) -> Mapping[str, Any]:
    """Make a real allocation at each url; `status` is "ok" only when every one was granted.

    Each url is "ok", "refused <code>", "unreachable" or "untrusted" (its certificate). `next_secret`
    says whether coturn takes the secret that comes. {"status": "off"} without a relay.
    """
    turn = settings.turn
    if turn is None:
        return {"status": "off"}
    now = credential(turn.secret, None, wall, ttl_s=turn.ttl_s)
    answers = await asyncio.gather(*(allocate(url, now) for url in turn.urls))
    found: dict[str, Any] = {
        "status": "ok" if set(answers) == {"ok"} else "failing",
        "urls": dict(zip(turn.urls, answers, strict=True)),
    }
    if turn.next_secret.get_secret_value():
        coming = credential(turn.next_secret, None, wall, ttl_s=turn.ttl_s)
        found["next_secret"] = await allocate(turn.urls[0], coming)
    return found


async def allocate(url: str, given: Credential) -> str:
    """Whether this relay grants an allocation, which is given back at once."""
    address = parse(url)
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            relay, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                (address.host, address.port),
                given.username,
                given.password,
                ssl=ssl.create_default_context() if address.tls else None,
                transport=address.transport,
            )
    except stun.TransactionFailed as error:
        return f"refused {error.response.error_code}"
    except ssl.SSLError:
        return "untrusted"
    except (stun.TransactionError, OSError, TimeoutError, ConnectionError):
        return "unreachable"
    # Its end comes on its own; nobody waits for it.
    relay.close()
    return "ok"


def parse(url: str) -> Address:
    """Of RFC 7065. Raises ValueError."""
    scheme, _, rest = url.partition(":")
    if scheme not in ("turn", "turns") or not rest:
        raise ValueError("a relay's url begins with turn: or turns:")
    where, _, query = rest.partition("?")
    host, _, port = where.rpartition(":") if not where.endswith("]") and ":" in where else (where, "", "")
    tls = scheme == "turns"
    transport = parse_qs(query).get("transport", ["tcp" if tls else "udp"])[0]
    return Address(host.strip("[]"), int(port or (5349 if tls else 3478)), transport, tls)
