"""Reading and locking what was paid for. Lock order: consultation, prescription, fulfilment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.queries import lock_behind_visit
from prescriptions.settling.models import Fulfilment
from telehealth.core.seal import blind_index, ring_in_use
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet and its way to the patient, as they are; None before a pharmacist passed it."""

    rx: Prescription
    fulfilment: Fulfilment | None


async def lock_sheet(unit: Unit, prescription_id: UUID) -> Sheet:
    """Both rows as they are once locked, behind the visit that the chat card is written to.

    Raises PrescriptionNotFound.
    """
    rx = await lock_behind_visit(unit, prescription_id)
    found: Fulfilment | None = await unit.session.scalar(
        sa.select(Fulfilment)
        .where(Fulfilment.id == prescription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return Sheet(rx, found)


async def count_print(unit: Unit, prescription_id: UUID) -> int:
    """One copy more; the number of copies."""
    counted = (
        sa.update(Fulfilment)
        .where(Fulfilment.id == prescription_id)
        .values(prints=Fulfilment.prints + 1, printed_at=unit.now)
        .returning(Fulfilment.prints)
    )
    return (await unit.session.scalars(counted)).one()


async def fulfilment(unit: Unit, prescription_id: UUID) -> Fulfilment | None:
    return await unit.session.get(Fulfilment, prescription_id)


async def fulfilments_of(unit: Unit, ids: Sequence[UUID]) -> dict[UUID, Fulfilment]:
    rows = await unit.session.scalars(sa.select(Fulfilment).where(Fulfilment.id.in_(ids)))
    return {row.id: row for row in rows}


async def by_code(unit: Unit, hospital_id: UUID, code: str) -> Fulfilment | None:
    found: Fulfilment | None = await unit.session.scalar(
        sa.select(Fulfilment).where(
            Fulfilment.hospital_id == hospital_id,
            Fulfilment.code_digest == code_digest(hospital_id, code),
        )
    )
    return found


def code_digest(hospital_id: UUID, code: str) -> str:
    """By which a pick-up code is found: keyed, so that the table tells nobody a code."""
    return blind_index(ring_in_use(), "fulfilments.code", f"{hospital_id}/{code}").hex()


async def last_address(unit: Unit, account_id: UUID) -> str | None:
    """Where this account had medicine sent last, as `address.Address` wrote it."""
    found: str | None = await unit.session.scalar(
        sa.select(Fulfilment.address)
        .where(Fulfilment.account_id == account_id, Fulfilment.address.is_not(None))
        .order_by(Fulfilment.passed_at.desc(), Fulfilment.id.desc())
        .limit(1)
    )
    return found


async def next_window_number(unit: Unit, pharmacy_id: UUID, since: datetime) -> int:
    """The number after the last one this pharmacy gave out since `since`, which is today's 00:00.

    Whoever comes at the same time waits here until we commit, so no number is given twice.
    """
    await unit.session.execute(_ONE_AT_A_TIME, {"pharmacy": str(pharmacy_id)})
    last = await unit.session.scalar(
        sa.select(sa.func.max(Fulfilment.window_number)).where(
            Fulfilment.pharmacy_id == pharmacy_id, Fulfilment.paid_at >= since
        )
    )
    return (last or 0) + 1


_ONE_AT_A_TIME = sa.text("select pg_advisory_xact_lock(hashtextextended('window/' || :pharmacy, 0))")


async def paid_by_number(
    unit: Unit, hospital_id: UUID, number: str
) -> tuple[Prescription, Fulfilment] | None:
    found = await unit.session.execute(
        sa.select(Prescription, Fulfilment)
        .join(Fulfilment, Fulfilment.id == Prescription.id)
        .where(Prescription.hospital_id == hospital_id, Prescription.number == number)
        .where(Fulfilment.paid_at.is_not(None))
    )
    row = found.first()
    return None if row is None else (row[0], row[1])
