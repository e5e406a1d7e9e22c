"""The books themselves over a span of days: each account, and every posting in order of time."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit
from telehealth.ledger.statements import entries, trial_balance
from telehealth.payments import finance_queries
from telehealth.payments.exporting import whole_entries
from telehealth.payments.finance_pages.frame import show, span_of, speech
from telehealth.payments.finance_views import ROOT, balance_rows, entry_rows
from telehealth.payments.wording import ACCOUNTS
from telehealth.web.contract import page
from telehealth.web.pagination import encode_cursor, moment_key

HERE = f"{ROOT}/statements"
LIMIT = 100


@page(needs=Permission.SEE_MONEY)
async def money_statements_page(request: Request, unit: Unit) -> Response:
    say, hospital_id = speech(request), unit.actor.hospital
    first, last = span_of(request, unit.today)
    account = request.query_params.get("account", "")
    account = account if account in ACCOUNTS else ""
    after = _after(request.query_params.get("after", ""))
    lines = await trial_balance(unit, hospital_id, first, last)
    found = await entries(unit, hospital_id, first, last, account=account or None, after=after, limit=LIMIT)
    kept, following = whole_entries(found, LIMIT)
    numbers = await finance_queries.charge_numbers(unit, [line.charge_id for line in kept])
    span = {"first": first.isoformat(), "last": last.isoformat(), "account": account}
    return await show(
        request,
        unit,
        "statements",
        "finance_statements.html",
        first=first,
        last=last,
        today=unit.today,
        account=account,
        accounts=[(code, say.words(name)) for code, name in ACCOUNTS.items()],
        balances=balance_rows(lines, say),
        debits=sum(line.debits for line in lines),
        credits=sum(line.credits for line in lines),
        rows=entry_rows(kept, numbers, say),
        newest=f"{HERE}?{urlencode(span)}" if after else "",
        older=f"{HERE}?{urlencode(span | {'after': encode_cursor(*following)})}" if following else "",
    )


def _after(cursor: str) -> tuple[datetime, UUID] | None:
    """Nonsense begins at the beginning."""
    try:
        return moment_key(cursor)
    except FieldsInvalid:
        return None


routes = [Route(HERE, money_statements_page)]
