"""Tell doctor, patient and those on duty what became of a sheet under review."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.reactions import Reaction
from prescriptions.reviewing.models import PharmacistDuty
from telehealth.core.access import HOUSE
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify


async def tell_doctor(unit: Unit, rx: Prescription, notice: Notice, **more: Any) -> None:
    if rx.signed_by is not None:
        await notify(
            unit, notice, rx.signed_by, hospital_id=rx.hospital_id, href=f"/staff/prescriptions/{rx.id}",
            number=rx.number, **more,
        )  # fmt: skip


async def tell_patient(unit: Unit, rx: Prescription, notice: Notice) -> None:
    if rx.account_id is not None:
        await notify(
            unit, notice, rx.account_id, hospital_id=rx.hospital_id, href=f"/prescriptions/{rx.id}",
            number=rx.number,
        )  # fmt: skip


async def tell_those_on_duty(unit: Unit, rx: Prescription, notice: Notice, **more: Any) -> int:
    """How many pharmacists were told."""
    readers = [one for one in await _on_duty(unit, rx.hospital_id) if one != rx.signed_by]
    for account_id in readers:
        await notify(
            unit, notice, account_id, hospital_id=rx.hospital_id, href=f"/staff/reviews/{rx.id}",
            number=rx.number, **more,
        )  # fmt: skip
    return len(readers)


@task("prescriptions.tell_of_reaction")
async def tell_of_reaction(work: Work, *, hospital_id: str, reaction_id: str, notice: str) -> None:
    """Those on duty, in the hospital's own scope: who is on duty is not the patient's to read.

    Where nobody is, it stands in the list of work. Told twice is better than never.
    """
    async with work.units.hospital(UUID(hospital_id), HOUSE) as unit:
        row = await unit.session.get_one(Reaction, UUID(reaction_id))
        more: dict[str, Any] = {"answer_by": row.assess_by} if notice == Notice.RX_REACTION_TO_ASSESS else {}
        for account_id in await _on_duty(unit, row.hospital_id):
            await notify(
                unit, Notice(notice), account_id, hospital_id=row.hospital_id,
                href=f"/staff/reactions/{row.id}", number=row.rx_number, **more,
            )  # fmt: skip


async def _on_duty(unit: Unit, hospital_id: UUID) -> list[UUID]:
    found = await unit.session.scalars(
        sa.select(PharmacistDuty.account_id)
        .where(
            PharmacistDuty.hospital_id == hospital_id,
            PharmacistDuty.starts_at <= unit.now,
            PharmacistDuty.ends_at > unit.now,
        )
        .distinct()
    )
    return list(found)
