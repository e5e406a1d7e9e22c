"""The day's books as files for a spreadsheet: read in pages, each in a unit of its own, never all at once.

Cells that a spreadsheet would run as a formula get a leading apostrophe. Amounts are yuan with two
decimals and never negative: what could be has two columns.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.i18n import N_, format_instant
from telehealth.core.money import yuan
from telehealth.core.unit import Unit, Units
from telehealth.ledger.statements import EntryLine, entries
from telehealth.payments import finance_queries as queries
from telehealth.payments.comparing import DifferenceKind
from telehealth.payments.models import Charge, Difference, PayOrder, Refund, RefundLeg
from telehealth.payments.wording import (
    ACCOUNTS,
    DIFFERENCE_KINDS,
    EVENTS,
    LEG_KINDS,
    ORDER_TYPES,
    PARTIES,
    REFUND_REASONS,
    REFUND_STATES,
    WAYS,
)

__all__ = ["BOM", "EXPORTS", "Export", "cell", "table", "whole_entries", "written"]

#: So that a spreadsheet takes the bytes for UTF-8.
BOM = "\ufeff"
_AT_ONCE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Words = Callable[[str], str]
#: Rows of a page, and where the next one begins.
Page = tuple[list[list[str]], Any]


@dataclass(frozen=True, slots=True)
class Export:
    name: str
    head: tuple[str, ...]
    read: Callable[[Unit, date, date, Any, Words], Awaitable[Page]]


async def table(
    units: Units, actor: Actor, export: Export, first: date, last: date, words: Words
) -> AsyncIterator[str]:
    """The file, piece by piece; who took it, and of which days, is recorded first."""
    async with units.of(actor) as unit:
        unit.audit("finance.exported", f"export:{export.name}", first=first, last=last)
    yield BOM + written([[words(name) for name in export.head]])
    after = None
    while True:
        async with units.of(actor) as unit:
            rows, after = await export.read(unit, first, last, after, words)
        if rows:
            yield written(rows)
        if after is None:
            return


def cell(text: str | None) -> str:
    """A text as a cell that stays a text."""
    text = text or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def whole_entries(lines: Sequence[EntryLine], limit: int) -> tuple[list[EntryLine], Any]:
    """Up to `limit` postings of those read, no entry torn apart, and where to go on."""
    if len(lines) <= limit:
        return list(lines), None
    torn = lines[-1].entry_id
    kept = [line for line in lines if line.entry_id != torn]
    return kept, (kept[-1].at, kept[-1].entry_id) if kept else None


async def _orders(unit: Unit, first: date, last: date, after: tuple[datetime, UUID] | None, _: Words) -> Page:
    rows = await queries.orders_after(unit, first, last, after, limit=_AT_ONCE)
    return [_order(order, charge, _) for order, charge in rows], _next(
        rows, lambda row: (row[0].paid_at, row[0].id)
    )


def _order(order: PayOrder, charge: Charge, _: Words) -> list[str]:
    return [
        _when(order.paid_at),
        cell(charge.number),
        cell(order.out_trade_no),
        cell(order.transaction_id),
        _(ORDER_TYPES[charge.order_type]),
        cell(charge.description),
        _(WAYS[order.way]),
        *(yuan(part) for part in (order.total, order.cash, order.fund, order.personal, order.other)),
    ]


async def _refunds(
    unit: Unit, first: date, last: date, after: tuple[datetime, UUID] | None, _: Words
) -> Page:
    rows = await queries.refunds_after(unit, first, last, after, limit=_AT_ONCE)
    legs = await queries.legs_of(unit, [refund.id for refund, _order in rows])
    lines = [_refund(refund, order, legs[refund.id], _) for refund, order in rows]
    return lines, _next(rows, lambda row: (row[0].requested_at, row[0].id))


def _refund(refund: Refund, order: PayOrder, legs: Iterable[RefundLeg], _: Words) -> list[str]:
    return [
        _when(refund.requested_at),
        cell(refund.number),
        cell(order.out_trade_no),
        _(REFUND_REASONS[refund.reason]),
        yuan(refund.amount),
        _(REFUND_STATES[refund.state][0]),
        _when(refund.settled_at),
        refund.expected_by.isoformat(),
        cell("; ".join(_leg(leg, _) for leg in legs)),
        cell(refund.note),
    ]


def _leg(leg: RefundLeg, _: Words) -> str:
    return f"{_(LEG_KINDS[leg.kind])} {yuan(leg.amount)} {leg.party_number or ''}".strip()


async def _differences(
    unit: Unit, first: date, last: date, after: tuple[date, UUID] | None, _: Words
) -> Page:
    rows = await queries.differences_after(unit, first, last, after, limit=_AT_ONCE)
    lines = [_difference(row, _, unit.today) for row in rows]
    return lines, _next(rows, lambda row: (row.day, row.id))


def _difference(row: Difference, _: Words, today: date) -> list[str]:
    return [
        row.day.isoformat(),
        _(PARTIES[row.party]),
        _(DIFFERENCE_KINDS[DifferenceKind(row.kind)][0]),
        cell(row.reference),
        "" if row.ours is None else yuan(row.ours),
        "" if row.theirs is None else yuan(row.theirs),
        "" if row.resolved_at else str((today - row.day).days),
        cell(row.owner_name),
        _when(row.resolved_at),
        cell("; ".join(_(line) for line in row.note.splitlines())),
    ]


async def _entries(
    unit: Unit, first: date, last: date, after: tuple[datetime, UUID] | None, _: Words
) -> Page:
    lines = await entries(unit, unit.actor.hospital, first, last, after=after, limit=_AT_ONCE)
    kept, following = whole_entries(lines, _AT_ONCE)
    numbers = await queries.charge_numbers(unit, [line.charge_id for line in kept])
    return [_entry(line, numbers, _) for line in kept], following


def _entry(line: EntryLine, numbers: Mapping[UUID, str], _: Words) -> list[str]:
    return [
        _when(line.at),
        _(EVENTS.get(line.event, line.event)),
        cell(line.cause),
        cell(numbers.get(line.charge_id, "") if line.charge_id else ""),
        cell(line.account),
        _(ACCOUNTS.get(line.account, line.account)),
        yuan(line.amount) if line.amount > 0 else "",
        yuan(-line.amount) if line.amount < 0 else "",
    ]


def _when(at: datetime | None) -> str:
    return format_instant(at, "zh-CN", "numeric") if at else ""


def _next(rows: Sequence[Any], key: Callable[[Any], tuple[Any, ...]]) -> Any:
    return key(rows[-1]) if len(rows) == _AT_ONCE else None


def written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


EXPORTS: Mapping[str, Export] = {
    export.name: export
    for export in (
        Export(
            "orders",
            (
                N_("支付时间"), N_("单号"), N_("商户订单号"), N_("渠道单号"), N_("类型"), N_("说明"),
                N_("支付方式"), N_("合计"), N_("现金"), N_("统筹基金"), N_("个人账户"), N_("其他医保"),
            ),
            _orders,
        ),
        Export(
            "refunds",
            (
                N_("申请时间"), N_("退款单号"), N_("商户订单号"), N_("原因"), N_("金额"), N_("状态"),
                N_("到账时间"), N_("预计最迟到账"), N_("退款步骤"), N_("备注"),
            ),
            _refunds,
        ),
        Export(
            "differences",
            (
                N_("账单日期"), N_("对方"), N_("差异"), N_("单号"), N_("我方金额"), N_("对方金额"),
                N_("已过天数"), N_("负责人"), N_("处理时间"), N_("备注"),
            ),
            _differences,
        ),
        Export(
            "entries",
            (
                N_("时间"), N_("事项"), N_("凭证"), N_("单号"), N_("科目代码"), N_("科目"), N_("借方"),
                N_("贷方"),
            ),
            _entries,
        ),
    )
}  # fmt: skip
