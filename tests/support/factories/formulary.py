"""Files of a drug book, sent as an administrator's page sends them."""

from uuid import UUID

from prescriptions.formulary import accepting, importing
from prescriptions.formulary.models import FormularyImport
from prescriptions.formulary.queries import import_row
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units


def administrator(hospital_id: UUID) -> Actor:
    return Actor.signed_in(
        new_id(), frozenset({Role.ADMIN}), hospital_id=hospital_id, name="样例管理员", assurance="totp"
    )


async def send_in(
    units: Units, hospital_id: UUID, version_id: UUID, table: str, content: bytes, *, replaces: bool = False
) -> FormularyImport:
    """Taken in; the job that reads it has not run."""
    boss = administrator(hospital_id)
    return await accepting.take(units, boss, version_id, table, content, replaces=replaces)


async def take_in(
    units: Units, hospital_id: UUID, version_id: UUID, table: str, content: bytes, *, replaces: bool = False
) -> FormularyImport:
    """Taken in, and read by the job."""
    row = await send_in(units, hospital_id, version_id, table, content, replaces=replaces)
    await importing.run(units, row.id, hospital_id)
    async with units.system("test") as unit:
        return await import_row(unit, row.id)
