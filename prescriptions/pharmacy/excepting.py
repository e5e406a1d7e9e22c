"""Something is wrong with an order: said by a person, and resolved by one, each way with its branch."""

from decimal import Decimal
from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import ExceptionNotFound, ResolutionRefused
from prescriptions.pharmacy.holding import hold, let_go
from prescriptions.pharmacy.models import DispatchException, DispatchOrder
from prescriptions.pharmacy.policy import has_recalled, own_order
from prescriptions.pharmacy.rules import SEALED, Resolution, Trouble, ways_out
from prescriptions.pharmacy.shipping import book_waybill
from prescriptions.pharmacy.telling import tell
from prescriptions.pharmacy.undoing import abandon, begin, call_off_by_hand, promise_again
from prescriptions.queries import prescription
from prescriptions.settling import Sheet, lock_sheet
from prescriptions.states import DispatchEvent, DispatchState, Path
from prescriptions.stock import Pharmacy, free, note_presence, reservations, reserve
from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.payments import RefundReason, refunds_of


async def report(unit: Unit, actor: Actor, order_id: UUID, kind: Trouble, note: str) -> DispatchException:
    await own_order(unit, actor, order_id)
    row = await queries.lock_order(unit, order_id)
    await note_presence(unit, actor)
    return await hold(unit, row, kind, note=note)


async def resolve(unit: Unit, actor: Actor, order_id: UUID, way: Resolution) -> DispatchOrder:
    """Raises ExceptionNotFound, ResolutionRefused, OutOfStock (nobody else has it), OrderNotCancellable."""
    await own_order(unit, actor, order_id)
    sheet = await lock_sheet(unit, order_id)
    row = await queries.lock_order(unit, order_id)
    if await queries.open_exception(unit, order_id) is None:
        raise ExceptionNotFound()
    if way not in ways_out(row.state, cooked=bool(row.decoction)):
        raise ResolutionRefused(state=str(row.state))
    if way is Resolution.CONTINUED and row.state in SEALED and await has_recalled(unit, row):
        raise ResolutionRefused(state=str(row.state), reason="recalled")
    await note_presence(unit, actor)
    if way is Resolution.LOST:
        # It stays with a person, who decides what becomes of the money.
        row.apply(DispatchEvent.LOSE)
        unit.audit("dispatch.lost", row, number=row.number)
        return row
    if way is Resolution.REROUTED:
        await move_elsewhere(unit, sheet, row, besides=row.pharmacy_id)
    elif way is Resolution.REFUNDED:
        await call_off_by_hand(unit, row)
        await begin(unit, row, "out_of_stock")
    elif way is Resolution.SENT_AGAIN:
        await _send_again(unit, sheet, row)
    elif way is Resolution.ABANDONED:
        await abandon(unit, row, "by_person")
    elif row.state is DispatchState.HANDED_OVER:
        await _look_again(unit, row)
    await let_go(unit, row, way)
    await promise_again(unit, row)
    unit.audit("dispatch.resolved", row, number=row.number, way=str(way))
    return row


async def move_elsewhere(unit: Unit, sheet: Sheet, row: DispatchOrder, *, besides: UUID | None) -> Pharmacy:
    """Hold it at another pharmacy, where the order waits anew. Raises OutOfStock: all stays as it was."""
    needs = {each.drug_code: each.quantity for each in await reservations(unit, row.id)}
    place = await hold_anew(unit, row.id, needs, decocts=row.needs_decocting, path=row.path, besides=besides)
    if row.state is DispatchState.CLAIMED:
        row.apply(DispatchEvent.RELEASE)
    row.claimed_by = row.claimed_at = None
    await queries.drop_picks(unit, row.id)
    moved = row.pharmacy_id != place.id
    row.pharmacy_id = place.id
    if sheet.fulfilment is not None:
        sheet.fulfilment.pharmacy_id = place.id
    found = await queries.open_exception(unit, row.id)
    if found is not None:
        found.pharmacy_id = place.id
    unit.audit("dispatch.rerouted", row, number=row.number, pharmacy=place.code)
    if moved and row.path is Path.WINDOW:
        await tell(unit, row, Notice.RX_MOVED, place={"zh": place.name, "en": place.name_en})
    return place


async def hold_anew(
    unit: Unit,
    prescription_id: UUID,
    needs: dict[str, Decimal],
    *,
    decocts: bool,
    path: Path | None,
    besides: UUID | None,
) -> Pharmacy:
    """Let go of what is still held, and hold all of it at one place that can do what was paid for.

    Raises OutOfStock: as it was.
    """
    rx = await prescription(unit, prescription_id)
    async with unit.session.begin_nested():
        await free(unit, prescription_id)
        return await reserve(
            unit, rx, needs, kind=rx.kind, needs_cold_chain=rx.needs_cold_chain, decocts=decocts,
            path=path, besides=besides,
        )  # fmt: skip


async def _look_again(unit: Unit, row: DispatchOrder) -> None:
    """Somebody believes that it will come: the courier is asked again, though it was silent for long."""
    parcel = await queries.live_parcel(unit, row.id)
    if parcel is not None and parcel.look_at is None:
        parcel.looks, parcel.look_at = 0, unit.wall


async def _send_again(unit: Unit, sheet: Sheet, row: DispatchOrder) -> None:
    """It came back whole: a second parcel, the same dispense. Not once money for it went back."""
    charge_id = sheet.fulfilment.charge_id if sheet.fulfilment is not None else None
    given = await refunds_of(unit, charge_id) if charge_id is not None else []
    if any(each.refund.reason is RefundReason.STAFF for each in given):
        raise ResolutionRefused(state=str(row.state), reason="refunded")
    row.apply(DispatchEvent.SEND_AGAIN)
    row.handed_at = None
    last = await queries.live_parcel(unit, row.id)
    if last is not None:
        # Its journey is over; the next one has a number of its own.
        last.cancelled_at, last.look_at = unit.now, None
    await unit.defer(book_waybill, order_id=row.id)
