"""From the shelf, lot by lot, the first to expire first; each is scanned."""

from decimal import Decimal
from uuid import UUID

from prescriptions.formulary import book_of
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import NotOnThisSheet, PickIncomplete
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.policy import require_mine, take_order
from prescriptions.pharmacy.rules import Resolution, Trouble
from prescriptions.queries import last_check, lines_of, prescription
from prescriptions.safety.facts import Verdict
from prescriptions.states import DISPATCH, CheckStage, DispatchEvent, DispatchState, ReservationState
from prescriptions.stock import (
    EarlierLotFirst,
    Lot,
    Pick,
    ReservationGone,
    WrongLot,
    lots_by_number,
    lots_of,
    note_presence,
    reservations,
    take,
)
from prescriptions.writing.active import active_medicines
from prescriptions.writing.checking import run_check
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units


async def scan(
    unit: Unit, actor: Actor, order_id: UUID, code: str, *, quantity: Decimal | None = None
) -> Pick:
    """A lot is put into this order's basket: as much as it needs and the lot has, or `quantity`.

    `code` is what the shelf's barcode says: the lot number, or drug code, "/" and lot number.
    Raises NotOnThisSheet, WrongLot, EarlierLotFirst.
    """
    row = await _mine(unit, actor, order_id)
    open_needs = await needs(unit, order_id)
    lot = await _find(unit, row, code, set(open_needs))
    shelf = [each for each in await lots_of(unit, row.pharmacy_id, [lot.drug_code]) if not each.blocked_at]
    picked = await queries.picks(unit, order_id)
    for pick in picked:
        open_needs[pick.drug_code] -= pick.quantity
    used = {pick.lot_id: pick.quantity for pick in picked}
    left = open_needs[lot.drug_code]
    if left <= 0 or lot.id in used:
        raise WrongLot(reason="enough")
    _require_first(shelf, lot, used)
    part = min(left, lot.quantity, quantity if quantity is not None else left)
    if part <= 0:
        raise WrongLot(reason="empty", lot=lot.lot_number)
    pick = Pick(lot.drug_code, lot.id, part)
    await queries.add_pick(unit, row, pick)
    row.claimed_at = unit.now
    return pick


async def unscan(unit: Unit, actor: Actor, order_id: UUID, lot_id: UUID) -> None:
    row = await _mine(unit, actor, order_id)
    await queries.drop_picks(unit, row.id, [lot_id])


async def finish(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """All is in the basket: the lots leave the shelf, and the sheet is checked once more.

    Raises PickIncomplete, WrongLot, ReservationGone.
    """
    row = await _mine(unit, actor, order_id)
    wanted, picked = await needs(unit, order_id), await queries.picks(unit, order_id)
    for pick in picked:
        wanted[pick.drug_code] -= pick.quantity
    if lacking := sorted(code for code, left in wanted.items() if left != 0):
        raise PickIncomplete(drugs=lacking)
    await take(unit, order_id, picked)
    row.apply(DispatchEvent.PICK)
    row.picked_by, row.picked_at = actor.account, unit.now
    await note_presence(unit, actor)
    unit.audit("dispatch.picked", row, number=row.number, lots=len(picked))
    return row


async def finish_checked(units: Units, actor: Actor, order_id: UUID) -> DispatchOrder:
    """`finish`, after the safety checks of now: a block, or what nobody saw at review, is a person's matter.

    The lots stay on the shelf until then. Other hospitals may be asked for what the patient takes, so they
    are asked before the unit opens.
    """
    async with units.of(actor) as unit:
        await _mine(unit, actor, order_id)
        rx = await prescription(unit, order_id)
        published = await book_of(unit, rx.book_id) if rx.book_id is not None else None
    if published is None:
        async with units.of(actor) as unit:
            return await finish(unit, actor, order_id)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        row = await _mine(unit, actor, order_id)
        lines = await lines_of(unit, order_id)
        made = await run_check(unit, rx, lines, CheckStage.DISPENSING, active, published, keeps_cold=True)
        if made.verdict.blocks or await _is_new(unit, order_id, made.verdict):
            await hold(unit, row, Trouble.CHECKS)
            return row
        return await finish(unit, actor, order_id)


async def _is_new(unit: Unit, order_id: UUID, verdict: Verdict) -> bool:
    """Whether something to be signed again arose since the review, and nobody has seen to it yet."""
    reviewed = await last_check(unit, order_id, CheckStage.REVIEW)
    if reviewed is None:
        return False
    known = {finding["key"] for finding in reviewed.findings}
    if all(finding.key in known for finding in verdict.resigns):
        return False
    return not any(
        seen.kind == Trouble.CHECKS and seen.resolution == Resolution.CONTINUED
        for seen in await queries.exceptions_of(unit, order_id)
    )


async def report_short(unit: Unit, actor: Actor, order_id: UUID, note: str) -> DispatchOrder:
    """The shelf has less than the count says: a person decides (PAIN 13)."""
    row = await _mine(unit, actor, order_id)
    await hold(unit, row, Trouble.SHORT, note=note)
    return row


async def needs(unit: Unit, order_id: UUID) -> dict[str, Decimal]:
    """Drug code → what is to be picked; what was held is what is given. Raises ReservationGone."""
    rows = await reservations(unit, order_id)
    if not rows or any(row.state is ReservationState.FREED for row in rows):
        raise ReservationGone()
    return {row.drug_code: row.quantity for row in rows}


async def _mine(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    row = await take_order(unit, actor, order_id)
    if row.state is not DispatchState.CLAIMED:
        DISPATCH.after(row.state, DispatchEvent.PICK)
    require_mine(actor, row)
    return row


async def _find(unit: Unit, row: DispatchOrder, code: str, drugs: set[str]) -> Lot:
    drug, slash, number = code.strip().rpartition("/")
    found = await lots_by_number(unit, row.pharmacy_id, number)
    named = [lot for lot in found if not slash or lot.drug_code == drug]
    if not named:
        raise WrongLot(reason="unknown")
    lot = next((lot for lot in named if lot.drug_code in drugs), None)
    if lot is None:
        raise NotOnThisSheet()
    if lot.blocked_at is not None:
        raise WrongLot(reason="blocked", lot=lot.lot_number)
    return lot


def _require_first(shelf: list[Lot], lot: Lot, used: dict[UUID, Decimal]) -> None:
    for earlier in shelf:
        if earlier.expires_on < lot.expires_on and earlier.id not in used:
            raise EarlierLotFirst(lot=earlier.lot_number)
