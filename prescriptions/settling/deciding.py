"""Packed, decocted, on the way or in the patient's hands: a person decides what of the goods goes back.

docs/money.md §9 says what is usual; whoever decides otherwise says why. Freight was never ours to return: the
courier collects it at the door, or the hospital bears it by its contract.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import AbandonAsked
from prescriptions.settling.errors import NothingPaid
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.queries import lock_sheet, paid_by_number
from prescriptions.settling.rules import FULL, SHARES, Cause
from prescriptions.settling.telling import announce_state
from prescriptions.states import FulfilmentEvent, FulfilmentState, Path, RxEvent
from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.payments import Refund, RefundReason
from telehealth.payments.charging import earn
from telehealth.payments.refunding import refund_share


@dataclass(frozen=True, slots=True)
class Decision:
    cause: Cause
    #: Of the goods, with what went back before, in basis points; None is what the table says.
    basis_points: int | None = None
    note: str = ""

    @property
    def share(self) -> int:
        return SHARES[self.cause] if self.basis_points is None else self.basis_points


@dataclass(frozen=True, slots=True)
class PaidSheet:
    """What finance needs to decide: nothing of what is on it. Fen."""

    id: UUID
    number: str
    total: int
    paid_at: datetime | None
    path: Path | None
    #: Sent, or handed out at the window.
    has_left: bool
    #: A share can still be given back.
    is_open: bool


async def give_back(unit: Unit, prescription_id: UUID, decision: Decision) -> Refund | None:
    """Refund a share of the goods; what had not left the house yet is given up with it.

    None when nothing goes back. Raises PrescriptionNotFound, NothingPaid, and what the pharmacy raises when
    the order cannot be given up (it has left meanwhile: decide again).
    """
    unit.actor.require(Permission.MANAGE_REFUNDS)
    if not 0 <= decision.share <= FULL:
        raise ValueError("a share is between nothing and all of it")
    sheet = await lock_sheet(unit, prescription_id)
    rx, row = sheet.rx, sheet.fulfilment
    if rx.hospital_id != unit.actor.hospital_id:
        raise PrescriptionNotFound()
    if row is None or row.state not in (FulfilmentState.PAID, FulfilmentState.DISPENSED):
        raise NothingPaid()
    gives_up = row.state is FulfilmentState.PAID
    if gives_up:
        await unit.publish(AbandonAsked(rx.id, str(decision.cause)))
        row.apply(FulfilmentEvent.UNDO, at=unit.now)
        row.code_digest = None
        rx.apply(RxEvent.UNDO, at=unit.now, reason=str(decision.cause))
        await announce_state(unit, rx, "undone")
    refund = await _refund(unit, row, decision)
    if gives_up and row.charge_id is not None:
        # What is kept is for what was cooked or packed.
        await earn(unit, row.charge_id)
    unit.audit(
        "prescription.refund_decided", rx,
        number=rx.number, cause=decision.cause, share=decision.share,
        refund=refund.number if refund is not None else None,
    )  # fmt: skip
    return refund


async def paid_sheet(unit: Unit, number: str) -> PaidSheet | None:
    """What finance needs to decide, by the full number; None for none that was paid."""
    unit.actor.require(Permission.MANAGE_REFUNDS)
    found = await paid_by_number(unit, unit.actor.hospital, number)
    if found is None:
        return None
    rx, row = found
    return PaidSheet(
        id=rx.id,
        number=rx.number,
        total=rx.total,
        paid_at=row.paid_at,
        path=row.path,
        has_left=row.state is FulfilmentState.DISPENSED,
        is_open=row.state in (FulfilmentState.PAID, FulfilmentState.DISPENSED),
    )


async def _refund(unit: Unit, row: Fulfilment, decision: Decision) -> Refund | None:
    if row.charge_id is None:
        return None
    return await refund_share(
        unit, row.charge_id, decision.share, RefundReason.STAFF, note=decision.note, in_all=True
    )
