"""Server-side sessions: an opaque token in the client, a row here, revocable at once.

A row carries what an Actor needs, so that a request costs one indexed read; whoever changes a
person's roles or suspends them ends or rewrites their sessions in the same unit. Browsers hold
the token in a cookie and it rotates; app and mini-program clients send it as a Bearer token and
renew it with a refresh token that is used once: a refresh token seen twice ends the whole
session, because one of the two holders stole it. Each refresh token begins with the secret of its
family, which stays, so that any earlier one is known again however long ago it was spent.

A mini-program's pages live in its web-view, which holds a cookie as a browser does. That session
hangs from the mini-program's own and ends with it. All times are wall time.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.access import Actor, Role
from telehealth.core.connections import cursor_of, first_word
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.errors import Unauthenticated
from telehealth.core.tenancy import Tenancy
from telehealth.core.unit import Unit

BROWSER_LASTS = timedelta(days=30)
STAFF_LASTS = timedelta(hours=12)
#: A staff session that did nothing for this long ends.
STAFF_IDLES = timedelta(hours=2)
ROTATE_AFTER = timedelta(hours=1)
#: Requests already on their way with the token that was just replaced still count.
ROTATION_GRACE = timedelta(seconds=60)
#: Work is noted at most so often.
WORK_NOTED_AFTER = timedelta(minutes=1)
BEARER_LASTS = timedelta(minutes=30)
REFRESH_LASTS = timedelta(days=60)


#: Doors that hold their token in a cookie.
BY_COOKIE = ("browser", "web_view")


class RefreshTokenInvalid(Unauthenticated):
    code = "refresh_token_invalid"
    detail = "登录已失效，请重新登录"


class Session(Base):
    __tablename__ = "sessions"
    __tenancy__ = Tenancy(open="read before we know who asks; found only by the hash of a secret")

    id: Mapped[PrimaryKey]
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(), unique=True)
    previous_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(), index=True)
    refresh_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(), unique=True)
    family_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(), unique=True)
    #: The mini-program's session that this web-view belongs to.
    opener_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("sessions.id", ondelete="cascade"), index=True
    )
    account_id: Mapped[UUID] = mapped_column(index=True)
    hospital_id: Mapped[UUID | None]
    roles: Mapped[list[str]]
    name: Mapped[str]
    assurance: Mapped[str]
    #: When the second factor was last given in this session, and its last deed in a room since.
    stepped_up_at: Mapped[datetime | None]
    worked_at: Mapped[datetime | None]
    #: "browser", "app" or "mini_program" (XY15: one account across doors), or "web_view" of the last.
    channel: Mapped[str]
    user_agent: Mapped[str]
    #: What a client calls the device it runs on, as "Pixel 8"; empty where it says nothing.
    device: Mapped[str]
    created_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    refresh_by: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Opened:
    token: str
    expires_at: datetime
    session_id: UUID
    refresh_token: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    session_id: UUID
    actor: Actor
    channel: str
    #: True when a browser's token is due for rotation.
    stale: bool


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def open_session(
    unit: Unit, actor: Actor, *, channel: str, user_agent: str = "", device: str = ""
) -> Opened:
    token, refresh = secrets.token_urlsafe(32), ""
    lasts = STAFF_LASTS if actor.is_staff else BROWSER_LASTS
    row = Session(
        token_hash=digest(token),
        account_id=actor.account,
        hospital_id=actor.hospital_id,
        roles=sorted(actor.roles),
        name=actor.name,
        assurance=actor.assurance,
        stepped_up_at=unit.wall if actor.assurance == "totp" else None,
        channel=channel,
        user_agent=user_agent[:200],
        device=device[:60],
        created_at=unit.wall,
        rotated_at=unit.wall,
        seen_at=unit.wall,
        expires_at=unit.wall + lasts,
    )
    if channel not in BY_COOKIE:
        family = secrets.token_urlsafe(24)
        refresh = _refresh_token(family)
        row.family_hash, row.refresh_hash = digest(family), digest(refresh)
        row.expires_at = unit.wall + BEARER_LASTS
        row.refresh_by = unit.wall + (STAFF_LASTS if actor.is_staff else REFRESH_LASTS)
    unit.session.add(row)
    await unit.session.flush()
    return Opened(token, row.expires_at, row.id, refresh)


async def open_web_view(unit: Unit, opener: UUID, *, user_agent: str = "") -> Opened | None:
    """The cookie session of a mini-program's pages; it ends when the mini-program's own does.

    None when that is over.
    """
    owner = await unit.session.get(Session, opener)
    if owner is None or owner.refresh_by is None or owner.refresh_by <= unit.wall:
        return None
    # All web-views of it share one jar of cookies: what the jar lost is of no more use.
    lost = sa.delete(Session).where(
        Session.opener_id == owner.id, Session.created_at < unit.wall - ROTATION_GRACE
    )
    await unit.session.execute(lost)
    token = secrets.token_urlsafe(32)
    row = Session(
        token_hash=digest(token),
        opener_id=owner.id,
        account_id=owner.account_id,
        hospital_id=owner.hospital_id,
        roles=owner.roles,
        name=owner.name,
        assurance=owner.assurance,
        channel="web_view",
        user_agent=user_agent[:200],
        device=owner.device,
        created_at=unit.wall,
        rotated_at=unit.wall,
        seen_at=unit.wall,
        expires_at=min(unit.wall + BROWSER_LASTS, owner.refresh_by),
    )
    unit.session.add(row)
    await unit.session.flush()
    return Opened(token, row.expires_at, row.id)


async def refresh_session(unit: Unit, refresh_token: str) -> tuple[Opened, Actor] | None:
    """Trade a refresh token for new tokens. None when it is unknown, late, or was used before.

    A second use, of this token or of any before it, ends the session for both holders; the caller
    commits that, so this returns instead of raising.
    """
    family, _, _ = refresh_token.partition(".")
    found = sa.select(Session).where(Session.family_hash == digest(family))
    row = (await unit.session.scalars(found.with_for_update())).first()
    if row is None or row.refresh_by is None or row.refresh_by <= unit.wall:
        return None
    if row.refresh_hash != digest(refresh_token):
        unit.audit("account.token_reused", f"sessions:{row.id}", account_id=row.account_id)
        await end_session(unit, row.id)
        return None
    if row.hospital_id is not None and row.seen_at < unit.wall - STAFF_IDLES:
        return None
    token, refresh = secrets.token_urlsafe(32), _refresh_token(family)
    row.token_hash, row.refresh_hash = digest(token), digest(refresh)
    row.expires_at = min(unit.wall + BEARER_LASTS, row.refresh_by)
    row.seen_at = unit.wall
    return Opened(token, row.expires_at, row.id, refresh), _actor(row)


def _refresh_token(family: str) -> str:
    return f"{family}.{secrets.token_urlsafe(32)}"


async def end_session(unit: Unit, session_id: UUID) -> None:
    await _end(unit, sa.delete(Session).where(Session.id == session_id))


async def end_other_sessions(unit: Unit, account_id: UUID, session_id: UUID) -> int:
    """Sign an account out everywhere but here: this session, its web-views, or whose web-view it is."""
    opener = sa.select(Session.opener_id).where(Session.id == session_id).scalar_subquery()
    here = sa.or_(
        Session.id == session_id,
        sa.func.coalesce(Session.opener_id == session_id, sa.false()),
        sa.func.coalesce(Session.id == opener, sa.false()),
    )
    ended = sa.delete(Session).where(Session.account_id == account_id, ~here)
    return await _end(unit, ended)


async def end_sessions_of(unit: Unit, account_id: UUID, *, hospital_id: UUID | None = None) -> None:
    """Sign an account out everywhere, or only of its work at one hospital."""
    ended = sa.delete(Session).where(Session.account_id == account_id)
    if hospital_id is not None:
        ended = ended.where(Session.hospital_id == hospital_id)
    await _end(unit, ended)


async def _end(unit: Unit, ended: sa.Delete) -> int:
    """Whoever holds sockets of these accounts looks at once who of them is still signed in."""
    accounts = (await unit.session.scalars(ended.returning(Session.account_id))).all()
    for account_id in set(accounts):
        unit.hint(f"account:{account_id}:sessions")
    return len(accounts)


async def sessions_of(unit: Unit, account_id: UUID) -> Sequence[Session]:
    """Every way an account is signed in, the last used first; a bearer's while it can be renewed."""
    alive = sa.func.coalesce(Session.refresh_by, Session.expires_at) > unit.wall
    found = sa.select(Session).where(Session.account_id == account_id, alive, Session.opener_id.is_(None))
    return (await unit.session.scalars(found.order_by(Session.seen_at.desc(), Session.id))).all()


async def step_up(unit: Unit, session_id: UUID) -> None:
    """The second factor was given again, this moment."""
    given = sa.update(Session).where(Session.id == session_id)
    await unit.session.execute(given.values(stepped_up_at=unit.wall, worked_at=None))


async def work_on(unit: Unit, session_id: UUID, *, within: timedelta) -> bool:
    """Note that the session is at work; False when factor and last work are both older than `within`."""
    await unit.settle()
    times = {"wall": unit.wall, "since": unit.wall - within, "lately": unit.wall - WORK_NOTED_AFTER}
    cursor = await (await unit.connection()).execute(_WORK, {"id": session_id, **times}, prepare=True)
    found = await cursor.fetchone()
    return found is not None and bool(found[0])


_WORK = """
with seen as (
    select greatest(stepped_up_at, worked_at) > %(since)s as is_fresh from sessions where id = %(id)s
), noted as (
    update sessions set worked_at = %(wall)s
    where id = %(id)s and greatest(stepped_up_at, worked_at) > %(since)s
        and coalesce(worked_at, stepped_up_at) <= %(lately)s
)
select is_fresh from seen
"""


async def forget_expired(unit: Unit) -> None:
    over = sa.func.coalesce(Session.refresh_by, Session.expires_at) < unit.wall
    await unit.session.execute(sa.delete(Session).where(over))


class _Found(NamedTuple):
    id: UUID
    account_id: UUID
    hospital_id: UUID | None
    roles: list[str]
    name: str
    assurance: str
    channel: str
    rotated_at: datetime
    seen_at: datetime
    current: bool


async def stands(connection: AsyncConnection, session_id: UUID, wall: datetime) -> bool:
    """Whether whoever holds a socket of this session is still signed in. Looking is no work: it may idle."""
    found = sa.select(Session.id).where(
        Session.id == session_id,
        sa.func.coalesce(Session.refresh_by, Session.expires_at) > wall,
        sa.or_(Session.hospital_id.is_(None), Session.seen_at >= wall - STAFF_IDLES),
    )
    return (await connection.execute(found)).first() is not None


_FIND = b"""
select id, account_id, hospital_id, roles, name, assurance, channel, rotated_at, seen_at, token_hash = $1
from sessions
where (token_hash = $1 or (previous_hash = $1 and rotated_at > $2)) and expires_at > $3
"""


async def find_presence(
    connection: AsyncConnection, token: str, wall: datetime, *, bearer: bool
) -> Presence | None:
    """Who holds this token. One read; `seen_at` is written at most once in five minutes."""
    marks = (digest(token), wall - ROTATION_GRACE, wall)

    async def ask(driver: psycopg.AsyncConnection[Any]) -> Any:
        # On the driver, as every request pays for it.
        cursor = cursor_of(connection, driver, _FIND)
        return await (await cursor.execute(_FIND, marks, prepare=True)).fetchone()

    _, found = await first_word(connection, ask)
    if found is None:
        return None
    row = _Found._make(found)
    if bearer == (row.channel in BY_COOKIE):
        return None
    if row.hospital_id is not None and row.seen_at < wall - STAFF_IDLES:
        return None
    if row.seen_at < wall - timedelta(minutes=5):
        await connection.execute(
            sa.text("update sessions set seen_at = :wall where id = :id"), {"wall": wall, "id": row.id}
        )
        await connection.commit()
    stale = not bearer and row.current and row.rotated_at < wall - ROTATE_AFTER
    return Presence(row.id, _actor(row), row.channel, stale)


async def rotate(connection: AsyncConnection, session_id: UUID, wall: datetime) -> str | None:
    """Give the browser a new token; the old one works for another minute. None if another request did."""
    token = secrets.token_urlsafe(32)
    done = await connection.execute(
        sa.text(
            "update sessions set previous_hash = token_hash, token_hash = :new, rotated_at = :wall"
            " where id = :id and rotated_at < :due"
        ),
        {"new": digest(token), "wall": wall, "id": session_id, "due": wall - ROTATE_AFTER},
    )
    await connection.commit()
    return token if done.rowcount else None


def _actor(row: Session | _Found) -> Actor:
    return Actor.signed_in(
        row.account_id,
        frozenset(Role(role) for role in row.roles),
        hospital_id=row.hospital_id,
        name=row.name,
        assurance=row.assurance,
        session_id=row.id,
    )
