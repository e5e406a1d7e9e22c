"""A merchant of the payment sandbox that signs by hand: a plain client, no adapter of ours."""

import base64
import functools
import itertools
import json
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from tests.support.sandbox import Sandbox

_numbers = itertools.count(1)


@functools.cache
def rsa_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@dataclass
class Merchant:
    """One hospital's merchant; `prefix` is part of what is signed."""

    sandbox: Sandbox
    hospital: str = "yunan"
    prefix: str = "/wechatpay"

    @property
    def keys(self) -> dict[str, str]:
        keys: dict[str, str] = self.sandbox.credentials["wechatpay"]["hospitals"][self.hospital]
        return keys

    @property
    def mchid(self) -> str:
        return self.keys["mchid"]

    def sign(self, *lines: str) -> str:
        text = "".join(f"{line}\n" for line in lines).encode()
        return base64.b64encode(
            rsa_key(self.keys["private_key"]).sign(text, PKCS1v15(), hashes.SHA256())
        ).decode()

    def headers(self, method: str, path: str, body: str, **changed: str) -> dict[str, str]:
        """Signed for these bytes; `timestamp`, `nonce`, `serial_no`, `serial` may be given."""
        stamp = changed.get("timestamp", str(int(time.time())))
        nonce = changed.get("nonce", secrets.token_hex(16))
        signature = changed.get("signature") or self.sign(method, self.prefix + path, stamp, nonce, body)
        return {
            "Authorization": f'WECHATPAY2-SHA256-RSA2048 mchid="{changed.get("mchid", self.mchid)}",'
            f'nonce_str="{nonce}",timestamp="{stamp}",'
            f'serial_no="{changed.get("serial_no", self.keys["serial_no"])}",signature="{signature}"',
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Wechatpay-Serial": changed.get("serial", self.keys["public_key_id"]),
        }

    def call(self, method: str, path: str, body: Any = None, **changed: str) -> httpx2.Response:
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return self.send(method, path, text, self.headers(method, path, text, **changed))

    def send(self, method: str, path: str, text: str, headers: dict[str, str]) -> httpx2.Response:
        url = self.sandbox.base_url + self.prefix + path
        return httpx2.request(method, url, content=text.encode(), headers=headers, timeout=30)

    # What this merchant asks for.

    def order(self, *, number: str | None = None, total: int = 5000, **changed: Any) -> dict[str, Any]:
        """The body of a JSAPI prepay."""
        return {
            "appid": self.keys["appid"],
            "mchid": self.mchid,
            "description": "线上复诊",
            "out_trade_no": number or fresh_number(),
            "notify_url": "http://127.0.0.1:9/notices",
            "amount": {"total": total, "currency": "CNY"},
            "payer": {"openid": "oSAMPLE0001"},
            **changed,
        }

    def prepay(self, body: dict[str, Any] | None = None, **changed: Any) -> str:
        """A fresh JSAPI order; its number."""
        body = body or self.order(**changed)
        answer = self.call("POST", "/v3/pay/transactions/jsapi", body)
        assert answer.status_code == 200, answer.text
        return str(body["out_trade_no"])

    def paid(self, **changed: Any) -> str:
        number = self.prepay(**changed)
        self.sandbox.till("pay", out_trade_no=number, mchid=self.mchid).raise_for_status()
        return number

    def query(self, number: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.mchid}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refund(self, number: str, refund: int, *, total: int = 5000, **changed: Any) -> httpx2.Response:
        body = {
            "out_trade_no": number,
            "out_refund_no": fresh_number("RF"),
            "amount": {"refund": refund, "total": total, "currency": "CNY"},
            **changed,
        }
        return self.call("POST", "/v3/refund/domestic/refunds", body)

    # What comes back.

    def platform_key(self, serial: str) -> RSAPublicKey:
        if serial == self.keys["public_key_id"]:
            key = load_pem_public_key(self.keys["public_key"].encode())
        else:
            assert serial == self.keys["certificate_serial_no"]
            key = load_pem_x509_certificate(self.keys["certificate"].encode()).public_key()
        assert isinstance(key, RSAPublicKey)
        return key

    def is_genuine(self, headers: Any, body: bytes) -> bool:
        """Whether the platform signed these bytes within five minutes of now."""
        stamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        assert headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
        try:
            self.platform_key(headers["Wechatpay-Serial"]).verify(
                base64.b64decode(headers["Wechatpay-Signature"]),
                f"{stamp}\n{nonce}\n".encode() + body + b"\n",
                PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, ValueError):
            return False
        return abs(time.time() - int(stamp)) <= 300

    def unseal(self, resource: dict[str, str]) -> Any:
        box = AESGCM(self.keys["apiv3_key"].encode())
        plain = box.decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )
        return plain.decode() if plain.startswith(b"-----") else json.loads(plain)

    def seal(self, text: str) -> str:
        """A sensitive field, for the platform's eyes."""
        key = self.platform_key(self.keys["public_key_id"])
        sha1 = hashes.SHA1()  # noqa: S303 - OAEP with SHA-1 is what the provider prescribes
        return base64.b64encode(key.encrypt(text.encode(), OAEP(MGF1(sha1), sha1, None))).decode()

    def client_call(self, prepay_id: str, **changed: str) -> dict[str, str]:
        """What a page hands to the bridge."""
        stamp, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        appid = changed.get("appId", self.keys["appid"])
        return {
            "appId": appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sign(appid, stamp, nonce, package),
            **changed,
        }


def fresh_number(prefix: str = "CH") -> str:
    return f"{prefix}-{next(_numbers):06d}-{secrets.token_hex(4)}"


@dataclass
class Notice:
    headers: Any
    body: bytes


@dataclass
class Inbox:
    """Our side of the callbacks: answers with the statuses in `answers`, then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: "queue.Queue[Notice]" = field(default_factory=queue.Queue)

    def next(self, timeout_s: float = 30) -> Notice:
        return self.came.get(timeout=timeout_s)


@contextmanager
def inbox() -> Iterator[Inbox]:
    held = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(held.answers.pop(0) if held.answers else 204)
            self.end_headers()
            held.came.put(Notice(self.headers, body))

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}/notices"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
