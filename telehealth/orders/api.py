"""Everything a patient ordered, and what was promised with each."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.bookings.api import NO_SEAT
from telehealth.bookings.errors import BookingNotFound, TooLateToVerify
from telehealth.bookings.schemas import BookingView
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.orders import Wanted
from telehealth.core.unit import Unit, Units
from telehealth.directory import DepartmentNotFound, HospitalNotFound, HospitalNotLive, hospital_by_code
from telehealth.eligibility import CheckNotFound, CheckOutdated, NotEligible
from telehealth.eligibility.doors import CHECKS, book_of
from telehealth.intake import FormNotFound, FormNotSubmitted
from telehealth.intake.errors import FormFixed, RedFlagRaised
from telehealth.orders import doors, pricing, rebooking
from telehealth.orders.errors import FormToBeWritten, NotRebookable, OrderNotFound
from telehealth.orders.schemas import (
    DepartmentFeesView,
    OneOrderView,
    OrderPage,
    OrderQuery,
    OrderView,
    PricesView,
    RebookingView,
    RefundRowView,
    RefundTableView,
    TakeSeat,
    Text,
)
from telehealth.orders.visits import names
from telehealth.patients import LinkPending, PersonNotFound
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule import KindNotOffered, offers_kind
from telehealth.web.contract import operation
from telehealth.web.labels import label
from telehealth.web.pagination import moment_key
from telehealth.web.preferences import door_of


@operation(needs=Permission.BOOK)
async def list_orders(request: Request, unit: Unit, query: OrderQuery) -> OrderPage:
    """Visits, medicine and bills in one list, the latest ordered first (XY26)."""
    wanted = Wanted(query.group, query.person, moment_key(query.after), query.limit)
    lines, following = await doors.page_of(unit, wanted)
    return OrderPage(
        label=Text.of(label("orders", doors.channel_of(request))),
        items=[OrderView.of(line) for line in lines],
        next=following,
    )


@operation(needs=Permission.BOOK, raises=(OrderNotFound,))
async def show_order(request: Request, unit: Unit, kind: str, order_id: UUID) -> OneOrderView:
    """One order as a timeline of promises: who must act, by when, what happens otherwise (GD05)."""
    order = await doors.opened(unit, kind, order_id)
    return OneOrderView.opened(order, await doors.links_of(request, unit, order))


@operation(
    needs=Permission.BOOK,
    raises=(
        BookingNotFound, NotRebookable, PersonNotFound, LinkPending, HospitalNotLive, KindNotOffered,
    ),
    limit=CHECKS,
)  # fmt: skip
async def propose_rebooking(request: Request, units: Units, actor: Actor, booking_id: UUID) -> RebookingView:
    """The same doctor for the same person: the next free seat, and what the gate says to it (BJ09)."""
    return RebookingView.of(await rebooking.propose(units, actor, book_of(request), booking_id))


@operation(
    needs=Permission.BOOK,
    status=201,
    raises=(
        *NO_SEAT, NotEligible, CheckNotFound, CheckOutdated, PersonNotFound, LinkPending, TooLateToVerify,
        BookingNotFound, NotRebookable, KindNotOffered, FormToBeWritten, RedFlagRaised, FieldsInvalid,
        FormNotFound, FormNotSubmitted, FormFixed, DepartmentNotFound,
    ),
    limit=CHECKS,
)  # fmt: skip
async def take_rebooking(
    request: Request, units: Units, actor: Actor, booking_id: UUID, body: TakeSeat
) -> BookingView:
    """Hold the proposed seat with one tap, or say why not; the gate is asked again for its day."""
    taking = rebooking.Taking(
        body.slot_id, body.stable, body.answers, body.complaint, assisted=body.assisted,
        door=door_of(request),
    )  # fmt: skip
    return BookingView.of(await rebooking.take(units, actor, book_of(request), booking_id, taking))


@operation(public=True, raises=(HospitalNotFound, PolicyMissing))
async def show_prices(request: Request, unit: Unit, code: str) -> PricesView:
    """Fees of every doctor who sees patients, and what comes back whatever happens (REGULATION 16)."""
    place = await hospital_by_code(unit, code)
    version = await current_policy(unit, place.id)
    kinds = [kind for kind in ClinicKind if offers_kind(place, kind, unit.today)]
    return PricesView(
        hospital=Text.of(names(place)),
        policy_number=version.number,
        departments=[DepartmentFeesView.of(row) for row in await pricing.fees_of(unit, place, kinds)],
        refunds=[
            RefundTableView(
                title=Text.of(table.title),
                rows=[RefundRowView.of(row) for row in table.rows(version.policy)],
            )
            for table in doors.tables_of(request)
        ],
        cash_back_working_days=pricing.ARRIVAL.cash_days,
        insured_back_working_days=pricing.ARRIVAL.insured_days,
    )


routes = [
    Route("/orders", list_orders),
    Route("/orders/{kind}/{order_id}", show_order),
    Route("/hospitals/{code}/prices", show_prices),
    Route("/bookings/{booking_id}/rebooking", propose_rebooking),
    Route("/bookings/{booking_id}/rebooking", take_rebooking, methods=["POST"]),
]
