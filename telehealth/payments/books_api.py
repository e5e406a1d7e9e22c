"""JSON routes for finance: a day of the books, what was paid, the accounts and their postings (GD06)."""

from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.ledger.statements import entries, trial_balance
from telehealth.payments import finance_queries
from telehealth.payments import reconciliation_queries as books
from telehealth.payments.books_schemas import (
    AccountView,
    DayQuery,
    EntryQuery,
    MoneyDayView,
    PaidOrderView,
    PaidQuery,
    PostingView,
    SpanQuery,
)
from telehealth.payments.exporting import whole_entries
from telehealth.payments.party_books import party_books
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, encode_cursor, moment_key


@operation(needs=Permission.SEE_MONEY)
async def show_money_day(unit: Unit, query: DayQuery) -> MoneyDayView:
    """What came and went by the ledger, and each party's book of the day beside it; today when left out."""
    day = query.day or unit.today
    totals = await finance_queries.day_totals(unit, unit.actor.hospital, day)
    found = await books.differences(unit, day=day)
    return MoneyDayView.of(
        day, totals, await party_books(unit, day), sum(row.resolved_at is None for row in found)
    )


@operation(needs=Permission.SEE_MONEY)
async def list_paid_orders(unit: Unit, query: PaidQuery) -> Page[PaidOrderView]:
    """What was paid on these days of the hospital, the first payment first."""
    rows = await finance_queries.orders_after(
        unit, *query.span(unit.today), moment_key(query.after), limit=query.limit + 1
    )
    kept, more = cut(rows, query.limit, lambda row: (row[0].paid_at, row[0].id))
    return Page(items=[PaidOrderView.of(order, charge) for order, charge in kept], next=more)


@operation(needs=Permission.SEE_MONEY)
async def list_account_balances(unit: Unit, query: SpanQuery) -> list[AccountView]:
    """Every account that ever moved; the openings sum to zero, and so do the balances."""
    lines = await trial_balance(unit, unit.actor.hospital, *query.span(unit.today))
    return [AccountView.of(line) for line in lines]


@operation(needs=Permission.SEE_MONEY)
async def list_ledger_postings(unit: Unit, query: EntryQuery) -> Page[PostingView]:
    """In order of time. An entry is never torn between two pages, so one may be a little shorter."""
    first, last = query.span(unit.today)
    found = await entries(
        unit, unit.actor.hospital, first, last,
        account=query.account, after=moment_key(query.after), limit=max(query.limit, _LONGEST_ENTRY),
    )  # fmt: skip
    kept, following = whole_entries(found, max(query.limit, _LONGEST_ENTRY))
    numbers = await finance_queries.charge_numbers(unit, [line.charge_id for line in kept])
    items = [PostingView.of(line, numbers) for line in kept]
    return Page(items=items, next=encode_cursor(*following) if following else "")


#: More postings than any one entry has: a page holds at least one entry whole.
_LONGEST_ENTRY = 20


routes = [
    Route("/hospital-money/day", show_money_day),
    Route("/hospital-money/orders", list_paid_orders),
    Route("/hospital-money/accounts", list_account_balances),
    Route("/hospital-money/postings", list_ledger_postings),
]
