"""What a person sets for themselves: language, colours, large type, and which sessions stay."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import queries
from telehealth.accounts.errors import SessionNotFound
from telehealth.accounts.models import Account
from telehealth.accounts.states import Lang, Theme
from telehealth.core.access import Actor
from telehealth.core.errors import Unauthenticated
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import Session, end_session


async def own_account(units: Units, actor: Actor) -> Account:
    """A patient's or a member of staff's own account, whichever hospital opened it."""
    async with units.account(actor.account, actor) as unit:
        return await _own(unit, actor)


async def prefer(
    units: Units,
    actor: Actor,
    *,
    lang: Lang | None = None,
    theme: Theme | None = None,
    elder: bool | None = None,
) -> Account:
    """Keep what was chosen; None leaves a choice as it is."""
    async with units.account(actor.account, actor) as unit:
        account = await _own(unit, actor)
        account.lang = lang if lang is not None else account.lang
        account.theme = theme if theme is not None else account.theme
        account.elder = elder if elder is not None else account.elder
    return account


async def call_account(unit: Unit, account_id: UUID, name: str) -> None:
    """Set the name an account is greeted by, once its owner's identity was verified."""
    account = await queries.find_account(unit, account_id)
    if account is not None:
        account.name = name


async def own_sessions(unit: Unit, actor: Actor) -> Sequence[Session]:
    """Every way this account is signed in, the last used first; a bearer's while it can be renewed."""
    alive = sa.func.coalesce(Session.refresh_by, Session.expires_at) > unit.wall
    found = sa.select(Session).where(Session.account_id == actor.account, alive)
    return (await unit.session.scalars(found.order_by(Session.seen_at.desc(), Session.id))).all()


async def sign_out(unit: Unit, actor: Actor, session_id: UUID) -> None:
    """End one's own session. Raises SessionNotFound."""
    row = await unit.session.get(Session, session_id)
    if row is None or row.account_id != actor.account:
        raise SessionNotFound()
    await end_session(unit, session_id)
    unit.audit("account.signed_out", f"sessions:{session_id}", account_id=actor.account)


async def _own(unit: Unit, actor: Actor) -> Account:
    account = await queries.find_account(unit, actor.account)
    if account is None:
        raise Unauthenticated()
    return account
