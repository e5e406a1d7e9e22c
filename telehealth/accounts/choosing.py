"""What a person sets for themselves: language, colours, large type, and which sessions stay."""

from collections.abc import Sequence
from uuid import UUID

from telehealth.accounts import queries
from telehealth.accounts.errors import SessionNotFound
from telehealth.accounts.models import Account
from telehealth.accounts.states import Lang, Theme
from telehealth.core.access import Actor
from telehealth.core.errors import Unauthenticated
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import (
    Session,
    end_other_sessions,
    end_session,
    end_sessions_of,
    sessions_of,
)


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
    """Every way this account is signed in, the last used first; a bearer's while it can be renewed.

    A web-view is no way of its own: it is part of the mini-program it is open in.
    """
    return await sessions_of(unit, actor.account)


async def standing(unit: Unit, session_id: UUID | None) -> UUID | None:
    """The session a person would call "this device": that of the mini-program for its web-view."""
    row = None if session_id is None else await unit.session.get(Session, session_id)
    return session_id if row is None else row.opener_id or row.id


async def sign_out(unit: Unit, actor: Actor, session_id: UUID) -> None:
    """End one's own session. Raises SessionNotFound."""
    row = await unit.session.get(Session, session_id)
    if row is None or row.account_id != actor.account:
        raise SessionNotFound()
    # Out of the web-view is out of the mini-program, which would open the next one signed in again.
    await end_session(unit, row.opener_id or session_id)
    unit.audit("account.signed_out", f"sessions:{session_id}", account_id=actor.account)


async def sign_out_elsewhere(unit: Unit, actor: Actor, session_id: UUID) -> int:
    """End every session of one's own but this; how many those were."""
    ended = await end_other_sessions(unit, actor.account, session_id)
    where = f"sessions:{session_id}"
    unit.audit("account.signed_out_elsewhere", where, account_id=actor.account, ended=ended)
    return ended


async def sign_out_everywhere(unit: Unit, actor: Actor) -> None:
    await end_sessions_of(unit, actor.account)
    unit.audit("account.signed_out_everywhere", f"accounts:{actor.account}", account_id=actor.account)


async def _own(unit: Unit, actor: Actor) -> Account:
    account = await queries.find_account(unit, actor.account)
    if account is None:
        raise Unauthenticated()
    return account
