"""Herbs that the pharmacy cooks: which pot, since when, how many bags. No refund is automatic then."""

from uuid import UUID

from prescriptions.models import Prescription
from prescriptions.pharmacy.errors import NothingToDecoct
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.policy import take_order
from prescriptions.sheet.content import DecoctedBy
from prescriptions.states import DispatchEvent, SheetKind
from prescriptions.stock import note_presence
from prescriptions.writing.content import read_body
from telehealth.core.access import Actor
from telehealth.core.unit import Unit


async def start(unit: Unit, actor: Actor, order_id: UUID, *, pot: str) -> DispatchOrder:
    row = await take_order(unit, actor, order_id)
    if not row.needs_decocting:
        raise NothingToDecoct()
    row.apply(DispatchEvent.START_DECOCTING)
    row.decoction = {"pot": pot, "started_at": unit.now.isoformat(), "by": str(actor.account)}
    await note_presence(unit, actor)
    unit.audit("dispatch.decocting", row, number=row.number, pot=pot)
    return row


async def finish(unit: Unit, actor: Actor, order_id: UUID, *, bags: int) -> DispatchOrder:
    row = await take_order(unit, actor, order_id)
    row.apply(DispatchEvent.FINISH_DECOCTING)
    row.decoction = {**row.decoction, "bags": bags, "ended_at": unit.now.isoformat()}
    await note_presence(unit, actor)
    unit.audit("dispatch.decocted", row, number=row.number, bags=bags)
    return row


def asks_for_decocting(rx: Prescription) -> bool:
    if rx.kind is not SheetKind.HERB:
        return False
    return read_body(rx.body).decoction.decocted_by is DecoctedBy.PHARMACY
