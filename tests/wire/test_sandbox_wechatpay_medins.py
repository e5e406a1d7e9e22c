"""Insured orders at the payment sandbox: three kinds, three identities, two halves behind one password."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.support.merchant import Inbox, Merchant, fresh_number, inbox
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually
from tests.wire.test_sandbox_nhsa import Insurer

ORDERS = "/v3/med-ins/orders"
_serials = itertools.count(1)


class Desk:
    """One hospital with both backends: the insurer divides a fee, the merchant makes the order of it."""

    def __init__(self, sandbox: Sandbox, http: httpx2.Client) -> None:
        self.sandbox = sandbox
        self.merchant = Merchant(sandbox)
        self.people = sandbox.samples()
        self.http = http
        self.insurer = Insurer.__new__(Insurer)
        self.insurer.http = self.http  # type: ignore[assignment]
        self.insurer.keys = sandbox.credentials["nhsa"]["institutions"]["yunan"]
        self.insurer.code = self.insurer.keys["fixmedins_code"]
        self.insurer.sign_no = ""
        self.insurer.sign_in()

    def fee(self, person: str, total: int = 5000) -> dict[str, Any]:
        """A fee the insurer divided: its numbers, and the parts in fen."""
        number = self.people[person]["number"]
        asked = self.insurer.fees(
            number, f"{total // 100}.{total % 100:02d}", medOrgOrd=f"M{next(_serials):06d}"
        )
        uploaded = self.insurer.output("6201", asked)
        split = self.insurer.output("6202", uploaded)
        return {
            **uploaded,
            "medOrgOrd": asked["medOrgOrd"],
            "payAuthNo": asked["payAuthNo"],
            **{
                name: int(Decimal(split[name]) * 100)
                for name in ("fundPay", "psnAcctPay", "othFundPay", "ownPayAmt")
            },
        }

    def person(self, id: str) -> dict[str, str]:
        found = self.people[id]
        digest = hashlib.md5(found["number"].upper().encode(), usedforsecurity=False).hexdigest()
        return {
            "name": self.merchant.seal(found["name"]),
            "id_digest": self.merchant.seal(digest),
            "card_type": "ID_CARD",
        }

    def order(self, patient: str, **changed: Any) -> dict[str, Any]:
        """The body of an order over 50 yuan, mixed or wholly insured as the split falls."""
        fee = changed.pop("fee", None) or self.fee(patient)
        number, cash = fresh_number(), fee["ownPayAmt"]
        body: dict[str, Any] = {
            "mix_pay_type": "CASH_AND_INSURANCE" if cash else "INSURANCE_ONLY",
            "order_type": "INT_RE_DIAG_PAY",
            "appid": self.merchant.keys["appid"],
            "openid": "oSAMPLE0001",
            "payer": self.person(patient),
            "out_trade_no": number,
            "serial_no": fee["medOrgOrd"],
            "pay_order_id": fee["payOrdId"],
            "pay_auth_no": fee["payAuthNo"],
            "geo_location": "116.40,39.90",
            "med_ins_order_create_time": datetime.now(UTC)
            .astimezone(ZoneInfo("Asia/Shanghai"))
            .isoformat(timespec="seconds"),
            "city_id": "110100",
            "med_inst_name": "云安医院",
            "med_inst_no": "H33009800001",
            "total_fee": 5000,
            "med_ins_gov_fee": fee["fundPay"],
            "med_ins_self_fee": fee["psnAcctPay"],
            "med_ins_other_fee": fee["othFundPay"],
            "med_ins_cash_fee": cash,
            "wechat_pay_cash_fee": cash,
            "callback_url": "http://127.0.0.1:9/medins",
        }
        if cash:
            prepay = self.merchant.order(number=number, total=cash, **changed.pop("cash_order", {}))
            answer = self.merchant.call("POST", "/v3/pay/transactions/jsapi", prepay)
            body["prepay_id"] = answer.json()["prepay_id"]
        else:
            del body["wechat_pay_cash_fee"]
        return {name: value for name, value in {**body, **changed}.items() if value is not ...}

    def ask(self, body: dict[str, Any]) -> httpx2.Response:
        return self.merchant.call("POST", ORDERS, body)

    def made(self, patient: str, **changed: Any) -> dict[str, Any]:
        answer = self.ask(self.order(patient, **changed))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def look(self, made: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.merchant.call(
            "GET", f"{ORDERS}/mix-trade-no/{made['mix_trade_no']}"
        ).json()
        return found

    def pay(self, made: dict[str, Any]) -> str:
        """The client's call, signed if there is cash."""
        call = {"mixTradeNo": made["mix_trade_no"]}
        if "prepay_id" in made:
            call |= self.merchant.client_call(made["prepay_id"])
        return str(self.sandbox.till("medins", **call).json()["err_msg"])

    def insurers(self, made: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/nhsa/books").json()["orders"][made["pay_order_id"]]
        return found


def states(order: dict[str, Any]) -> tuple[str, str, str]:
    return order["mix_pay_status"], order["self_pay_status"], order["med_ins_pay_status"]


def refused(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, code, and the number that ends the Request-ID."""
    return answer.status_code, answer.json()["code"], answer.headers["Request-ID"].rpartition("-")[2]


@pytest.fixture
def desk(own_sandbox: Sandbox) -> Iterator[Desk]:
    with httpx2.Client(base_url=own_sandbox.base_url, timeout=30) as http:
        yield Desk(own_sandbox, http)


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    with inbox() as held:
        yield held


# Paying.


def test_mixed_order_is_paid_in_both_halves_and_told_twice(desk: Desk, receiver: Inbox) -> None:
    made = desk.made("yn02", callback_url=receiver.url, cash_order={"notify_url": receiver.url})
    assert states(made) == ("MIX_PAY_CREATED", "SELF_PAY_CREATED", "MED_INS_PAY_CREATED")

    assert desk.pay(made) == "requestMedicalInsurancePay:ok"

    ended = desk.look(made)
    assert states(ended) == ("MIX_PAY_SUCCESS", "SELF_PAY_SUCCESS", "MED_INS_PAY_SUCCESS")
    assert "transaction_id" not in ended and "payer" not in ended
    assert desk.merchant.query(made["out_trade_no"])["amount"]["total"] == made["wechat_pay_cash_fee"]
    assert (desk.insurers(made)["state"], bool(desk.insurers(made)["settled_at"])) == ("settled", True)
    told = {json.loads(notice.body)["event_type"]: notice for notice in (receiver.next(), receiver.next())}
    assert set(told) == {"TRANSACTION.SUCCESS", "MEDICAL_INSURANCE.SUCCESS"}
    insured = told["MEDICAL_INSURANCE.SUCCESS"]
    assert desk.merchant.is_genuine(insured.headers, insured.body)
    assert desk.merchant.unseal(json.loads(insured.body)["resource"]) == ended


def test_wholly_insured_order_needs_no_cash_and_no_signature(desk: Desk) -> None:
    made = desk.made("yn01")
    assert made["mix_pay_type"] == "INSURANCE_ONLY"

    assert desk.pay(made) == "requestMedicalInsurancePay:ok"

    assert states(desk.look(made)) == ("MIX_PAY_SUCCESS", "NO_SELF_PAY", "MED_INS_PAY_SUCCESS")
    by_number = desk.merchant.call("GET", f"{ORDERS}/out-trade-no/{made['out_trade_no']}").json()
    assert by_number == desk.look(made)


def cash_only(desk: Desk, **changed: Any) -> dict[str, Any]:
    fee = {"medOrgOrd": "C1", "payOrdId": "", "payAuthNo": "", "fundPay": 0, "psnAcctPay": 0, "othFundPay": 0}
    insured = ("pay_order_id", "pay_auth_no", "geo_location", "med_ins_order_create_time")
    return desk.order(
        "yn02",
        fee={**fee, "ownPayAmt": 5000},
        mix_pay_type="CASH_ONLY",
        **{**dict.fromkeys(insured, ...), **changed},
    )


def test_cash_only_order_knows_no_insurer(desk: Desk) -> None:
    made = desk.ask(cash_only(desk)).json()
    assert states(made) == ("MIX_PAY_CREATED", "SELF_PAY_CREATED", "NO_MED_INS_PAY")

    assert desk.pay(made) == "requestMedicalInsurancePay:ok"

    assert states(desk.look(made)) == ("MIX_PAY_SUCCESS", "SELF_PAY_SUCCESS", "NO_MED_INS_PAY")


def test_insurance_may_fail_after_the_cash_was_paid(desk: Desk) -> None:
    made = desk.made("yn02")
    desk.sandbox.faults(wechatpay={"mode": "insurance_fails", "times": 1})

    desk.pay(made)

    assert states(desk.look(made)) == ("MIX_PAY_FAIL", "SELF_PAY_SUCCESS", "MED_INS_PAY_FAIL")
    assert desk.insurers(made)["state"] == "failed"
    cash = made["wechat_pay_cash_fee"]
    assert desk.merchant.refund(made["out_trade_no"], cash, total=cash).status_code == 200
    assert states(desk.look(made)) == ("MIX_PAY_FAIL", "SELF_PAY_REFUND", "MED_INS_PAY_FAIL")


def test_cash_may_fail_before_the_insurer_is_asked(desk: Desk) -> None:
    made = desk.made("yn02")
    desk.sandbox.faults(wechatpay={"mode": "cash_fails", "times": 1})

    desk.pay(made)

    assert states(desk.look(made)) == ("MIX_PAY_FAIL", "SELF_PAY_FAIL", "MED_INS_PAY_CREATED")
    assert desk.insurers(made)["state"] == "priced"
    assert desk.merchant.query(made["out_trade_no"])["trade_state"] == "NOTPAY"


def test_silent_insurer_leaves_the_order_between_until_it_answers(desk: Desk) -> None:
    made = desk.made("yn02")
    desk.sandbox.faults(wechatpay={"mode": "insurer_timeout"})

    desk.pay(made)
    assert states(desk.look(made)) == ("MIX_PAY_CREATED", "SELF_PAY_SUCCESS", "MED_INS_PAY_CREATED")
    assert desk.pay(made) == "requestMedicalInsurancePay:fail"
    desk.sandbox.clear()

    eventually(lambda: desk.look(made)["mix_pay_status"] == "MIX_PAY_SUCCESS")


def test_revoked_insurance_order_fails_when_it_is_paid(desk: Desk) -> None:
    fee = desk.fee("yn02")
    made = desk.made("yn02", fee=fee)
    desk.insurer.output("6401", {"payOrdId": fee["payOrdId"], "payToken": fee["payToken"]})

    desk.pay(made)

    assert states(desk.look(made)) == ("MIX_PAY_FAIL", "SELF_PAY_SUCCESS", "MED_INS_PAY_FAIL")


def test_giving_up_is_a_failure_and_the_order_waits(desk: Desk) -> None:
    made = desk.made("yn01")

    said = desk.sandbox.till("medins", mixTradeNo=made["mix_trade_no"], outcome="fail").json()

    assert said["err_msg"] == "requestMedicalInsurancePay:fail"
    assert desk.look(made)["mix_pay_status"] == "MIX_PAY_CREATED"


def test_cash_half_must_be_signed_for_this_order(desk: Desk) -> None:
    made = desk.made("yn02")
    other = desk.merchant.order()
    stranger = desk.merchant.call("POST", "/v3/pay/transactions/jsapi", other).json()["prepay_id"]

    for call in ({}, desk.merchant.client_call(stranger)):
        said = desk.sandbox.till("medins", mixTradeNo=made["mix_trade_no"], **call).json()
        assert said["err_msg"] == "requestMedicalInsurancePay:fail"
    assert desk.look(made)["mix_pay_status"] == "MIX_PAY_CREATED"


def test_operator_pays_both_halves_with_one_button(desk: Desk) -> None:
    made = desk.made("yn02")

    paid = desk.sandbox.till("pay", mix_trade_no=made["mix_trade_no"]).json()

    assert paid["mix_pay_status"] == "MIX_PAY_SUCCESS"
    assert desk.sandbox.till("pay", mix_trade_no=made["mix_trade_no"]).status_code == 409
    assert (
        desk.sandbox.payment_books(desk.merchant.mchid)["medins"][0]["mix_trade_no"] == made["mix_trade_no"]
    )


# What is refused.


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"total_fee": 5001}, "268529477"),
        ({"med_ins_cash_fee": 1}, "268529476"),
        ({"cash_reduce_detail": [{"cash_reduce_fee": 5, "cash_reduce_type": "DISCOUNT"}]}, "268529477"),
        ({"cash_add_detail": [{"cash_add_fee": 5, "cash_add_type": "FREIGHT"}]}, "268529476"),
    ],
)
def test_amounts_must_satisfy_the_three_identities(desk: Desk, changed: dict[str, Any], number: str) -> None:
    assert refused(desk.ask(desk.order("yn02", **changed))) == (400, "INVALID_REQUEST", number)


def test_additions_and_reductions_enter_the_identities(desk: Desk) -> None:
    """Ten yuan of freight on top, four off: the payer is charged six more than the insurer left."""
    fee = desk.fee("yn02")
    body = desk.order(
        "yn02",
        fee={**fee, "ownPayAmt": fee["ownPayAmt"] + 600},
        total_fee=6000,
        med_ins_cash_fee=fee["ownPayAmt"],
        cash_add_detail=[{"cash_add_fee": 1000, "cash_add_type": "FREIGHT"}],
        cash_reduce_detail=[{"cash_reduce_fee": 400, "cash_reduce_type": "HOSPITAL_REDUCE"}],
    )

    made = desk.ask(body).json()
    desk.pay(made)

    assert desk.look(made)["mix_pay_status"] == "MIX_PAY_SUCCESS"


@pytest.mark.parametrize(
    "changed",
    [
        {"prepay_id": ...},
        {"pay_auth_no": ...},
        {"geo_location": "Beijing"},
        {"med_ins_gov_fee": -1},
        {"order_type": "LOTTERY"},
        {"serial_no": "S" * 21},
        {"pay_for_relatives": True},
        {"med_ins_test_env": True},
        {"sub_mchid": "1900000109"},
        {"attach": None},
    ],
)
def test_mixed_order_needs_both_field_sets_and_nothing_else(desk: Desk, changed: dict[str, Any]) -> None:
    assert refused(desk.ask(desk.order("yn02", **changed)))[:2] == (400, "PARAM_ERROR")


def test_each_kind_forbids_the_fields_of_the_other(desk: Desk) -> None:
    insured = desk.order("yn01", prepay_id="wx1")
    cash = cash_only(desk, pay_order_id="ORD1")
    fund = cash_only(desk, med_ins_gov_fee=1)

    assert [refused(desk.ask(body))[:2] for body in (insured, cash, fund)] == [(400, "PARAM_ERROR")] * 3


def test_number_exists_once(desk: Desk) -> None:
    body = desk.order("yn02")
    assert desk.ask(body).status_code == 200

    assert refused(desk.ask(body)) == (400, "ALREADY_EXISTS", "268512536")


def test_person_must_be_who_the_digest_says(desk: Desk) -> None:
    stranger = {
        "name": desk.merchant.seal("无此人"),
        "id_digest": desk.merchant.seal("0" * 32),
        "card_type": "ID_CARD",
    }
    misnamed = {**desk.person("yn02"), "name": desk.merchant.seal("某某")}
    upper = {**desk.person("yn02"), "id_digest": desk.merchant.seal("A" * 32)}
    in_clear = {**desk.person("yn02"), "name": "陈立群"}

    assert refused(desk.ask(desk.order("yn02", payer=stranger)))[2] == "268545962"
    assert refused(desk.ask(desk.order("yn02", payer=misnamed)))[2] == "268545961"
    assert refused(desk.ask(desk.order("yn02", payer=upper)))[1] == "PARAM_ERROR"
    assert refused(desk.ask(desk.order("yn02", payer=in_clear)))[1] == "PARAM_ERROR"


def test_sealed_fields_need_the_serial_of_the_key_they_were_sealed_with(desk: Desk) -> None:
    certificate = desk.merchant.keys["certificate_serial_no"]

    answer = desk.merchant.call("POST", ORDERS, desk.order("yn02"), serial=certificate)

    assert refused(answer)[:2] == (400, "PARAM_ERROR")


def test_patient_without_insurance_has_no_credential(desk: Desk) -> None:
    body = desk.order("yn02", payer=desk.person("yn07"))

    assert refused(desk.ask(body))[2] == "268545963"


def test_BJ06_authorisation_serves_one_order_of_its_own_patient(desk: Desk) -> None:
    fee = desk.fee("yn02")
    assert desk.ask(desk.order("yn02", fee=fee)).status_code == 200

    assert refused(desk.ask(desk.order("yn02", fee=fee)))[2] == "268547120"
    assert refused(desk.ask(desk.order("yn02", fee={**desk.fee("yn02"), "payAuthNo": "X"})))[2] == "268547120"
    assert refused(desk.ask(desk.order("yn02", payer=desk.person("yn04"))))[2] == "268547120"


def test_BJ06_authorisation_runs_out(desk: Desk) -> None:
    body = desk.order("yn02")

    desk.sandbox.clock(601)

    assert refused(desk.ask(body))[2] == "268547120"


def test_unknown_or_settled_insurance_order_is_rejected(desk: Desk) -> None:
    fee = desk.fee("yn02")
    unknown = desk.order("yn02", fee={**fee, "payOrdId": "ORD1"})
    other_serial = desk.order("yn02", fee={**fee, "medOrgOrd": "OTHER"})

    assert refused(desk.ask(unknown))[2] == "268510610"
    assert refused(desk.ask(other_serial))[2] == "268510610"


def test_prepay_must_be_the_same_order_and_amount(desk: Desk) -> None:
    other = desk.merchant.order(total=1)
    prepay_id = desk.merchant.call("POST", "/v3/pay/transactions/jsapi", other).json()["prepay_id"]

    assert refused(desk.ask(desk.order("yn02", prepay_id=prepay_id)))[1] == "INVALID_REQUEST"
    assert refused(desk.ask(desk.order("yn02", openid="oOTHER")))[1] == "INVALID_REQUEST"


def test_parent_pays_for_the_child_when_the_insurer_knows_the_family(desk: Desk) -> None:
    """The patient is the relative; a pair nobody registered is refused."""
    child = {"pay_for_relatives": True, "relative": desk.person("yn12")}

    stranger = desk.order("yn12", payer=desk.person("yn01"), **child)
    assert refused(desk.ask(stranger))[2] == "268545964"
    numbers = {"payer": desk.people["yn01"]["number"], "relative": desk.people["yn12"]["number"]}
    desk.http.put("/wechatpay/till/relatives", json=numbers).raise_for_status()

    assert desk.ask(desk.order("yn12", payer=desk.person("yn01"), **child)).status_code == 200


def test_order_of_another_merchant_is_unknown(desk: Desk) -> None:
    made = desk.made("yn01")
    other = Merchant(desk.sandbox, "jiangbin")

    answer = other.call("GET", f"{ORDERS}/mix-trade-no/{made['mix_trade_no']}")

    assert refused(answer)[:2] == (404, "ORDER_NOT_EXIST")


# Giving the insured half back.


def test_merchant_tells_of_the_insurance_refund_once(desk: Desk) -> None:
    made = desk.made("yn01")
    desk.pay(made)
    path = f"/v3/med-ins/refunds/notify?mix_trade_no={made['mix_trade_no']}"
    body = {
        "med_refund_total_fee": 5000,
        "med_refund_gov_fee": made["med_ins_gov_fee"],
        "med_refund_self_fee": made["med_ins_self_fee"],
        "med_refund_other_fee": 0,
        "refund_time": "2026-11-21T10:00:00+08:00",
        "out_refund_no": fresh_number("RF"),
    }

    lopsided = desk.merchant.call("POST", path, {**body, "med_refund_total_fee": 4999})
    assert refused(lopsided)[:2] == (403, "RULE_LIMIT")
    assert desk.merchant.call("POST", path, body).status_code == 204
    assert desk.merchant.call("POST", path, body).status_code == 204

    assert states(desk.look(made)) == ("MIX_PAY_REFUND", "NO_SELF_PAY", "MED_INS_PAY_REFUND")
    more = {**body, "out_refund_no": fresh_number("RF")}
    assert refused(desk.merchant.call("POST", path, more))[:2] == (403, "RULE_LIMIT")


def test_nothing_is_refunded_of_what_was_not_paid(desk: Desk) -> None:
    made = desk.made("yn01")
    zero = dict.fromkeys(("total", "gov", "self", "other"), 0)
    body = {f"med_refund_{leg}_fee": fee for leg, fee in zero.items()}
    body |= {"refund_time": "2026-11-21T10:00:00+08:00", "out_refund_no": fresh_number("RF")}  # type: ignore[dict-item]

    answer = desk.merchant.call(
        "POST", f"/v3/med-ins/refunds/notify?mix_trade_no={made['mix_trade_no']}", body
    )

    assert refused(answer)[:2] == (400, "INVALID_REQUEST")
