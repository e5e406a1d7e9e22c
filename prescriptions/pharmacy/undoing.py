"""Paid and not packed: the house gives it up, by itself or because its patient asked, and money goes back.

Not before a booked waybill is cancelled with the courier, and never once it is packed or cooked: those
go to a person.
"""

from uuid import UUID

from prescriptions.couriers import Carrier, CourierNotOffered, CourierRefused, Couriers, ParcelState
from prescriptions.events import AbandonAsked, DispatchUndone, UndoAsked
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.holding import hold, let_go
from prescriptions.pharmacy.models import DispatchOrder, Parcel
from prescriptions.pharmacy.rules import GONE, TAKEN, Resolution, Trouble, undoable
from prescriptions.settling import OrderNotCancellable, lock_sheet
from prescriptions.states import AT_PHARMACY, DISPATCH, DispatchEvent, DispatchState
from prescriptions.stock import free, put_back
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.jobs import Work, task
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital

#: The deadline at which a promise is broken.
PROMISE = "pharmacy.promise"
UNDOING = "undoing a dispatch"


async def keep_promise(unit: Unit, order_id: UUID) -> None:
    """Deadline `pharmacy.promise`: not packed in time, so the money goes back by itself (PAIN 13)."""
    await lock_sheet(unit, order_id)
    row = await queries.lock_order(unit, order_id)
    if row.state not in AT_PHARMACY or row.state is DispatchState.PACKED or row.held_at is not None:
        return
    if undoable(row.state, cooked=bool(row.decoction)):
        await begin(unit, row, "not_packed")
    else:
        await hold(unit, row, Trouble.LATE)


async def on_undo_asked(unit: Unit, event: UndoAsked) -> None:
    """The sheet is locked. Raises OrderNotCancellable."""
    row = await queries.find_order(unit, event.prescription_id)
    if row is None:
        raise OrderNotCancellable()
    row = await queries.lock_order(unit, row.id)
    if row.state is DispatchState.CANCELLED:
        # Given up by a person: somebody decides what goes back.
        raise OrderNotCancellable(state=str(row.state))
    await begin(unit, row, event.reason)


async def on_abandon_asked(unit: Unit, event: AbandonAsked) -> None:
    """The sheet is locked, and what goes back is decided. Raises OrderNotCancellable once it has left."""
    if await queries.find_order(unit, event.prescription_id) is not None:
        await abandon(unit, await queries.lock_order(unit, event.prescription_id), event.reason)


async def begin(unit: Unit, row: DispatchOrder, reason: str) -> None:
    """Sheet and order are locked. At once, or, where a waybill stands, once the courier has cancelled it.

    Raises OrderNotCancellable.
    """
    if row.state is DispatchState.CANCELLED:
        return
    if not undoable(row.state, cooked=bool(row.decoction)):
        raise OrderNotCancellable(state=str(row.state))
    parcel = await queries.live_parcel(unit, row.id)
    if parcel is None:
        await _cancel(unit, row, reason)
        return
    row.undo_reason = row.undo_reason or reason
    unit.audit("dispatch.undo_begun", row, number=row.number, reason=row.undo_reason)
    await unit.defer(finish_undo, order_id=row.id)


async def call_off_by_hand(unit: Unit, row: DispatchOrder) -> None:
    """A waybill of another courier is called off where it was booked, at that courier's own desk."""
    parcel = await queries.live_parcel(unit, row.id)
    if parcel is not None and parcel.carrier != Carrier.SF and parcel.state not in GONE:
        await _mark_cancelled(unit, parcel.id)


async def promise_again(unit: Unit, row: DispatchOrder) -> None:
    """The promise was broken while a person had it, or is broken now: as many hours once more, then again
    it is asked whether the money goes back."""
    if row.state in AT_PHARMACY and row.state is not DispatchState.PACKED and row.promised_at <= unit.now:
        until = unit.now + (row.promised_at - row.paid_at)
        await set_deadline(
            unit, PROMISE, row.id, until, hospital_id=row.hospital_id, account_id=row.account_id
        )


async def abandon(unit: Unit, row: DispatchOrder, reason: str) -> None:
    """Given up by a person who decides what of the money goes back. Raises OrderNotCancellable."""
    if row.state is DispatchState.CANCELLED:
        return
    event = DispatchEvent.CANCEL if _may(row, DispatchEvent.CANCEL) else DispatchEvent.ABANDON
    if row.state in (DispatchState.RETURNED, DispatchState.LOST) or not _may(row, event):
        if not _may(row, DispatchEvent.ABANDON):
            raise OrderNotCancellable(state=str(row.state))
        event = DispatchEvent.ABANDON
    parcel = await queries.live_parcel(unit, row.id)
    if parcel is not None and row.state in AT_PHARMACY:
        await unit.defer(cancel_parcel, parcel_id=parcel.id)
    await _end(unit, row, event, reason)
    await let_go(unit, row, Resolution.ABANDONED)


async def undo(units: Units, order_id: UUID, reason: str) -> bool:
    """By the house itself; whether it is undone now. What it may not undo goes to a person.

    Raises CourierUnavailable: not undone yet, and asked again later.
    """
    async with units.system(UNDOING) as unit:
        await lock_sheet(unit, order_id)
        row = await queries.lock_order(unit, order_id)
        if not undoable(row.state, cooked=bool(row.decoction)):
            if row.state in AT_PHARMACY:
                await hold(unit, row, _TROUBLES.get(reason, Trouble.OTHER))
            return row.state is DispatchState.CANCELLED
        await begin(unit, row, reason)
        if row.undo_reason is None:
            return True
    return await finish(units, order_id)


_TROUBLES = {
    "out_of_stock": Trouble.SHORT,
    "refused_address": Trouble.ADDRESS,
    "not_packed": Trouble.LATE,
}


@task("pharmacy.finish_undo", retry_s=(5, 30, 120, 600))
async def finish_undo(work: Work, *, order_id: str) -> None:
    await finish(work.units, UUID(order_id))


async def finish_round(units: Units) -> int:
    """Housekeeping: what waited for a courier that did not answer."""
    async with units.system(UNDOING) as unit:
        ids = await queries.being_undone(unit)
        for order_id in ids:
            await unit.defer(finish_undo, order_id=order_id)
    return len(ids)


async def finish(units: Units, order_id: UUID) -> bool:
    """Cancel the waybill with the courier, then the order. Raises CourierUnavailable: nothing is undone."""
    async with units.system(UNDOING) as unit:
        row = await queries.order(unit, order_id)
        if row.undo_reason is None or row.state is DispatchState.CANCELLED:
            return row.state is DispatchState.CANCELLED
        parcel = await queries.live_parcel(unit, order_id)
        code = (await hospital(unit, row.hospital_id)).code
    is_gone = parcel is None or await _cancelled_at_courier(units, code, parcel)
    async with units.system(UNDOING) as unit:
        await lock_sheet(unit, order_id)
        row = await queries.lock_order(unit, order_id)
        reason = row.undo_reason
        if reason is None:
            return row.state is DispatchState.CANCELLED
        if parcel is not None and is_gone:
            await _mark_cancelled(unit, parcel.id)
        row.undo_reason = None
        if is_gone and undoable(row.state, cooked=bool(row.decoction)):
            await _cancel(unit, row, reason)
            return True
        await hold(unit, row, Trouble.COURIER)
        return False


@task("pharmacy.cancel_parcel", retry_s=(5, 30, 120, 600, 3600, 14400))
async def cancel_parcel(work: Work, *, parcel_id: str) -> None:
    """Nobody may come for the parcel of an order that is over."""
    async with work.units.system(UNDOING) as unit:
        parcel = await unit.session.get(Parcel, UUID(parcel_id))
        if parcel is None:
            return
        code = (await hospital(unit, parcel.hospital_id)).code
    if await _cancelled_at_courier(work.units, code, parcel):
        async with work.units.system(UNDOING) as unit:
            await _mark_cancelled(unit, parcel.id)


async def _cancelled_at_courier(units: Units, code: str, parcel: Parcel) -> bool:
    """False when the courier has it already, or never took orders from us."""
    if parcel.carrier != Carrier.SF:
        return False
    try:
        point("rx.undo.before_call")
        await units.port(Couriers).courier(code).cancel(parcel.order_number)
        point("rx.undo.after_call")
    except (CourierRefused, CourierNotOffered):
        return False
    return True


async def _mark_cancelled(unit: Unit, parcel_id: UUID) -> None:
    parcel = await queries.lock_parcel(unit, parcel_id)
    if parcel is not None and parcel.cancelled_at is None:
        parcel.cancelled_at, parcel.look_at = unit.now, None
        parcel.stand_at(ParcelState.CANCELLED)


async def _cancel(unit: Unit, row: DispatchOrder, reason: str) -> None:
    await _end(unit, row, DispatchEvent.CANCEL, reason)
    await let_go(unit, row, Resolution.REFUNDED)
    await unit.session.flush()
    await unit.publish(DispatchUndone(row.id, reason))


async def _end(unit: Unit, row: DispatchOrder, event: DispatchEvent, reason: str) -> None:
    """What did not leave the house and was not cooked goes back on the shelf."""
    before = row.state
    row.apply(event)
    row.ended_at, row.reason, row.undo_reason = unit.now, reason, None
    if before in AT_PHARMACY:
        if before in TAKEN and not row.decoction:
            await put_back(unit, row.id, await queries.picks(unit, row.id))
        await queries.drop_picks(unit, row.id)
        await free(unit, row.id)
    await clear_deadline(unit, PROMISE, row.id)
    unit.audit("dispatch.cancelled", row, number=row.number, reason=reason, was=str(before))


def _may(row: DispatchOrder, event: DispatchEvent) -> bool:
    return DISPATCH.allows(row.state, event)
