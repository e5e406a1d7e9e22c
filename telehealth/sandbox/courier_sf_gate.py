"""SF Express' door: form, digest, and answers that carry JSON as text inside JSON."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.responses import Response

#: How far `timestamp` may be from the wall clock, either way.
SKEW_S = 900
_FIELDS = ("partnerID", "requestID", "serviceCode", "timestamp", "msgDigest", "msgData")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_")


class NotLetIn(Exception):
    """Refused at the door: `code` is an `apiResultCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Refusal(Exception):
    """Let in, and refused: `code` is an `errorCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    hospital: str
    partner: str
    service: str
    message: Mapping[str, Any]


def let_in(body: bytes, accounts: Mapping[str, tuple[str, str]], now_s: float) -> Call:
    """`accounts`: partner id → hospital and checkword.

    Raises:
        NotLetIn: a field is missing (A1001), nobody knows the partner (A1004), or the digest is wrong,
            made of other bytes or too long ago (A1006).
    """
    try:
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
    except ValueError:
        raise NotLetIn("A1001", "必传参数不可为空") from None
    if not all(form.get(name) for name in _FIELDS) or len(form["requestID"]) > 40:
        raise NotLetIn("A1001", "必传参数不可为空")
    if form["partnerID"] not in accounts:
        raise NotLetIn("A1004", "无对应服务权限")
    hospital, checkword = accounts[form["partnerID"]]
    signed = form["msgData"] + form["timestamp"] + checkword
    if not hmac.compare_digest(digest_of(signed).encode(), form["msgDigest"].encode()):
        raise NotLetIn("A1006", "数字签名无效")
    if not form["timestamp"].isdecimal() or abs(_seconds(form["timestamp"]) - now_s) > SKEW_S:
        raise NotLetIn("A1006", "数字签名已过期")
    try:
        message = json.loads(form["msgData"])
    except ValueError:
        raise NotLetIn("A1002", "msgData 不是 JSON") from None
    if not isinstance(message, dict):
        raise NotLetIn("A1002", "msgData 不是 JSON 对象")
    return Call(hospital, form["partnerID"], form["serviceCode"], message)


def digest_of(text: str) -> str:
    """By hand, byte by byte, as Java's URLEncoder does it."""
    written = "".join(
        chr(byte) if byte in _PLAIN else "+" if byte == 0x20 else f"%{byte:02X}" for byte in text.encode()
    )
    return base64.b64encode(hashlib.md5(written.encode("ascii"), usedforsecurity=False).digest()).decode()


def said(inner: Mapping[str, Any] | str) -> Response:
    """Let in; `inner` becomes text. A string is sent as it stands."""
    text = inner if isinstance(inner, str) else _dump(inner)
    return _respond({"apiErrorMsg": "", "apiResultCode": "A1000", "apiResultData": text})


def done(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": message}


def refused(refusal: Refusal) -> Response:
    return said({"success": False, "errorCode": refusal.code, "errorMsg": refusal.message, "msgData": None})


def turned_away(error: NotLetIn) -> Response:
    return _respond({"apiErrorMsg": error.message, "apiResultCode": error.code, "apiResultData": None})


def _respond(outer: Mapping[str, Any]) -> Response:
    return Response(
        _dump({**outer, "apiResponseID": uuid4().hex.upper()}), media_type="application/json;charset=UTF-8"
    )


def _seconds(stamp: str) -> float:
    """SDK samples differ: seconds or milliseconds."""
    return int(stamp) / 1000 if len(stamp) > 11 else int(stamp)


def _dump(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
