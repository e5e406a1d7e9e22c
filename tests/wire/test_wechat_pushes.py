"""Results WeChat pushes: the sandbox signs and encrypts, our reader lets nobody else speak for it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.notifications.adapters.wechat_push import WeChatPushReader, signature_of
from telehealth.notifications.errors import PushRefused
from telehealth.notifications.ports import Report, Withdrawn
from tests.support.outside import wechat_settings
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

#: Nobody listens there: pushes are read from the sandbox's own list.
NOWHERE = "http://127.0.0.1:9"
Push = tuple[dict[str, str], bytes]


@pytest.fixture
def pushes(own_sandbox: Sandbox) -> Iterator[Callable[[int], list[Push]]]:
    """`pushes(n)`: the newest pushes, once there are `n` of them, as they would arrive."""
    put = f"{own_sandbox.base_url}/wechatpush/callback"
    httpx2.put(put, json={"url": NOWHERE}).raise_for_status()

    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx2.get(f"{own_sandbox.base_url}/wechatpush/pushes").json()["pushes"]
        return found

    def wait(count: int) -> list[Push]:
        eventually(lambda: len(listed()) >= count)
        return [(dict(parse_qsl(urlsplit(one["url"]).query)), one["body"].encode()) for one in listed()]

    yield wait


def reader(sandbox: Sandbox, *, late: timedelta = timedelta(0), **changes: Any) -> WeChatPushReader:
    settings = wechat_settings(sandbox, "yunan").model_copy(update=changes)
    return WeChatPushReader({"yunan": settings}, FixedClock(datetime.now(UTC) + late))


def send(sandbox: Sandbox, kind: str) -> tuple[str, int]:
    """A message as any client would send it; the appid and the number it got."""
    app = sandbox.credentials["wechat"]["mini" if kind == "subscribe" else "service"]
    asked = {"grant_type": "client_credential", "appid": app["appid"], "secret": app["secret"]}
    token = httpx2.post(f"{sandbox.base_url}/wechat/cgi-bin/stable_token", json=asked).json()["access_token"]
    template = sandbox.credentials["wechat"]["templates"][kind]["general"]
    given = sandbox.js_code(3) if kind == "subscribe" else sandbox.oauth_code(3)
    httpx2.post(f"{sandbox.base_url}/wechat/people/3/consents", json={"template_id": template})
    values = {"thing1": "样例", "time2": "2026-11-21 10:00", "thing3": "点开查看"}
    body = {
        "touser": given["openid"],
        "template_id": template,
        "data": {key: {"value": value} for key, value in values.items()},
    }
    url = f"{sandbox.base_url}/wechat/cgi-bin/message/{kind}/send"
    answer = httpx2.post(url, params={"access_token": token}, json=body).json()
    assert answer["errcode"] == 0, answer
    return app["appid"], answer["msgid"]


@pytest.mark.parametrize("kind", ["subscribe", "template"])
def test_a_result_is_read_out_of_its_envelope(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]], kind: str
) -> None:
    appid, number = send(own_sandbox, kind)
    query, body = pushes(1)[0]
    assert b"<MsgID>" not in body
    assert reader(own_sandbox).read("yunan", query, body) == [Report(f"{appid}:{number}", True, "success")]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("user_block", "failed:user block"),
        ("system_failed", "failed: system failed"),
        ("freq_limit", "failed:freq limit"),
    ],
)
def test_a_failed_result_says_why(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]], mode: str, reason: str
) -> None:
    with own_sandbox.faults(wechatpush={"mode": mode}):
        send(own_sandbox, "template")
        query, body = pushes(1)[0]
    (report,) = reader(own_sandbox).read("yunan", query, body)
    assert isinstance(report, Report) and (report.arrived, report.reason) == (False, reason)


def test_a_consent_taken_back_names_the_template(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]]
) -> None:
    appid = own_sandbox.credentials["wechat"]["mini"]["appid"]
    template = own_sandbox.credentials["wechat"]["templates"]["subscribe"]["visit"]
    asked = {"appid": appid, "openid": "oSample", "template_id": template}
    httpx2.post(f"{own_sandbox.base_url}/wechatpush/withdrawals", json=asked).raise_for_status()
    query, body = pushes(1)[0]
    assert reader(own_sandbox).read("yunan", query, body) == [Withdrawn(appid, "oSample", "visit")]


@pytest.mark.parametrize("mode", ["forged", "plain"])
def test_a_push_that_WeChat_did_not_seal_is_refused(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]], mode: str
) -> None:
    with own_sandbox.faults(wechatpush={"mode": mode}):
        send(own_sandbox, "template")
        query, body = pushes(1)[0]
    with pytest.raises(PushRefused):
        reader(own_sandbox).read("yunan", query, body)


def test_whatever_is_changed_on_the_way_is_refused(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]]
) -> None:
    send(own_sandbox, "template")
    query, body = pushes(1)[0]
    at = body.index(b"<Encrypt>") + 40
    other = b"A" if body[at : at + 1] != b"A" else b"B"
    changed = [
        (query, body[:at] + other + body[at + 1 :]),
        ({**query, "nonce": "other"}, body),
        ({**query, "timestamp": str(int(query["timestamp"]) + 1)}, body),
        ({**query, "signature": "0" * 40}, body),
        ({**query, "msg_signature": "0" * 40}, body),
        ({name: query[name] for name in ("timestamp", "nonce", "signature")}, body),
        ({}, body),
        (query, b""),
        (query, b"<xml>"),
        (query, b"x" * 70_000),
    ]
    for asked, sent in changed:
        with pytest.raises(PushRefused):
            reader(own_sandbox).read("yunan", asked, sent)
    assert reader(own_sandbox).read("yunan", query, body)


def test_a_push_kept_for_an_hour_is_stale(own_sandbox: Sandbox, pushes: Callable[[int], list[Push]]) -> None:
    send(own_sandbox, "template")
    query, body = pushes(1)[0]
    assert reader(own_sandbox, late=timedelta(minutes=59)).read("yunan", query, body)
    with pytest.raises(PushRefused) as refusal:
        reader(own_sandbox, late=timedelta(minutes=61)).read("yunan", query, body)
    assert refusal.value.facts["verdict"] == "stale"


def test_another_hospitals_push_is_not_ours(
    own_sandbox: Sandbox, pushes: Callable[[int], list[Push]]
) -> None:
    send(own_sandbox, "template")
    query, body = pushes(1)[0]
    other = WeChatPushReader(
        {"jiangbin": wechat_settings(own_sandbox, "jiangbin")}, FixedClock(datetime.now(UTC))
    )
    for hospital in ("jiangbin", "yunan", "nowhere"):
        with pytest.raises(PushRefused):
            other.read(hospital, query, body)


def plain(sandbox: Sandbox, body: str) -> Push:
    stamp = str(int(datetime.now(UTC).timestamp()))
    token = sandbox.credentials["wechatpush"]["hospitals"]["yunan"]["push_token"]
    query = {"timestamp": stamp, "nonce": "n", "signature": signature_of(token, stamp, "n")}
    return query, body.encode()


def test_without_an_AES_key_the_signature_alone_decides(own_sandbox: Sandbox) -> None:
    open_mode = reader(own_sandbox, push_aes_key=type(wechat_settings(own_sandbox, "yunan").secret)(""))
    said = "<xml><Event>TEMPLATESENDJOBFINISH</Event><MsgID>7</MsgID><Status>success</Status></xml>"
    (report,) = open_mode.read("yunan", *plain(own_sandbox, said))
    assert isinstance(report, Report) and report.serial.endswith(":7") and report.arrived
    assert open_mode.read("yunan", *plain(own_sandbox, "<xml><Event>CLICK</Event></xml>")) == []
    bombs = [
        '<!DOCTYPE x [<!ENTITY a "b">]><xml><Event>&a;</Event></xml>',
        "<xml><Event>TEMPLATESENDJOBFINISH</Event><MsgID>7 or 1</MsgID></xml>",
        "<xml><Event>TEMPLATESENDJOBFINISH</Event></xml>",
    ]
    for bomb in bombs:
        with pytest.raises(PushRefused):
            open_mode.read("yunan", *plain(own_sandbox, bomb))


def test_the_address_proves_itself_by_the_word_WeChat_sends(own_sandbox: Sandbox) -> None:
    asked = httpx2.get(f"{own_sandbox.base_url}/wechatpush/greeting").json()
    assert reader(own_sandbox).greet("yunan", asked["query"]) == asked["word"]
    with pytest.raises(PushRefused):
        reader(own_sandbox).greet("yunan", {**asked["query"], "signature": "0" * 40})
