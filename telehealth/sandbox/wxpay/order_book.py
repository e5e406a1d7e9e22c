"""Orders as the provider keeps them, and how one comes to be paid or closed."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import day_of, written
from telehealth.sandbox.wxpay.notices import Notices

PREPAID_FOR_S = {"JSAPI": 7200, "NATIVE": 7200, "MWEB": 300}
CLOSES_AFTER_S = 7 * 86_400

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS wxpay_orders (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        mchid TEXT NOT NULL, out_trade_no TEXT NOT NULL, appid TEXT NOT NULL, trade_type TEXT NOT NULL,
        state TEXT NOT NULL, total INTEGER NOT NULL, asked TEXT NOT NULL,
        prepay_id TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE,
        created_at REAL NOT NULL, prepaid_until REAL NOT NULL, closes_at REAL NOT NULL,
        transaction_id TEXT UNIQUE, openid TEXT, success_at REAL, failed_tries INTEGER NOT NULL DEFAULT 0,
        UNIQUE (mchid, out_trade_no)
    )
    """,
    "CREATE INDEX IF NOT EXISTS wxpay_orders_success ON wxpay_orders (mchid, success_at)",
)
_DESCRIPTIONS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "REFUND": "转入退款", "CLOSED": "订单已关闭"}


class NotPayable(Exception):
    """`state` says why: CLOSED, SUCCESS, REFUND, or EXPIRED when only the way to pay ran out."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, slots=True)
class Order:
    number: int
    mchid: str
    out_trade_no: str
    appid: str
    trade_type: str
    state: str
    total: int
    asked: Mapping[str, Any]
    prepay_id: str
    token: str
    created_at: float
    prepaid_until: float
    closes_at: float
    transaction_id: str | None
    openid: str | None
    success_at: float | None
    failed_tries: int

    @property
    def is_paid(self) -> bool:
        return self.success_at is not None


class OrderBook:
    def __init__(self, world: World, merchants: Mapping[str, Merchant], notices: Notices) -> None:
        self._world = world
        self._books = world.books
        self._merchants = merchants
        self._notices = notices
        self._books.open_tables(*_TABLES)

    def find(self, mchid: str, out_trade_no: str) -> Order | None:
        return self._one("mchid = ? AND out_trade_no = ?", mchid, out_trade_no)

    def by_transaction(self, mchid: str, transaction_id: str) -> Order | None:
        return self._one("mchid = ? AND transaction_id = ?", mchid, transaction_id)

    def by_prepay_id(self, prepay_id: str) -> Order | None:
        return self._one("prepay_id = ?", prepay_id)

    def by_token(self, token: str) -> Order | None:
        return self._one("token = ?", token)

    def named(self, out_trade_no: str, mchid: str | None) -> list[Order]:
        """Whatever merchant's, for an operator who names only the number."""
        rows = self._books.rows(
            "SELECT * FROM wxpay_orders WHERE out_trade_no = ? AND (? IS NULL OR mchid = ?)",
            out_trade_no,
            mchid,
            mchid,
        )
        return [self._current(row) for row in rows]

    def everything(self, mchid: str | None = None) -> list[Order]:
        rows = self._books.rows(
            "SELECT * FROM wxpay_orders WHERE ? IS NULL OR mchid = ? ORDER BY number", mchid, mchid
        )
        return [self._current(row) for row in rows]

    def paid_between(self, mchid: str, since: float, until: float) -> list[Order]:
        rows = self._books.rows(
            "SELECT * FROM wxpay_orders WHERE mchid = ? AND success_at >= ? AND success_at < ?"
            " ORDER BY success_at, number",
            mchid,
            since,
            until,
        )
        return [self._current(row) for row in rows]

    def open(
        self, merchant: Merchant, trade_type: str, asked: Mapping[str, Any], *, closes_at: float
    ) -> Order:
        now_s = self._now()
        row = (
            merchant.mchid,
            asked["out_trade_no"],
            asked["appid"],
            trade_type,
            asked["amount"]["total"],
            json.dumps(asked, ensure_ascii=False),
            _prepay_id(now_s),
            secrets.token_urlsafe(16),
            now_s,
            now_s + PREPAID_FOR_S[trade_type],
            closes_at,
            (asked.get("payer") or {}).get("openid"),
        )
        with self._books.writing() as connection:
            connection.execute(
                "INSERT INTO wxpay_orders (mchid, out_trade_no, appid, trade_type, state, total, asked,"
                " prepay_id, token, created_at, prepaid_until, closes_at, openid)"
                " VALUES (?, ?, ?, ?, 'NOTPAY', ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return self._must("mchid = ? AND out_trade_no = ?", merchant.mchid, asked["out_trade_no"])

    def renew(self, order: Order) -> Order:
        """The same order asked for again: what was handed out stays while it is valid."""
        now_s = self._now()
        if order.prepaid_until > now_s:
            return order
        return self._change(
            order,
            "prepay_id = ?, token = ?, prepaid_until = ?",
            _prepay_id(now_s),
            secrets.token_urlsafe(16),
            now_s + PREPAID_FOR_S[order.trade_type],
        )

    def close(self, order: Order) -> Order:
        return self._change(order, "state = 'CLOSED'")

    def fail(self, order: Order) -> Order:
        """An attempt that came to nothing: the order stays NOTPAY."""
        return self._change(order, "failed_tries = failed_tries + 1")

    def mark_refunded(self, order: Order) -> None:
        self._change(order, "state = 'REFUND'")

    def pay(
        self,
        order: Order,
        *,
        payer: str | None = None,
        at: float | None = None,
        total: int | None = None,
        even_if_over: bool = False,
    ) -> Order:
        """Take the money and write the callback, in one transaction.

        `total` books another amount than was asked; `even_if_over` lets a closed or expired order be paid.
        Both are mistakes of the provider that a merchant must survive.

        Raises:
            NotPayable: paid before, closed, or the way to pay has run out.
        """
        now_s = self._now()
        with self._books.writing():
            order = self._must("number = ?", order.number)
            if order.is_paid or (order.state != "NOTPAY" and not even_if_over):
                raise NotPayable(order.state)
            if order.prepaid_until <= now_s and not even_if_over:
                raise NotPayable("EXPIRED")
            success_at = now_s if at is None else at
            paid = self._change(
                order,
                "state = 'SUCCESS', transaction_id = ?, openid = ?, success_at = ?, total = ?",
                f"4200000000{day_of(success_at)}{order.number:010d}",
                payer or order.openid or f"oSANDBOX{secrets.token_hex(10)}",
                success_at,
                order.total if total is None else total,
            )
            self._notices.tell(
                self._merchants[order.mchid],
                order.asked["notify_url"],
                "TRANSACTION.SUCCESS",
                view(paid),
                about=order.out_trade_no,
            )
        return paid

    def _one(self, where: str, *values: Any) -> Order | None:
        found = self._books.rows(f"SELECT * FROM wxpay_orders WHERE {where}", *values)  # noqa: S608
        return self._current(found[0]) if found else None

    def _must(self, where: str, *values: Any) -> Order:
        found = self._one(where, *values)
        if found is None:
            raise LookupError(where)
        return found

    def _change(self, order: Order, change: str, *values: Any) -> Order:
        with self._books.writing() as connection:
            connection.execute(
                f"UPDATE wxpay_orders SET {change} WHERE number = ?",  # noqa: S608 - our own words
                (*values, order.number),
            )
        return self._must("number = ?", order.number)

    def _current(self, row: sqlite3.Row) -> Order:
        """An order whose time is over is closed by whoever looks first, and stays so."""
        held = {**dict(row), "asked": json.loads(row["asked"])}
        if row["state"] == "NOTPAY" and row["closes_at"] <= self._now():
            with self._books.writing() as connection:
                connection.execute(
                    "UPDATE wxpay_orders SET state = 'CLOSED' WHERE number = ?", (row["number"],)
                )
            held["state"] = "CLOSED"
        return Order(**held)

    def _now(self) -> float:
        return self._world.clock.now().timestamp()


def view(order: Order) -> dict[str, Any]:
    """An order as a query and a callback show it."""
    amount: dict[str, Any] = {"total": order.total, "currency": "CNY"}
    shown: dict[str, Any] = {
        "appid": order.appid,
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state,
        "trade_state_desc": _DESCRIPTIONS[order.state],
        "attach": order.asked.get("attach", ""),
        "promotion_detail": [],
    }
    if order.is_paid:
        shown |= {
            "transaction_id": order.transaction_id,
            "trade_type": order.trade_type,
            "bank_type": "OTHERS",
            "success_time": written(order.success_at or 0),
            "payer": {"openid": order.openid},
        }
        amount |= {"payer_total": order.total, "payer_currency": "CNY"}
    elif order.openid:
        shown["payer"] = {"openid": order.openid}
    return shown | {"amount": amount}


def _prepay_id(now_s: float) -> str:
    stamp = datetime.fromtimestamp(now_s, SHANGHAI).strftime("%Y%m%d%H%M%S")
    return f"wx{stamp}{secrets.token_hex(10)}"
