"""The provider's door: checks the signature over the bytes that came, acts, signs the answer."""

import json
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from telehealth.sandbox.faults import Fault
from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.merchants import Merchant, Signatory
from telehealth.sandbox.wxpay.refusals import Refusal, field_error
from telehealth.sandbox.wxpay.signing import PROBE, Arrived, signed_headers, verify

#: What `mixed` draws from: each request meets one of them with the chance `share`.
_MIXED = ("lost_answer", "cut", "error_500", "slow_answer")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that its merchant signed."""

    merchant: Merchant
    body: Mapping[str, Any]
    path: Mapping[str, str]
    query: Mapping[str, str]
    #: What `Wechatpay-Serial` names: the key fields are sealed with.
    serial: str
    #: Where a browser reaches the sandbox, and the same with the mount this request came through.
    address: str
    base: str
    fault: Fault | None

    def meets(self, mode: str) -> bool:
        return self.fault is not None and self.fault.mode == mode


@dataclass(frozen=True, slots=True)
class Answer:
    said: Mapping[str, Any] | bytes | None = None
    status: int = 200
    number: int = 0

    def body(self) -> bytes:
        if self.said is None:
            return b""
        if isinstance(self.said, bytes):
            return self.said
        return json.dumps(self.said, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


Action = Callable[[Call], Awaitable[Answer]]
Endpoint = Callable[[Request], Awaitable[Response]]


class CutOff(Response):
    """The connection ends before the answer does: what a client sees when the network fails it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})


class Gate:
    def __init__(self, world: World, party: str, merchants: Mapping[str, Merchant]) -> None:
        self._world = world
        self._party = party
        self._merchants = merchants

    def open(self, kind: str, action: Action, *, signed: bool = True) -> Endpoint:
        """The endpoint of `action`; a fault may be narrowed to `kind`. A download's stream is unsigned."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, kind, action, signed=signed)

        return endpoint

    async def _answer(self, request: Request, kind: str, action: Action, *, signed: bool) -> Response:
        arrived = await _arrived(request)
        fault = await self._meet(kind)
        if fault is not None and fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault is not None and fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        merchant = None
        try:
            merchant = verify(arrived, self._merchants, now_s=self._world.clock.wall().timestamp())
            answer = await self._act(request, arrived, merchant, action, fault)
        except Refusal as refusal:
            answer, signed = Answer(refusal.body(), refusal.status, refusal.number), True
        if answer.status < 300 and fault is not None and fault.mode in ("lost_answer", "cut"):
            self._world.faults.spend(self._party)
            return CutOff() if fault.mode == "cut" else PlainTextResponse("Internal Server Error", 500)
        # Nobody's key fits an answer to a merchant we do not know.
        by = self._signatory(request, kind, merchant) if signed and merchant is not None else None
        return self._send(answer, by, fault)

    async def _meet(self, kind: str) -> Fault | None:
        fault = await self._world.faults.meet(self._party, kind=kind)
        if fault is None or fault.mode != "mixed":
            return fault
        if random.random() >= fault.number("share", 0.2):  # noqa: S311 - a draw, no secret
            return None
        drawn = random.choice(_MIXED)  # noqa: S311
        if drawn == "slow_answer":
            await anyio.sleep(fault.number("seconds", 1))
        return Fault(drawn, fault.settings)

    async def _act(
        self, request: Request, arrived: Arrived, merchant: Merchant, action: Action, fault: Fault | None
    ) -> Answer:
        _check_headers(request)
        serial = request.headers.get("wechatpay-serial", "")
        if serial and merchant.signatory(serial) is None:
            raise field_error("Wechatpay-Serial", "不是该商户的平台密钥", value=serial, location="header")
        if fault is not None and fault.mode == "throttled":
            raise Refusal(429, "FREQUENCY_LIMITED", "频率超限，请降低频率后重试")
        if fault is not None and fault.mode == "error_500":
            self._world.faults.spend(self._party)
            raise Refusal(500, "SYSTEM_ERROR", "系统异常，请稍后用相同参数重试")
        address = self._world.address(request)
        mount = f"/{self._party}" if arrived.target.startswith(f"/{self._party}/".encode()) else ""
        return await action(
            Call(
                merchant=merchant,
                body=_parse(request, arrived.body),
                path=request.path_params,
                query=_single(request),
                serial=serial,
                address=address,
                base=address + mount,
                fault=fault,
            )
        )

    def _signatory(self, request: Request, kind: str, merchant: Merchant) -> Signatory:
        """The key the request names; the certificate when it names none."""
        named = merchant.signatory(request.headers.get("wechatpay-serial", ""))
        return merchant.by_certificate if named is None or kind == "certificates" else named

    def _send(self, answer: Answer, by: Signatory | None, fault: Fault | None) -> Response:
        body = answer.body()
        stream = isinstance(answer.said, bytes)
        headers = {"Request-ID": f"08{secrets.token_hex(18).upper()}-{answer.number}"}
        if by is not None:
            headers |= self._signature(by, body, fault)
        media = "application/octet-stream" if stream else "application/json; charset=utf-8"
        return Response(body, answer.status, headers, media_type=media if body else None)

    def _signature(self, by: Signatory, body: bytes, fault: Fault | None) -> dict[str, str]:
        mode = fault.mode if fault is not None else ""
        now_s = self._world.clock.wall().timestamp() - (600 if mode == "stale_answer" else 0)
        headers = signed_headers(by, body + b"x" if mode == "forged_answer" else body, now_s=now_s)
        if mode == "probe_answer":
            headers["Wechatpay-Signature"] = PROBE + headers["Wechatpay-Signature"]
        if mode in ("stale_answer", "forged_answer", "probe_answer"):
            self._world.faults.spend(self._party)
        return headers


async def _arrived(request: Request) -> Arrived:
    query: bytes = request.scope["query_string"]
    return Arrived(
        request.method,
        request.scope["raw_path"] + (b"?" + query if query else b""),
        request.headers.get("authorization", ""),
        await request.body(),
    )


def _check_headers(request: Request) -> None:
    if not request.headers.get("user-agent"):
        raise field_error("User-Agent", "缺失", location="header")
    accepted = request.headers.get("accept", "")
    if not any(kind in accepted for kind in ("application/json", "*/*")):
        raise field_error("Accept", "应为 application/json", value=accepted, location="header")
    kind = request.headers.get("content-type", "")
    if request.method == "POST" and not kind.startswith("application/json"):
        raise field_error("Content-Type", "应为 application/json", location="header")


def _parse(request: Request, body: bytes) -> Mapping[str, Any]:
    if request.method == "GET":
        return {}
    try:
        parsed = json.loads(body, object_pairs_hook=_no_twins)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Refusal(400, "PARAM_ERROR", "请求体不是合法的 JSON 对象")
    return parsed


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ValueError("a field is there twice")
    return held


def _single(request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    held = dict(pairs)
    if len(held) != len(pairs):
        raise Refusal(400, "PARAM_ERROR", "查询参数重复")
    return held
