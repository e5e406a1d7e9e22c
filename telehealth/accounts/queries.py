"""Every SELECT of accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.models import PHONE_CONTEXT, Account, PhoneCode, StaffMember, WeChatIdentity
from telehealth.accounts.states import AccountKind, CodePurpose, MemberState
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.seal import blind_index, ring_in_use
from telehealth.core.unit import Unit


def phone_index(phone: str) -> bytes:
    """`phone` in E.164."""
    return blind_index(ring_in_use(), PHONE_CONTEXT, phone)


async def find_account(unit: Unit, account_id: UUID) -> Account | None:
    """An account the unit may see: its own, or one its hospital opened."""
    return await unit.session.get(Account, account_id)


async def lock_account(unit: Unit, account_id: UUID) -> Account | None:
    found = sa.select(Account).where(Account.id == account_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def patient_by_phone(unit: Unit, phone: str) -> Account | None:
    found = sa.select(Account).where(
        Account.phone_index == phone_index(phone), Account.kind == AccountKind.PATIENT
    )
    return (await unit.session.scalars(found)).one_or_none()


async def staff_by_login(unit: Unit, login: str) -> Account | None:
    found = sa.select(Account).where(Account.login == login, Account.kind == AccountKind.STAFF)
    return (await unit.session.scalars(found)).one_or_none()


async def memberships(unit: Unit, account_id: UUID) -> Sequence[StaffMember]:
    """Where this person works or is invited to, in a fixed order; suspended memberships are left out."""
    found = sa.select(StaffMember).where(
        StaffMember.account_id == account_id, StaffMember.status != MemberState.SUSPENDED
    )
    return (await unit.session.scalars(found.order_by(StaffMember.created_at, StaffMember.id))).all()


async def staff_of(unit: Unit, hospital_id: UUID | None = None) -> Sequence[StaffMember]:
    """Everybody who works or worked at a hospital (default: the unit's), by name."""
    wanted = hospital_id or unit.hospital_id
    found = sa.select(StaffMember).where(StaffMember.hospital_id == wanted)
    return (await unit.session.scalars(found.order_by(StaffMember.name, StaffMember.id))).all()


async def staff_member(unit: Unit, member_id: UUID) -> StaffMember | None:
    return await unit.session.get(StaffMember, member_id)


async def lock_member(unit: Unit, member_id: UUID) -> StaffMember | None:
    found = sa.select(StaffMember).where(StaffMember.id == member_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def initial_passwords(unit: Unit, hospital_id: UUID) -> Sequence[tuple[StaffMember, datetime]]:
    """Whoever works here and never replaced the password they were issued, and since when they have it."""
    issued = (
        sa.select(sa.func.max(AuditRecord.at))
        .where(
            AuditRecord.subject_kind == StaffMember.__tablename__,
            AuditRecord.subject_id == sa.cast(StaffMember.id, sa.Text),
            AuditRecord.name.in_(("staff.enrolled", "staff.password_reset")),
        )
        .scalar_subquery()
    )
    since = sa.func.coalesce(issued, StaffMember.created_at).label("since")
    found = (
        sa.select(StaffMember, since)
        .join(Account, Account.id == StaffMember.account_id)
        .where(
            StaffMember.hospital_id == hospital_id,
            StaffMember.status == MemberState.ACTIVE,
            Account.password_is_initial,
        )
    )
    return [(member, at) for member, at in await unit.session.execute(found.order_by(since, StaffMember.id))]


async def member_of_account(
    unit: Unit, account_id: UUID, hospital_id: UUID | None = None
) -> StaffMember | None:
    """This person's work at a hospital (default: the unit's)."""
    found = sa.select(StaffMember).where(
        StaffMember.account_id == account_id, StaffMember.hospital_id == (hospital_id or unit.hospital_id)
    )
    return (await unit.session.scalars(found)).one_or_none()


async def lock_administrators(unit: Unit, hospital_id: UUID) -> Sequence[StaffMember]:
    """The working administrators of a hospital, locked in one order, so that two cannot remove each other."""
    found = sa.select(StaffMember).where(
        StaffMember.hospital_id == hospital_id,
        StaffMember.status == MemberState.ACTIVE,
        StaffMember.roles.contains([str(Role.ADMIN)]),
    )
    return (await unit.session.scalars(found.order_by(StaffMember.id).with_for_update())).all()


async def latest_code(unit: Unit, phone: str, purpose: CodePurpose, subject: str) -> PhoneCode | None:
    found = sa.select(PhoneCode).where(
        PhoneCode.phone_index == phone_index(phone),
        PhoneCode.purpose == purpose,
        PhoneCode.subject == subject,
    )
    newest = found.order_by(PhoneCode.issued_at.desc(), PhoneCode.id.desc()).limit(1)
    return (await unit.session.scalars(newest)).one_or_none()


async def codes_since(unit: Unit, phone: str, since: datetime) -> Sequence[datetime]:
    """When this phone was sent codes the vendor confirmed, newest first."""
    found = sa.select(PhoneCode.issued_at).where(
        PhoneCode.phone_index == phone_index(phone), PhoneCode.issued_at > since, ~PhoneCode.unconfirmed
    )
    return (await unit.session.scalars(found.order_by(PhoneCode.issued_at.desc()))).all()


async def openid_of(unit: Unit, account_id: UUID, appid: str) -> str | None:
    """Who this account is to one app of WeChat, if that is known."""
    found = sa.select(WeChatIdentity.openid).where(
        WeChatIdentity.account_id == account_id, WeChatIdentity.appid == appid
    )
    return (await unit.session.scalars(found)).one_or_none()


async def account_of_openid(unit: Unit, appid: str, openid: str) -> Account | None:
    found = sa.select(Account).join(WeChatIdentity, WeChatIdentity.account_id == Account.id)
    same = found.where(WeChatIdentity.appid == appid, WeChatIdentity.openid == openid)
    return (await unit.session.scalars(same)).one_or_none()


async def account_of_unionid(unit: Unit, unionid: str) -> Account | None:
    """The one account that another app of the same hospital knows; None when it knows several."""
    linked = sa.select(WeChatIdentity.account_id).where(WeChatIdentity.unionid == unionid)
    found = await unit.session.scalars(sa.select(Account).where(Account.id.in_(linked)).limit(2))
    accounts = found.all()
    return accounts[0] if len(accounts) == 1 else None
