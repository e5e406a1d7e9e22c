"""A lot is called back: blocked wherever it lies, open orders stop, and everybody who has it is known."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.models import DispatchOrder, Recall
from prescriptions.pharmacy.rules import Trouble
from prescriptions.pharmacy.telling import tell
from prescriptions.queries import prescription
from prescriptions.states import AT_PHARMACY, RECALL, DispatchState, RecallEvent
from prescriptions.stock import LotNotFound, lots_numbered
from prescriptions.stock.receiving import RECALLED, block, unblock
from telehealth.core.access import Actor, Permission
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who got some of the lot. The name is masked; staff reach them through the order."""

    order_id: UUID
    number: str
    name: str
    state: DispatchState
    quantity: Decimal
    at: datetime
    can_be_told: bool


async def recall(unit: Unit, actor: Actor, drug_code: str, lot_number: str, reason: str) -> Recall:
    """Of the whole hospital, whichever pharmacy it lies at. Recalling it again finds the first.

    Raises LotNotFound.
    """
    actor.require(Permission.MANAGE_STOCK)
    lots = await lots_numbered(unit, actor.hospital, drug_code, lot_number)
    if not lots:
        raise LotNotFound()
    found = await queries.open_recall(unit, actor.hospital, drug_code, lot_number)
    if found is not None:
        return found
    ids = [lot.id for lot in lots]
    holders = await queries.orders_with_lots(unit, ids)
    # Orders before shelves: everybody locks them in that order.
    for row, _ in sorted(holders, key=lambda pair: pair[0].id):
        await _stop(unit, row)
    for lot_id in ids:
        await block(unit, lot_id, RECALLED)
    row_of_recall = Recall(
        id=new_id(), hospital_id=actor.hospital, drug_code=drug_code, lot_number=lot_number, reason=reason,
        state=RECALL.initial, opened_by=actor.account, opened_at=unit.now, closed_at=None,
    )  # fmt: skip
    unit.session.add(row_of_recall)
    await unit.session.flush()
    unit.audit("recall.opened", row_of_recall, drug=drug_code, lot=lot_number, orders=len(holders))
    return row_of_recall


async def close(unit: Unit, actor: Actor, recall_id: UUID, *, is_sound: bool) -> Recall:
    """Seen to. `is_sound`: the lot turned out to be good, and counts again."""
    actor.require(Permission.MANAGE_STOCK)
    row = await queries.recall(unit, recall_id, lock=True)
    row.apply(RecallEvent.CLOSE, at=unit.now)
    if is_sound:
        for lot in await lots_numbered(unit, row.hospital_id, row.drug_code, row.lot_number):
            await unblock(unit, lot.id, RECALLED)
    unit.audit("recall.closed", row, sound=is_sound)
    return row


async def holders(unit: Unit, row: Recall) -> list[Holder]:
    lots = await lots_numbered(unit, row.hospital_id, row.drug_code, row.lot_number)
    found = await queries.orders_with_lots(unit, [lot.id for lot in lots])
    sheets = {each.id: await prescription(unit, each.id) for each, _ in found}
    people = await people_by_id(unit, [sheet.person_id for sheet in sheets.values()])
    named = {key: people.get(sheet.person_id) for key, sheet in sheets.items()}
    return [
        Holder(
            order_id=each.id, number=each.number, name=_masked(named[each.id]), state=each.state,
            quantity=quantity, at=each.handed_at or each.paid_at, can_be_told=each.account_id is not None,
        )
        for each, quantity in found
    ]  # fmt: skip


def as_csv(found: list[Holder]) -> str:
    """For the telephone, and for the authority; spreadsheets read the mark at its beginning."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["order", "name", "state", "quantity", "at"])
    for each in found:
        writer.writerow([each.number, each.name, each.state, each.quantity, each.at.isoformat()])
    return "\ufeff" + out.getvalue()


async def _stop(unit: Unit, seen: DispatchOrder) -> None:
    row = await queries.lock_order(unit, seen.id)
    if row.state is DispatchState.CANCELLED:
        return
    if row.state in AT_PHARMACY:
        await hold(unit, row, Trouble.RECALL)
    else:
        await tell(unit, row, Notice.RX_RECALLED)


def _masked(who: object) -> str:
    return mask_name(str(getattr(who, "name", ""))) if who is not None else ""
