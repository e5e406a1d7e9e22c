"""People who can sign in, and the tokens they would hold."""

from collections.abc import Collection
from uuid import UUID

import pyotp

from telehealth.accounts.enrolling_staff import enrol_demo
from telehealth.accounts.models import Account, StaffMember
from telehealth.accounts.queries import find_account
from telehealth.accounts.rules import parse_phone
from telehealth.accounts.signing_in import PATIENT, _account_of
from telehealth.accounts.states import Channel
from telehealth.core.access import Actor, Role
from telehealth.core.unit import Units
from telehealth.web.sessions import open_session

#: Sample second factor and password of every sample member of staff.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a sample password"


async def add_patient(
    units: Units, phone: str = "13800001234", *, name: str = "", door: Channel = Channel.BROWSER
) -> Account:
    async with units.system("test") as unit:
        account = await _account_of(unit, parse_phone(phone), door)
        account.name = name or account.name
    return account


async def add_staff(
    units: Units,
    hospital_id: UUID,
    roles: Collection[Role] = (Role.DESK,),
    *,
    login: str = "desk",
    name: str = "样例员工",
    phone: str | None = None,
    doctor_id: UUID | None = None,
) -> StaffMember:
    async with units.system("test") as unit:
        return await enrol_demo(
            unit,
            hospital_id=hospital_id,
            login=login,
            password=PASSWORD,
            totp_secret=TOTP_SECRET,
            name=name,
            name_en="Sample Member",
            roles=roles,
            phone=phone,
            doctor_id=doctor_id,
        )


def patient(account: Account) -> Actor:
    return Actor.signed_in(account.id, PATIENT, assurance="code")


def staff(member: StaffMember) -> Actor:
    return Actor.signed_in(
        member.account_id,
        frozenset(Role(role) for role in member.roles),
        hospital_id=member.hospital_id,
        name=member.name,
        assurance="totp",
    )


async def cookie(units: Units, actor: Actor) -> dict[str, str]:
    """The headers of a browser that is signed in."""
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel="browser")
    return {"cookie": f"th_session={opened.token}"}


async def bearer(units: Units, actor: Actor, channel: str = "app") -> dict[str, str]:
    """The headers of an app that is signed in."""
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel=channel)
    return {"authorization": f"Bearer {opened.token}"}


async def reread(units: Units, account_id: UUID) -> Account:
    async with units.system("test") as unit:
        account = await find_account(unit, account_id)
    assert account is not None
    return account


def totp_at(units: Units, *, steps: int = 0) -> str:
    """What the sample authenticator shows now, or some steps of 30 seconds away."""
    return pyotp.TOTP(TOTP_SECRET).at(units.clock.wall(), counter_offset=steps)
