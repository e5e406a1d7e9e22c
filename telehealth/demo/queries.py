import sqlalchemy as sa

from telehealth.accounts import StaffMember
from telehealth.core.unit import Unit


async def staff_member_by_login(unit: Unit, login: str) -> StaffMember | None:
    """The first work of a sample member of staff; in a system unit."""
    return (await unit.session.scalars(sa.select(StaffMember).where(StaffMember.login == login))).first()
