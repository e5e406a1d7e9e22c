"""JSON routes of bills and queues. Somebody else's is a 404."""

from uuid import UUID

from starlette.routing import Route

from telehealth.bookings.errors import BookingNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.outpatient import arriving, asking, calling, paying, queries, queue_showing, showing, telling
from telehealth.outpatient.errors import (
    BillChanged,
    BillMoneyMoving,
    BillNotDue,
    BillNotFound,
    BillOver,
    CheckInNotPossible,
    CheckInOver,
    CheckInTooEarly,
    ClinicHasNoQueue,
    QueueEmpty,
    SelfPayNotConfirmed,
    TicketMoved,
    TicketNotFound,
)
from telehealth.outpatient.schemas import (
    BillChargeView,
    BillQuery,
    BillsAsked,
    BillView,
    NameRoom,
    OneBillView,
    OwnQueueView,
    PayBill,
    QueueView,
    ScreenView,
    TicketView,
    TodaysQueueView,
    UnconfirmedBillView,
)
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key

P = Permission


@operation(needs=P.PAY)
async def list_outpatient_bills(unit: Unit, query: BillQuery) -> Page[BillView]:
    """What the hospitals asked for as far as they were asked, latest first."""
    states = [query.state] if query.state is not None else None
    found = await queries.bills_of(unit, states=states, before=moment_key(query.after), limit=query.limit)
    kept, following = cut(found, query.limit, lambda place: (place.bill.shown_until, place.bill.id))
    return Page(items=[BillView.of(place) for place in kept], next=following)


@operation(needs=P.PAY, status=201, limit="12/minute")
async def refresh_outpatient_bills(units: Units, actor: Actor) -> BillsAsked:
    """Ask the hospitals now. Those that are silent are named; what was known of them stays."""
    silent = await asking.refresh(units, actor, at_once=True)
    async with units.of(actor) as unit:
        return BillsAsked(silent=silent, asked_at=await queries.last_asked(unit, actor.account))


@operation(needs=P.PAY, raises=(BillNotFound,))
async def show_outpatient_bill(unit: Unit, bill_id: UUID) -> OneBillView:
    return OneBillView.seen(await showing.view_of(unit, bill_id))


@operation(
    needs=P.PAY,
    status=201,
    limit="30/minute",
    raises=(
        BillNotFound, BillNotDue, BillChanged, BillOver, BillMoneyMoving, SelfPayNotConfirmed,
        HISUnavailable, HISRejected,
    ),
)  # fmt: skip
async def charge_outpatient_bill(units: Units, actor: Actor, bill_id: UUID, body: PayBill) -> BillChargeView:
    """The hospital is asked for the price once more; one bill is paid whole (BJ07). Then pay the charge."""
    charge = await paying.open_charge(units, actor, bill_id, amount=body.amount, agreed=body.agrees_self_pay)
    return BillChargeView.of(charge)


@operation(needs=P.SEE_MONEY)
async def list_unconfirmed_bills(unit: Unit) -> list[UnconfirmedBillView]:
    """Paid on a phone, and the hospital's system does not know yet; oldest first."""
    return [UnconfirmedBillView.of(place) for place in await queries.unconfirmed(unit)]


@operation(needs=P.MANAGE_REFUNDS, limit="30/minute", raises=(BillNotFound, HISUnavailable, HISRejected))
async def tell_hospital_again(units: Units, actor: Actor, bill_id: UUID) -> UnconfirmedBillView:
    """At once, instead of at the next round. Telling twice changes nothing."""
    async with units.of(actor) as unit:
        await queries.bill_of(unit, bill_id)
    await telling.tell(units, bill_id)
    async with units.of(actor) as unit:
        return UnconfirmedBillView.of(await queries.bill_of(unit, bill_id))


@operation(needs=P.BOOK, raises=(BookingNotFound,))
async def show_own_queue(unit: Unit, booking_id: UUID) -> OwnQueueView:
    """One's place in the queue of an offline visit, or from when one may check in (GD07)."""
    return OwnQueueView.of(await queue_showing.mine(unit, booking_id))


@operation(
    needs=P.BOOK,
    status=201,
    limit="30/minute",
    raises=(BookingNotFound, CheckInNotPossible, CheckInTooEarly, CheckInOver),
)
async def check_in(units: Units, actor: Actor, booking_id: UUID) -> TicketView:
    """A number and a place; the same ones when asked again."""
    return TicketView.of(await arriving.check_in(units, actor, booking_id))


@operation(
    needs=P.CALL_QUEUE, status=201, raises=(BookingNotFound, CheckInNotPossible, CheckInTooEarly, CheckInOver)
)
async def check_in_at_desk(units: Units, actor: Actor, booking_id: UUID) -> TicketView:
    """For whoever stands at the desk."""
    return TicketView.of(await arriving.check_in(units, actor, booking_id))


@operation(needs=P.CALL_QUEUE)
async def list_queues(unit: Unit) -> list[TodaysQueueView]:
    """Today's offline clinics, those first in which somebody is; a doctor sees their own."""
    return [TodaysQueueView.of(row) for row in await queue_showing.today(unit)]


@operation(needs=P.CALL_QUEUE, raises=(ClinicHasNoQueue,))
async def show_queue(unit: Unit, clinic_id: UUID) -> QueueView:
    """Who is called, waits, missed their calls, or is still expected."""
    await calling.own_clinic(unit, clinic_id)
    return QueueView.of(await queue_showing.board(unit, clinic_id))


@operation(needs=P.CALL_QUEUE, status=201, raises=(ClinicHasNoQueue, QueueEmpty))
async def call_next(unit: Unit, clinic_id: UUID) -> TicketView:
    """Whoever waits longest. Two desks at once call two people."""
    return TicketView.of(await calling.call_next(unit, clinic_id))


@operation(needs=P.CALL_QUEUE, raises=(ClinicHasNoQueue,))
async def name_queue_room(unit: Unit, clinic_id: UUID, body: NameRoom) -> QueueView:
    """As it stands on the door."""
    await calling.name_room(unit, clinic_id, body.room)
    return QueueView.of(await queue_showing.board(unit, clinic_id))


@operation(needs=P.CALL_QUEUE, raises=(ClinicHasNoQueue,))
async def renew_queue_screen(unit: Unit, clinic_id: UUID) -> QueueView:
    """Another address for the waiting room's screen; the one before opens nothing any more."""
    await calling.renew_screen(unit, clinic_id)
    return QueueView.of(await queue_showing.board(unit, clinic_id))


@operation(needs=P.CALL_QUEUE, raises=(TicketNotFound, ClinicHasNoQueue, TicketMoved))
async def note_visit(unit: Unit, ticket_id: UUID) -> TicketView:
    """They came in: evidence that the visit took place."""
    return TicketView.of(await calling.see(unit, ticket_id))


@operation(needs=P.CALL_QUEUE, raises=(TicketNotFound, ClinicHasNoQueue, TicketMoved))
async def note_missed_call(unit: Unit, ticket_id: UUID) -> TicketView:
    """Nobody came: some places later, or out of the queue."""
    return TicketView.of(await calling.miss(unit, ticket_id))


@operation(needs=P.CALL_QUEUE, raises=(TicketNotFound, ClinicHasNoQueue, TicketMoved))
async def let_back_in(unit: Unit, ticket_id: UUID) -> TicketView:
    """At the end of the queue."""
    return TicketView.of(await calling.rejoin(unit, ticket_id))


@operation(public=True, limit="120/minute", raises=(ClinicHasNoQueue,))
async def show_screen(units: Units, screen_token: str) -> ScreenView:
    """What the waiting room's screen shows, to whoever has its address; names are masked."""
    return ScreenView.of(await queue_showing.screen(units, screen_token))


routes = [
    Route("/outpatient-bills", list_outpatient_bills),
    Route("/outpatient-bills/refreshes", refresh_outpatient_bills, methods=["POST"]),
    Route("/outpatient-bills/{bill_id:uuid}", show_outpatient_bill),
    Route("/outpatient-bills/{bill_id:uuid}/charge", charge_outpatient_bill, methods=["POST"]),
    Route("/bookings/{booking_id:uuid}/queue", show_own_queue),
    Route("/bookings/{booking_id:uuid}/check-in", check_in, methods=["POST"]),
    Route("/desk-bookings/{booking_id:uuid}/check-in", check_in_at_desk, methods=["POST"]),
    Route("/queues", list_queues),
    Route("/clinics/{clinic_id:uuid}/queue", show_queue),
    Route("/clinics/{clinic_id:uuid}/queue/calls", call_next, methods=["POST"]),
    Route("/clinics/{clinic_id:uuid}/queue/room", name_queue_room, methods=["PUT"]),
    Route("/clinics/{clinic_id:uuid}/queue/screen", renew_queue_screen, methods=["POST"]),
    Route("/queue-tickets/{ticket_id:uuid}/visit", note_visit, methods=["POST"]),
    Route("/queue-tickets/{ticket_id:uuid}/missed-call", note_missed_call, methods=["POST"]),
    Route("/queue-tickets/{ticket_id:uuid}/return", let_back_in, methods=["POST"]),
    Route("/screens/{screen_token}", show_screen),
    Route("/unconfirmed-bills", list_unconfirmed_bills),
    Route("/unconfirmed-bills/{bill_id:uuid}/notices", tell_hospital_again, methods=["POST"]),
]
