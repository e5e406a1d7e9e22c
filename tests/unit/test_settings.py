"""Production refuses to start on invented books, or with a switch that kills it."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from telehealth.core.settings import HIS, NHSA, SMS, TURN, FaceID, Profile, Settings, WeChat, WeChatPay

KEY = SecretStr("a key of the hospital's own")
SANDBOX_KEY = SecretStr("sandbox-0123456789abcdef")
LOOPBACKS = ["http://127.0.0.1:8900/party", "http://localhost:8900/party", "http://[::1]:8900/party"]


def production(**changes: Any) -> Settings:
    facts: dict[str, Any] = {
        "profile": Profile.PRODUCTION,
        "public_url": "https://hospital.example",
        "database_url": SecretStr("postgresql://telehealth_app@database.example/telehealth"),
    }
    return Settings(**(facts | changes))


def merchant(**changes: Any) -> WeChatPay:
    facts: dict[str, Any] = {
        "mchid": "1900000001", "appid": "wx0000000000000001", "serial_no": "00AA",
        "private_key": SecretStr("-----BEGIN PRIVATE KEY-----"), "apiv3_key": KEY,
    }  # fmt: skip
    return WeChatPay(**(facts | changes))


def insurer(**changes: Any) -> NHSA:
    facts: dict[str, Any] = {
        "base_url": "https://nhsa.example/api", "app_id": "APP1", "app_secret": KEY, "fixmedins_code": "H1",
        "fixmedins_name": "样例医院", "area": "110105", "authorise_url": "https://nhsa.example/authorise",
    }  # fmt: skip
    return NHSA(**(facts | changes))


def app(**changes: Any) -> WeChat:
    return WeChat(**({"appid": "wx0000000000000001", "secret": KEY} | changes))


def his(**changes: Any) -> HIS:
    return HIS(**({"base_url": "https://his.example/fhir", "token": KEY} | changes))


def relay(**changes: Any) -> TURN:
    urls = ("turn:relay.example:3478?transport=udp", "turns:relay.example:443?transport=tcp")
    return TURN(**({"urls": urls, "secret": KEY} | changes))


REAL: dict[str, Any] = {
    "wechatpay": {"yunan": merchant()},
    "nhsa": {"yunan": insurer()},
    "wechat": {"yunan": app()},
    "his": {"yunan": his()},
    "sms": SMS(endpoint="https://sms.example", secret_id=KEY, secret_key=KEY),
    "faceid": FaceID(endpoint="https://faceid.example", secret_id=KEY, secret_key=KEY),
}


def test_production_starts_with_doors_that_are_real() -> None:
    assert production(**REAL).wechatpay["yunan"].mchid == "1900000001"


@pytest.mark.parametrize("address", LOOPBACKS)
@pytest.mark.parametrize(
    ("door", "name"),
    [
        ("wechatpay", "base_url"), ("wechatpay", "notify_url"),
        ("nhsa", "base_url"), ("nhsa", "authorise_url"),
        ("wechat", "api_url"), ("wechat", "connect_url"), ("wechat", "jssdk_url"),
        ("his", "base_url"), ("sms", "endpoint"), ("faceid", "endpoint"),
    ],
)  # fmt: skip
def test_production_refuses_an_address_of_the_sandbox(door: str, name: str, address: str) -> None:
    with pytest.raises(ValidationError, match=f"sandbox configured for {door}"):
        production(**with_(door, **{name: address}))


@pytest.mark.parametrize(
    ("door", "name"),
    [
        ("wechatpay", "apiv3_key"),
        ("nhsa", "app_secret"),
        ("nhsa", "app_id"),
        ("wechat", "secret"), ("wechat", "mini_secret"),
        ("his", "token"),
        ("sms", "secret_id"), ("sms", "secret_key"), ("faceid", "secret_id"), ("faceid", "secret_key"),
    ],
)  # fmt: skip
def test_production_refuses_a_key_of_the_sandbox(door: str, name: str) -> None:
    with pytest.raises(ValidationError, match=f"sandbox configured for {door}"):
        production(**with_(door, **{name: SANDBOX_KEY}))


def test_production_refuses_an_app_of_the_sandbox() -> None:
    for door in ("wechatpay", "wechat"):
        with pytest.raises(ValidationError, match=f"sandbox configured for {door}"):
            production(**with_(door, appid="wxsandbox00010001"))


def test_production_relays_through_a_server_of_its_own() -> None:
    assert production(turn=relay()).turn == relay()
    assert production().turn is None


@pytest.mark.parametrize(
    "spoilt",
    [
        {"urls": ("turn:127.0.0.1:3478?transport=udp",)},
        {"urls": ("turn:relay.example:3478?transport=udp", "turns:localhost:443?transport=tcp")},
        {"urls": ("turn:[::1]:3478",)},
        {"secret": SANDBOX_KEY},
        {"next_secret": SANDBOX_KEY},
    ],
)
def test_production_refuses_the_relay_of_a_demo(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="sandbox configured for turn"):
        production(turn=relay(**spoilt))


def test_production_refuses_the_till_of_the_sandbox() -> None:
    with pytest.raises(ValidationError, match="sandbox_url"):
        production(sandbox_url="http://127.0.0.1:8900")


def test_production_refuses_to_be_killed_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEHEALTH_KILL_AT", "pay.settle.before_commit")
    with pytest.raises(ValidationError, match="TELEHEALTH_KILL_AT"):
        production()
    assert Settings(profile=Profile.TEST).profile is Profile.TEST


def test_production_refuses_plain_http_and_a_missing_database() -> None:
    with pytest.raises(ValidationError, match="https"):
        production(public_url="http://hospital.example")
    with pytest.raises(ValidationError, match="database_url"):
        production(database_url=SecretStr(""))


def test_the_demo_lives_on_the_sandbox() -> None:
    demo = Settings(profile=Profile.DEMO, wechatpay={"yunan": merchant(base_url=LOOPBACKS[0])})
    assert demo.is_demo


def with_(door: str, **changes: Any) -> dict[str, Any]:
    """All doors real but for one."""
    held = REAL[door]
    spoilt = (
        {code: one.model_copy(update=changes) for code, one in held.items()}
        if isinstance(held, dict)
        else held.model_copy(update=changes)
    )
    return {**REAL, door: spoilt}
