"""The insurer as a client meets it: signed bytes, one message number once, money that never disagrees."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from telehealth.sandbox.application import build, describe
from tests.support.outside import stranger

BASE = "http://testserver"
_serial = itertools.count(1)


class Insurer:
    """A hospital's own small client, written from the interface listing."""

    def __init__(
        self, http: Any, hospital: str = "yunan", *, announced: dict[str, Any] | None = None
    ) -> None:
        self.http = http
        self.keys = (announced or describe(http.app, BASE)["nhsa"])["institutions"][hospital]
        self.code = self.keys["fixmedins_code"]
        self.sign_no = ""

    def envelope(self, infno: str, data: dict[str, Any], **changed: Any) -> dict[str, Any]:
        return {
            "infno": infno,
            "msgid": f"{self.code}{datetime.now():%Y%m%d%H%M%S}{next(_serial):04d}",
            "mdtrtarea_admvs": "110100",
            "insuplc_admdvs": data.get("insuCode", ""),
            "recer_sys_code": "MBS_LOCAL",
            "signtype": "HMAC-SHA256",
            "infver": "V1.0",
            "opter_type": "3",
            "opter": "online",
            "opter_name": "线上结算",
            "inf_time": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.code,
            "fixmedins_name": self.keys["fixmedins_name"],
            "sign_no": self.sign_no,
            "input": {"signIn" if infno == "9001" else "data": data},
        } | changed

    def post(self, envelope: dict[str, Any], *, sent: bytes | None = None, **headers: str) -> Any:
        body = json.dumps(envelope, ensure_ascii=False).encode()
        stamp = headers.get("timestamp", str(int(time.time())))
        nonce = headers.get("nonce", f"nonce-{next(_serial):08d}")
        key = headers.get("secret", self.keys["secret"]).encode()
        signature = hmac.new(key, f"{stamp}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()
        signed = {
            "x-app-id": self.keys["app_id"],
            "x-timestamp": stamp,
            "x-nonce": nonce,
            "x-signature": signature,
            "content-type": "application/json",
        }
        return self.http.post("/nhsa/api", content=body if sent is None else sent, headers=signed)

    def ask(self, infno: str, data: dict[str, Any], **changed: Any) -> dict[str, Any]:
        answer = self.post(self.envelope(infno, data, **changed))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def output(self, infno: str, data: dict[str, Any]) -> dict[str, Any]:
        body = self.ask(infno, data)
        assert (body["infcode"], body["err_msg"]) == (0, "")
        output: dict[str, Any] = body["output"]
        return output

    def refused(self, infno: str, data: dict[str, Any], **changed: Any) -> str:
        body = self.ask(infno, data, **changed)
        assert body["infcode"] == -1 and body["output"] == {}
        return str(body["err_msg"].partition(":")[0])

    def sign_in(self) -> "Insurer":
        self.sign_no = self.output("9001", {"opter_no": "online", "mac": "-", "ip": "127.0.0.1"})[
            "signinoutb"
        ]["sign_no"]
        return self

    def person(self, number: str) -> dict[str, Any]:
        return self.output("1101", {"psn_cert_type": "01", "certno": number})

    def authorisation(self, number: str) -> str:
        path = f"/nhsa/people/{number}/authorisation"
        return str(self.http.post(path, params={"institution": self.code}).json()["payAuthNo"])

    def fees(self, number: str, total: str = "50.00", **changed: Any) -> dict[str, Any]:
        found = self.person(number)
        insured = found["insuinfo"][0]
        return {
            "orgCodg": self.code,
            "medOrgOrd": f"C{next(_serial):06d}",
            "psnNo": found["baseinfo"]["psn_no"],
            "insutype": insured["insutype"],
            "idNo": number,
            "userName": found["baseinfo"]["psn_name"],
            "idType": "01",
            "insuCode": insured["insuplc_admdvs"],
            "medType": "11",
            "feeType": "01",
            "medfeeSumamt": total,
            "acctUsedFlag": "1",
            "payAuthNo": self.authorisation(number),
            "chrgBchno": f"B{next(_serial)}",
            "feedetailList": [
                {
                    "feedetlSn": "1",
                    "medListCodg": "110200001",
                    "medinsListName": "互联网复诊诊查费",
                    "cnt": "1",
                    "pric": total,
                    "detItemFeeSumamt": total,
                }
            ],
        } | changed

    def upload(self, number: str, total: str = "50.00", **changed: Any) -> dict[str, Any]:
        return self.output("6201", self.fees(number, total, **changed))

    def settled(self, number: str, total: str = "50.00") -> dict[str, Any]:
        order = self.upload(number, total)
        self.output("6202", order)
        assert self.http.post(f"/nhsa/orders/{order['payOrdId']}/settlement").status_code == 204
        return order

    def refund_of(self, order: dict[str, Any], kind: str = "HI", **amounts: str) -> dict[str, Any]:
        asked = {"fundRefdAmt": "0.00", "psnAcctRefdAmt": "0.00", "cashRefdAmt": "0.00"} | amounts
        return {
            "orgCodg": self.code,
            "payOrdId": order["payOrdId"],
            "appRefdSn": f"R{next(_serial):06d}",
            "appRefdTime": f"{datetime.now():%Y%m%d%H%M%S}",
            "totlRefdAmt": str(sum(Decimal(a) for a in asked.values())),
            "refdType": kind,
            **asked,
        }


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(build(tmp_path / "home"), base_url=BASE) as client:
        yield client


@pytest.fixture
def insurer(http: TestClient) -> Insurer:
    return Insurer(http).sign_in()


@pytest.fixture
def numbers(http: TestClient) -> dict[str, str]:
    """Resident ID of each sample person."""
    return {person["id"]: person["number"] for person in http.get("/his/samples").json()["samples"]}


def fault(http: TestClient, mode: str, **settings: Any) -> None:
    answer = http.put("/console/faults", json={"nhsa": {"mode": mode, "times": 1, **settings}})
    assert answer.status_code == 200, answer.text


def account(http: TestClient, number: str) -> int:
    return int(http.get("/nhsa/books").json()["accounts"][number])


# The envelope.


def test_signature_covers_the_bytes_that_travel(insurer: Insurer) -> None:
    envelope = insurer.envelope("3201", {"stmt_begndate": "2026-11-01", "stmt_enddate": "2026-11-01"})
    assert insurer.post(envelope).json()["infcode"] == 0

    respaced = json.dumps(envelope, indent=1, ensure_ascii=False).encode()
    for answer in (
        insurer.post(envelope, sent=respaced),
        insurer.post(envelope, secret="sandbox-guess"),
        insurer.post(envelope, timestamp=str(int(time.time()) - 301)),
        insurer.post(envelope, timestamp=str(int(time.time()) + 310)),
    ):
        assert answer.status_code == 401
        assert answer.json()["infcode"] == -1


def test_replayed_request_is_refused(insurer: Insurer) -> None:
    envelope = insurer.envelope("1101", {"psn_cert_type": "01", "certno": "x"})
    insurer.post(envelope, nonce="the-same-nonce")

    again = insurer.post(envelope, nonce="the-same-nonce")

    assert (again.status_code, again.json()["err_msg"][:13]) == (401, "NONCE_INVALID")


def test_message_number_is_used_once(insurer: Insurer, numbers: dict[str, str]) -> None:
    envelope = insurer.envelope("1101", {"psn_cert_type": "01", "certno": numbers["yn01"]})
    assert insurer.post(envelope).json()["infcode"] == 0

    assert insurer.post(envelope).json()["err_msg"].startswith("MSGID_REPEATED")


def test_everything_but_the_sign_in_needs_a_sign_in_of_this_institution(
    http: TestClient, numbers: dict[str, str]
) -> None:
    asked = {"psn_cert_type": "01", "certno": numbers["yn01"]}
    other = Insurer(http, "jiangbin").sign_in()
    newcomer = Insurer(http)

    assert newcomer.refused("1101", asked) == "SIGN_NO_INVALID"
    assert newcomer.refused("1101", asked, sign_no=other.sign_no) == "SIGN_NO_INVALID"
    assert newcomer.sign_in().person(numbers["yn01"])["insuinfo"]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"fixmedins_code": "H11009800002"}, "INSTITUTION_INVALID"),
        ({"msgid": "20261121"}, "MSGID_INVALID"),
        ({"infver": ""}, "PARAM_ERROR"),
        ({"inf_time": "2026-11-21T08:00:00"}, "PARAM_ERROR"),
        ({"opter_type": "9"}, "PARAM_ERROR"),
        ({"input": {}}, "PARAM_ERROR"),
    ],
)
def test_incomplete_envelope_is_refused(insurer: Insurer, changed: dict[str, Any], word: str) -> None:
    assert insurer.refused("1101", {"psn_cert_type": "01", "certno": "x"}, **changed) == word


def test_unknown_function_is_refused(insurer: Insurer) -> None:
    assert insurer.refused("9999", {}) == "INFNO_UNKNOWN"


# People.


def test_GS10_sample_persons_show_each_entitlement(insurer: Insurer, numbers: dict[str, str]) -> None:
    def entitled(id: str) -> tuple[str, list[str]]:
        insured = insurer.person(numbers[id])["insuinfo"][0]
        return insured["insuplc_admdvs"], [kind["med_type"] for kind in insured["med_types"]]

    assert entitled("yn01") == ("110100", ["11"])
    assert entitled("yn05") == ("110100", ["14"])
    assert entitled("yn06") == ("130100", ["11"])
    assert entitled("yn16") == ("110100", ["61"])
    assert entitled("yn17") == ("110100", ["51"])
    assert insurer.person(numbers["yn07"])["insuinfo"] == []
    unknown = {"psn_cert_type": "01", "certno": numbers["yn22"]}
    assert insurer.refused("1101", unknown) == "PSN_NOT_FOUND"
    misnamed = {"psn_cert_type": "01", "certno": numbers["yn01"], "psn_name": "别人"}
    assert insurer.refused("1101", misnamed) == "PSN_MISMATCH"


def test_person_put_by_the_operator_is_insured(http: TestClient, insurer: Insurer) -> None:
    number = stranger().number
    door = f"/nhsa/people/{number}"
    assert http.put("/nhsa/people/110101199001019999", json={"name": "样例丙"}).status_code == 422
    assert http.put(door, json={"name": "样例丙", "balance": -1}).status_code == 422
    assert http.put(door, json={"name": "样例丙", "balance": 700}).status_code == 200

    assert insurer.person(number)["insuinfo"][0]["balc"] == "7.00"
    http.put(door, json={"region": ""})
    assert insurer.person(number)["insuinfo"] == []


# Upload and split.


def test_GD01_split_adds_up_for_every_kind_of_account(insurer: Insurer, numbers: dict[str, str]) -> None:
    splits = {}
    for id in ("yn01", "yn02", "yn03", "yn04"):
        order = insurer.upload(numbers[id], "33.33")
        split = insurer.output("6202", order)
        assert split["ordStas"] == "1"
        splits[id] = [split[name] for name in ("fundPay", "psnAcctPay", "othFundPay", "ownPayAmt")]
        assert sum(Decimal(part) for part in splits[id]) == Decimal(split["feeSumamt"]) == Decimal("33.33")

    assert splits == {
        "yn01": ["23.33", "10.00", "0.00", "0.00"],
        "yn02": ["23.33", "2.00", "0.00", "8.00"],
        "yn03": ["23.33", "0.00", "0.00", "10.00"],
        "yn04": ["23.33", "1.00", "3.33", "5.67"],
    }


def test_account_is_not_used_when_the_person_keeps_it(insurer: Insurer, numbers: dict[str, str]) -> None:
    order = insurer.upload(numbers["yn01"], acctUsedFlag="0")

    assert insurer.output("6202", order)["ownPayAmt"] == "15.00"


def test_two_open_orders_cannot_spend_the_same_account(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    first, second = insurer.upload(numbers["yn02"]), insurer.upload(numbers["yn02"])

    assert insurer.output("6202", first)["psnAcctPay"] == "2.00"
    assert insurer.output("6202", second)["psnAcctPay"] == "0.00"
    insurer.output("6401", first)
    assert account(http, numbers["yn02"]) == 200


def test_upload_repeated_after_a_lost_answer_gets_the_same_order(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    fees = insurer.fees(numbers["yn01"])
    fault(http, "lost_answer", infno="6201")
    assert insurer.post(insurer.envelope("6201", fees)).status_code == 500

    order = insurer.output("6201", fees)

    assert list(http.get("/nhsa/books").json()["orders"]) == [order["payOrdId"]]
    assert insurer.refused("6201", fees | {"feeType": "02"}) == "ORDER_EXISTS"


@pytest.mark.parametrize(
    ("person", "changed", "word"),
    [
        ("yn01", {"medfeeSumamt": "50.01"}, "FEE_SUM_MISMATCH"),
        ("yn01", {"medfeeSumamt": "50.001"}, "PARAM_ERROR"),
        ("yn01", {"feedetailList": []}, "PARAM_ERROR"),
        ("yn01", {"medType": "14"}, "MED_TYPE_DENIED"),
        ("yn05", {}, "MED_TYPE_DENIED"),
        ("yn16", {}, "MED_TYPE_DENIED"),
        ("yn06", {}, "REGION_UNSUPPORTED"),
        ("yn01", {"insuCode": "130100"}, "REGION_MISMATCH"),
        ("yn01", {"userName": "别人"}, "PSN_MISMATCH"),
        ("yn01", {"orgCodg": "H11009800002"}, "INSTITUTION_INVALID"),
        ("yn01", {"medOrgOrd": "C" * 21}, "PARAM_ERROR"),
        ("yn01", {"payAuthNo": "SANDBOXguess"}, "PAY_AUTH_NO_INVALID"),
    ],
)
def test_upload_that_cannot_be_is_refused(
    insurer: Insurer, numbers: dict[str, str], person: str, changed: dict[str, Any], word: str
) -> None:
    assert insurer.refused("6201", insurer.fees(numbers[person], **changed)) == word


def test_BJ06_authorisation_is_for_one_person_one_payment_and_ten_minutes(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    used = insurer.fees(numbers["yn01"])
    insurer.output("6201", used)
    again = insurer.fees(numbers["yn01"], payAuthNo=used["payAuthNo"])
    anothers = insurer.fees(numbers["yn01"], payAuthNo=insurer.authorisation(numbers["yn03"]))
    late = insurer.fees(numbers["yn01"])
    http.put("/console/clock", json={"offset_s": 601})

    assert insurer.refused("6201", again) == "PAY_AUTH_NO_USED"
    assert insurer.refused("6201", anothers) == "PAY_AUTH_NO_INVALID"
    assert insurer.refused("6201", late) == "PAY_AUTH_NO_EXPIRED"


# Settlement, query, refund.


def test_settled_order_is_shown_by_the_query_and_taken_from_the_account(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    order = insurer.settled(numbers["yn01"])

    found = insurer.output("6301", order)

    assert (found["ordStas"], found["psnAcctPay"], found["medOrgOrd"][0]) == ("6", "15.00", "C")
    assert found["hiDocSn"] and found["hiChrgTime"]
    assert account(http, numbers["yn01"]) == 30_000 - 1_500
    assert insurer.refused("6401", order) == "ORDER_STATE"
    assert insurer.refused("6301", order | {"payToken": "guess"}) == "PAY_TOKEN_INVALID"
    assert Insurer(http, "jiangbin").sign_in().refused("6301", order) == "ORDER_NOT_FOUND"


def test_refund_returns_to_the_account_and_is_made_once(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    order = insurer.settled(numbers["yn01"])
    refund = insurer.refund_of(order, fundRefdAmt="35.00", psnAcctRefdAmt="15.00")

    first, again = insurer.output("6203", refund), insurer.output("6203", refund)

    assert first == again
    assert first["refStatus"] == "SUCC"
    assert account(http, numbers["yn01"]) == 30_000
    assert insurer.output("6301", order)["ordStas"] == "7"
    held = http.get("/nhsa/books").json()["orders"][order["payOrdId"]]
    assert (held["state"], list(held["refunds"])) == ("refunded", [refund["appRefdSn"]])
    other = {**refund, "fundRefdAmt": "34.00", "totlRefdAmt": "49.00"}
    assert insurer.refused("6203", other) == "REFUND_CONFLICT"
    assert insurer.refused("6203", insurer.refund_of(order, fundRefdAmt="0.01")) == "REFUND_EXCEEDS"


def test_insured_half_and_cash_half_are_refunded_apart(insurer: Insurer, numbers: dict[str, str]) -> None:
    order = insurer.settled(numbers["yn03"])

    assert insurer.output("6203", insurer.refund_of(order, fundRefdAmt="20.00"))["ordStas"] == "6"
    assert insurer.output("6203", insurer.refund_of(order, fundRefdAmt="15.00"))["ordStas"] == "8"
    assert insurer.output("6203", insurer.refund_of(order, "CASH", cashRefdAmt="5.00"))["ordStas"] == "11"
    assert insurer.output("6203", insurer.refund_of(order, "CASH", cashRefdAmt="10.00"))["ordStas"] == "7"


@pytest.mark.parametrize(
    ("kind", "changed", "word"),
    [
        ("HI", {"totlRefdAmt": "34.00"}, "REFUND_SUM_MISMATCH"),
        ("CASH", {}, "PARAM_ERROR"),
        ("SOME", {}, "PARAM_ERROR"),
        ("HI", {"fundRefdAmt": "35.01", "totlRefdAmt": "35.01"}, "REFUND_EXCEEDS"),
        ("HI", {"appRefdTime": "now"}, "PARAM_ERROR"),
    ],
)
def test_refund_that_disagrees_with_itself_is_refused(
    insurer: Insurer, numbers: dict[str, str], kind: str, changed: dict[str, str], word: str
) -> None:
    refund = insurer.refund_of(insurer.settled(numbers["yn03"]), kind, fundRefdAmt="35.00")

    assert insurer.refused("6203", refund | changed) == word


def test_unsettled_order_is_revoked_not_refunded(insurer: Insurer, numbers: dict[str, str]) -> None:
    order = insurer.upload(numbers["yn03"])
    insurer.output("6202", order)

    assert insurer.refused("6203", insurer.refund_of(order, fundRefdAmt="35.00")) == "ORDER_STATE"
    assert insurer.output("6401", order)["ordStas"] == "12"
    assert insurer.output("6401", order)["ordStas"] == "12"
    assert insurer.refused("6202", order) == "ORDER_STATE"


def test_lost_upload_is_reversed_by_its_message_number(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    envelope = insurer.envelope("6201", insurer.fees(numbers["yn01"]))
    fault(http, "lost_answer", infno="6201")
    assert insurer.post(envelope).status_code == 500

    reversed_ = insurer.output("2601", {"omsgid": envelope["msgid"], "oinfno": "6201"})

    assert reversed_["ordStas"] == "12"
    never_sent = {"omsgid": insurer.envelope("6201", {})["msgid"], "oinfno": "6201"}
    assert insurer.refused("2601", never_sent) == "ORIGINAL_NOT_FOUND"


# The day's lists.


def test_GD06_days_list_shows_settlements_and_refunds_by_the_business_day(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    order = insurer.settled(numbers["yn03"])
    insurer.upload(numbers["yn03"])
    http.put("/console/clock", json={"offset_s": 86_400})
    refund = insurer.refund_of(order, fundRefdAmt="35.00")
    insurer.output("6203", refund)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    day_one = {"stmt_begndate": today.isoformat(), "stmt_enddate": today.isoformat()}
    tomorrow = (today + timedelta(days=1)).isoformat()
    day_two = {"stmt_begndate": tomorrow, "stmt_enddate": tomorrow}

    first, second = insurer.output("3202", day_one), insurer.output("3202", day_two)

    assert [(r["recdType"], r["fundPay"], r["ownPayAmt"]) for r in first["detailinfo"]] == [
        ("SETL", "35.00", "15.00")
    ]
    assert [(r["recdType"], r["appRefdSn"], r["feeSumamt"]) for r in second["detailinfo"]] == [
        ("REFD", refund["appRefdSn"], "35.00")
    ]
    assert second["detailinfo"][0]["traceTime"].startswith(tomorrow)
    both = {"stmt_begndate": today.isoformat(), "stmt_enddate": tomorrow}
    paged = insurer.output("3202", both | {"page_num": 2, "page_size": 1})
    assert (paged["total"], paged["pages"], paged["detailinfo"]) == (2, 2, second["detailinfo"])
    assert insurer.output("3201", day_one)["stmtinfo"]["fund_pay_sumamt"] == "35.00"
    assert insurer.output("3201", both | {"fund_pay_sumamt": "0.00"})["stmtinfo"]["stmt_rslt"] == "0"
    assert insurer.output("3201", both | {"fund_pay_sumamt": "1.00"})["stmtinfo"]["stmt_rslt"] == "1"
    assert Insurer(http, "jiangbin").sign_in().output("3202", both)["total"] == 0


# Ways to fail.


@pytest.mark.parametrize(
    ("mode", "status"), [("down", 503), ("error_500", 500), ("throttled", 429), ("timeout", 504)]
)
def test_platform_that_fails_did_nothing(
    http: TestClient, insurer: Insurer, numbers: dict[str, str], mode: str, status: int
) -> None:
    fees = insurer.fees(numbers["yn01"])
    fault(http, mode, seconds=0, infno="6201")

    assert insurer.post(insurer.envelope("6201", fees)).status_code == status
    assert http.get("/nhsa/books").json()["orders"] == {}
    assert insurer.output("6201", fees)


def test_platform_refuses_with_the_reason_it_was_told(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    fault(http, "refused", err_msg="参保状态异常")

    said = insurer.ask("1101", {"psn_cert_type": "01", "certno": numbers["yn01"]})

    assert (said["infcode"], said["err_msg"]) == (-1, "BUSINESS_ERROR: 参保状态异常")


def test_refund_whose_answer_was_lost_was_made(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    order = insurer.settled(numbers["yn03"])
    refund = insurer.refund_of(order, fundRefdAmt="35.00")
    fault(http, "lost_answer", infno="6203")
    assert insurer.post(insurer.envelope("6203", refund)).status_code == 500

    assert insurer.output("6301", order)["ordStas"] == "8"
    assert insurer.output("6203", refund)["refStatus"] == "SUCC"


def test_region_may_report_the_account_within_the_fund(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    order = insurer.upload(numbers["yn01"])
    fault(http, "fund_includes_account", region="130100")
    assert insurer.output("6202", order)["fundPay"] == "35.00"
    fault(http, "fund_includes_account", region="110100")

    split = insurer.output("6202", order)

    assert (split["fundPay"], split["psnAcctPay"], split["feeSumamt"]) == ("50.00", "15.00", "50.00")
    assert http.get("/nhsa/books").json()["orders"][order["payOrdId"]]["fund"] == 3_500
    assert insurer.output("6301", order)["fundPay"] == "35.00"


def test_sign_in_may_expire_and_be_renewed(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    asked = {"psn_cert_type": "01", "certno": numbers["yn01"]}
    fault(http, "sign_expired")

    assert insurer.refused("1101", asked) == "SIGN_NO_INVALID"
    assert insurer.sign_in().output("1101", asked)


# The person's page.


def test_BJ06_person_authorises_on_the_insurers_page_and_comes_back(
    http: TestClient, insurer: Insurer, numbers: dict[str, str]
) -> None:
    number = numbers["yn03"]
    query = {
        "institution": insurer.code,
        "redirect_uri": "http://127.0.0.1:1/back?booking=7",
        "state": "s1",
        "cert_digest": hashlib.md5(number.encode(), usedforsecurity=False).hexdigest(),
    }

    shown = http.get("/nhsa/authorise", params=query).text
    assert shown.count(" checked") == 1
    assert f'value="{number}" required checked' in shown
    agreed = http.post(
        "/nhsa/authorise",
        params=query,
        data={"certno": number, "outcome": "allow"},
        follow_redirects=False,
    )
    back = parse_qs(urlsplit(agreed.headers["location"]).query)
    assert (agreed.status_code, back["state"], back["booking"]) == (303, ["s1"], ["7"])
    assert insurer.upload(number, payAuthNo=back["payAuthNo"][0])

    declined = http.post("/nhsa/authorise", params=query, data={"outcome": "refuse"}, follow_redirects=False)
    back = parse_qs(urlsplit(declined.headers["location"]).query)
    assert (back["error"], back["state"], "payAuthNo" in back) == (["refused"], ["s1"], False)


def test_authorisation_page_sends_nobody_to_a_strange_scheme(http: TestClient, insurer: Insurer) -> None:
    query = {"institution": insurer.code, "redirect_uri": "javascript:alert(1)", "state": "s"}

    assert http.get("/nhsa/authorise", params=query).status_code == 400
    assert http.post("/nhsa/authorise", params=query, data={"outcome": "refuse"}).status_code == 400


def test_orders_survive_a_restart(tmp_path: Path) -> None:
    with TestClient(build(tmp_path / "home"), base_url=BASE) as http:
        people = http.get("/his/samples").json()["samples"]
        number = next(person["number"] for person in people if person["id"] == "yn01")
        order = Insurer(http).sign_in().settled(number)
        before = http.get("/nhsa/books").json()
        assert "周晓岚" in http.get("/console/").text

    with TestClient(build(tmp_path / "home"), base_url=BASE) as http:
        assert http.get("/nhsa/books").json() == before
        assert Insurer(http).sign_in().output("6301", order)["ordStas"] == "6"


def test_every_insurance_key_is_recognisably_a_sandbox_key(http: TestClient) -> None:
    for institution in describe(http.app, BASE)["nhsa"]["institutions"].values():  # type: ignore[arg-type]
        assert institution["secret"].startswith("sandbox-")
        assert institution["app_id"].startswith("SANDBOX")
