"""JSON routes for finance: what does not agree, which refunds wait, and what is done about them."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.accounts import MemberNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.insurance import InsurerDown, InsurerRefused
from telehealth.payments import explaining, preparing, queries, reconciliation_queries, refunding
from telehealth.payments.books_schemas import OneDifferenceView, PaidOrderView
from telehealth.payments.errors import (
    BillNotReady,
    DifferenceNotFound,
    DifferenceResolved,
    ExportNotFound,
    ProviderBusy,
    ProviderDown,
    ProviderRefused,
    RefundNotFound,
    RefundNotParked,
)
from telehealth.payments.finance_schemas import (
    AskExport,
    DifferenceQuery,
    DifferenceView,
    Explanation,
    ExportView,
    FetchBillOf,
    FetchedBillView,
    HandOverTo,
    RefundQuery,
)
from telehealth.payments.reconciling import fetch_bill, is_ready, parties
from telehealth.payments.schemas import RefundView
from telehealth.web.contract import operation
from telehealth.web.preferences import language

#: Days of one file.
LONGEST_DAYS = 366


@operation(needs=Permission.SEE_MONEY)
async def list_differences(unit: Unit, query: DifferenceQuery) -> list[DifferenceView]:
    """What the ledger, the providers' bills and the insurer's list disagree about; at most two hundred."""
    rows = await reconciliation_queries.differences(unit, is_open=query.group == "open")
    return [DifferenceView.of(row, unit.today) for row in rows]


@operation(needs=Permission.SEE_MONEY, raises=(DifferenceNotFound,))
async def show_difference(unit: Unit, difference_id: UUID) -> OneDifferenceView:
    """With the order it is about, where there is one."""
    row = await reconciliation_queries.difference(unit, difference_id)
    behind = await reconciliation_queries.order_behind(unit, row)
    return OneDifferenceView(
        difference=DifferenceView.of(row, unit.today), order=PaidOrderView.of(*behind) if behind else None
    )


@operation(needs=Permission.MANAGE_REFUNDS, raises=(DifferenceNotFound, DifferenceResolved))
async def take_difference(unit: Unit, difference_id: UUID) -> DifferenceView:
    """The caller looks after it from now on."""
    return DifferenceView.of(await explaining.take(unit, difference_id), unit.today)


@operation(needs=Permission.MANAGE_REFUNDS, raises=(DifferenceNotFound, DifferenceResolved))
async def resolve_difference(unit: Unit, difference_id: UUID, body: Explanation) -> DifferenceView:
    """It is explained, in words."""
    return DifferenceView.of(await explaining.resolve(unit, difference_id, body.note), unit.today)


@operation(needs=Permission.MANAGE_REFUNDS, raises=(DifferenceNotFound, DifferenceResolved, MemberNotFound))
async def hand_difference_over(unit: Unit, difference_id: UUID, body: HandOverTo) -> DifferenceView:
    """Somebody else of finance looks after it from now on."""
    return DifferenceView.of(await explaining.hand_over(unit, difference_id, body.member_id), unit.today)


@operation(
    needs=Permission.MANAGE_REFUNDS,
    raises=(BillNotReady, ProviderDown, ProviderBusy, ProviderRefused, InsurerDown, InsurerRefused),
    limit="30/minute",
)
async def fetch_party_bill(units: Units, actor: Actor, body: FetchBillOf) -> FetchedBillView:
    """Ask for a day's bill again and compare it; what it says replaces what was there."""
    async with units.of(actor) as unit:
        code, now = (await hospital(unit, actor.hospital)).code, unit.now
    if body.party not in parties(units, code):
        raise FieldsInvalid({"party": N_("没有这份账单")})
    if not is_ready(body.day, now):
        raise BillNotReady()
    lines = await fetch_bill(units, actor.hospital, body.day, body.party, actor=actor)
    async with units.of(actor) as unit:
        found = await reconciliation_queries.differences(unit, day=body.day)
    still_open = sum(row.party == body.party and row.resolved_at is None for row in found)
    return FetchedBillView(day=body.day, party=body.party, lines=lines, open_differences=still_open)


@operation(needs=Permission.SEE_MONEY)
async def list_hospital_refunds(unit: Unit, actor: Actor, query: RefundQuery) -> list[RefundView]:
    """Refunds that wait for a person, or all that are under way; oldest first, at most two hundred."""
    read = queries.parked_refunds if query.group == "parked" else queries.unsettled_refunds
    return [RefundView.of(found) for found in await read(unit, actor)]


@operation(needs=Permission.SEE_MONEY, raises=(RefundNotFound,))
async def show_hospital_refund(unit: Unit, actor: Actor, refund_id: UUID) -> RefundView:
    return RefundView.of(await queries.refund_of(unit, actor, refund_id))


@operation(needs=Permission.MANAGE_REFUNDS, raises=(RefundNotFound, RefundNotParked))
async def retry_refund(unit: Unit, actor: Actor, refund_id: UUID) -> RefundView:
    """Send it again with the same number: it cannot be paid twice."""
    await refunding.retry(unit, refund_id)
    return RefundView.of(await queries.refund_of(unit, actor, refund_id))


@operation(needs=Permission.MANAGE_REFUNDS, raises=(RefundNotFound, RefundNotParked))
async def settle_refund_by_hand(unit: Unit, actor: Actor, refund_id: UUID, body: Explanation) -> RefundView:
    """The money was given back another way, cash over the counter above all."""
    await refunding.settle_by_hand(unit, refund_id, body.note)
    return RefundView.of(await queries.refund_of(unit, actor, refund_id))


@operation(status=201, needs=Permission.SEE_MONEY, limit="30/minute")
async def ask_export(request: Request, unit: Unit, body: AskExport) -> ExportView:
    """A file of the books, of at most a year, made in the background; ask for it again until it is whole."""
    if not 0 <= (body.last - body.first).days < LONGEST_DAYS:
        raise FieldsInvalid({"last": N_("请选择起止日期，最长一年")})
    row = await preparing.ask_for(unit, body.name, body.first, body.last, lang=language(request))
    return ExportView.of(*await preparing.export_of(unit, row.id))


@operation(needs=Permission.SEE_MONEY)
async def list_exports(unit: Unit) -> list[ExportView]:
    """The latest first; at most fifty. They are kept for seven days."""
    return [ExportView.of(row, progress) for row, progress in await preparing.exports(unit) if progress]


@operation(needs=Permission.SEE_MONEY, raises=(ExportNotFound,))
async def show_export(unit: Unit, export_id: UUID) -> ExportView:
    return ExportView.of(*await preparing.export_of(unit, export_id))


@operation(needs=Permission.SEE_MONEY, status=202, raises=(ExportNotFound,))
async def resume_export(unit: Unit, export_id: UUID) -> ExportView:
    """One that failed goes on after its last piece."""
    await preparing.go_on(unit, export_id)
    return ExportView.of(*await preparing.export_of(unit, export_id))


routes = [
    Route("/hospital-money/exports", ask_export, methods=["POST"]),
    Route("/hospital-money/exports", list_exports),
    Route("/hospital-money/exports/{export_id:uuid}", show_export),
    Route("/hospital-money/exports/{export_id:uuid}/resumption", resume_export, methods=["POST"]),
    Route("/hospital-money/differences", list_differences),
    Route("/hospital-money/differences/{difference_id:uuid}", show_difference),
    Route("/hospital-money/differences/{difference_id:uuid}/ownership", take_difference, methods=["POST"]),
    Route(
        "/hospital-money/differences/{difference_id:uuid}/resolution", resolve_difference, methods=["POST"]
    ),
    Route(
        "/hospital-money/differences/{difference_id:uuid}/handover", hand_difference_over, methods=["POST"]
    ),
    Route("/hospital-money/bills", fetch_party_bill, methods=["POST"]),
    Route("/hospital-money/refunds", list_hospital_refunds),
    Route("/hospital-money/refunds/{refund_id:uuid}", show_hospital_refund),
    Route("/hospital-money/refunds/{refund_id:uuid}/retry", retry_refund, methods=["POST"]),
    Route("/hospital-money/refunds/{refund_id:uuid}/settlement", settle_refund_by_hand, methods=["POST"]),
]
