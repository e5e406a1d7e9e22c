"""JSON routes of the dispatch desk: each verb of the queue, for the pharmacy's own orders."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from prescriptions.couriers import AddressNotServed, CourierRefused, CourierUnavailable
from prescriptions.pharmacy import (
    checking,
    claiming,
    decocting,
    excepting,
    handing,
    packing,
    picking,
    presenting,
    queries,
    recalling,
    shipping,
)
from prescriptions.pharmacy.errors import (
    ChecklistIncomplete,
    ClaimedByOther,
    ColdChainByOthers,
    CounsellingMissing,
    DispatchNotFound,
    ExceptionNotFound,
    LoggerMissing,
    NothingToDecoct,
    NotOnThisSheet,
    OrderBeingUndone,
    OrderHeld,
    PathDiffers,
    PauseNotOver,
    PickIncomplete,
    ProxyIncomplete,
    RecallNotFound,
    ResolutionRefused,
    SecondPersonNeeded,
    StillCooking,
    WaybillMissing,
    WrongPickUp,
    WrongWaybill,
)
from prescriptions.pharmacy.policy import own_order
from prescriptions.pharmacy.schemas import (
    BagsBody,
    BoardView,
    CheckBody,
    CollectionBody,
    DecoctionBody,
    HandOverBody,
    OrderView,
    PackBody,
    ParcelView,
    PickView,
    ReasonBody,
    RecallBody,
    RecallDetail,
    RecallEndBody,
    RecallView,
    ResolutionBody,
    ScanBody,
    TroubleBody,
    TroubleView,
    WaybillBody,
    WorkView,
)
from prescriptions.settling import CodeUnknown, OrderNotCancellable
from prescriptions.stock import (
    EarlierLotFirst,
    LotNotFound,
    NoPharmacy,
    OutOfStock,
    ReservationGone,
    WrongLot,
    note_presence,
    own_pharmacy,
)
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, TransitionRefused
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import operation
from telehealth.web.house import house_of

NEEDS = Permission.DISPENSE
#: What every verb of the queue may answer.
ANY = (DispatchNotFound, NoPharmacy, OrderHeld, OrderBeingUndone, TransitionRefused)


@operation(needs=NEEDS, raises=(NoPharmacy,))
async def show_dispatch_board(unit: Unit, actor: Actor) -> BoardView:
    """Lanes of the pharmacy of whoever asks, the oldest promise first."""
    place = await own_pharmacy(unit, actor)
    await note_presence(unit, actor)
    return BoardView.of(await presenting.board(unit, place))


@operation(needs=NEEDS, raises=(DispatchNotFound, NoPharmacy))
async def show_dispatch_order(unit: Unit, actor: Actor, order_id: UUID) -> WorkView:
    return WorkView.of_work(await presenting.work(unit, await own_order(unit, actor, order_id)))


@operation(needs=NEEDS, raises=(*ANY, ClaimedByOther))
async def claim_order(unit: Unit, actor: Actor, order_id: UUID) -> OrderView:
    return OrderView.of(await claiming.claim(unit, actor, order_id))


@operation(needs=NEEDS, raises=(*ANY, ClaimedByOther))
async def release_order(unit: Unit, actor: Actor, order_id: UUID) -> OrderView:
    return OrderView.of(await claiming.release(unit, actor, order_id))


@operation(
    needs=NEEDS,
    status=201,
    raises=(*ANY, ClaimedByOther, NotOnThisSheet, WrongLot, EarlierLotFirst, ReservationGone),
)
async def scan_lot(unit: Unit, actor: Actor, order_id: UUID, body: ScanBody) -> PickView:
    """Put a lot into the basket: as much as the sheet needs and the lot has."""
    return PickView.of(await picking.scan(unit, actor, order_id, body.code, quantity=body.quantity))


@operation(needs=NEEDS, status=204, raises=(*ANY, ClaimedByOther))
async def unscan_lot(unit: Unit, actor: Actor, order_id: UUID, lot_id: UUID) -> None:
    await picking.unscan(unit, actor, order_id, lot_id)


@operation(needs=NEEDS, raises=(*ANY, ClaimedByOther, PickIncomplete, WrongLot, ReservationGone))
async def finish_picking(units: Units, actor: Actor, order_id: UUID) -> OrderView:
    """The lots leave the shelf. The safety checks are run again; a block holds the order instead."""
    return OrderView.of(await picking.finish_checked(units, actor, order_id))


@operation(needs=NEEDS, raises=(*ANY, NothingToDecoct))
async def start_decoction(unit: Unit, actor: Actor, order_id: UUID, body: DecoctionBody) -> OrderView:
    return OrderView.of(await decocting.start(unit, actor, order_id, pot=body.pot))


@operation(needs=NEEDS, raises=ANY)
async def finish_decoction(unit: Unit, actor: Actor, order_id: UUID, body: BagsBody) -> OrderView:
    return OrderView.of(await decocting.finish(unit, actor, order_id, bags=body.bags))


@operation(needs=NEEDS, raises=(*ANY, ChecklistIncomplete, SecondPersonNeeded, PauseNotOver, StillCooking))
async def check_order(unit: Unit, actor: Actor, order_id: UUID, body: CheckBody) -> OrderView:
    """Four checks, ten matches, by a second person; alone on duty, after a pause (REG 31)."""
    return OrderView.of(await checking.check(unit, actor, order_id, body.matches))


@operation(needs=NEEDS, raises=ANY)
async def reject_order(unit: Unit, actor: Actor, order_id: UUID, body: ReasonBody) -> OrderView:
    """Something does not match: all goes back on the shelf and is picked anew."""
    return OrderView.of(await checking.reject(unit, actor, order_id, body.reason))


@operation(
    needs=NEEDS,
    raises=(*ANY, PathDiffers, WaybillMissing, CourierUnavailable, CourierRefused, AddressNotServed),
    limit="30/minute",
)
async def book_waybill(units: Units, actor: Actor, order_id: UUID) -> ParcelView:
    """Ask the courier for a waybill. Asking again finds the first."""
    return ParcelView.of(await shipping.book_as(units, actor, order_id))


@operation(needs=NEEDS, raises=(*ANY, PathDiffers, WaybillMissing, WrongWaybill, ColdChainByOthers))
async def enter_waybill(unit: Unit, actor: Actor, order_id: UUID, body: WaybillBody) -> ParcelView:
    return ParcelView.of(await shipping.enter_waybill(unit, actor, order_id, body.carrier, body.waybill))


@operation(needs=NEEDS, raises=(*ANY, WaybillMissing, LoggerMissing))
async def pack_order(unit: Unit, actor: Actor, order_id: UUID, body: PackBody) -> OrderView:
    return OrderView.of(await packing.pack(unit, actor, order_id, logger=body.logger))


@operation(needs=NEEDS, raises=(*ANY, PathDiffers, WaybillMissing, WrongWaybill))
async def hand_over_order(unit: Unit, actor: Actor, order_id: UUID, body: HandOverBody) -> OrderView:
    """The courier takes the parcel whose waybill was scanned."""
    return OrderView.of(await handing.hand_over(unit, actor, order_id, body.waybill))


@operation(needs=NEEDS, raises=(*ANY, PathDiffers))
async def call_window_number(unit: Unit, actor: Actor, order_id: UUID) -> OrderView:
    return OrderView.of(await handing.call(unit, actor, order_id))


@operation(
    needs=NEEDS,
    raises=(*ANY, PathDiffers, CounsellingMissing, ProxyIncomplete, WrongPickUp, CodeUnknown, Busy),
    limit="30/minute",
)
async def collect_order(
    request: Request, unit: Unit, actor: Actor, order_id: UUID, body: CollectionBody
) -> OrderView:
    """Handed to the patient, or to a proxy with both documents, with counselling (REG 32, 47)."""
    limiter = house_of(request).limiter
    row = await handing.collect(unit, limiter, actor, order_id, body.who(), counselling=body.counselling)
    return OrderView.of(row)


@operation(needs=NEEDS, status=201, raises=(DispatchNotFound, NoPharmacy))
async def report_trouble(unit: Unit, actor: Actor, order_id: UUID, body: TroubleBody) -> TroubleView:
    return TroubleView.of(await excepting.report(unit, actor, order_id, body.kind, body.note))


@operation(
    needs=NEEDS,
    raises=(
        DispatchNotFound, NoPharmacy, ExceptionNotFound, ResolutionRefused, OutOfStock, OrderNotCancellable,
        TransitionRefused,
    ),
)  # fmt: skip
async def resolve_trouble(unit: Unit, actor: Actor, order_id: UUID, body: ResolutionBody) -> OrderView:
    return OrderView.of(await excepting.resolve(unit, actor, order_id, body.way))


@operation(needs=Permission.MANAGE_STOCK)
async def list_recalls(unit: Unit, actor: Actor) -> list[RecallView]:
    return [RecallView.of(row) for row in await queries.recalls(unit, actor.hospital)]


@operation(needs=Permission.MANAGE_STOCK, status=201, raises=(LotNotFound,), limit="30/minute")
async def open_recall(unit: Unit, actor: Actor, body: RecallBody) -> RecallView:
    """Block a lot wherever it lies in the hospital, and tell everybody who has it."""
    return RecallView.of(await recalling.recall(unit, actor, body.drug_code, body.lot_number, body.reason))


@operation(needs=Permission.MANAGE_STOCK, raises=(RecallNotFound,))
async def show_recall(unit: Unit, recall_id: UUID) -> RecallDetail:
    """Who got some of the lot, names masked."""
    row = await queries.recall(unit, recall_id)
    return RecallDetail.of_recall(row, await recalling.holders(unit, row))


@operation(needs=Permission.MANAGE_STOCK, raises=(RecallNotFound, TransitionRefused))
async def close_recall(unit: Unit, actor: Actor, recall_id: UUID, body: RecallEndBody) -> RecallView:
    return RecallView.of(await recalling.close(unit, actor, recall_id, is_sound=body.is_sound))


_ORDER = "/dispatch-orders/{order_id}"

routes = [
    Route("/dispatch-orders", show_dispatch_board),
    Route(_ORDER, show_dispatch_order),
    Route(f"{_ORDER}/claim", claim_order, methods=["POST"]),
    Route(f"{_ORDER}/release", release_order, methods=["POST"]),
    Route(f"{_ORDER}/lots", scan_lot, methods=["POST"]),
    Route(f"{_ORDER}/lots/{{lot_id}}", unscan_lot, methods=["DELETE"]),
    Route(f"{_ORDER}/picking", finish_picking, methods=["POST"]),
    Route(f"{_ORDER}/decoction", start_decoction, methods=["POST"]),
    Route(f"{_ORDER}/decoction/end", finish_decoction, methods=["POST"]),
    Route(f"{_ORDER}/check", check_order, methods=["POST"]),
    Route(f"{_ORDER}/rejection", reject_order, methods=["POST"]),
    Route(f"{_ORDER}/waybill", book_waybill, methods=["POST"]),
    Route(f"{_ORDER}/waybill", enter_waybill, methods=["PUT"]),
    Route(f"{_ORDER}/packing", pack_order, methods=["POST"]),
    Route(f"{_ORDER}/handover", hand_over_order, methods=["POST"]),
    Route(f"{_ORDER}/call", call_window_number, methods=["POST"]),
    Route(f"{_ORDER}/collection", collect_order, methods=["POST"]),
    Route(f"{_ORDER}/trouble", report_trouble, methods=["POST"]),
    Route(f"{_ORDER}/resolution", resolve_trouble, methods=["POST"]),
    Route("/recalls", list_recalls),
    Route("/recalls", open_recall, methods=["POST"]),
    Route("/recalls/{recall_id}", show_recall),
    Route("/recalls/{recall_id}/closing", close_recall, methods=["POST"]),
]
