"""WeChat as a client meets it: codes once, tokens that overlap, consent counted, a browser that pays."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.testclient import TestClient

from telehealth.sandbox.application import build, describe
from telehealth.sandbox.wechat_tokens import jssdk_signature
from tests.e2e.conftest import CHROMIUM, PATIENCE_MS, QUIET
from tests.support.sandbox import Sandbox
from tests.wire.test_sandbox_nhsa import Insurer

BASE = "http://testserver"


class Platform:
    """A plain client of the platform."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        self.keys: dict[str, Any] = describe(http.app, BASE)["wechat"]  # type: ignore[arg-type]
        self.templates = self.keys["templates"]

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.http.get(f"/wechat{path}", params=query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/wechat{path}", json=body)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def js_code(self, person: int) -> str:
        return str(self.post(f"/people/{person}/js-code", {})["code"])

    def oauth_code(self, person: int, scope: str = "snsapi_base") -> str:
        return str(self.post(f"/people/{person}/oauth-code", {"scope": scope})["code"])

    def session(self, code: str, **changed: str) -> dict[str, Any]:
        asked = {**self.keys["mini"], "js_code": code, "grant_type": "authorization_code"} | changed
        return self.get("/sns/jscode2session", **asked)

    def user_token(self, code: str, **changed: str) -> dict[str, Any]:
        asked = {**self.keys["service"], "code": code, "grant_type": "authorization_code"} | changed
        return self.get("/sns/oauth2/access_token", **asked)

    def stable_token(self, kind: str = "mini", **changed: Any) -> dict[str, Any]:
        return self.post(
            "/cgi-bin/stable_token", {**self.keys[kind], "grant_type": "client_credential"} | changed
        )

    def subscribe(self, token: str, openid: str, **changed: Any) -> int:
        message = {
            "touser": openid,
            "template_id": self.templates["subscribe"]["reminder"],
            "page": "pages/bookings/show?number=1",
            "data": {
                "name1": {"value": "周晓岚"},
                "thing2": {"value": "云安医院东院区"},
                "time3": {"value": "2026-11-21 09:30"},
            },
        } | changed
        return int(self.post(f"/cgi-bin/message/subscribe/send?access_token={token}", message)["errcode"])

    def template(self, token: str, openid: str, **changed: Any) -> dict[str, Any]:
        message = {
            "touser": openid,
            "template_id": self.templates["template"]["reminder"],
            "data": {"thing1": {"value": "云安医院"}, "time2": {"value": "2026年11月21日 09:30"}},
        } | changed
        return self.post(f"/cgi-bin/message/template/send?access_token={token}", message)

    def ticket(self) -> str:
        token = self.stable_token("service")["access_token"]
        return str(self.get("/cgi-bin/ticket/getticket", access_token=token, type="jsapi")["ticket"])

    def consent(self, person: int, times: int = 1) -> None:
        asked = {"template_id": self.templates["subscribe"]["reminder"], "times": times}
        self.post(f"/people/{person}/consents", asked)

    def age(self, seconds: float) -> None:
        assert self.http.post("/wechat/tokens/age", json={"seconds": seconds}).status_code == 204


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(build(tmp_path / "home"), base_url=BASE) as client:
        yield client


@pytest.fixture
def platform(http: TestClient) -> Platform:
    return Platform(http)


# Who somebody is.


def test_mini_program_code_is_good_once(platform: Platform) -> None:
    code = platform.js_code(3)

    session = platform.session(code)

    assert session["openid"].startswith("o") and len(session["openid"]) == 28
    assert len(base64.b64decode(session["session_key"])) == 16
    assert platform.session(code)["errcode"] == 40163


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"js_code": "guess"}, 40029),
        ({"js_code": ""}, 41008),
        ({"secret": "sandbox-guess"}, 40125),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"appid": ""}, 41002),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_sign_in_that_cannot_be_is_refused(platform: Platform, changed: dict[str, str], errcode: int) -> None:
    code = platform.js_code(1)

    assert platform.session(code, **changed)["errcode"] == errcode
    assert "openid" in platform.session(code)


def test_code_is_for_its_own_app_and_kind(platform: Platform) -> None:
    other = platform.keys["apps"]["jiangbin"]["mini"]

    assert platform.session(platform.js_code(1), **other)["errcode"] == 40029
    assert platform.session(platform.js_code(1), **platform.keys["service"])["errcode"] == 48001
    assert platform.user_token(platform.js_code(1))["errcode"] == 40029


def test_code_ends_after_five_minutes_of_the_wall_clock(http: TestClient, platform: Platform) -> None:
    kept, old = platform.js_code(1), platform.js_code(1)
    http.put("/console/clock", json={"offset_s": 86_400})
    books = http.app.state.world.books  # type: ignore[attr-defined]
    held = books.recall("wechat.codes", old)
    books.note("wechat.codes", old, {**held, "at": held["at"] - 301})

    assert platform.session(old)["errcode"] == 40029
    assert "openid" in platform.session(kept)


def test_one_person_has_an_openid_per_app_and_one_unionid_per_hospital(platform: Platform) -> None:
    in_mini = platform.session(platform.js_code(4))
    on_page = platform.user_token(platform.oauth_code(4, "snsapi_userinfo"))
    stranger = platform.session(platform.js_code(4711))

    assert in_mini["openid"] != on_page["openid"]
    assert in_mini["unionid"] == on_page["unionid"]
    assert platform.session(platform.js_code(4))["openid"] == in_mini["openid"]
    assert stranger["openid"] != in_mini["openid"]


def test_silent_sign_in_tells_the_openid_only(platform: Platform) -> None:
    silent = platform.user_token(platform.oauth_code(2))
    asked = {"access_token": silent["access_token"], "openid": silent["openid"]}

    assert "unionid" not in silent
    assert platform.get("/sns/userinfo", **asked)["errcode"] == 48001


def test_asked_sign_in_tells_the_nickname_and_can_be_renewed(platform: Platform) -> None:
    first = platform.user_token(platform.oauth_code(1, "snsapi_userinfo"))
    renewed = platform.get(
        "/sns/oauth2/refresh_token",
        appid=platform.keys["service"]["appid"],
        grant_type="refresh_token",
        refresh_token=first["refresh_token"],
    )

    info = platform.get("/sns/userinfo", access_token=renewed["access_token"], openid=first["openid"])

    assert (info["nickname"], info["unionid"]) == ("样例微信·周晓岚", first["unionid"])
    wrong = {"access_token": renewed["access_token"], "openid": "oguess"}
    assert platform.get("/sns/userinfo", **wrong)["errcode"] == 40003


def authorize(platform: Platform, **changed: str) -> dict[str, str]:
    return {
        "appid": platform.keys["service"]["appid"],
        "redirect_uri": "http://127.0.0.1:1/back?next=%2Fbookings",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
    } | changed


def test_page_sign_in_is_silent_for_whoever_holds_the_phone(http: TestClient, platform: Platform) -> None:
    chosen = http.put("/wechat/me", json={"person": 5}).json()
    answer = http.get("/wechat/connect/oauth2/authorize", params=authorize(platform), follow_redirects=False)

    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (answer.status_code, back["state"], back["next"]) == (302, ["s1"], ["/bookings"])
    openid = platform.user_token(back["code"][0])["openid"]
    assert openid == chosen["openids"][platform.keys["service"]["appid"]]


def test_refused_page_sign_in_returns_without_a_code(http: TestClient, platform: Platform) -> None:
    asked = authorize(platform, scope="snsapi_userinfo")
    path = "/wechat/connect/oauth2/authorize"
    assert "允许" in http.get(path, params=asked).text

    refused = http.post(path, params=asked, data={"outcome": "refuse"}, follow_redirects=False)
    allowed = http.post(path, params=asked, data={"outcome": "allow"}, follow_redirects=False)

    assert set(parse_qs(urlsplit(refused.headers["location"]).query)) == {"next", "state"}
    code = parse_qs(urlsplit(allowed.headers["location"]).query)["code"][0]
    assert platform.user_token(code)["scope"] == "snsapi_userinfo"


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "javascript:alert(1)"},
        {"scope": "snsapi_everything"},
        {"response_type": "token"},
        {"appid": "wxsandbox00010002"},
        {"state": "s" * 129},
    ],
)
def test_page_sign_in_that_cannot_be_goes_nowhere(
    http: TestClient, platform: Platform, changed: dict[str, str]
) -> None:
    answer = http.get("/wechat/connect/oauth2/authorize", params=authorize(platform, **changed))

    assert answer.status_code == 400


# Tokens and tickets.


def test_token_stays_the_same_until_it_overlaps_with_its_successor(platform: Platform) -> None:
    first = platform.stable_token()
    assert platform.stable_token()["access_token"] == first["access_token"]
    assert 256 < len(first["access_token"]) <= 512
    openid = platform.session(platform.js_code(1))["openid"]
    platform.consent(1, times=3)

    platform.age(7200 - 200)
    second = platform.stable_token()

    assert second["access_token"] != first["access_token"]
    assert platform.subscribe(first["access_token"], openid) == 0
    assert platform.subscribe(second["access_token"], openid) == 0
    platform.age(201)
    assert platform.subscribe(first["access_token"], openid) == 42001
    assert platform.subscribe(second["access_token"], openid) == 0


def test_forced_token_ends_the_last_one_and_is_rationed(http: TestClient, platform: Platform) -> None:
    first = platform.stable_token()["access_token"]
    openid = platform.session(platform.js_code(1))["openid"]

    forced = platform.stable_token(force_refresh=True)["access_token"]

    assert platform.subscribe(first, openid) == 40001
    assert platform.stable_token()["access_token"] == forced
    assert platform.stable_token(force_refresh=True)["errcode"] == 45011
    books = http.app.state.world.books  # type: ignore[attr-defined]
    appid = platform.keys["mini"]["appid"]
    books.note("wechat.forced", appid, {**books.recall("wechat.forced", appid), "count": 20, "at": 0})
    assert platform.stable_token(force_refresh=True)["errcode"] == 45009


def test_jssdk_signature_is_the_platforms_own_example() -> None:
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"

    signature = jssdk_signature(
        ticket,
        nonce="Wm3WZYTPz0wzccnW",
        timestamp="1414587457",
        url="http://mp.weixin.qq.com?params=value#part",
    )

    assert signature == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_page_is_configured_only_with_a_signature_over_its_own_address(platform: Platform) -> None:
    ticket = platform.ticket()
    url = "http://127.0.0.1:8000/bookings/1/payment?x=1"
    signature = jssdk_signature(ticket, nonce="n", timestamp="1414587457", url=url)
    asked = {
        "appId": platform.keys["service"]["appid"],
        "timestamp": 1414587457,
        "nonceStr": "n",
        "signature": signature,
    }

    assert platform.ticket() == ticket
    assert platform.post("/jssdk", {**asked, "url": url + "#pay"})["errMsg"] == "config:ok"
    assert platform.post("/jssdk", {**asked, "url": url + "&y=2"})["errMsg"] == "config:invalid signature"
    mini = platform.stable_token("mini")["access_token"]
    assert platform.get("/cgi-bin/ticket/getticket", access_token=mini, type="jsapi")["errcode"] == 48001


# Messages.


def test_one_consent_is_one_message(http: TestClient, platform: Platform) -> None:
    token = platform.stable_token()["access_token"]
    openid = platform.session(platform.js_code(7))["openid"]
    platform.consent(7)

    assert platform.subscribe(token, openid) == 0
    assert platform.subscribe(token, openid) == 43101
    sent = http.get("/wechat/messages", params={"person": 7}).json()["messages"]
    assert [(m["name"], m["data"]["thing2"]) for m in sent] == [("reminder", "云安医院东院区")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thing2", "云" * 21),
        ("thing2", ""),
        ("name1", "欧阳" * 6),
        ("time3", "明天上午"),
        ("other4", "多余"),
    ],
)
def test_value_beyond_its_kind_is_refused_and_costs_no_consent(
    platform: Platform, field: str, value: str
) -> None:
    token = platform.stable_token()["access_token"]
    openid = platform.session(platform.js_code(1))["openid"]
    platform.consent(1)
    good = {"name1": "周晓岚", "thing2": "云安医院", "time3": "2026-11-21 09:30"}
    data = {name: {"value": text} for name, text in {**good, field: value}.items()}

    assert platform.subscribe(token, openid, data=data) == 47003
    assert platform.subscribe(token, openid) == 0


def test_message_to_nobody_or_by_nobodys_template_is_refused(platform: Platform) -> None:
    token = platform.stable_token()["access_token"]
    openid = platform.session(platform.js_code(1))["openid"]
    on_page = platform.user_token(platform.oauth_code(1))["openid"]
    platform.consent(1)

    assert platform.subscribe(token, on_page) == 40003
    assert platform.subscribe(token, openid, template_id="guess") == 40037
    assert platform.subscribe(token, openid, page="/pages/with/a/slash") == 41030
    assert platform.subscribe("sandbox-guess", openid) == 40001
    assert platform.subscribe(platform.stable_token("service")["access_token"], openid) == 48001


def test_template_message_goes_to_followers_once_per_client_number(
    http: TestClient, platform: Platform
) -> None:
    token = platform.stable_token("service")["access_token"]
    openid = platform.user_token(platform.oauth_code(8))["openid"]

    first = platform.template(token, openid, client_msg_id="n-1")
    again = platform.template(token, openid, client_msg_id="n-1")

    assert (first["errcode"], again["msgid"]) == (0, first["msgid"])
    assert len(http.get("/wechat/messages", params={"person": 8}).json()["messages"]) == 1
    http.put("/wechat/people/8", json={"follows": False})
    assert platform.template(token, openid, client_msg_id="n-2")["errcode"] == 43004


@pytest.mark.parametrize(
    ("mode", "errcode"),
    [("no_consent", 43101), ("bad_value", 47003), ("token_invalid", 40001), ("token_expired", 42001)],
)
def test_fault_befalls_the_next_message_only(
    http: TestClient, platform: Platform, mode: str, errcode: int
) -> None:
    http.put("/console/faults", json={"wechat": {"mode": mode, "times": 1}})
    token = platform.stable_token()["access_token"]
    openid = platform.session(platform.js_code(1))["openid"]
    platform.consent(1)

    assert platform.subscribe(token, openid) == errcode
    assert platform.subscribe(token, openid) == 0


def test_faults_of_sign_in_and_of_the_line(http: TestClient, platform: Platform) -> None:
    def meet(mode: str) -> httpx2.Response:
        http.put("/console/faults", json={"wechat": {"mode": mode, "times": 1, "seconds": 0}})
        asked = {**platform.keys["mini"], "js_code": code, "grant_type": "authorization_code"}
        return http.get("/wechat/sns/jscode2session", params=asked)

    code = platform.js_code(1)
    assert meet("risk_blocked").json()["errcode"] == 40226
    assert meet("minute_quota").json()["errcode"] == 45011
    assert meet("busy").json()["errcode"] == -1
    assert [meet(mode).status_code for mode in ("down", "timeout", "lost_answer")] == [503, 504, 500]
    assert platform.session(code)["errcode"] == 40163


def test_every_secret_is_recognisably_a_sandbox_key(platform: Platform) -> None:
    pairs = [app for apps in platform.keys["apps"].values() for app in apps.values()]

    assert len({app["secret"] for app in pairs}) == 4
    assert all(app["secret"].startswith("sandbox-") and "sandbox" in app["appid"] for app in pairs)


# The stand-in browser.


PAGE = """<!doctype html><html lang="zh-CN"><title>hospital</title><body><button>before</button>
<script src="{bridge}"></script></body></html>"""


@pytest.fixture(scope="module")
def hospital_page(sandbox: Sandbox) -> Iterator[str]:
    """A page of another origin, under a policy as strict as ours plus the sandbox's own address."""
    bridge = sandbox.credentials["wechat"]["bridge_url"]
    policy = f"default-src 'none'; script-src {sandbox.base_url}; connect-src {sandbox.base_url}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(PAGE.format(bridge=bridge).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def inside(chromium: Browser, hospital_page: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.goto(hospital_page)
    yield page
    context.close()
    assert [trouble for trouble in troubles if "favicon" not in trouble] == []


class Merchant:
    """Just enough of a merchant to ask for one JSAPI payment and sign the page's call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        held = sandbox.credentials["wechatpay"]
        self.keys: dict[str, str] = held["hospitals"]["yunan"]
        key = load_pem_private_key(self.keys["private_key"].encode(), None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key

    def sign(self, *lines: str) -> str:
        text = "".join(f"{line}\n" for line in lines).encode()
        return base64.b64encode(self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()

    def seal(self, text: str) -> str:
        """As encrypted fields travel: to the platform's key."""
        key = load_pem_public_key(self.keys["public_key"].encode())
        assert isinstance(key, RSAPublicKey)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the vendor's
        return base64.b64encode(key.encrypt(text.encode(), oaep)).decode()

    def ask(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        stamp, nonce, body = str(int(time.time())), secrets.token_hex(8), json.dumps(asked)
        signature = self.sign("POST", path, stamp, nonce, body)
        credential = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{self.keys["mchid"]}",nonce_str="{nonce}",'
            f'timestamp="{stamp}",serial_no="{self.keys["serial_no"]}",signature="{signature}"'
        )
        answer = httpx2.post(
            self.sandbox.base_url + path,
            content=body,
            headers={
                "Authorization": credential,
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "test",
                "Wechatpay-Serial": self.keys["public_key_id"],
            },
        )
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def prepay(self, openid: str, fen: int, number: str = "") -> dict[str, str]:
        """The signed parameters of the page's call."""
        asked = {
            "appid": self.keys["appid"],
            "mchid": self.keys["mchid"],
            "description": "样例订单",
            "out_trade_no": number or f"T{secrets.token_hex(8)}",
            "notify_url": "http://127.0.0.1:1/never",
            "amount": {"total": fen, "currency": "CNY"},
            "payer": {"openid": openid},
        }
        package = f"prepay_id={self.ask('/v3/pay/transactions/jsapi', asked)['prepay_id']}"
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        return {
            "appId": self.keys["appid"],
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sign(self.keys["appid"], stamp, nonce, package),
        }


def start(page: Page, api: str, params: dict[str, Any]) -> None:
    """Invoke and come back at once; `said` waits for the answer."""
    page.evaluate(
        "([api, params]) => {"
        " window.answer = new Promise((told) => WeixinJSBridge.invoke(api, params, told)); }",
        [api, params],
    )


def said(page: Page) -> str:
    return str(page.evaluate("() => window.answer.then((answer) => answer.err_msg)"))


def test_page_in_the_browser_pays_by_jsapi(sandbox: Sandbox, inside: Page) -> None:
    merchant = Merchant(sandbox)
    params = merchant.prepay(sandbox.oauth_code(1)["openid"], 1_250)

    start(inside, "getBrandWCPayRequest", params)
    inside.get_by_text("¥12.50").wait_for()
    inside.get_by_role("button", name="支付").click()

    assert said(inside) == "get_brand_wcpay_request:ok"
    assert inside.get_by_role("dialog").count() == 0


def test_person_closes_the_payment_sheet(sandbox: Sandbox, inside: Page) -> None:
    params = Merchant(sandbox).prepay(sandbox.oauth_code(1)["openid"], 100)

    start(inside, "getBrandWCPayRequest", params)
    inside.get_by_role("button", name="取消").click()
    assert said(inside) == "get_brand_wcpay_request:cancel"
    start(inside, "getBrandWCPayRequest", params)
    inside.get_by_role("dialog").press("Escape")
    assert said(inside) == "get_brand_wcpay_request:cancel"


def test_call_the_merchant_did_not_sign_fails_at_the_till(sandbox: Sandbox, inside: Page) -> None:
    params = Merchant(sandbox).prepay(sandbox.oauth_code(1)["openid"], 100)

    start(inside, "getBrandWCPayRequest", {**params, "nonceStr": "another"})
    inside.get_by_role("button", name="支付").click()

    assert said(inside) == "get_brand_wcpay_request:fail"


def configure(sandbox: Sandbox, page: Page, *names: str) -> None:
    """`wx.config` as a hospital's page does it, with a signature its server made."""
    keys, base = sandbox.credentials["wechat"]["service"], sandbox.base_url + "/wechat"
    asked_token = {**keys, "grant_type": "client_credential"}
    token = httpx2.post(f"{base}/cgi-bin/stable_token", json=asked_token).json()["access_token"]
    asked_ticket = {"access_token": token, "type": "jsapi"}
    ticket = httpx2.get(f"{base}/cgi-bin/ticket/getticket", params=asked_ticket).json()["ticket"]
    asked = {
        "appId": keys["appid"],
        "timestamp": "1414587457",
        "nonceStr": "n",
        "signature": jssdk_signature(ticket, nonce="n", timestamp="1414587457", url=page.url),
        "jsApiList": list(names),
    }
    page.evaluate("(asked) => new Promise((ready) => { wx.ready(ready); wx.config(asked); })", asked)


def test_medical_payment_needs_a_configured_page(sandbox: Sandbox, inside: Page) -> None:
    start(inside, "requestMedicalInsurancePay", {"mixTradeNo": "x"})
    assert "permission" in said(inside)
    configure(sandbox, inside, "requestMedicalInsurancePay")

    start(inside, "requestMedicalInsurancePay", {"mixTradeNo": "x"})
    inside.get_by_role("button", name="取消").click()

    assert said(inside) == "requestMedicalInsurancePay:fail"


def test_GD02_insured_person_pays_both_halves_in_the_browser(sandbox: Sandbox, inside: Page) -> None:
    """The three parties agree on one order: the insurer's split, WeChat's mixed order, the person's tap."""
    person, openid = sandbox.samples()["yn03"], sandbox.oauth_code(3)["openid"]
    merchant = Merchant(sandbox)
    with httpx2.Client(base_url=sandbox.base_url) as http:
        insurer = Insurer(http, announced=sandbox.credentials["nhsa"]).sign_in()
        fees = insurer.fees(person["number"])
        order = insurer.output("6201", fees)
        split = insurer.output("6202", order)
        assert (split["fundPay"], split["ownPayAmt"]) == ("35.00", "15.00")
        number = f"T{secrets.token_hex(8)}"
        params = merchant.prepay(openid, 1_500, number)
        digest = hashlib.md5(person["number"].encode(), usedforsecurity=False).hexdigest()
        payer = {"name": merchant.seal(person["name"]), "id_digest": merchant.seal(digest)}
        mixed = merchant.ask(
            "/v3/med-ins/orders",
            {
                "mix_pay_type": "CASH_AND_INSURANCE",
                "order_type": "INT_RE_DIAG_PAY",
                "appid": merchant.keys["appid"],
                "openid": openid,
                "payer": {**payer, "card_type": "ID_CARD"},
                "out_trade_no": number,
                "serial_no": fees["medOrgOrd"],
                "pay_order_id": order["payOrdId"],
                "pay_auth_no": fees["payAuthNo"],
                "geo_location": "116.4,39.9",
                "med_ins_order_create_time": "2026-11-21T09:00:00+08:00",
                "city_id": "110100",
                "med_inst_no": insurer.code,
                "med_inst_name": "云安医院",
                "total_fee": 5_000,
                "med_ins_gov_fee": 3_500,
                "med_ins_self_fee": 0,
                "med_ins_other_fee": 0,
                "med_ins_cash_fee": 1_500,
                "wechat_pay_cash_fee": 1_500,
                "prepay_id": params["package"].removeprefix("prepay_id="),
                "callback_url": "http://127.0.0.1:1/never",
            },
        )
        configure(sandbox, inside, "requestMedicalInsurancePay")

        start(inside, "requestMedicalInsurancePay", {**params, "mixTradeNo": mixed["mix_trade_no"]})
        inside.get_by_text("医保支付 ¥35.00，自付 ¥15.00").wait_for()
        inside.get_by_role("button", name="支付").click()

        assert said(inside) == "requestMedicalInsurancePay:ok"
        assert insurer.output("6301", order)["ordStas"] == "6"


def test_stand_in_browser_shows_the_page_to_the_chosen_user(
    sandbox: Sandbox, chromium: Browser, hospital_page: str
) -> None:
    context = chromium.new_context(viewport={"width": 500, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{sandbox.credentials['wechat']['browser_url']}?url={hospital_page}")

    with page.expect_response("**/bridge.js") as again:
        page.get_by_label("微信用户").select_option("3")

    assert "样例微信·何秀珍" in again.value.text()
    assert page.frame_locator("iframe").get_by_role("button", name="before").is_visible()
    context.close()
