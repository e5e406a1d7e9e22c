"""What the insurer says of a day: 3201 totals, 3202 line by line."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.nhsa_envelope import INSTITUTIONS, Call, Refusal, fen_of, yuan
from telehealth.sandbox.nhsa_orders import Orders
from telehealth.sandbox.nhsa_people import People, psn_no
from telehealth.sandbox.nhsa_refunds import LEGS

LARGEST_PAGE = 500
#: The totals an institution may send along, and what of ours each is compared with.
_COMPARED = {"medfee_sumamt": "total", "fund_pay_sumamt": "fund", "acct_pay": "account", "oth_pay": "other"}


def totals(orders: Orders, call: Call) -> dict[str, Any]:
    """Settlements less refunds of the days asked for; `stmt_rslt` "1" when the sums sent along differ."""
    lines = list(_lines(orders, call))
    sums = {name: 0 for name in ("total", *LEGS)}
    for line in lines:
        sign = 1 if line["kind"] == "SETL" else -1
        for name in sums:
            sums[name] += sign * line[name]
    differ = [
        name
        for name, ours in _COMPARED.items()
        if name in call.data and fen_of(call.data[name], name) != sums[ours]
    ]
    settled = sum(line["kind"] == "SETL" for line in lines)
    return {
        "stmtinfo": {
            "stmt_rslt": "1" if differ else "0",
            "stmt_rslt_dscr": f"不平：{'、'.join(differ)}" if differ else "平",
            **{name: yuan(sums[ours]) for name, ours in _COMPARED.items()},
            "psn_cash_pay": yuan(sums["cash"]),
            "fixmedins_setl_cnt": settled,
            "refd_cnt": len(lines) - settled,
        }
    }


def details(orders: Orders, call: Call) -> dict[str, Any]:
    lines = sorted(_lines(orders, call), key=lambda line: (line["at"], line["payOrdId"], line["appRefdSn"]))
    page, size = _whole(call, "page_num", 1), _whole(call, "page_size", 100)
    if size > LARGEST_PAGE:
        raise Refusal("PARAM_ERROR", f"page_size 不超过 {LARGEST_PAGE}")
    shown = lines[(page - 1) * size : page * size]
    return {
        "detailinfo": [_on_the_wire(line) for line in shown],
        "total": len(lines),
        "page_num": page,
        "pages": -(-len(lines) // size),
    }


def history(orders: Orders, people: People, call: Call) -> dict[str, Any]:
    """5203: one person's settlements and what undid them, wherever they were, by the days asked for."""
    number = call.text("psn_no", longest=30)
    person = next((one for one in people.everybody() if one["region"] and psn_no(one) == number), None)
    if person is None:
        raise Refusal("PSN_NOT_FOUND", "未查询到该人员")
    first, last = _day(call, "begndate"), _day(call, "enddate")
    names = {one.code: one.name for one in INSTITUTIONS.values()}
    lines: list[dict[str, Any]] = []
    for order in orders.of_person(person["certno"]):
        known = {"payOrdId": order["payOrdId"], "place": names.get(order["institution"], "")}
        if order["settled_at"]:
            settled = {**{leg: order[leg] for leg in LEGS}, "total": order["total"], "undone": "0"}
            lines += _within(first, last, order["settled_at"], {**known, **settled})
        for refund in order["refunds"].values():
            amounts = {leg: refund[leg] for leg in LEGS}
            undone = {**known, **amounts, "total": sum(amounts.values()), "undone": "1"}
            lines += _within(first, last, refund["refunded_at"], undone)
    lines.sort(key=lambda line: (line["at"], line["payOrdId"], line["undone"]))
    return {
        "setlinfo": [
            {
                "setl_id": line["payOrdId"],
                "setl_time": f"{line['at']:%Y-%m-%d %H:%M:%S}",
                "fixmedins_name": line["place"],
                "refd_setl_flag": line["undone"],
                "medfee_sumamt": yuan(line["total"]),
                "fund_pay_sumamt": yuan(line["fund"]),
                "acct_pay": yuan(line["account"]),
                "oth_pay": yuan(line["other"]),
                "psn_cash_pay": yuan(line["cash"]),
            }
            for line in lines
        ]
    }


def _lines(orders: Orders, call: Call) -> Iterator[dict[str, Any]]:
    first, last = _day(call, "stmt_begndate"), _day(call, "stmt_enddate")
    for order in orders.everything().values():
        if order["institution"] != call.institution.code or not order["settled_at"]:
            continue
        known = {"payOrdId": order["payOrdId"], "medOrgOrd": order["medOrgOrd"]}
        settled = {**{leg: order[leg] for leg in LEGS}, "total": order["total"]}
        yield from _within(
            first, last, order["settled_at"], {**known, "kind": "SETL", "appRefdSn": "", **settled}
        )
        for serial, refund in order["refunds"].items():
            amounts = {leg: refund[leg] for leg in LEGS}
            line = {**known, "kind": "REFD", "appRefdSn": serial, **amounts, "total": sum(amounts.values())}
            yield from _within(first, last, refund["refunded_at"], line)


def _within(first: date, last: date, instant: str, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    at = datetime.fromisoformat(instant).astimezone(SHANGHAI)
    if first <= at.date() <= last:
        yield {**line, "at": at}


def _on_the_wire(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "recdType": line["kind"],
        "payOrdId": line["payOrdId"],
        "medOrgOrd": line["medOrgOrd"],
        "appRefdSn": line["appRefdSn"],
        "feeSumamt": yuan(line["total"]),
        "fundPay": yuan(line["fund"]),
        "psnAcctPay": yuan(line["account"]),
        "othFundPay": yuan(line["other"]),
        "ownPayAmt": yuan(line["cash"]),
        "traceTime": f"{line['at']:%Y-%m-%d %H:%M:%S}",
    }


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(call.text(name, longest=10))
    except ValueError:
        raise Refusal("PARAM_ERROR", f"{name} 形如 yyyy-MM-dd") from None


def _whole(call: Call, name: str, default: int) -> int:
    value = call.data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refusal("PARAM_ERROR", f"{name} 为正整数")
    return value
