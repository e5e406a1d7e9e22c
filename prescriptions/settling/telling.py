"""Tell patient and doctor what became of a sheet; the chat card follows by itself."""

from typing import Any
from uuid import UUID

from prescriptions.models import Prescription
from prescriptions.writing.carding import announce_state
from telehealth.core.money import yuan
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify

__all__ = ["announce_state", "href", "tell", "tell_doctor"]


def href(prescription_id: UUID) -> str:
    return f"/prescriptions/{prescription_id}"


async def tell(
    unit: Unit, rx: Prescription, notice: Notice, *, amount: int | None = None, **more: Any
) -> None:
    """`amount` in fen. Whoever has no account is told at the desk."""
    if rx.account_id is None:
        return
    if amount is not None:
        more["amount"] = yuan(amount)
    await notify(
        unit, notice, rx.account_id, hospital_id=rx.hospital_id, href=href(rx.id), number=rx.number, **more
    )


async def tell_doctor(unit: Unit, rx: Prescription, notice: Notice) -> None:
    if rx.signed_by is not None:
        await notify(
            unit, notice, rx.signed_by, hospital_id=rx.hospital_id, href=f"/staff/visits/{rx.visit_id}",
            number=rx.number,
        )  # fmt: skip
