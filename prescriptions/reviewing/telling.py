"""Tell doctor, patient and those on duty what became of a sheet under review."""

from typing import Any

import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.reviewing.models import PharmacistDuty
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
    on_duty = await unit.session.scalars(
        sa.select(PharmacistDuty.account_id)
        .where(
            PharmacistDuty.hospital_id == rx.hospital_id,
            PharmacistDuty.starts_at <= unit.now,
            PharmacistDuty.ends_at > unit.now,
            PharmacistDuty.account_id != rx.signed_by,
        )
        .distinct()
    )
    told = 0
    for account_id in on_duty:
        await notify(
            unit, notice, account_id, hospital_id=rx.hospital_id, href=f"/staff/reviews/{rx.id}",
            number=rx.number, **more,
        )  # fmt: skip
        told += 1
    return told
