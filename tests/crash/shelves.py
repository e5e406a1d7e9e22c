"""What must be true of sheets, shelves, parcels and files once everything came to rest."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telehealth.core.blobs import BlobStore
from telehealth.core.unit import Unit
from tests.crash.town import Town
from tests.support.couriers import CourierDesk

Row = Mapping[str, Any]

UNFINISHED = {
    "sheet": "select number, state, valid_until from prescriptions where state in ('signed', 'passed')",
    "way": "select id, state, path from fulfilments where state = 'open'",
    "dispatch": "select number, state, path, promised_at, undo_reason, held_at from dispatch_orders"
    " where state in ('waiting', 'claimed', 'picked', 'decocting', 'decocted', 'checked')"
    " or undo_reason is not null or held_at is not null",
    "waybill": "select order_number, state from parcels where booked_at is null and cancelled_at is null",
}
#: State of a sheet → of its way → of its order; what is not there is "".
_TOGETHER = {
    ("draft", "", ""),
    ("expired", "", ""),
    ("expired", "lapsed", ""),
    ("voided", "undone", "cancelled"),
    ("spent", "paid", "packed"),
    ("spent", "dispensed", "handed_over"),
    ("spent", "dispensed", "delivered"),
    ("spent", "dispensed", "collected"),
}
_OUT = frozenset({"handed_over", "delivered", "collected"})
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Shelves:
    sheets: list[Row]
    orders: list[Row]
    refunds: list[Row]
    postings: list[Row]
    items: list[Row]
    lots: list[Row]
    reservations: list[Row]
    picked: list[Row]
    parcels: list[Row]
    files: list[Row]
    #: The courier's own, by our number.
    there: Mapping[str, Row]


async def problems(town: Town) -> list[str]:
    """Each a sentence; none when nothing was paid, sent or given out twice, and nothing was forgotten."""
    held = await _read(town)
    checks = (_states, _money, _stock, _reserved, _waybills)
    found = [sentence for check in checks for sentence in check(held)]
    found += [sentence for row in held.files if (sentence := await _file(town, row))]
    return found + list(_promises(town, held))


async def figures(town: Town) -> str:
    held = await _read(town)
    parcels = Counter(row["state"] for row in held.there.values())
    return (
        f"  {len(held.sheets)} sheets: {_counted(Counter(row['state'] for row in held.sheets))};"
        f" orders: {_counted(Counter(row['dispatch'] for row in held.sheets if row['dispatch']))};"
        f" parcels there: {_counted(parcels)}; {len(held.files)} files"
    )


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.most_common()) or "none"


async def _read(town: Town) -> Shelves:
    there = await asyncio.to_thread(CourierDesk(town.sandbox).parcels)
    async with town.units.system("rehearsal") as unit:
        return Shelves(
            sheets=await _rows(
                unit,
                "select r.id, r.number, r.state, r.total, r.reason, coalesce(f.state, '') as way, f.path,"
                " f.charge_id, coalesce(d.state, '') as dispatch, p.id is not null as dispensed"
                " from prescriptions r left join fulfilments f on f.id = r.id"
                " left join dispatch_orders d on d.id = r.id left join dispenses p on p.id = r.id",
            ),
            orders=await _rows(
                unit,
                "select o.*, c.subject_id as sheet_id from pay_orders o join charges c on c.id = o.charge_id"
                " where c.subject_kind = 'prescription' and o.state = 'paid'",
            ),
            refunds=await _rows(unit, "select * from refunds"),
            postings=await _rows(
                unit,
                "select c.subject_id as sheet_id, sum(p.amount) as amount from ledger_postings p"
                " join charges c on c.id = p.charge_id where c.subject_kind = 'prescription'"
                " and p.account like 'prepaid%' group by 1",
            ),
            items=await _rows(unit, "select * from stock_items"),
            lots=await _rows(
                unit,
                "select l.*, (select coalesce(sum(m.change), 0) from stock_moves m where m.lot_id = l.id)"
                " as moved, (select coalesce(sum(m.change), 0) from stock_moves m where m.lot_id = l.id"
                " and m.cause = 'received') as received from stock_lots l",
            ),
            reservations=await _rows(unit, "select * from stock_reservations"),
            picked=await _rows(unit, "select * from picked_lots"),
            parcels=await _rows(
                unit,
                "select p.*, d.state as dispatch, d.number from parcels p"
                " join dispatch_orders d on d.id = p.order_id",
            ),
            files=await _rows(
                unit, "select key, size, sha256, stage, prescription_id from rx_sheets order by at"
            ),
            there=there,
        )


async def _rows(unit: Unit, query: str) -> list[Row]:
    return [dict(row) for row in (await unit.session.execute(sa.text(query))).mappings()]


def _states(held: Shelves) -> Iterator[str]:
    """Sheet, way and order tell the same story; what was given out was given out one time."""
    for row in held.sheets:
        story = row["state"], row["way"], row["dispatch"]
        if story not in _TOGETHER:
            yield f"sheet {row['number']} is {story[0]}, its way {story[1]}, its order {story[2]}"
        if row["dispensed"] != (row["dispatch"] in _OUT):
            yield f"sheet {row['number']}: dispensed {row['dispensed']}, its order {row['dispatch']}"


def _money(held: Shelves) -> Iterator[str]:
    """Paid one time and kept, or all of it gone back, each payment one time."""
    paid: dict[Any, list[Row]] = defaultdict(list)
    for order in held.orders:
        paid[order["sheet_id"]].append(order)
    back: dict[Any, list[int]] = defaultdict(list)
    for refund in held.refunds:
        back[refund["pay_order_id"]].append(refund["amount"])
    left = {row["sheet_id"]: int(row["amount"]) for row in held.postings}
    for row in held.sheets:
        said = f"sheet {row['number']} ({row['state']}, {row['way']}, {row['reason']})"
        kept = [order for order in paid[row["id"]] if not back[order["id"]]]
        if len(kept) != (row["way"] in ("paid", "dispensed")):
            yield f"{said}: {len(paid[row['id']])} payments, {len(kept)} of them kept"
        if any(order["cash"] != row["total"] for order in paid[row["id"]]):
            yield f"{said}: it costs {row['total']} fen, and another amount was paid"
        for order in paid[row["id"]]:
            if back[order["id"]] and back[order["id"]] != [order["cash"]]:
                yield f"{said}: of {order['cash']} fen went back {back[order['id']]}"
        owed = row["total"] if row["way"] == "paid" else 0
        if left.get(row["id"], 0) != -owed:
            yield f"{said}: {-left.get(row['id'], 0)} fen are prepaid, not {owed}"


def _stock(held: Shelves) -> Iterator[str]:
    """Shelves and bags together are what was received."""
    lying: dict[Any, Decimal] = defaultdict(Decimal)
    received: dict[Any, Decimal] = defaultdict(Decimal)
    for lot in held.lots:
        key = lot["pharmacy_id"], lot["drug_code"]
        if lot["quantity"] != lot["moved"] or lot["quantity"] < 0:
            yield f"lot {lot['drug_code']}/{lot['lot_number']} has {lot['quantity']}, moved {lot['moved']}"
        lying[key] += lot["quantity"] if lot["blocked_at"] is None else 0
        received[key] += lot["received"]
    reserved: dict[Any, Decimal] = defaultdict(Decimal)
    taken: dict[Any, Decimal] = defaultdict(Decimal)
    for row in held.reservations:
        into = {"held": reserved, "taken": taken}.get(row["state"])
        if into is not None:
            into[row["pharmacy_id"], row["drug_code"]] += row["quantity"]
    for item in held.items:
        key = item["pharmacy_id"], item["drug_code"]
        if item["on_hand"] != lying[key] or item["reserved"] != reserved[key]:
            yield (
                f"{item['drug_code']}: {item['on_hand']} on hand and {item['reserved']} reserved, but lots"
                f" of {lying[key]} and reservations of {reserved[key]}"
            )
        if lying[key] + taken[key] != received[key]:
            yield f"{item['drug_code']}: {lying[key]} lie, {taken[key]} taken, {received[key]} received"
        if min(item["on_hand"], item["reserved"]) < 0:
            yield f"{item['drug_code']} is negative"


def _reserved(held: Shelves) -> Iterator[str]:
    """A sheet that is over holds nothing, and what left the shelf for it lies in its bag."""
    states: dict[Any, set[str]] = defaultdict(set)
    taken: dict[Any, Counter[str]] = defaultdict(Counter)
    bags: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in held.reservations:
        states[row["prescription_id"]].add(row["state"])
        if row["state"] == "taken":
            taken[row["prescription_id"]][row["drug_code"]] += row["quantity"]
    for row in held.picked:
        bags[row["order_id"]][row["drug_code"]] += row["quantity"]
    for row in held.sheets:
        wanted = {"taken"} if row["state"] == "spent" else {"freed"}
        if states[row["id"]] != (wanted if row["way"] else set()):
            yield f"sheet {row['number']} ({row['state']}): its stock is {sorted(states[row['id']])}"
        if bags[row["id"]] != taken[row["id"]]:
            yield f"sheet {row['number']}: {dict(taken[row['id']])} taken, {dict(bags[row['id']])} in the bag"


def _waybills(held: Shelves) -> Iterator[str]:
    """Nobody comes for a parcel that is off, and for one that is not, one courier comes."""
    ours = {row["order_number"]: row for row in held.parcels}
    alive: Counter[Any] = Counter()
    for number, there in held.there.items():
        row = ours.get(number)
        if row is None:
            yield f"the courier has {number}, which we never asked for"
            continue
        if there["state"] == "cancelled":
            continue
        alive[row["order_id"]] += 1
        if row["cancelled_at"] is not None or row["waybill"] != there["number"]:
            yield f"{number} is {there['state']} there as {there['number']}, here {row['waybill']} off"
        if row["dispatch"] == "cancelled":
            yield f"the courier comes for {number}, whose order is cancelled"
    for row in held.parcels:
        wanted = 0 if row["dispatch"] == "cancelled" else 1
        if alive[row["order_id"]] != wanted:
            yield f"order {row['number']} ({row['dispatch']}) has {alive[row['order_id']]} live waybills"


async def _file(town: Town, row: Row) -> str:
    store = town.units.port(BlobStore)  # type: ignore[type-abstract]
    try:
        kept = await store.read(row["key"], _LARGEST)
    except Exception as error:
        return f"{row['key']} is named and cannot be read: {error!r}"
    if len(kept) != row["size"] or hashlib.sha256(kept).hexdigest() != row["sha256"]:
        return f"{row['key']} is not what was signed"
    return ""


def _promises(town: Town, held: Shelves) -> Iterator[str]:
    by_id = {row["id"]: row for row in held.sheets}
    for sheet_id, promised in town.sheet_promises:
        row = by_id[sheet_id]
        if promised == "paid":
            kept = row["way"] in ("paid", "dispensed", "undone")
        elif promised == "handed_out":
            kept = row["dispensed"]
        else:
            kept = row["way"] == "undone"
        if not kept:
            yield f"sheet {row['number']} was said to be {promised}, and is {row['state']}, {row['way']}"
