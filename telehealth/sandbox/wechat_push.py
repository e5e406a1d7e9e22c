"""What WeChat pushes to the address a hospital set: results of messages, consents taken back.

In safe mode, as set in the console of both apps: signed whole and encrypted with the hospital's AES key.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import anyio
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.courier_pushing import Pushes
from telehealth.sandbox.his import HOSPITALS
from telehealth.sandbox.party import Party, World

_MESSAGES = "wechat.messages"
_XML = "text/xml;charset=UTF-8"
_APPID_HOSPITAL_DIGITS = slice(9, 13)
LOOK_EVERY_S = 0.2
#: Fault mode → what a template message's `Status` says.
_STATUS = {
    "user_block": "failed:user block",
    "system_failed": "failed: system failed",
    "freq_limit": "failed:freq limit",
}


class WeChatPush(Party):
    name: ClassVar[str] = "wechatpush"
    title: ClassVar[str] = "微信消息推送（送达结果）"
    modes: ClassVar[Mapping[str, str]] = {
        "user_block": "结果：用户拒收",
        "system_failed": "结果：系统失败",
        "freq_limit": "结果：超过频率",
        "silent": "不推送结果",
        "twice": "同一结果推送两次",
        "forged": "签名不对的推送",
        "plain": "不加密的推送",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        # The house answers `success` to what it took.
        self.pushes = Pushes(world, self.name, taken=lambda answer: answer.strip() == b"success")
        with world.books.writing():
            if world.books.recall(self.name, "told") is None:
                # Those sent before this party existed.
                world.books.note(self.name, "told", int(world.books.recall("wechat", "messages") or 0))

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return {
            code: {
                "push_token": "sandbox" + secrets.token_hex(12),
                "push_aes_key": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
            }
            for code in HOSPITALS
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/pushes", self.list_pushes),
            Route("/callback", self.put_callback, methods=["PUT"]),
            Route("/greeting", self.greeting),
            Route("/withdrawals", self.post_withdrawal, methods=["POST"]),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {"hospitals": self.keys, "pushes_url": f"{base_url}/wechatpush/pushes"}

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        rows = [
            {"number": row["number"], "state": row["state"], "tries": row["tries"]}
            for row in self.pushes.listing(limit=30)
        ]
        return [("最近推送", rows)]

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.pushes.run)
            while True:
                self.tell_results()
                await anyio.sleep(LOOK_EVERY_S)

    def tell_results(self) -> None:
        """A result for each message that was sent since we last looked."""
        told = int(self.world.books.recall(self.name, "told") or 0)
        last = int(self.world.books.recall("wechat", "messages") or 0)
        if last == told or not self._callback():
            return
        with self.world.books.writing():
            for number in range(told + 1, last + 1):
                message = self.world.books.recall(_MESSAGES, str(number))
                if message is not None:
                    self._tell(message)
            self.world.books.note(self.name, "told", last)

    def _tell(self, message: Mapping[str, Any]) -> None:
        fault = self.world.faults.look(self.name)
        mode = fault.mode if fault is not None else ""
        if mode:
            self.world.faults.spend(self.name)
        if mode == "silent":
            return
        hospital = self._hospital(message["appid"])
        body = self._result(message, mode)
        self._push(hospital, message["appid"], str(message["msgid"]), body, mode)

    def _push(self, hospital: str, appid: str, number: str, body: str, mode: str = "") -> None:
        keys = self.keys[hospital]
        stamp, nonce = str(int(self.world.clock.wall().timestamp())), secrets.token_hex(5)
        token = "somebody-else" if mode == "forged" else keys["push_token"]
        query = {"signature": _sign(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
        if mode != "plain":
            sealed = _seal(keys["push_aes_key"], body, appid)
            query |= {"encrypt_type": "aes", "msg_signature": _sign(token, stamp, nonce, sealed)}
            body = f"<xml><ToUserName>gh_sandbox</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        url = f"{self._callback()}/callbacks/wechat/{hospital}?{urlencode(query)}"
        # What is forged or plain is sent once and never again.
        how = mode if mode in ("forged", "plain") else "true"
        self.pushes.tell(number, url, body, _XML, how=how, times=2 if mode == "twice" else 1)

    def _result(self, message: Mapping[str, Any], mode: str) -> str:
        if message.get("kind") == "template":
            status = _STATUS.get(mode, "success")
            inner = f"<MsgID>{message['msgid']}</MsgID><Status><![CDATA[{status}]]></Status>"
            return self._event(message["openid"], "TEMPLATESENDJOBFINISH", inner)
        code, word = ("1", "user refuse") if mode in _STATUS else ("0", "success")
        inner = (
            "<SubscribeMsgSentEvent><List>"
            f"<TemplateId><![CDATA[{escape(message['template_id'])}]]></TemplateId>"
            f"<MsgID>{message['msgid']}</MsgID><ErrorCode>{code}</ErrorCode>"
            f"<ErrorStatus><![CDATA[{word}]]></ErrorStatus></List></SubscribeMsgSentEvent>"
        )
        return self._event(message["openid"], "subscribe_msg_sent_event", inner)

    def _event(self, openid: str, event: str, inner: str) -> str:
        return (
            f"<xml><ToUserName><![CDATA[gh_sandbox]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{int(self.world.clock.wall().timestamp())}</CreateTime>"
            f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{inner}</xml>"
        )

    def _hospital(self, appid: str) -> str:
        return list(HOSPITALS)[int(appid[_APPID_HOSPITAL_DIGITS]) - 1]

    def _callback(self) -> str:
        return str(self.world.books.recall(self.name, "callback") or self.world.callbacks)

    # The operator's doors.

    async def list_pushes(self, _request: Request) -> Response:
        """Newest first: `url`, `body`, `state`, and every answer that came."""
        return JSONResponse({"pushes": self.pushes.listing()})

    async def put_callback(self, request: Request) -> Response:
        """`{"url": "http://127.0.0.1:…"}`: where the house is; null takes the one we were told."""
        try:
            url = (await request.json())["url"]
            if url is not None and urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
                raise ValueError("not a loopback address")
        except (ValueError, TypeError, KeyError, AttributeError):
            return JSONResponse({"error": "url is a loopback address or null"}, 400)
        self.world.books.note(self.name, "callback", url)
        return JSONResponse({"url": url})

    async def greeting(self, request: Request) -> Response:
        """The query WeChat asks the address of `hospital` with when it is set, and the word it wants back."""
        hospital = request.query_params.get("hospital", "yunan")
        if hospital not in self.keys:
            return JSONResponse({"error": "no such hospital"}, 404)
        word, stamp = secrets.token_hex(8), str(int(self.world.clock.wall().timestamp()))
        nonce = secrets.token_hex(5)
        signature = _sign(self.keys[hospital]["push_token"], stamp, nonce)
        query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": word}
        return JSONResponse({"query": query, "word": word})

    async def post_withdrawal(self, request: Request) -> Response:
        """Somebody refuses a template in WeChat's own settings: `{"appid", "openid", "template_id"}`."""
        try:
            asked = await request.json()
            appid, openid, template_id = asked["appid"], asked["openid"], asked["template_id"]
            hospital = self._hospital(appid)
        except (ValueError, TypeError, KeyError, IndexError):
            return JSONResponse({"error": "expected appid, openid and template_id"}, 400)
        inner = (
            "<SubscribeMsgChangeEvent><List>"
            f"<TemplateId><![CDATA[{template_id}]]></TemplateId>"
            "<SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString>"
            "</List></SubscribeMsgChangeEvent>"
        )
        body = self._event(openid, "subscribe_msg_change_event", inner)
        self._push(hospital, appid, secrets.token_hex(4), body)
        return Response(status_code=204)


def _sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _seal(aes_key: str, message: str, appid: str) -> str:
    """AES-256-CBC, the vector the key's first half, padded to 32 as the platform does."""
    key = base64.b64decode(aes_key + "=")
    said = message.encode()
    plain = secrets.token_bytes(16) + len(said).to_bytes(4, "big") + said + appid.encode()
    over = 32 - len(plain) % 32
    sealing = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(plain + bytes([over]) * over) + sealing.finalize()).decode()
