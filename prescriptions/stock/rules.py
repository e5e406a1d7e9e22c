"""Shelves, decided without them: which lot is given first, until when one may be given, a delivery note."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Protocol
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.i18n import N_

#: More of one drug than any pharmacy keeps: a slip of the finger.
LARGEST = Decimal(1_000_000)
#: Grams of a herb are weighed to a hundredth.
FINEST = Decimal("0.01")


class OnShelf(Protocol):
    """A lot as far as the rules look at it."""

    @property
    def id(self) -> UUID: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def quantity(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Pick:
    drug_code: str
    lot_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Goods:
    """One row of a delivery."""

    drug_code: str
    lot_number: str
    expires_on: date
    quantity: Decimal


def last_usable(today: HospitalDay, margin_days: int) -> date:
    """A lot that expires on this day or later may be given."""
    return today + timedelta(days=margin_days)


def first_to_expire(lots: Iterable[OnShelf], wanted: Decimal) -> list[tuple[UUID, Decimal]]:
    """Which lots, and how much of each; less than wanted when there is less."""
    chosen, left = [], wanted
    for lot in sorted(lots, key=lambda lot: (lot.expires_on, lot.id)):
        if left <= 0:
            break
        part = min(left, lot.quantity)
        if part > 0:
            chosen.append((lot.id, part))
            left -= part
    return chosen


def totals(picks: Iterable[Pick]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for pick in picks:
        found[pick.drug_code] = found.get(pick.drug_code, Decimal(0)) + pick.quantity
    return found


def amount(text: str) -> Decimal | None:
    """A positive quantity as people write it, or None."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or not 0 < found <= LARGEST or found != found.quantize(FINEST):
        return None
    return found


COLUMNS = ("drug_code", "lot_number", "expires_on", "quantity")
MOST_ROWS = 2000


def read_delivery(text: str, known: Mapping[str, str]) -> tuple[list[Goods], dict[str, str]]:
    """Rows of a delivery note (CSV with the header of `COLUMNS`), and a sentence for each that is wrong.

    `known` are the drugs of the book; a code that it lacks is refused.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        return [], {"text": N_("第一行须为 drug_code,lot_number,expires_on,quantity")}
    good: list[Goods] = []
    bad: dict[str, str] = {}
    try:
        for number, row in enumerate(reader, 2):
            if number > MOST_ROWS + 1:
                return [], {"text": N_("一次最多登记2000行")}
            read = goods_of(row, known)
            if isinstance(read, Goods):
                good.append(read)
            else:
                bad[f"row.{number}"] = read
    except csv.Error:
        return [], {"text": N_("不是有效的CSV")}
    if not good and not bad:
        bad["text"] = N_("清单是空的")
    return good, bad


def goods_of(row: Mapping[str, str | None], known: Mapping[str, str]) -> "Goods | str":
    """The row, or what is wrong with it."""
    code, lot = (str(row.get(name) or "").strip() for name in ("drug_code", "lot_number"))
    quantity = amount(str(row.get("quantity") or ""))
    if code not in known:
        return N_("药品目录中没有这个编码")
    if not lot or len(lot) > 40 or not lot.isprintable():
        return N_("请填写批号")
    if quantity is None:
        return N_("数量须为正数，最多两位小数")
    try:
        expires_on = date.fromisoformat(str(row.get("expires_on") or "").strip())
    except ValueError:
        return N_("有效期须为 年-月-日")
    return Goods(code, lot, expires_on, quantity)


def together(goods: Sequence[Goods]) -> dict[tuple[str, str], Goods] | None:
    """A lot named twice is one; None when the two rows disagree on its expiry."""
    found: dict[tuple[str, str], Goods] = {}
    for each in goods:
        key = each.drug_code, each.lot_number
        if key in found and found[key].expires_on != each.expires_on:
            return None
        before = found[key].quantity if key in found else Decimal(0)
        found[key] = Goods(each.drug_code, each.lot_number, each.expires_on, before + each.quantity)
    return found
