"""Digests byte for byte, pushes that are proven before they are read, and what a courier never learns."""

import base64
import hashlib
import json
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from prescriptions.couriers import Carrier, ParcelState, Party, PushInvalid, Shipment, Watch
from prescriptions.couriers import kuaidi100_routes as kuaidi100
from prescriptions.couriers import sf_routes as sf
from prescriptions.couriers.kuaidi100 import query_sign
from prescriptions.couriers.lines import plain, word
from prescriptions.couriers.ports import CARGO
from prescriptions.couriers.sf_gate import digest
from telehealth.core.settings import SF, Kuaidi100, Profile, Settings

TOKEN, SALT = "t" * 32, "salt-of-the-hospital"
KEY = SecretStr("a key of the hospital's own")


def test_SF_digest_matches_the_published_vector() -> None:
    assert digest('{"a":1}', "1700000000000", "cw") == "MTi764CWVlVMKjj8p0kGeQ=="


@pytest.mark.parametrize(
    ("text", "as_java_writes_it"),
    [("a b", "a+b"), ("*", "*"), ("~", "%7E"), ("-._", "-._"), ("/+", "%2F%2B"), ("药", "%E8%8D%AF")],
)
def test_SF_digest_is_over_what_Java_writes(text: str, as_java_writes_it: str) -> None:
    expected = hashlib.md5(f"{as_java_writes_it}1cw".encode(), usedforsecurity=False).digest()
    assert digest(text, "1", "cw") == base64.b64encode(expected).decode()


def test_Kuaidi100_sign_matches_the_published_vector() -> None:
    param = '{"com":"shunfeng","num":"SF1"}'
    assert query_sign(param, "KEY", "CUST") == "F882B5D08DE1475D2899410DD746557F"


def test_REG57_a_shipment_has_no_room_for_what_is_inside() -> None:
    assert {field.name for field in fields(Shipment)} == {
        "order_no", "sender", "receiver", "weight_g", "cold_chain", "pickup_from",
    }  # fmt: skip
    assert CARGO == "药品"


def test_a_person_does_not_slip_into_a_log_line() -> None:
    party = Party("样例甲", "13800000007", "浙江省", "杭州市", "样例区", "样例街 2 号")
    shown = repr(Shipment("PX-1", party, party, 500))
    assert not any(secret in shown for secret in ("样例甲", "13800000007", "样例街"))


def test_a_code_is_kept_as_a_fact_and_prose_is_not() -> None:
    assert word("8016") == "8016"
    assert word("收件人样例甲电话有误") == word("") == word(None) == "unknown"


def test_what_no_database_stores_is_taken_out_of_a_sentence() -> None:
    assert plain("a\x00b\nc\ud800", longest=10) == "a b c"


# SF.


def line(**changed: Any) -> dict[str, Any]:
    return {
        "id": "1", "mailno": "SF9000000000001", "orderid": "PX-1", "acceptTime": "2026-11-22 10:00:00",
        "acceptAddress": "样例市", "remark": "已揽收", "opCode": "50", **changed,
    }  # fmt: skip


def pushed(*lines: dict[str, Any]) -> bytes:
    return json.dumps({"Body": {"WaybillRoute": list(lines)}}).encode()


def test_a_push_of_SF_is_sorted_by_parcel_and_time() -> None:
    other = line(mailno="SF9000000000002", orderid="PX-2", opCode="80")
    later = line(id="2", acceptTime="2026-11-22 11:00:00", opCode="30")
    first, second = sf.read_push(pushed(later, other, line()), token=TOKEN, expected=TOKEN)
    assert (first.carrier, first.waybill, first.order_no) == (Carrier.SF, "SF9000000000001", "PX-1")
    assert [scan.state for scan in first.scans] == [ParcelState.PICKED_UP, ParcelState.IN_TRANSIT]
    assert first.scans[0].at.isoformat() == "2026-11-22T10:00:00+08:00"
    assert second.scans[0].state is ParcelState.DELIVERED


def test_a_scan_keeps_its_identity_over_replays_and_the_route_query() -> None:
    once, again = (sf.read_push(pushed(line(id=id)), token=TOKEN, expected=TOKEN) for id in ("1", "2"))
    queried = sf.scan_of("SF9000000000001", "2026-11-22 10:00:00", "样例市", "已揽收", "50", "101")
    assert once[0].scans[0].id == again[0].scans[0].id == queried.id


def test_an_unknown_code_is_kept_without_a_state() -> None:
    (push,) = sf.read_push(pushed(line(opCode="9999")), token=TOKEN, expected=TOKEN)
    assert (push.scans[0].raw_code, push.scans[0].state) == ("9999", None)


@pytest.mark.parametrize("token", ["", "t" * 31, "T" * 32, "密钥", "t" * 33])
def test_a_push_to_an_address_that_is_not_ours_is_not_read(token: str) -> None:
    with pytest.raises(PushInvalid) as refused:
        sf.read_push(pushed(line()), token=token, expected=TOKEN)
    assert refused.value.facts == {"reason": "wrong_token"}


def test_no_token_in_the_settings_lets_nobody_in() -> None:
    with pytest.raises(PushInvalid):
        sf.read_push(pushed(line()), token="", expected="")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{", b'{"Body":{}}', b'{"Body":{"WaybillRoute":[{}]}}', b"\xff\xfe",
        pushed(line(acceptTime="yesterday")), pushed(line(mailno="x'; --")), pushed(line(mailno=None)),
        pushed(*[line()] * 501), b'{"Body":' * 5000,
    ],
)  # fmt: skip
def test_nonsense_from_SF_is_said_to_be_unreadable(body: bytes) -> None:
    with pytest.raises(PushInvalid) as refused:
        sf.read_push(body, token=TOKEN, expected=TOKEN)
    assert refused.value.facts == {"reason": "unreadable"}


@given(st.binary(max_size=400))
def test_whatever_bytes_come_a_push_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(PushInvalid):
        sf.read_push(body, token=TOKEN, expected=TOKEN)
    with pytest.raises(PushInvalid):
        kuaidi100.read_push(body, token=TOKEN, expected=TOKEN, salt=SALT)


# Kuaidi100.


def told(**changed: Any) -> dict[str, Any]:
    result = {
        "com": "ems", "nu": "EM00000001", "state": "1",
        "data": [{"time": "2026-11-22 10:00:00", "context": "已揽收", "statusCode": "103"}],
    }  # fmt: skip
    return {
        "status": "polling",
        "message": "",
        "lastResult": {**result, **changed.pop("result", {})},
        **changed,
    }


def signed(message: Any, *, salt: str = SALT, sign: str = "") -> bytes:
    param = message if isinstance(message, str) else json.dumps(message)
    made = hashlib.md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()
    return urlencode({"sign": sign or made, "param": param}).encode()


def read(body: bytes, token: str = TOKEN) -> Any:
    return kuaidi100.read_push(body, token=token, expected=TOKEN, salt=SALT)


def test_a_push_of_Kuaidi100_is_read_once_its_sign_is_right() -> None:
    (push,) = read(signed(told()))
    assert (push.carrier, push.waybill, push.order_no, push.watch) == (
        Carrier.EMS, "EM00000001", "", Watch.GOES_ON,
    )  # fmt: skip
    assert [(scan.state, scan.raw_code) for scan in push.scans] == [(ParcelState.PICKED_UP, "103")]


@pytest.mark.parametrize(
    ("status", "watch"),
    [
        ("polling", Watch.GOES_ON),
        ("updateall", Watch.GOES_ON),
        ("shutdown", Watch.ENDED),
        ("abort", Watch.LOST),
    ],
)
def test_Kuaidi100_says_whether_more_will_come(status: str, watch: Watch) -> None:
    assert read(signed(told(status=status)))[0].watch is watch


def test_an_abort_without_any_scan_changes_no_state() -> None:
    (push,) = read(signed(told(status="abort", result={"data": [], "state": ""})))
    assert (push.scans, push.watch) == ((), Watch.LOST)


def test_lines_without_codes_take_the_state_of_the_parcel_for_the_latest() -> None:
    lines = [
        {"time": "2026-11-22 12:00:00", "context": "已签收"},
        {"time": "2026-11-22 10:00:00", "context": "已揽收"},
    ]
    (push,) = read(signed(told(result={"data": lines, "state": "3"})))
    assert [scan.state for scan in push.scans] == [None, ParcelState.DELIVERED]


def test_a_forged_push_is_refused() -> None:
    for body in (signed(told(), salt="guess"), signed(told(), sign="0" * 32), signed(told(), sign="签")):
        with pytest.raises(PushInvalid) as refused:
            read(body)
        assert refused.value.facts == {"reason": "wrong_sign"}


def test_a_right_sign_at_a_wrong_address_is_refused() -> None:
    with pytest.raises(PushInvalid) as refused:
        read(signed(told()), token="x" * 32)
    assert refused.value.facts == {"reason": "wrong_token"}


@pytest.mark.parametrize(
    "message",
    [
        "null", "{", told(status="what"), told(result={"com": "nobody"}), told(result={"nu": "a b"}),
        told(result={"data": [{"time": "later"}]}), told(lastResult=None), {"status": "polling"},
    ],
)  # fmt: skip
def test_nonsense_that_is_signed_is_still_unreadable(message: Any) -> None:
    with pytest.raises(PushInvalid) as refused:
        read(signed(message))
    assert refused.value.facts == {"reason": "unreadable"}


# Settings.


def sf_account(**changed: Any) -> SF:
    return SF(**({"partner_id": "YAYY", "checkword": KEY, "push_token": SecretStr(TOKEN)} | changed))


def kuaidi100_account(**changed: Any) -> Kuaidi100:
    facts = {"customer": "C0FFEE", "key": KEY, "salt": KEY, "push_token": SecretStr(TOKEN)}
    return Kuaidi100(**(facts | changed))


def production(**changed: Any) -> Settings:
    facts: dict[str, Any] = {
        "profile": Profile.PRODUCTION,
        "public_url": "https://hospital.example",
        "database_url": SecretStr("postgresql://telehealth_app@database.example/telehealth"),
    }
    return Settings(**(facts | changed))


def test_production_starts_with_real_couriers() -> None:
    real = production(sf={"yunan": sf_account()}, kuaidi100={"yunan": kuaidi100_account()})
    assert real.sf["yunan"].base_url == "https://bspgw.sf-express.com/std/service"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"base_url": "http://127.0.0.1:8090/sf/std/service"}, {"partner_id": "SANDBOX01"},
        {"checkword": SecretStr("sandbox-0123456789")}, {"push_token": SecretStr("sandbox-0123456789")},
    ],
)  # fmt: skip
def test_production_refuses_a_sandbox_courier(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"sandbox configured for sf\.yunan"):
        production(sf={"yunan": sf_account(**spoilt)})


@pytest.mark.parametrize("name", ["query_url", "subscribe_url", "callback_url"])
def test_production_refuses_a_sandbox_aggregator(name: str) -> None:
    with pytest.raises(ValidationError, match=r"sandbox configured for kuaidi100\.yunan"):
        production(kuaidi100={"yunan": kuaidi100_account(**{name: "http://localhost:8090/poll"})})


def test_an_address_that_can_be_guessed_is_refused() -> None:
    for make in (sf_account, kuaidi100_account):
        with pytest.raises(ValidationError):
            make(push_token=SecretStr("short"))
