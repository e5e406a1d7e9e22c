"""Refunds as the provider keeps them, and how they come to an end."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import day_of, written
from telehealth.sandbox.wxpay.notices import Notices
from telehealth.sandbox.wxpay.order_book import Order

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS wxpay_refunds (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        mchid TEXT NOT NULL, out_refund_no TEXT NOT NULL, refund_id TEXT NOT NULL UNIQUE,
        out_trade_no TEXT NOT NULL, transaction_id TEXT NOT NULL,
        amount INTEGER NOT NULL, total INTEGER NOT NULL,
        status TEXT NOT NULL, outcome TEXT NOT NULL, channel TEXT NOT NULL, account TEXT NOT NULL,
        asked TEXT NOT NULL, created_at REAL NOT NULL, processing_since REAL NOT NULL, success_at REAL,
        UNIQUE (mchid, out_refund_no)
    )
    """,
    "CREATE INDEX IF NOT EXISTS wxpay_refunds_order ON wxpay_refunds (mchid, out_trade_no)",
    "CREATE INDEX IF NOT EXISTS wxpay_refunds_status ON wxpay_refunds (status, processing_since)",
    "CREATE INDEX IF NOT EXISTS wxpay_refunds_day ON wxpay_refunds (mchid, created_at)",
)
_BALANCE = "支付用户零钱"


@dataclass(frozen=True, slots=True)
class Refund:
    number: int
    mchid: str
    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    amount: int
    total: int
    status: str
    #: What it will be once it settles.
    outcome: str
    channel: str
    account: str
    asked: Mapping[str, Any]
    created_at: float
    processing_since: float
    success_at: float | None


class RefundBook:
    def __init__(self, world: World, merchants: Mapping[str, Merchant], notices: Notices) -> None:
        self._world = world
        self._books = world.books
        self._merchants = merchants
        self._notices = notices
        self._books.open_tables(*_TABLES)

    def find(self, mchid: str, out_refund_no: str) -> Refund | None:
        return self._first("mchid = ? AND out_refund_no = ?", mchid, out_refund_no)

    def by_refund_id(self, mchid: str, refund_id: str) -> Refund | None:
        return self._first("mchid = ? AND refund_id = ?", mchid, refund_id)

    def of_order(self, order: Order) -> list[Refund]:
        return self._all("mchid = ? AND out_trade_no = ?", order.mchid, order.out_trade_no)

    def made_between(self, mchid: str, since: float, until: float) -> list[Refund]:
        return self._all("mchid = ? AND created_at >= ? AND created_at < ?", mchid, since, until)

    def everything(self, mchid: str | None = None) -> list[Refund]:
        return self._all("? IS NULL OR mchid = ?", mchid, mchid)

    def open(self, order: Order, asked: Mapping[str, Any], *, outcome: str) -> Refund:
        now_s = self._now()
        row = (
            order.mchid,
            asked["out_refund_no"],
            f"5030000000{day_of(now_s)}{secrets.randbelow(10**11):011d}",
            order.out_trade_no,
            order.transaction_id,
            asked["amount"]["refund"],
            order.total,
            outcome,
            _BALANCE,
            json.dumps(asked, ensure_ascii=False),
            now_s,
            now_s,
        )
        with self._books.writing() as connection:
            connection.execute(
                "INSERT INTO wxpay_refunds (mchid, out_refund_no, refund_id, out_trade_no, transaction_id,"
                " amount, total, status, outcome, channel, account, asked, created_at, processing_since)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'PROCESSING', ?, 'ORIGINAL', ?, ?, ?, ?)",
                row,
            )
        found = self.find(order.mchid, asked["out_refund_no"])
        if found is None:
            raise LookupError(asked["out_refund_no"])
        return found

    def send_elsewhere(self, refund: Refund, *, account: str) -> None:
        """An abnormal refund goes to another card: it is under way again."""
        with self._books.writing() as connection:
            connection.execute(
                "UPDATE wxpay_refunds SET status = 'PROCESSING', outcome = 'SUCCESS', account = ?,"
                " channel = 'OTHER_BANKCARD', processing_since = ? WHERE number = ?",
                (account, self._now(), refund.number),
            )

    def settle_due(self) -> None:
        """End what has been under way long enough; each end is told once."""
        after_s = float(self._books.recall("wxpay.settings", "refund_settles_after_s") or 0)
        due = self._all("status = 'PROCESSING' AND processing_since <= ?", self._now() - after_s)
        for refund in due:
            self._settle(refund)

    def _settle(self, refund: Refund) -> None:
        with self._books.writing() as connection:
            connection.execute(
                "UPDATE wxpay_refunds SET status = outcome,"
                " success_at = CASE outcome WHEN 'SUCCESS' THEN ? END WHERE number = ?",
                (self._now(), refund.number),
            )
            ended = self._first("number = ?", refund.number)
            if ended is not None:
                self._notices.tell(
                    self._merchants[refund.mchid],
                    refund.asked.get("notify_url"),
                    f"REFUND.{ended.status}",
                    callback_view(ended),
                    about=refund.out_refund_no,
                )

    def _first(self, where: str, *values: Any) -> Refund | None:
        return next(iter(self._all(where, *values)), None)

    def _all(self, where: str, *values: Any) -> list[Refund]:
        rows = self._books.rows(
            f"SELECT * FROM wxpay_refunds WHERE {where} ORDER BY number",  # noqa: S608 - our own words
            *values,
        )
        return [_read(row) for row in rows]

    def _now(self) -> float:
        return self._world.clock.now().timestamp()


def view(refund: Refund) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": refund.channel,
        "user_received_account": refund.account,
        "create_time": written(refund.created_at),
        "status": refund.status,
        "funds_account": refund.asked.get("funds_account", "AVAILABLE"),
        "amount": {
            **_amount(refund),
            "settlement_refund": refund.amount,
            "settlement_total": refund.total,
            "discount_refund": 0,
            "currency": "CNY",
            "refund_fee": 0,
        },
        "promotion_detail": [],
    }
    return shown | _success_time(refund)


def callback_view(refund: Refund) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "mchid": refund.mchid,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.status,
        "user_received_account": refund.account,
        "amount": _amount(refund),
    }
    return shown | _success_time(refund)


def _amount(refund: Refund) -> dict[str, int]:
    return {
        "total": refund.total,
        "refund": refund.amount,
        "payer_total": refund.total,
        "payer_refund": refund.amount,
    }


def _success_time(refund: Refund) -> dict[str, str]:
    return {"success_time": written(refund.success_at)} if refund.success_at is not None else {}


def _read(row: sqlite3.Row) -> Refund:
    return Refund(**{**dict(row), "asked": json.loads(row["asked"])})
