"""What must be true once everything came to rest, whatever was killed on the way."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telehealth.core.unit import Unit
from tests.crash import invoices, shelves
from tests.crash.town import Town

Row = Mapping[str, Any]

#: The insurer's words for the parts of a split → accounts of our ledger.
_POTS = {"fund": "insurer.fund", "account": "insurer.personal", "other": "insurer.other"}
_BACK_IN_FULL = {"unattended", "withdrawn", "clinic_closed", "ineligible_at_admission", "unfinished"}
_SEATED = {"held", "paid", "completed", "unattended", "patient_absent", "unfinished"}

#: What still moves: name → what to say of each.
_UNFINISHED = {
    "job": "select id, task_name, status, attempts, scheduled_at from procrastinate_jobs"
    " where status in ('todo', 'doing')",
    "order": "select out_trade_no, way, state, look_at, looks, answer ? 'differs' as differs from pay_orders"
    " where state in ('created', 'submitted')",
    "charge": "select number, state, closing_since from charges"
    " where closing_since is not null and settled_at is null and state <> 'closed'",
    "leg": "select r.number, r.reason, l.kind, l.party, l.state, l.word, l.tries, l.next_at"
    " from refund_legs l join refunds r on r.id = l.refund_id where l.state <> 'settled'",
    "refund": "select number, reason, state from refunds where state <> 'settled'",
    "hold": "select number, hold_until from bookings where state = 'held'",
    "visit": "select number, day from bookings where state = 'paid' and attended_at is null",
    "cover": "select serial_no, state, reason from covers where state in ('asked', 'authorised', 'priced')",
    **shelves.UNFINISHED,
    **invoices.UNFINISHED,
}


async def unfinished(town: Town) -> list[str]:
    """What is still under way: at rest there is nothing."""
    async with town.units.system("rehearsal") as unit:
        return [
            f"{name} {' '.join(f'{key}={value}' for key, value in row.items())}"
            for name, query in _UNFINISHED.items()
            for row in await _rows(unit, query)
        ]


@dataclass(frozen=True, slots=True)
class Books:
    """Ours, and those of the outside parties."""

    bookings: list[Row]
    orders: list[Row]
    refunds: list[Row]
    legs: list[Row]
    postings: list[Row]
    seats: list[Row]
    till: Mapping[str, list[dict[str, Any]]]
    insurer: Mapping[str, Row]


async def problems(town: Town) -> list[str]:
    """Each a sentence; none when nothing was lost, doubled or forgotten."""
    held = await _read(town)
    checks = (_ledger, _orders, _refunds, _insurer, _visits, _seats)
    found = [sentence for check in checks for sentence in check(held)]
    found += _promises(town, held)
    found += await shelves.problems(town)
    found += await invoices.problems(town)
    return found + [f"somebody was shown an error page: {one}" for one in town.client.broken]


async def figures(town: Town) -> str:
    """What happened in a town, for whoever wants to know that it was not idle."""
    held = await _read(town)
    async with town.units.system("rehearsal") as unit:
        failed = await unit.session.scalar(
            sa.text("select count(*) from procrastinate_jobs where status = 'failed'")
        )
    taken = sum(int(row["cash"] + row["fund"] + row["personal"] + row["other"]) for row in _paid(held))
    back = sum(int(row["amount"]) for row in held.refunds)
    return "\n".join(
        (
            f"{len(held.bookings)} bookings: {_counted(Counter(str(row['state']) for row in held.bookings))}",
            f"  {taken} fen came in, {back} went back in {len(held.refunds)} refunds;"
            f" {town.client.dropped} connections cut, {failed} jobs parked",
            await shelves.figures(town),
            await invoices.figures(town),
            f"  {_counted(town.weather)}",
        )
    )


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.most_common())


async def _read(town: Town) -> Books:
    async with town.units.system("rehearsal") as unit:
        return Books(
            bookings=await _rows(unit, "select * from bookings"),
            orders=await _rows(unit, "select * from pay_orders"),
            refunds=await _rows(unit, "select * from refunds"),
            legs=await _rows(
                unit, "select l.*, r.number from refund_legs l join refunds r on r.id = l.refund_id"
            ),
            postings=await _rows(
                unit,
                "select e.event, p.account, p.amount, p.charge_id, p.entry_id"
                " from ledger_postings p join ledger_entries e on e.id = p.entry_id",
            ),
            seats=await _rows(
                unit,
                "select s.id, s.taken, (select count(*) from bookings b where b.slot_id = s.id"
                " and b.state = any(:seated)) as sat from slots s",
                seated=list(_SEATED),
            ),
            till=await asyncio.to_thread(town.sandbox.payment_books, town.mchid),
            insurer=(await asyncio.to_thread(town.sandbox.insurance_books))["orders"],
        )


async def _rows(unit: Unit, query: str, **values: Any) -> list[Row]:
    found = (await unit.session.execute(sa.text(query), values)).mappings()
    return [dict(row) for row in found]


def _ledger(held: Books) -> Iterator[str]:
    entries: dict[Any, int] = defaultdict(int)
    for row in held.postings:
        entries[row["entry_id"]] += row["amount"]
    for entry, total in entries.items():
        if total:
            yield f"ledger entry {entry} is off by {total} fen"
    ours = _balances(held)
    theirs = sum(row["total"] for row in held.till["orders"] if row["success_time"])
    theirs -= sum(row["amount"] for row in held.till["refunds"] if row["status"] == "SUCCESS")
    if ours["provider.wechatpay"] != theirs:
        yield f"the ledger has {ours['provider.wechatpay']} fen at the provider, the provider {theirs}"
    if ours["refunds"]:
        yield f"{ours['refunds']} fen are promised back and never went out"


def _orders(held: Books) -> Iterator[str]:
    theirs = {row["out_trade_no"]: row for row in held.till["orders"]}
    for order in held.orders:
        if order["provider"] != "wechatpay" or not order["cash"]:
            continue
        there = theirs.pop(order["out_trade_no"], None)
        paid = there["total"] if there is not None and there["success_time"] else None
        ours = order["cash"] if order["state"] == "paid" else None
        if paid != ours:
            yield f"order {order['out_trade_no']}: {ours} fen here ({order['state']}), {paid} fen there"
    for number in theirs:
        if theirs[number]["success_time"]:
            yield f"the provider has an order {number} that we never made"


def _refunds(held: Books) -> Iterator[str]:
    """Ours and theirs are the same, and nothing went back twice."""
    legs = [leg for leg in held.legs if leg["kind"] == "cash" and leg["party"] == "wechatpay"]
    ours = {leg["number"]: leg["amount"] for leg in legs if leg["state"] == "settled"}
    theirs = {row["out_refund_no"]: row["amount"] for row in held.till["refunds"]}
    for number in sorted(ours.keys() | theirs.keys()):
        if ours.get(number) != theirs.get(number):
            yield f"refund {number}: {ours.get(number)} fen here, {theirs.get(number)} fen there"
    back: Counter[str] = Counter()
    for row in held.till["refunds"]:
        back[row["out_trade_no"]] += row["amount"]
    for row in held.till["orders"]:
        if back[row["out_trade_no"]] > row["total"]:
            yield f"order {row['out_trade_no']} of {row['total']} fen gave {back[row['out_trade_no']]} back"


def _insurer(held: Books) -> Iterator[str]:
    ours = _balances(held)
    settled = [order for order in held.insurer.values() if order["state"] in ("settled", "refunded")]
    for pot, account in _POTS.items():
        theirs = sum(order[pot] for order in settled)
        theirs -= sum(refund[pot] for order in settled for refund in order["refunds"].values())
        if ours[account] != theirs:
            yield f"the ledger has {ours[account]} fen in {account}, the insurer {theirs}"
    for number, order in held.insurer.items():
        if order["state"] in ("uploaded", "priced"):
            yield f"the insurer still holds {number}, which nobody will use"


def _visits(held: Books) -> Iterator[str]:
    """Each payment is rendered, or kept by its rule, or went back once."""
    charges: dict[Any, list[Row]] = defaultdict(list)
    for order in _paid(held):
        charges[order["charge_id"]].append(order)
    of_order: dict[Any, list[Row]] = defaultdict(list)
    for refund in held.refunds:
        of_order[refund["pay_order_id"]].append(refund)
    postings: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in held.postings:
        postings[row["charge_id"]][row["account"].partition(".")[0]] += row["amount"]
    for booking in held.bookings:
        said = f"booking {booking['number']} ({booking['state']}, {booking['reason']})"
        orders = charges[booking["charge_id"]] if booking["charge_id"] else []
        refunded = [len(of_order[order["id"]]) for order in orders]
        for order in orders:
            total = order["cash"] + order["fund"] + order["personal"] + order["other"]
            back = sum(refund["amount"] for refund in of_order[order["id"]])
            if of_order[order["id"]] and back != total:
                yield f"{said}: {back} of {total} fen went back of {order['out_trade_no']}"
        kept = 1 if _is_kept(booking) else 0
        if orders and (refunded.count(0) != kept or max(refunded) > 1):
            yield f"{said}: paid {len(orders)} times, refunds of each {refunded}, to be kept {kept}"
        if kept and not orders and booking["fee"] and booking["state"] != "cancelled":
            yield f"{said}: nobody paid for it"
        left = postings[booking["charge_id"]]["prepaid"] if booking["charge_id"] else 0
        if left and not (booking["state"] == "paid" and kept):
            yield f"{said}: {-left} fen are still neither earned nor given back"


def _is_kept(booking: Row) -> bool:
    if booking["state"] == "paid":
        return booking["attended_at"] is not None
    if booking["state"] == "cancelled":
        return bool(booking["reason"] == "on_the_day")
    return booking["state"] in ("completed", "patient_absent")


def _seats(held: Books) -> Iterator[str]:
    for row in held.seats:
        if row["taken"] != row["sat"]:
            yield f"slot {row['id']} has {row['taken']} seats taken by {row['sat']} bookings"


def _promises(town: Town, held: Books) -> Iterator[str]:
    """Whatever somebody was told stayed so."""
    by_id = {str(row["id"]): row for row in held.bookings}
    for booking_id, promised in town.promises:
        booking = by_id[booking_id]
        if promised == "paid":
            kept = booking["state"] not in ("held", "released")
        elif promised == "attended":
            kept = booking["attended_at"] is not None
        else:
            kept = booking["state"] == promised
        if not kept:
            yield f"booking {booking['number']} was said to be {promised}, and is {booking['state']}"


def _balances(held: Books) -> Counter[str]:
    """Account → fen, of what patients paid and got back; not the provider's fees."""
    found: Counter[str] = Counter()
    for row in held.postings:
        if row["charge_id"] is not None:
            found[row["account"]] += row["amount"]
    return found


def _paid(held: Books) -> list[Row]:
    return [order for order in held.orders if order["state"] == "paid"]
