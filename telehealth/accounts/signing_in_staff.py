"""Staff sign in with a password, then a second factor. Between the two they hold a ticket, no session.

A ticket names the account and the version of its credentials: whatever changes them ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.accounts import queries
from telehealth.accounts.errors import NoWork, SignInRefused, StepExpired, StepOutOfOrder
from telehealth.accounts.models import Account, StaffMember
from telehealth.accounts.passwords import hash_password, is_password
from telehealth.accounts.rules import check_password
from telehealth.accounts.second_factor import Enrolment, secret_to_enrol, try_code
from telehealth.accounts.signing_in import SignedIn
from telehealth.accounts.states import AccountStatus, MemberEvent, MemberState, NextStep
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.tickets import TicketExpired, TicketInvalid, Tickets
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import end_session, end_sessions_of, open_session

PURPOSE = "staff.sign_in"
TICKET_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Step:
    """What is owed next, and the ticket that lets them do it."""

    ticket: str
    owes: NextStep
    hospital_ids: tuple[UUID, ...]


async def begin(units: Units, tickets: Tickets, login: str, password: str) -> Step:
    """Check the password. Raises SignInRefused (the same for an unknown login), NoWork."""
    async with units.system("staff sign-in") as unit:
        account = await queries.staff_by_login(unit, login)
    # No unit is open while the hash is computed.
    right = await is_password(password, None if account is None else account.password_hash)
    if account is None or not right:
        raise SignInRefused()
    async with units.system("staff sign-in") as unit:
        return await _step(unit, tickets, account)


async def look(units: Units, tickets: Tickets, ticket: str) -> Step:
    """Where this ticket's holder stands, under the same ticket. Raises StepExpired, NoWork."""
    async with units.system("staff sign-in") as unit:
        account = await _holder(unit, tickets, ticket)
        return Step(ticket, owes(account), await _hospitals(unit, account))


async def choose_first_password(units: Units, tickets: Tickets, ticket: str, password: str) -> Step:
    """Replace the password an administrator issued. Raises FieldsInvalid, StepExpired, StepOutOfOrder."""
    hashed = await hash_password(password)
    async with units.system("staff sign-in") as unit:
        account = await _holder(unit, tickets, ticket)
        if not account.password_is_initial:
            raise StepOutOfOrder(owes=owes(account))
        await refuse_weak(account, password)
        _replace(account, hashed)
        unit.audit("account.password_changed", account, account_id=account.id)
        return await _step(unit, tickets, account)


async def show_enrolment(units: Units, tickets: Tickets, ticket: str) -> Enrolment:
    """The secret to scan, before it was ever confirmed. Raises StepExpired, StepOutOfOrder."""
    async with units.system("staff sign-in") as unit:
        account = await _holder(unit, tickets, ticket)
        if owes(account) is not NextStep.ENROLMENT:
            raise StepOutOfOrder(owes=owes(account))
        return secret_to_enrol(account)


async def finish(
    units: Units,
    tickets: Tickets,
    ticket: str,
    code: str,
    *,
    hospital_id: UUID | None,
    channel: str,
    user_agent: str = "",
    replaces: UUID | None = None,
) -> SignedIn:
    """Take the second factor and open a session at one hospital.

    Raises StepExpired, StepOutOfOrder, SecondFactorWrong, SecondFactorUsed, SecondFactorLocked,
    NoWork, FieldsInvalid when they work in several hospitals and named none of them.
    """
    async with units.system("staff sign-in") as unit:
        account = await _holder(unit, tickets, ticket)
        if account.password_is_initial or account.totp_secret is None:
            raise StepOutOfOrder(owes=owes(account))
        member = _chosen(await queries.memberships(unit, account.id), hospital_id)
        refusal = try_code(unit, account, code)
        signed_in = refusal or await _open(unit, account, member, channel=channel, user_agent=user_agent)
        if replaces is not None and refusal is None:
            await end_session(unit, replaces)
    # Raised only now: the count of wrong codes is committed.
    if isinstance(signed_in, DomainError):
        raise signed_in
    return signed_in


def owes(account: Account) -> NextStep:
    if account.password_is_initial:
        return NextStep.NEW_PASSWORD
    return NextStep.ENROLMENT if account.totp_confirmed_at is None else NextStep.TOTP


async def refuse_weak(account: Account, password: str) -> None:
    """Raises FieldsInvalid for a password that is too simple or the one they have."""
    try:
        check_password(password, account.login or "")
    except ValueError as error:
        raise FieldsInvalid({"password": str(error)}) from None
    if await is_password(password, account.password_hash):
        raise FieldsInvalid({"password": N_("新密码不能与当前密码相同")})


async def change_password(units: Units, actor: Actor, *, current: str, password: str) -> None:
    """Ends every session of the account. Raises PasswordWrong, FieldsInvalid."""
    hashed = await hash_password(password)
    async with units.system("password change", actor) as unit:
        account = await queries.lock_account(unit, actor.account)
        if account is None or not await is_password(current, account.password_hash):
            raise FieldsInvalid({"current": N_("当前密码不正确")})
        await refuse_weak(account, password)
        _replace(account, hashed)
        await end_sessions_of(unit, account.id)
        unit.audit("account.password_changed", account, account_id=account.id)


def _replace(account: Account, hashed: str) -> None:
    account.password_hash = hashed
    account.password_is_initial = False
    account.credentials_version += 1


async def _step(unit: Unit, tickets: Tickets, account: Account) -> Step:
    hospitals = await _hospitals(unit, account)
    claims = {"account": str(account.id), "version": account.credentials_version}
    return Step(tickets.issue(PURPOSE, claims, ttl=TICKET_LASTS), owes(account), hospitals)


async def _holder(unit: Unit, tickets: Tickets, ticket: str) -> Account:
    """The account of a ticket, locked."""
    try:
        claims = tickets.read(PURPOSE, ticket)
    except (TicketExpired, TicketInvalid):
        raise StepExpired() from None
    account = await queries.lock_account(unit, UUID(claims["account"]))
    current = account is not None and account.credentials_version == claims["version"]
    if account is None or not current or account.status is AccountStatus.CLOSED:
        raise StepExpired()
    return account


async def _hospitals(unit: Unit, account: Account) -> tuple[UUID, ...]:
    found = await queries.memberships(unit, account.id)
    if not found or account.status is AccountStatus.CLOSED:
        raise NoWork()
    return tuple(member.hospital_id for member in found)


def _chosen(members: Sequence[StaffMember], hospital_id: UUID | None) -> StaffMember:
    if not members:
        raise NoWork()
    if hospital_id is None and len(members) == 1:
        return members[0]
    for member in members:
        if member.hospital_id == hospital_id:
            return member
    raise FieldsInvalid({"hospital_id": N_("请选择要进入的医院")})


async def _open(
    unit: Unit, account: Account, member: StaffMember, *, channel: str, user_agent: str
) -> SignedIn:
    if member.status is MemberState.INVITED:
        member.apply(MemberEvent.ACCEPT)
        unit.audit("staff.accepted", member)
    actor = Actor.signed_in(
        account.id,
        frozenset(Role(role) for role in member.roles),
        hospital_id=member.hospital_id,
        name=member.name,
        assurance="totp",
    )
    opened = await open_session(unit, actor, channel=channel, user_agent=user_agent)
    unit.audit("staff.signed_in", member, channel=channel)
    return SignedIn(opened, actor, account)
