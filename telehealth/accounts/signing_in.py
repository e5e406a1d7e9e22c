"""A patient signs in with a phone and a code. One account a phone, whatever the door (XY15, XY16)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import queries
from telehealth.accounts.errors import AccountClosed
from telehealth.accounts.issuing_codes import CodeIssued, check_code, issue_code, spend_code
from telehealth.accounts.models import Account
from telehealth.accounts.states import AccountKind, AccountStatus, Channel, CodePurpose, Lang
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import Opened, RefreshTokenInvalid, end_session, open_session, refresh_session

PATIENT = frozenset({Role.PATIENT})


@dataclass(frozen=True, slots=True)
class SignedIn:
    opened: Opened
    actor: Actor
    account: Account


async def request_code(units: Units, phone: str, lang: Lang = Lang.ZH) -> CodeIssued:
    """Raises CodeTooSoon, CodesUsedUp, CodeNotSent."""
    return await issue_code(units, phone, purpose=CodePurpose.SIGN_IN, lang=lang)


async def sign_in_with_code(
    units: Units,
    phone: str,
    code: str,
    *,
    channel: str,
    door: Channel,
    user_agent: str = "",
    device: str = "",
    replaces: UUID | None = None,
) -> SignedIn:
    """Open a session for the account of this phone, making the account at its first visit.

    `channel` is what the session serves ("browser", "app", "mini_program"); `door` is what a new
    account remembers. `replaces` is the session this browser held until now.

    Raises CodeWrong, CodeBurned, CodeExpired, AccountClosed.
    """
    right = await check_code(units, phone, purpose=CodePurpose.SIGN_IN, code=code)
    async with units.system("sign-in") as unit:
        await spend_code(unit, right)
        account = await _account_of(unit, phone, door)
        if account.status is AccountStatus.CLOSED:
            raise AccountClosed()
        actor = Actor.signed_in(account.id, PATIENT, assurance="code")
        if replaces is not None:
            await end_session(unit, replaces)
        opened = await open_session(unit, actor, channel=channel, user_agent=user_agent, device=device)
        unit.audit("account.signed_in", account, account_id=account.id, channel=channel)
    return SignedIn(opened, actor, account)


async def renew(units: Units, refresh_token: str) -> tuple[Opened, Actor]:
    """Raises RefreshTokenInvalid; a token seen twice ends the session for both who hold it."""
    async with units.system("sign-in") as unit:
        renewed = await refresh_session(unit, refresh_token)
    if renewed is None:
        raise RefreshTokenInvalid()
    return renewed


async def _account_of(unit: Unit, phone: str, door: Channel) -> Account:
    """The unique index decides between two first sign-ins at once, not a look before the insert."""
    fresh = insert(Account).values(
        id=new_id(),
        kind=AccountKind.PATIENT,
        status=AccountStatus.ACTIVE,
        phone=phone,
        phone_index=queries.phone_index(phone),
        password_is_initial=False,
        totp_failures=0,
        credentials_version=0,
        channel=door,
        created_at=unit.now,
    )
    made = await unit.session.execute(
        fresh.on_conflict_do_nothing(
            index_elements=["phone_index"], index_where=sa.text("kind = 'patient'")
        ).returning(Account.id)
    )
    is_new = made.first() is not None
    account = await queries.patient_by_phone(unit, phone)
    if account is None:
        raise LookupError("an account that was just made or found")
    if is_new:
        unit.audit("account.opened", account, account_id=account.id, channel=door)
    return account
