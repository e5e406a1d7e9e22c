"""SF Express' services: what each asks for, checks and answers."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from telehealth.sandbox.courier_book import SF, ParcelBook, written
from telehealth.sandbox.courier_moves import DOUBTFUL_COUNTIES, MOVES, is_served
from telehealth.sandbox.courier_sf_gate import Call, Refusal, done
from telehealth.sandbox.courier_tariff import PRODUCTS, offers
from telehealth.sandbox.party import World

SENDER, RECEIVER = 1, 2
CHILLED_PRODUCT = "12"
#: What a call does to the world beyond its answer; a fault names it.
FORCED = {"manual": "1", "unserved": "3"}


class Services:
    def __init__(self, world: World, book: ParcelBook) -> None:
        self._world = world
        self._book = book

    def table(self) -> Mapping[str, Callable[[Call, str], dict[str, Any]]]:
        return {
            "EXP_RECE_CREATE_ORDER": self.create,
            "EXP_RECE_SEARCH_ORDER_RESP": self.search,
            "EXP_RECE_UPDATE_ORDER": self.update,
            "EXP_RECE_SEARCH_ROUTES": self.routes,
            "EXP_RECE_QUERY_DELIVERTM": self.deliver_times,
        }

    def create(self, call: Call, mode: str) -> dict[str, Any]:
        message = call.message
        _check(message)
        receiver = _party(message, RECEIVER)
        if self._book.order(call.hospital, message["orderId"]) is not None:
            raise Refusal("8016", "重复下单")
        province, county = str(receiver.get("province", "")), str(receiver.get("county", ""))
        found = "2" if is_served(province, county) else "3"
        if county in DOUBTFUL_COUNTIES:
            found = "1"
        phones = [str(_party(message, kind).get("mobile") or "") for kind in (SENDER, RECEIVER)]
        self._book.take(call.hospital, message, FORCED.get(mode, found), phones)
        return self._answer(call)

    def search(self, call: Call, mode: str) -> dict[str, Any]:
        order = self._order(call)
        if order["state"] == "cancelled":
            raise Refusal("8037", "已消单")
        return self._answer(call)

    def update(self, call: Call, mode: str) -> dict[str, Any]:
        order = self._order(call)
        if call.message.get("dealType") not in (1, 2):
            raise Refusal("8196", "信息异常：dealType")
        if call.message["dealType"] == 1:
            return done({"orderId": order["order_no"], "resStatus": 2})
        if order["state"] == "cancelled":
            raise Refusal("8037", "已消单")
        if order["state"] != "ordered":
            raise Refusal("8252", "快件已揽收，消单失败")
        self._book.cancel(call.hospital, order["order_no"])
        return done({"orderId": order["order_no"], "resStatus": 2})

    def routes(self, call: Call, mode: str) -> dict[str, Any]:
        numbers = call.message.get("trackingNumber")
        if not isinstance(numbers, list) or not 0 < len(numbers) <= 10:
            raise Refusal("8196", "信息异常：trackingNumber")
        digits = str(call.message.get("checkPhoneNo") or "")
        found = []
        for asked in map(str, numbers):
            by_order = call.message.get("trackingType") == "2"
            parcel = self._book.order(call.hospital, asked) if by_order else self._book.parcel(asked, SF)
            knows = parcel is not None and any(
                digits and phone.endswith(digits) for phone in json.loads(parcel["phones"])
            )
            scans = self._book.scans(parcel["number"]) if parcel is not None and knows else []
            number = asked if parcel is None else parcel["number"] or asked
            found.append({"mailNo": number, "routes": [route(scan) for scan in scans]})
        return done({"routeResps": found})

    def deliver_times(self, call: Call, mode: str) -> dict[str, Any]:
        return done({"deliverTmDto": offers(call.message, self._world.clock.now())})

    def _answer(self, call: Call) -> dict[str, Any]:
        order = self._order(call)
        result, number = order["filter_result"], order["number"]
        label = {"destRouteLabel": "010WA-样例", "waybillNo": number}
        return done(
            {
                "orderId": order["order_no"],
                "originCode": "010",
                "destCode": "571",
                "filterResult": int(result),
                "remark": {"1": "", "2": "", "3": "超出派送范围"}[result],
                "waybillNoInfoList": None if result == "3" else [{"waybillType": 1, "waybillNo": number}],
                "routeLabelInfo": [{"code": "1000", "routeLabelData": label}] if result == "2" else None,
            }
        )

    def _order(self, call: Call) -> sqlite3.Row:
        found = self._book.order(call.hospital, str(call.message.get("orderId") or ""))
        if found is None:
            raise Refusal("8024", "未下单")
        return found


def route(scan: sqlite3.Row) -> dict[str, str]:
    """One scan as the route query tells it: with a secondary status, without an id."""
    move = MOVES[scan["move"]]
    return {
        "acceptTime": written(scan["at"]),
        "acceptAddress": scan["place"],
        "remark": scan["remark"],
        "opCode": move.op,
        "secondaryStatusCode": move.secondary,
        "secondaryStatusName": move.title,
    }


def _check(message: Mapping[str, Any]) -> None:
    order_id = message.get("orderId")
    if not isinstance(order_id, str) or not 0 < len(order_id) <= 64:
        raise Refusal("8196", "信息异常：orderId")
    if message.get("payMethod") not in (1, 2, 3):
        raise Refusal("8196", "信息异常：payMethod")
    if message["payMethod"] != 2 and not message.get("monthlyCard"):
        raise Refusal("8114", "月结卡号不可为空")
    product = str(message.get("expressTypeId"))
    if product not in PRODUCTS:
        raise Refusal("8196", "信息异常：expressTypeId")
    if (product == CHILLED_PRODUCT) != (message.get("temperatureRange") in (1, 3)):
        raise Refusal("8196", "信息异常：temperatureRange")
    cargo = message.get("cargoDetails")
    if not isinstance(cargo, list) or not cargo or not all(one.get("name") for one in cargo):
        raise Refusal("8196", "信息异常：cargoDetails")
    try:
        weight = Decimal(str(message.get("totalWeight")))
    except InvalidOperation:
        weight = Decimal(0)
    if not 0 < weight <= 100:
        raise Refusal("8196", "信息异常：totalWeight")
    for kind in (SENDER, RECEIVER):
        party = _party(message, kind)
        if not all(party.get(name) for name in ("contact", "province", "city", "address")):
            raise Refusal("8196", "信息异常：contactInfoList")
        if not str(party.get("mobile") or party.get("tel") or "").lstrip("+").isdecimal():
            raise Refusal("8196", "信息异常：电话")


def _party(message: Mapping[str, Any], kind: int) -> Mapping[str, Any]:
    for one in message.get("contactInfoList") or ():
        if isinstance(one, dict) and one.get("contactType") == kind:
            return one
    raise Refusal("8196", "信息异常：contactInfoList")
