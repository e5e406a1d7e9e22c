"""The day's files: trades and cash flow, from nine the next morning, signed for and streamed unsigned."""

import gzip
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from telehealth.sandbox.dates import SHANGHAI, months_before
from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.gate import Answer, Call
from telehealth.sandbox.wxpay.order_book import Order, OrderBook
from telehealth.sandbox.wxpay.refund_book import Refund, RefundBook
from telehealth.sandbox.wxpay.refusals import Refusal, field_error

READY_AT = time(9)
REACH_BACK_MONTHS = 3
#: By the wall clock: the address is a ticket.
DOWNLOAD_WITHIN_S = 300

TRADE_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,"
    "商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
).split(",")
TRADE_SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
).split(",")
FLOW_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
).split(",")
FLOW_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额".split(",")


class Bills:
    def __init__(self, world: World, orders: OrderBook, refunds: RefundBook) -> None:
        self._world = world
        self._orders = orders
        self._refunds = refunds

    async def trades(self, call: Call) -> Answer:
        asked = _read_query(call, "bill_type", ("ALL", "SUCCESS", "REFUND"), default="ALL")
        since, until = self._day(asked["bill_date"])
        mchid, kind = call.merchant.mchid, asked["bill_type"]
        paid = self._orders.paid_between(mchid, since, until) if kind != "REFUND" else []
        refunded = self._refunds.made_between(mchid, since, until) if kind != "SUCCESS" else []
        if not paid and not refunded:
            raise Refusal(400, "NO_STATEMENT_EXIST", "请求的账单日期没有交易，账单不存在")
        rows = sorted(
            [(order.success_at or 0, _paid_row(order)) for order in paid]
            + [(refund.created_at, self._refund_row(refund)) for refund in refunded],
            key=lambda row: row[0],
        )
        total, back = sum(o.total for o in paid), sum(r.amount for r in refunded)
        summary = (
            str(len(rows)), _yuan(total), _yuan(back), "0.00", "0.00000", _yuan(total), _yuan(back),
        )  # fmt: skip
        return self._hand_out(
            call, asked, _file(TRADE_COLUMNS, [row for _, row in rows], TRADE_SUMMARY, summary)
        )

    async def flow(self, call: Call) -> Answer:
        asked = _read_query(call, "account_type", ("BASIC", "OPERATION", "FEES"), default="BASIC")
        since, until = self._day(asked["bill_date"])
        mchid = call.merchant.mchid
        moves = self._moves(mchid, 0, until) if asked["account_type"] == "BASIC" else []
        balance = 0
        rows: list[list[str]] = []
        coming: list[int] = []
        going: list[int] = []
        for at, amount, thing in moves:
            balance += amount
            if at >= since:
                rows.append(_flow_row(at, amount, balance, thing))
                (coming if amount > 0 else going).append(abs(amount))
        if not rows:
            raise Refusal(400, "NO_STATEMENT_EXIST", "请求的账单日期没有资金流水，账单不存在")
        summary = (
            str(len(rows)), str(len(coming)), _yuan(sum(coming)), str(len(going)), _yuan(sum(going)),
        )  # fmt: skip
        return self._hand_out(call, asked, _file(FLOW_COLUMNS, rows, FLOW_SUMMARY, summary))

    async def download(self, call: Call) -> Answer:
        """The stream behind a `download_url`, whose hash is of what it was before gzip."""
        held = self._world.books.recall("wxpay.bills", call.query.get("token", ""))
        if held is None or held["mchid"] != call.merchant.mchid:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "账单文件不存在")
        if self._world.clock.wall().timestamp() > held["until"]:
            raise Refusal(400, "INVALID_REQUEST", "账单下载地址已失效，请重新申请")
        plain = held["text"].encode("utf-8")
        return Answer(gzip.compress(plain) if held["gzip"] else plain)

    def _hand_out(self, call: Call, asked: Mapping[str, str], text: str) -> Answer:
        token = secrets.token_urlsafe(24)
        until = self._world.clock.wall().timestamp() + DOWNLOAD_WITHIN_S
        held = {"mchid": call.merchant.mchid, "text": text, "gzip": "tar_type" in asked, "until": until}
        self._world.books.note("wxpay.bills", token, held)
        return Answer(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(text.encode("utf-8"), usedforsecurity=False).hexdigest(),
                "download_url": f"{call.base}/v3/billdownload/file?token={token}",
            }
        )

    def _day(self, text: str) -> tuple[float, float]:
        """Where a day begins and ends, if its bills are to be had."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise field_error("bill_date", "应为 YYYY-MM-DD", value=text, location="query") from None
        now = self._world.clock.now().astimezone(SHANGHAI)
        start = datetime.combine(day, time(), SHANGHAI)
        end = start + timedelta(days=1)
        if day < months_before(now.date(), REACH_BACK_MONTHS):
            raise field_error("bill_date", "应在三个月以内", value=text, location="query")
        at_once = self._world.books.recall("wxpay.settings", "bills_at_once") is True
        if now < datetime.combine(end.date(), READY_AT, SHANGHAI) and not at_once:
            raise Refusal(400, "STATEMENT_CREATING", "账单生成中，请于次日9点后再试")
        return start.timestamp(), end.timestamp()

    def _refund_row(self, refund: Refund) -> list[str]:
        order = self._orders.find(refund.mchid, refund.out_trade_no)
        if order is None:
            raise LookupError(refund.out_trade_no)
        row = _row(refund.created_at, order, "REFUND")
        row |= {
            "应结订单金额": "0.00",
            "订单金额": "0.00",
            "微信退款单号": refund.refund_id,
            "商户退款单号": refund.out_refund_no,
            "退款金额": _yuan(refund.amount),
            "申请退款金额": _yuan(refund.amount),
            "退款类型": "ORIGINAL",
            # What it was when asked for: the file is never updated.
            "退款状态": "PROCESSING",
        }
        return [row[column] for column in TRADE_COLUMNS]

    def _moves(self, mchid: str, since: float, until: float) -> list[tuple[float, int, Order | Refund]]:
        moves: list[tuple[float, int, Order | Refund]] = [
            (order.success_at or 0, order.total, order)
            for order in self._orders.paid_between(mchid, since, until)
        ]
        moves += [
            (refund.created_at, -refund.amount, refund)
            for refund in self._refunds.made_between(mchid, since, until)
        ]
        return sorted(moves, key=lambda move: move[0])


def _read_query(call: Call, kind: str, kinds: Sequence[str], *, default: str) -> dict[str, str]:
    asked = dict(call.query)
    for name in asked.keys() - {"bill_date", kind, "tar_type"}:
        raise field_error(name, "不是接口定义的参数", location="query")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", asked.get("bill_date", "")):
        raise field_error("bill_date", "应为 YYYY-MM-DD", value=asked.get("bill_date"), location="query")
    if asked.setdefault(kind, default) not in kinds:
        raise field_error(kind, f"应为{'、'.join(kinds)}之一", value=asked[kind], location="query")
    if asked.get("tar_type", "GZIP") != "GZIP":
        raise field_error("tar_type", "应为 GZIP", value=asked["tar_type"], location="query")
    return asked


def _paid_row(order: Order) -> list[str]:
    row = _row(order.success_at or 0, order, "SUCCESS")
    row |= {"应结订单金额": _yuan(order.total), "订单金额": _yuan(order.total)}
    return [row[column] for column in TRADE_COLUMNS]


def _row(at: float, order: Order, state: str) -> dict[str, Any]:
    return dict.fromkeys(TRADE_COLUMNS, "") | {
        "交易时间": _stamp(at),
        "公众账号ID": order.appid,
        "商户号": order.mchid,
        "特约商户号": "0",
        "微信订单号": order.transaction_id or "",
        "商户订单号": order.out_trade_no,
        "用户标识": order.openid or "",
        "交易类型": order.trade_type,
        "交易状态": state,
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "代金券金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": order.asked["description"],
        "商户数据包": order.asked.get("attach", ""),
        "手续费": "0.00000",
        "费率": "0.00%",
        "申请退款金额": "0.00",
    }


def _flow_row(at: float, amount: int, balance: int, thing: Order | Refund) -> list[str]:
    is_refund = isinstance(thing, Refund)
    return [
        _stamp(at),
        thing.transaction_id or "",
        thing.refund_id if isinstance(thing, Refund) else thing.transaction_id or "",
        "退款" if is_refund else "交易",
        "退款" if is_refund else "交易",
        "支出" if is_refund else "收入",
        _yuan(abs(amount)),
        _yuan(balance),
        f"{thing.mchid}API" if is_refund else "system",
        f"退款总金额{_yuan(abs(amount))}元;含手续费0.00元" if is_refund else "结算手续费0.00元",
        thing.out_refund_no if isinstance(thing, Refund) else thing.out_trade_no,
    ]


def _file(
    columns: Sequence[str], rows: Iterable[Sequence[str]], summary: Sequence[str], sums: Sequence[str]
) -> str:
    """Each cell of a row begins with a backtick, and is rid of what would end it."""
    lines = [",".join(columns), *(_cells(row) for row in rows), ",".join(summary), _cells(sums)]
    return "\r\n".join(lines) + "\r\n"


def _cells(row: Sequence[str]) -> str:
    return ",".join("`" + re.sub(r"[,`\r\n]", " ", cell) for cell in row)


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
