"""Sheets: a patient's own, and what desk and finance do about them."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from prescriptions.couriers import AddressNotServed, CourierNotOffered, CourierRefused, CourierUnavailable
from prescriptions.errors import PrescriptionNotFound
from prescriptions.patient import presenting, queries
from prescriptions.patient.schemas import (
    ChargeLink,
    ChooseCourier,
    DecideRefund,
    FoundSheet,
    LookUp,
    OnePrescriptionView,
    PaidSheetQuery,
    PaidSheetView,
    PrescriptionView,
    RefundDecided,
    TakeCash,
    WindowPaid,
)
from prescriptions.pharmacy import undecided
from prescriptions.settling import CodeUnknown, OrderNotCancellable, charging, choosing, undoing
from prescriptions.settling.deciding import Decision, give_back, paid_sheet
from prescriptions.settling.errors import (
    MayNotTravel,
    MoneyMoving,
    NotAgreed,
    NotChoosable,
    NothingPaid,
    PathIsCourier,
    PathNotChosen,
    PaymentOver,
    PharmacySendsNothing,
    WindowClosed,
)
from prescriptions.settling.finding import find_by_code
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy
from telehealth.core.unit import Unit, Units
from telehealth.payments.errors import (
    CashAmountWrong,
    ChargeClosed,
    ChargeSettled,
    ProviderBusy,
    ProviderDown,
)
from telehealth.web.contract import operation
from telehealth.web.house import house_of
from telehealth.web.pagination import Page, PageQuery, cut, moment_key


@operation(needs=Permission.BOOK)
async def list_prescriptions(unit: Unit, query: PageQuery) -> Page[PrescriptionView]:
    """One's own sheets, the newest first."""
    found = await queries.sheets_of(unit, before=moment_key(query.after), limit=query.limit)
    kept, following = cut(found, query.limit, lambda rx: (rx.created_at, rx.id))
    return Page(
        items=[PrescriptionView.of(row) for row in await presenting.rows_of(unit, kept)], next=following
    )


@operation(needs=Permission.BOOK, raises=(PrescriptionNotFound,))
async def show_prescription(unit: Unit, prescription_id: UUID) -> OnePrescriptionView:
    """One's own sheet: medicines in plain words, paths and their deadline, and how far it is."""
    return OnePrescriptionView.of(await presenting.view_of(unit, prescription_id))


@operation(
    needs=Permission.PAY,
    raises=(
        PrescriptionNotFound, NotChoosable, PaymentOver, NotAgreed, MayNotTravel, PharmacySendsNothing,
        AddressNotServed, CourierNotOffered, CourierRefused, CourierUnavailable,
    ),
    limit="30/minute",
)  # fmt: skip
async def choose_courier(
    units: Units, actor: Actor, prescription_id: UUID, body: ChooseCourier
) -> OnePrescriptionView:
    """To be sent, freight collected at the door. The courier is asked first whether it goes there."""
    await choosing.choose_courier(units, actor, prescription_id, body.address, agreed=body.agreed)
    async with units.of(actor) as unit:
        return OnePrescriptionView.of(await presenting.view_of(unit, prescription_id))


@operation(
    needs=Permission.PAY,
    raises=(
        PrescriptionNotFound, NotChoosable, PaymentOver, WindowClosed, MoneyMoving, ProviderDown,
        ProviderBusy,
    ),
)  # fmt: skip
async def choose_window(units: Units, actor: Actor, prescription_id: UUID) -> OnePrescriptionView:
    """To be paid and collected at the hospital, with a pick-up code; the same when asked again."""
    await choosing.choose_window(units, actor, prescription_id)
    async with units.of(actor) as unit:
        return OnePrescriptionView.of(await presenting.view_of(unit, prescription_id))


@operation(
    needs=Permission.PAY,
    raises=(PrescriptionNotFound, NotChoosable, PaymentOver, PathNotChosen, NotAgreed, ChargeClosed),
    idempotent=True,
)
async def open_prescription_charge(unit: Unit, prescription_id: UUID) -> ChargeLink:
    """What a sheet that is to be sent costs. Asked again it is the same charge."""
    charge = await charging.open_charge(unit, prescription_id)
    return ChargeLink(
        id=charge.id, amount=charge.amount, pay_by=charge.pay_by, href=charging.pay_href(charge)
    )


@operation(needs=Permission.PAY, raises=(PrescriptionNotFound, NothingPaid, OrderNotCancellable))
async def cancel_prescription_order(units: Units, actor: Actor, prescription_id: UUID) -> OnePrescriptionView:
    """Give up a paid order that is neither packed nor being decocted: all of it goes back. Twice is once."""
    await undoing.cancel(units, actor, prescription_id)
    async with units.of(actor) as unit:
        return OnePrescriptionView.of(await presenting.view_of(unit, prescription_id))


@operation(
    needs=Permission.COLLECT_PRESCRIPTIONS,
    raises=(
        PrescriptionNotFound, NotChoosable, PaymentOver, WindowClosed, MoneyMoving, ProviderDown,
        ProviderBusy,
    ),
)  # fmt: skip
async def choose_window_at_desk(units: Units, actor: Actor, prescription_id: UUID) -> FoundSheet:
    """The patient at the desk wants to collect it after all."""
    await choosing.choose_window(units, actor, prescription_id)
    async with units.of(actor) as unit:
        return FoundSheet.of(await presenting.view_of(unit, prescription_id))


@operation(needs=Permission.COLLECT_PRESCRIPTIONS, raises=(CodeUnknown, Busy))
async def look_up_pickup_code(request: Request, unit: Unit, actor: Actor, body: LookUp) -> FoundSheet:
    """The sheet that waits for its patient under a code of this hospital. Wrong codes are counted."""
    found = await find_by_code(
        unit, house_of(request).limiter, actor.hospital, body.code, device=str(actor.account)
    )
    return FoundSheet.of(await presenting.view_of(unit, found.rx.id))


@operation(
    needs=Permission.TAKE_CASH,
    raises=(
        PrescriptionNotFound, NotChoosable, PaymentOver, PathIsCourier, WindowClosed, CashAmountWrong,
        ChargeClosed, ChargeSettled,
    ),
    idempotent=True,
)  # fmt: skip
async def take_prescription_cash(unit: Unit, prescription_id: UUID, body: TakeCash) -> WindowPaid:
    """Cash over the counter; the number under which it is called at the pharmacy's window."""
    row = await charging.pay_at_window(unit, prescription_id, received=body.received)
    rx = await queries.sheet_of(unit, prescription_id)
    return WindowPaid(id=rx.id, number=rx.number, window_number=row.window_number)


@operation(needs=Permission.MANAGE_REFUNDS)
async def list_undecided_refunds(unit: Unit, query: PaidSheetQuery) -> list[PaidSheetView]:
    """Paid sheets that were given up and nobody has decided on, the oldest first; or the one of a number."""
    if query.number:
        sheet = await paid_sheet(unit, query.number)
        return [PaidSheetView.of(sheet)] if sheet else []
    waiting = [await paid_sheet(unit, row.number) for row in await undecided(unit, unit.actor.hospital)]
    return [PaidSheetView.of(sheet) for sheet in waiting if sheet]


@operation(needs=Permission.MANAGE_REFUNDS, raises=(PrescriptionNotFound, NothingPaid), idempotent=True)
async def decide_prescription_refund(unit: Unit, prescription_id: UUID, body: DecideRefund) -> RefundDecided:
    """Packed, decocted, sent or handed out: give a share of the goods back. Freight is not ours to return."""
    decision = Decision(body.cause, body.basis_points, body.note)
    return RefundDecided.of(await give_back(unit, prescription_id, decision))


routes = [
    Route("/prescriptions", list_prescriptions),
    Route("/prescription-refunds", list_undecided_refunds),
    Route("/prescriptions/lookup", look_up_pickup_code, methods=["POST"]),
    Route("/prescriptions/{prescription_id:uuid}", show_prescription),
    Route("/prescriptions/{prescription_id:uuid}/delivery", choose_courier, methods=["PUT"]),
    Route("/prescriptions/{prescription_id:uuid}/collection", choose_window, methods=["PUT"]),
    Route("/prescriptions/{prescription_id:uuid}/desk-collection", choose_window_at_desk, methods=["PUT"]),
    Route("/prescriptions/{prescription_id:uuid}/charge", open_prescription_charge, methods=["POST"]),
    Route("/prescriptions/{prescription_id:uuid}/cancellation", cancel_prescription_order, methods=["POST"]),
    Route("/prescriptions/{prescription_id:uuid}/cash-payment", take_prescription_cash, methods=["POST"]),
    Route(
        "/prescriptions/{prescription_id:uuid}/refund-decision", decide_prescription_refund, methods=["POST"]
    ),
]
