"""From the mini-program into its web-view: the pages there are signed in as the mini-program is.

Neither can read the other's storage, so the mini-program asks for an address that opens one page,
once, within a minute. The address holds a secret and nothing else: for whom it is and where it leads
are kept here. It works in a mini-program's web-view only, so that a link sent to somebody else signs
nobody in as its sender.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.errors import HandoverNotOffered, HandoverSpent
from telehealth.accounts.models import Handover
from telehealth.core.unit import Unit
from telehealth.web.sessions import Opened, Session, digest, open_web_view

LASTS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Offered:
    token: str
    expires_at: datetime


async def offer(unit: Unit, session_id: UUID | None, target: str) -> Offered:
    """`target` is a path of ours. Raises HandoverNotOffered: this session has no web-view."""
    row = None if session_id is None else await unit.session.get(Session, session_id)
    if row is None or row.channel != "mini_program":
        raise HandoverNotOffered()
    token = secrets.token_urlsafe(32)
    until = unit.wall + LASTS
    unit.session.add(Handover(token_hash=digest(token), session_id=row.id, target=target, expires_at=until))
    await unit.session.flush()
    return Offered(token, until)


async def take(unit: Unit, token: str, *, user_agent: str) -> tuple[Opened, str]:
    """The web-view's session, and the page it is to show. Raises HandoverSpent."""
    spent = sa.delete(Handover).where(Handover.token_hash == digest(token))
    found = await unit.session.execute(
        spent.returning(Handover.session_id, Handover.target, Handover.expires_at)
    )
    row = found.first()
    if row is None or row.expires_at <= unit.wall:
        raise HandoverSpent()
    opened = await open_web_view(unit, row.session_id, user_agent=user_agent)
    if opened is None:
        raise HandoverSpent()
    return opened, row.target


async def forget_handovers(unit: Unit) -> None:
    await unit.session.execute(sa.delete(Handover).where(Handover.expires_at < unit.wall))
