"""Administrators give people work at a hospital, change it and end it; every deed ends their sessions there.

Verbs run in a unit of the hospital. A password is never chosen by an administrator: one is
issued, shown once, and opens only the page that replaces it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import queries
from telehealth.accounts.errors import (
    AlreadyMember,
    LastAdministrator,
    LoginTaken,
    LoginUnknown,
    MemberNotFound,
    VouchedElsewhere,
)
from telehealth.accounts.models import Account, StaffMember
from telehealth.accounts.passwords import hash_password
from telehealth.accounts.rules import new_initial_password, parse_login, parse_phone
from telehealth.accounts.second_factor import forget_second_factor
from telehealth.accounts.states import (
    AccountKind,
    AccountStatus,
    Channel,
    MemberEvent,
    MemberState,
)
from telehealth.core.access import Actor, Role
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import end_sessions_of


@dataclass(frozen=True, slots=True)
class Enrolled:
    member: StaffMember
    #: To be shown once and handed over; never kept or logged.
    initial_password: str


async def enrol(
    unit: Unit,
    *,
    login: str,
    name: str,
    roles: Collection[Role],
    name_en: str = "",
    phone: str | None = None,
    doctor_id: UUID | None = None,
) -> Enrolled:
    """Open an account and give it work here. Raises FieldsInvalid, LoginTaken."""
    hospital_id = _hospital(unit)
    login, phone = _read("login", login), None if not phone else _read("phone", phone)
    password = new_initial_password()
    account = _account(unit, hospital_id, login, phone, await hash_password(password), initial=True)
    await _insert(unit, account)
    member = _member(unit, hospital_id, account, name, name_en, roles, doctor_id, MemberState.ACTIVE)
    await unit.session.flush()
    unit.audit("staff.enrolled", member, account_id=account.id, roles=sorted(roles))
    return Enrolled(member, password)


async def invite(
    units: Units,
    actor: Actor,
    *,
    login: str,
    name: str,
    roles: Collection[Role],
    name_en: str = "",
    doctor_id: UUID | None = None,
) -> StaffMember:
    """Offer work here to somebody another hospital enrolled; they accept by choosing us at sign-in.

    Raises LoginUnknown, AlreadyMember.
    """
    async with units.system("staff invitation", actor) as unit:
        account = await queries.staff_by_login(unit, _read("login", login))
        if account is None:
            raise LoginUnknown()
        if await queries.member_of_account(unit, account.id, actor.hospital) is not None:
            raise AlreadyMember()
        member = _member(unit, actor.hospital, account, name, name_en, roles, doctor_id, MemberState.INVITED)
        await unit.session.flush()
        unit.audit("staff.invited", member, account_id=account.id, roles=sorted(roles))
    return member


async def change_work(
    unit: Unit,
    member_id: UUID,
    *,
    name: str,
    name_en: str,
    roles: Collection[Role],
    doctor_id: UUID | None = None,
) -> StaffMember:
    """Change how a person is called here, their roles and the doctor they are.

    Raises MemberNotFound, LastAdministrator.
    """
    member = await _locked(unit, member_id)
    if Role.ADMIN not in roles:
        await _keep_an_administrator(unit, member)
    before = sorted(member.roles)
    member.name, member.name_en, member.doctor_id = name, name_en, doctor_id
    member.roles = _granted(roles)
    await end_sessions_of(unit, member.account_id, hospital_id=member.hospital_id)
    unit.audit("staff.changed", member, before=before, after=member.roles)
    return member


async def change_roles(unit: Unit, member_id: UUID, roles: Collection[Role]) -> StaffMember:
    """Raises MemberNotFound, LastAdministrator."""
    member = await _locked(unit, member_id)
    return await change_work(
        unit, member_id, name=member.name, name_en=member.name_en, roles=roles, doctor_id=member.doctor_id
    )


async def suspend(unit: Unit, member_id: UUID, *, reason: str) -> StaffMember:
    """Stop a person's work here at once. Raises MemberNotFound, LastAdministrator, TransitionRefused."""
    member = await _locked(unit, member_id)
    await _keep_an_administrator(unit, member)
    member.apply(MemberEvent.SUSPEND)
    await end_sessions_of(unit, member.account_id, hospital_id=member.hospital_id)
    unit.audit("staff.suspended", member, reason=reason)
    return member


async def reinstate(unit: Unit, member_id: UUID, *, reason: str) -> StaffMember:
    """Raises MemberNotFound, TransitionRefused."""
    member = await _locked(unit, member_id)
    member.apply(MemberEvent.REINSTATE)
    await end_sessions_of(unit, member.account_id, hospital_id=member.hospital_id)
    unit.audit("staff.reinstated", member, reason=reason)
    return member


async def reset_second_factor(unit: Unit, member_id: UUID) -> StaffMember:
    """The phone was lost: the next sign-in enrols another. Raises MemberNotFound, VouchedElsewhere."""
    member, account = await _ours(unit, member_id)
    forget_second_factor(account)
    await end_sessions_of(unit, account.id)
    unit.audit("staff.second_factor_reset", member)
    return member


async def reset_password(unit: Unit, member_id: UUID) -> Enrolled:
    """Issue another initial password. Raises MemberNotFound, VouchedElsewhere."""
    member, account = await _ours(unit, member_id)
    password = new_initial_password()
    account.password_hash = await hash_password(password)
    account.password_is_initial = True
    account.credentials_version += 1
    await end_sessions_of(unit, account.id)
    unit.audit("staff.password_reset", member)
    return Enrolled(member, password)


async def enrol_demo(
    unit: Unit,
    *,
    hospital_id: UUID,
    login: str,
    password: str,
    totp_secret: str,
    name: str,
    roles: Collection[Role],
    name_en: str = "",
    phone: str | None = None,
    doctor_id: UUID | None = None,
) -> StaffMember:
    """For the demo house and tests: sample staff whose password and second factor are known.

    Runs in a system unit. A login that exists gets work at one more hospital; calling it again
    changes nothing.
    """
    account = await queries.staff_by_login(unit, _read("login", login))
    if account is None:
        known = None if not phone else _read("phone", phone)
        account = _account(unit, hospital_id, login, known, await hash_password(password), initial=False)
        account.totp_secret, account.totp_confirmed_at = totp_secret, unit.wall
        await _insert(unit, account)
    member = await queries.member_of_account(unit, account.id, hospital_id)
    if member is None:
        member = _member(unit, hospital_id, account, name, name_en, roles, doctor_id, MemberState.ACTIVE)
        await unit.session.flush()
        unit.audit("staff.enrolled", member, account_id=account.id, roles=sorted(roles))
    return member


def _account(
    unit: Unit, hospital_id: UUID, login: str, phone: str | None, hashed: str, *, initial: bool
) -> Account:
    return Account(
        kind=AccountKind.STAFF,
        status=AccountStatus.ACTIVE,
        hospital_id=hospital_id,
        login=login,
        phone=phone,
        phone_index=None if phone is None else queries.phone_index(phone),
        password_hash=hashed,
        password_is_initial=initial,
        totp_failures=0,
        credentials_version=0,
        channel=Channel.CONSOLE,
        created_at=unit.now,
    )


async def _insert(unit: Unit, account: Account) -> None:
    """The unique constraint speaks, as we may not see who has the login. Raises LoginTaken."""
    try:
        async with unit.session.begin_nested():
            unit.session.add(account)
    except sa.exc.IntegrityError:
        raise LoginTaken() from None


def _member(
    unit: Unit,
    hospital_id: UUID,
    account: Account,
    name: str,
    name_en: str,
    roles: Collection[Role],
    doctor_id: UUID | None,
    status: MemberState,
) -> StaffMember:
    member = StaffMember(
        hospital_id=hospital_id,
        account_id=account.id,
        login=account.login or "",
        name=name,
        name_en=name_en,
        roles=_granted(roles),
        doctor_id=doctor_id,
        status=status,
        created_at=unit.now,
    )
    unit.session.add(member)
    return member


def _granted(roles: Collection[Role]) -> list[str]:
    """Raises FieldsInvalid for no role, or one that is not staff's."""
    if not roles or Role.PATIENT in roles:
        raise FieldsInvalid({"roles": N_("请至少选择一个岗位")})
    return sorted(str(role) for role in roles)


def _read(field: str, text: str) -> str:
    try:
        return parse_login(text) if field == "login" else parse_phone(text)
    except ValueError as error:
        raise FieldsInvalid({field: str(error)}) from None


def _hospital(unit: Unit) -> UUID:
    if unit.hospital_id is None:
        raise MemberNotFound()
    return unit.hospital_id


async def _locked(unit: Unit, member_id: UUID) -> StaffMember:
    member = await queries.lock_member(unit, member_id)
    if member is None or member.hospital_id != unit.hospital_id:
        raise MemberNotFound()
    return member


async def _ours(unit: Unit, member_id: UUID) -> tuple[StaffMember, Account]:
    """A member whose account this hospital opened: another's is out of our reach."""
    member = await _locked(unit, member_id)
    account = await queries.lock_account(unit, member.account_id)
    if account is None or account.hospital_id != unit.hospital_id:
        raise VouchedElsewhere()
    return member, account


async def _keep_an_administrator(unit: Unit, member: StaffMember) -> None:
    if Role.ADMIN not in member.roles or not member.works:
        return
    working = await queries.lock_administrators(unit, member.hospital_id)
    if all(admin.id == member.id for admin in working):
        raise LastAdministrator()
