"""The couriers as a client meets them: digests of exactly these bytes, one number once, books that last."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2
import pytest
from starlette.testclient import TestClient

from telehealth.sandbox.application import build, describe
from tests.support.couriers import CourierDesk, couriers, doorstep, parcel
from tests.support.sandbox import Sandbox

BASE = "http://testserver"


class Customer:
    """A hospital's own small client, written from the vendors' listing."""

    def __init__(self, http: Any, announced: dict[str, Any] | None = None) -> None:
        self.http = http
        told = announced or describe(http.app, BASE)
        self.keys = told["sf"]["hospitals"]["yunan"]
        self.aggregator = told["kuaidi100"]["hospitals"]["yunan"]

    def digest(self, data: str, stamp: str) -> str:
        text = quote_plus(data + stamp + self.keys["checkword"], safe="*").replace("~", "%7E")
        return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()

    def send(self, service: str, message: Any, **changed: str) -> dict[str, Any]:
        """The outer answer."""
        data = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        stamp = changed.pop("timestamp", str(int(time.time() * 1000)))
        form = {
            "partnerID": self.keys["partner_id"], "requestID": "0b0e7d2c-sample", "serviceCode": service,
            "timestamp": stamp, "msgDigest": self.digest(data, stamp), "msgData": data, **changed,
        }  # fmt: skip
        answer = self.http.post(
            "/sf/std/service",
            content=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded;charset=UTF-8"},
        )
        assert answer.status_code == 200
        outer: dict[str, Any] = answer.json()
        return outer

    def call(self, service: str, message: Any) -> dict[str, Any]:
        """The inner answer."""
        outer = self.send(service, message)
        assert outer["apiResultCode"] == "A1000", outer
        inner: dict[str, Any] = json.loads(outer["apiResultData"])
        return inner

    def order(self, number: str, **changed: Any) -> dict[str, Any]:
        place = {
            "country": "CN",
            "province": "浙江省",
            "city": "杭州市",
            "county": "样例区",
            "address": "样例街",
        }
        return {
            "language": "zh-CN", "orderId": number, "payMethod": 2, "expressTypeId": 2, "parcelQty": 1,
            "totalWeight": 0.5, "isDocall": 1, "cargoDetails": [{"name": "药品", "count": 1}],
            "contactInfoList": [
                {"contactType": 1, "contact": "样例药房", "mobile": "01000000001", **place},
                {"contactType": 2, "contact": "样例甲", "mobile": "13800000007", **place},
            ],
            **changed,
        }  # fmt: skip

    def query(self, asked: str, **changed: str) -> dict[str, Any]:
        """Kuaidi100."""
        customer, key = self.aggregator["customer"], self.aggregator["key"]
        sign = hashlib.md5((asked + key + customer).encode(), usedforsecurity=False).hexdigest().upper()
        form = {"customer": customer, "sign": sign, "param": asked, **changed}
        answer = self.http.post("/kuaidi100/poll/query.do", content=urlencode(form))
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(build(tmp_path / "home")) as client:
        yield client


@pytest.fixture
def customer(http: TestClient) -> Customer:
    return Customer(http)


CREATE, SEARCH, UPDATE = "EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP", "EXP_RECE_UPDATE_ORDER"


def test_a_sound_order_gets_a_waybill(customer: Customer) -> None:
    told = customer.call(CREATE, customer.order("PX-1"))
    assert (told["success"], told["errorCode"], told["msgData"]["filterResult"]) == (True, "S0000", 2)
    assert told["msgData"]["waybillNoInfoList"][0]["waybillNo"].startswith("SF")


@pytest.mark.parametrize("odd", ["a b", "*", "~", "药 品", "+/=&%"])
def test_the_digest_is_over_Javas_writing(customer: Customer, odd: str) -> None:
    assert customer.call(SEARCH, {"orderId": odd})["errorCode"] == "8024"


def test_another_languages_writing_is_another_digest(customer: Customer) -> None:
    data, stamp = '{"orderId":"a*b~c d"}', str(int(time.time() * 1000))
    for written in (
        quote_plus(data + stamp + customer.keys["checkword"]),
        (data + stamp + customer.keys["checkword"]),
    ):
        wrong = base64.b64encode(hashlib.md5(written.encode(), usedforsecurity=False).digest()).decode()
        outer = customer.send(SEARCH, data, timestamp=stamp, msgDigest=wrong)
        assert outer["apiResultCode"] == "A1006" and outer["apiResultData"] is None


def test_bytes_that_were_not_signed_are_refused(customer: Customer) -> None:
    outer = customer.send(SEARCH, {"orderId": "a"}, msgData='{"orderId":"b"}')
    assert outer["apiResultCode"] == "A1006"


@pytest.mark.parametrize("age_s", [3600, -3600])
def test_a_digest_of_another_hour_is_refused(customer: Customer, age_s: int) -> None:
    stamp = str(int((time.time() - age_s) * 1000))
    assert customer.send(SEARCH, {"orderId": "a"}, timestamp=stamp)["apiResultCode"] == "A1006"


def test_seconds_are_a_timestamp_too(customer: Customer) -> None:
    outer = customer.send(SEARCH, {"orderId": "a"}, timestamp=str(int(time.time())))
    assert outer["apiResultCode"] == "A1000"


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"partnerID": "nobody"}, "A1004"), ({"requestID": ""}, "A1001"), ({"serviceCode": "NONE"}, "A1005")],
)
def test_the_door_knows_its_fields(customer: Customer, changed: dict[str, str], code: str) -> None:
    assert customer.send(SEARCH, {"orderId": "a"}, **changed)["apiResultCode"] == code


def test_a_number_is_taken_once(customer: Customer) -> None:
    customer.call(CREATE, customer.order("PX-1"))
    again = customer.call(CREATE, customer.order("PX-1", totalWeight=9))
    assert (again["success"], again["errorCode"]) == (False, "8016")


@pytest.mark.parametrize(
    "changed",
    [
        {"payMethod": 1}, {"payMethod": 4}, {"orderId": ""}, {"orderId": "x" * 65}, {"totalWeight": 0},
        {"totalWeight": "heavy"}, {"cargoDetails": []}, {"contactInfoList": []}, {"expressTypeId": 99},
        {"expressTypeId": 12}, {"temperatureRange": 1},
    ],
)  # fmt: skip
def test_an_unsound_order_is_refused(customer: Customer, changed: dict[str, Any]) -> None:
    told = customer.call(CREATE, customer.order("PX-1", **changed))
    assert not told["success"] and told["msgData"] is None


def test_XY31_a_sender_who_pays_needs_a_card_and_a_receiver_does_not(customer: Customer) -> None:
    assert customer.call(CREATE, customer.order("PX-1", payMethod=1))["errorCode"] == "8114"
    assert customer.call(CREATE, customer.order("PX-2", payMethod=1, monthlyCard="S1"))["success"]
    assert customer.call(CREATE, customer.order("PX-3", payMethod=2))["success"]


def test_after_pick_up_nothing_is_cancelled(customer: Customer, http: TestClient) -> None:
    number = customer.call(CREATE, customer.order("PX-1"))["msgData"]["waybillNoInfoList"][0]["waybillNo"]
    http.post(f"/sf/parcels/{number}/moves", json={"move": "pick_up"})
    assert customer.call(UPDATE, {"orderId": "PX-1", "dealType": 2})["errorCode"] == "8252"


def test_what_cannot_happen_to_a_parcel_is_refused_at_the_desk(customer: Customer, http: TestClient) -> None:
    number = customer.call(CREATE, customer.order("PX-1"))["msgData"]["waybillNoInfoList"][0]["waybillNo"]
    for path, asked in (
        (f"{number}/moves", {"move": "deliver"}), (f"{number}/moves", {"move": "fly"}),
        (f"{number}/moves", {"move": "pick_up", "at": "soon"}), ("SF0/moves", {"move": "pick_up"}),
        (f"{number}/pushes", {"how": "again"}), (f"{number}/pushes", {"how": "softly"}),
    ):  # fmt: skip
        assert http.post(f"/sf/parcels/{path}", json=asked).status_code == 422


def test_the_desk_shows_every_button(customer: Customer, http: TestClient) -> None:
    customer.call(CREATE, customer.order("PX-1"))
    shown = http.get("/sf/parcels").text
    for title in ("揽收", "签收", "拒收", "遗失", "延误", "伪造推送", "倒序"):
        assert title in shown
    assert "/sf/parcels" in http.get("/console/").text
    assert http.get("/kuaidi100/parcels").status_code == 200


def test_a_label_is_given_to_whoever_holds_its_token(customer: Customer, http: TestClient) -> None:
    number = customer.call(CREATE, customer.order("PX-1"))["msgData"]["waybillNoInfoList"][0]["waybillNo"]
    template = f"fm_150_standard_{customer.keys['partner_id']}"
    asked = {"templateCode": template, "documents": [{"masterWaybillNo": number}]}
    (file,) = customer.call("COM_RECE_CLOUD_PRINT_WAYBILLS", asked)["obj"]["files"]
    assert http.get(file["url"]).status_code == 403
    assert http.get(file["url"], headers={"X-Auth-token": file["token"]}).content.startswith(b"%PDF-")


def test_Kuaidi100_reads_the_sign_over_exactly_these_bytes(customer: Customer) -> None:
    param = '{"com":"ems","num":"EM1"}'
    assert customer.query(param)["returnCode"] == "500"
    assert customer.query(param, sign="0" * 32)["returnCode"] == "503"
    assert customer.query(param, param=param + " ")["returnCode"] == "503"
    lower = hashlib.md5(param.encode(), usedforsecurity=False).hexdigest()
    assert customer.query(param, sign=lower)["returnCode"] == "503"


async def test_a_push_comes_again_until_it_is_taken(sandbox: Sandbox) -> None:
    made, desk = couriers(sandbox), CourierDesk(sandbox)
    waybill = await made.courier("yunan").create(parcel())
    with doorstep(made) as door:
        desk.pushes_go_to(door.url)
        door.failures = 1
        desk.move(waybill.number, "pick_up")
        (first,) = desk.wait_for_pushes(waybill.number)
        assert first["state"] == "waiting"
        sandbox.clock(sandbox.offset_s() + 60)
        desk.wait_until_taken(waybill.number)
        desk.pushes_go_to("")
    sandbox.clock(sandbox.offset_s() - 60)
    assert [push.waybill for push in door.came] == [waybill.number]
    await made.close()


def test_orders_scans_and_accounts_survive_kill_9(own_sandbox: Sandbox) -> None:
    desk = CourierDesk(own_sandbox)
    with httpx2.Client(base_url=own_sandbox.base_url) as http:
        customer = Customer(http, own_sandbox.credentials)
        told = customer.call(CREATE, customer.order("PX-1"))
        desk.move(told["msgData"]["waybillNoInfoList"][0]["waybillNo"], "pick_up")
    before = own_sandbox.credentials["sf"]["hospitals"]
    own_sandbox.kill()
    own_sandbox.start()
    assert own_sandbox.credentials["sf"]["hospitals"] == before
    assert desk.parcels()["PX-1"]["state"] == "moving"


def test_a_house_named_at_the_start_is_where_routes_are_pushed(tmp_path: Path) -> None:
    running = Sandbox(tmp_path / "home").start("--callbacks", "http://127.0.0.1:9/")
    try:
        with httpx2.Client(base_url=running.base_url) as http:
            customer = Customer(http, running.credentials)
            told = customer.call(CREATE, customer.order("PX-1"))
        number = told["msgData"]["waybillNoInfoList"][0]["waybillNo"]
        desk = CourierDesk(running)
        desk.move(number, "pick_up")
        (push,) = desk.pushes(number)
        token = running.credentials["sf"]["hospitals"]["yunan"]["push_token"]
        assert push["url"] == f"http://127.0.0.1:9/callbacks/sf/yunan/{token}"
    finally:
        running.stop()


def test_every_courier_key_is_recognisably_a_sandbox_key(http: TestClient) -> None:
    told = describe(http.app, BASE)  # type: ignore[arg-type]
    for party in ("sf", "kuaidi100"):
        for keys in told[party]["hospitals"].values():
            assert all(key.lower().startswith("sandbox") for key in keys.values())
