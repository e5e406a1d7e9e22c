"""What must be true of the hospital's own bills once everything came to rest: here, and in its system."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import sqlalchemy as sa

from tests.crash.town import CODE, Town

Row = Mapping[str, Any]

UNFINISHED = {
    "bill": "select number, state, tells, tell_at from outpatient_bills where state = 'paid'",
    "price": "select number, state, charge_id from outpatient_bills"
    " where state <> 'confirmed' and charge_id is not null",
}
#: What the hospital's system may say of a bill that stands like this here. A bill that nobody looked at
#: since is still due here.
_TOGETHER = {
    "due": {("issued", False), ("balanced", True), ("cancelled", False)},
    "confirmed": {("balanced", False)},
    "elsewhere": {("balanced", True)},
    "withdrawn": {("cancelled", False)},
}
_AT_WINDOW = "window"
_CHARGES = "select id, number, amount, state from charges where subject_kind = 'outpatient_bill'"
_PAID = (
    "select o.id, o.charge_id, o.cash from pay_orders o join charges c on c.id = o.charge_id"
    " where c.subject_kind = 'outpatient_bill' and o.state = 'paid'"
)
_BACK = (
    "select r.pay_order_id, r.amount from refunds r join charges c on c.id = r.charge_id"
    " where c.subject_kind = 'outpatient_bill'"
)
_PREPAID = (
    "select p.charge_id, sum(p.amount) as amount from ledger_postings p"
    " join charges c on c.id = p.charge_id"
    " where c.subject_kind = 'outpatient_bill' and p.account like 'prepaid%' group by 1"
)


@dataclass(frozen=True, slots=True)
class Invoices:
    bills: list[Row]
    charges: dict[Any, Row]
    #: Of each charge, the payments that came in, and of each payment what went back.
    paid: dict[Any, list[Row]]
    back: dict[Any, list[int]]
    prepaid: dict[Any, int]
    #: The hospital's own, by its id.
    there: dict[str, Row]


async def problems(town: Town) -> list[str]:
    """Each a sentence; none when every bill was paid one time, or its money went back one time."""
    held = await _read(town)
    found = [sentence for check in (_stories, _money) for sentence in check(held)]
    return found + list(_promises(town, held))


async def figures(town: Town) -> str:
    held = await _read(town)
    states = Counter(str(row["state"]) for row in held.bills)
    said = ", ".join(f"{name} {count}" for name, count in states.most_common()) or "none"
    payments = sum(len(orders) for orders in held.paid.values())
    return f"  {len(held.bills)} bills of the hospital: {said}; {payments} payments of them"


async def _read(town: Town) -> Invoices:
    url = f"{town.sandbox.base_url}/his/{CODE}/bills"
    there = await asyncio.to_thread(lambda: httpx2.get(url).raise_for_status().json()["bills"])
    async with town.units.system("rehearsal") as unit:

        async def rows(query: str) -> list[Row]:
            return [dict(row) for row in (await unit.session.execute(sa.text(query))).mappings()]

        paid, back = defaultdict(list), defaultdict(list)
        for row in await rows(_PAID):
            paid[row["charge_id"]].append(row)
        for row in await rows(_BACK):
            back[row["pay_order_id"]].append(row["amount"])
        charges, balances = await rows(_CHARGES), await rows(_PREPAID)
        return Invoices(
            bills=await rows("select * from outpatient_bills"),
            charges={row["id"]: row for row in charges},
            paid=paid,
            back=back,
            prepaid={row["charge_id"]: int(row["amount"]) for row in balances},
            there={row["id"]: row for row in there},
        )


def _stories(held: Invoices) -> Iterator[str]:
    """Both systems tell the same story, and a payment that stands there is the one that is kept here."""
    for row in held.bills:
        there = held.there[row["resource_id"]]
        story = there["status"], there["paid_by"] == _AT_WINDOW
        if story not in _TOGETHER.get(row["state"], set()):
            said = f"{there['status']} by {there['paid_by']!r} there"
            yield f"bill {row['number']} is {row['state']} here, {said}"
        ours = held.charges[row["charge_id"]] if row["charge_id"] else None
        stands = there["paid_by"] if story == ("balanced", False) else ""
        if stands != (ours["number"] if ours is not None else ""):
            yield f"bill {row['number']}: {stands!r} stands there, {ours and ours['number']} here"
        if row["state"] == "confirmed" and round(there["total"] * 100) != row["amount"]:
            yield f"bill {row['number']} costs {there['total']} yuan there and {row['amount']} fen here"


def _money(held: Invoices) -> Iterator[str]:
    """Of all payments those of confirmed bills are kept, one each; every other went back whole, once."""
    wanted = {row["charge_id"]: row["amount"] for row in held.bills if row["state"] == "confirmed"}
    for charge_id, charge in held.charges.items():
        said = f"charge {charge['number']} ({charge['state']})"
        kept = []
        for order in held.paid[charge_id]:
            went = held.back[order["id"]]
            if not went:
                kept.append(order["cash"])
            elif went != [order["cash"]]:
                yield f"{said}: of {order['cash']} fen went back {went}"
        if kept != ([wanted[charge_id]] if charge_id in wanted else []):
            yield f"{said}: {kept} fen kept, for a bill of {wanted.get(charge_id)}"
        if held.prepaid.get(charge_id, 0):
            yield f"{said}: {-held.prepaid[charge_id]} fen are neither earned nor given back"
        if charge["state"] in ("created", "submitted"):
            yield f"{said} was never closed"


def _promises(town: Town, held: Invoices) -> Iterator[str]:
    """What was shown as paid was paid: it is kept, or it went back."""
    by_id = {str(charge_id): charge for charge_id, charge in held.charges.items()}
    for charge_id in town.bill_promises:
        if by_id[charge_id]["state"] != "settled":
            yield f"charge {by_id[charge_id]['number']} was said to be paid, is {by_id[charge_id]['state']}"
