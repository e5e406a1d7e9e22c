"""JSON routes of bills and queues. Somebody else's is a 404."""

from datetime import datetime
from uuid import UUID

from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit, Units
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.outpatient import asking, paying, queries, showing, telling
from telehealth.outpatient.errors import (
    BillChanged,
    BillMoneyMoving,
    BillNotDue,
    BillNotFound,
    BillOver,
    SelfPayNotConfirmed,
)
from telehealth.outpatient.schemas import (
    BillChargeView,
    BillQuery,
    BillsAsked,
    BillView,
    OneBillView,
    PayBill,
    UnconfirmedBillView,
)
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, decode_cursor

P = Permission


@operation(needs=P.PAY)
async def list_outpatient_bills(unit: Unit, query: BillQuery) -> Page[BillView]:
    """What the hospitals asked for as far as they were asked, latest first."""
    states = [query.state] if query.state is not None else None
    found = await queries.bills_of(unit, states=states, before=cursor_of(query.after), limit=query.limit)
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


def cursor_of(text: str) -> tuple[datetime, UUID] | None:
    """Raises FieldsInvalid."""
    key = decode_cursor(text, 2)
    if key is None:
        return None
    try:
        at, identity = datetime.fromisoformat(str(key[0])), UUID(str(key[1]))
    except ValueError:
        raise FieldsInvalid({"after": "翻页位置无效"}) from None
    if at.tzinfo is None:
        raise FieldsInvalid({"after": "翻页位置无效"})
    return at, identity


routes = [
    Route("/outpatient-bills", list_outpatient_bills),
    Route("/outpatient-bills/refreshes", refresh_outpatient_bills, methods=["POST"]),
    Route("/outpatient-bills/{bill_id:uuid}", show_outpatient_bill),
    Route("/outpatient-bills/{bill_id:uuid}/charge", charge_outpatient_bill, methods=["POST"]),
    Route("/unconfirmed-bills", list_unconfirmed_bills),
    Route("/unconfirmed-bills/{bill_id:uuid}/notices", tell_hospital_again, methods=["POST"]),
]
