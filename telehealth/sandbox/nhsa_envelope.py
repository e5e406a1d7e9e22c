"""The national insurance platform's envelope: signature, sign-in, unique message numbers, one answer shape.

Signing is each province's own in reality. This one signs with HMAC-SHA256, in lower-case hexadecimal, over
`timestamp\\nnonce\\nbody`, the body being the bytes that travel.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.faults import Fault

#: How far `x-timestamp` (wall clock) may be away.
SKEW_S = 300
SIGN_IN = "9001"
_REQUIRED = (
    "infno", "msgid", "mdtrtarea_admvs", "recer_sys_code", "signtype", "infver", "opter_type", "opter",
    "opter_name", "inf_time", "fixmedins_code", "fixmedins_name",
)  # fmt: skip


class Refusal(Exception):
    """An answer with `infcode` -1. `err_msg` begins with a stable word, then a sentence for a person."""

    def __init__(self, word: str, sentence: str, *, status: int = 200) -> None:
        super().__init__(word)
        self.err_msg = f"{word}: {sentence}"
        self.status = status


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital as the insurer knows it; the numbers lie in a division that was never assigned."""

    hospital: str
    code: str
    name: str
    region: str


INSTITUTIONS: Mapping[str, Institution] = {
    one.code: one
    for one in (
        Institution("yunan", "H11009800001", "云安医院", "110100"),
        Institution("jiangbin", "H11009800002", "江滨医院", "110100"),
    )
}


@dataclass(frozen=True, slots=True)
class Key:
    app_id: str
    secret: str
    institution: Institution


@dataclass(frozen=True, slots=True)
class Call:
    infno: str
    msgid: str
    institution: Institution
    envelope: Mapping[str, Any]
    data: Mapping[str, Any]
    fault: Fault | None

    def has(self, mode: str) -> bool:
        return self.fault is not None and self.fault.mode == mode

    def text(self, name: str, *, longest: int = 64) -> str:
        return _text(self.data, name, longest)

    def maybe(self, name: str, *, longest: int = 64) -> str:
        """The text of an optional field, empty when it is absent."""
        return _text(self.data, name, longest) if self.data.get(name) not in (None, "") else ""

    def fen(self, name: str) -> int:
        """Yuan with at most two decimals, as fen; never negative."""
        return fen_of(self.data.get(name), name)


def fen_of(value: Any, name: str) -> int:
    try:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise InvalidOperation
        amount = Decimal(value) * 100
    except InvalidOperation:
        raise Refusal("PARAM_ERROR", f"{name} 不是金额") from None
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < 10**12:
        raise Refusal("PARAM_ERROR", f"{name} 须为不超过两位小数的非负金额")
    return int(amount)


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _text(fields: Mapping[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise Refusal("PARAM_ERROR", f"{name} 为必填文本，不超过 {longest} 字")
    return value


def read_json(body: bytes) -> dict[str, Any]:
    """Amounts sent as JSON numbers arrive exact."""
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal("PARAM_ERROR", "报文不是 JSON 对象")
    return found


class Signatures:
    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        #: Nonces of the last minutes, by the second they arrived; a restart forgets them.
        self._seen: dict[tuple[str, str], float] = {}

    def verify(self, request: Request, body: bytes, now: datetime) -> Institution:
        """Whose request this is.

        Raises:
            Refusal: unknown key, wrong signature, a time too far away, or a nonce seen before.
        """
        headers = request.headers
        app_id, stamp, nonce = (headers.get(f"x-{name}", "") for name in ("app-id", "timestamp", "nonce"))
        key = self._keys.get(app_id)
        if key is None:
            raise Refusal("APP_ID_UNKNOWN", "应用标识不存在", status=401)
        signed = f"{stamp}\n{nonce}\n".encode() + body
        expected = hmac.new(key.secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode()):
            raise Refusal("SIGNATURE_INVALID", "签名不正确", status=401)
        if not re.fullmatch(r"\d{10}", stamp) or abs(int(stamp) - now.timestamp()) > SKEW_S:
            raise Refusal("TIMESTAMP_INVALID", f"时间戳与平台相差超过 {SKEW_S} 秒", status=401)
        self._refuse_replay(app_id, nonce, now.timestamp())
        return key.institution

    def _refuse_replay(self, app_id: str, nonce: str, now: float) -> None:
        if not 8 <= len(nonce) <= 64:
            raise Refusal("NONCE_INVALID", "随机串须为 8 至 64 位", status=401)
        while self._seen and next(iter(self._seen.values())) < now - 2 * SKEW_S:
            del self._seen[next(iter(self._seen))]
        if (app_id, nonce) in self._seen:
            raise Refusal("NONCE_INVALID", "随机串已使用", status=401)
        self._seen[app_id, nonce] = now


def check_envelope(envelope: Mapping[str, Any], institution: Institution) -> None:
    for name in _REQUIRED:
        _text(envelope, name, 100)
    if envelope["fixmedins_code"] != institution.code:
        raise Refusal("INSTITUTION_INVALID", "机构编码与应用不符")
    if not str(envelope["msgid"]).startswith(institution.code) or len(envelope["msgid"]) > 30:
        raise Refusal("MSGID_INVALID", "报文编号以机构编码开头，不超过 30 位")
    if envelope["opter_type"] not in ("1", "2", "3"):
        raise Refusal("PARAM_ERROR", "opter_type 为 1、2 或 3")
    if not isinstance(envelope.get("input"), dict):
        raise Refusal("PARAM_ERROR", "input 为必填对象")
    try:
        datetime.strptime(envelope["inf_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Refusal("PARAM_ERROR", "inf_time 形如 yyyy-MM-dd HH:mm:ss") from None


def answer(
    msgid: str, arrived: datetime, now: datetime, *, output: Mapping[str, Any] | None = None, error: str = ""
) -> dict[str, Any]:
    return {
        "infcode": -1 if output is None else 0,
        "inf_refmsgid": f"110000{now.astimezone(SHANGHAI):%Y%m%d%H%M%S%f}",
        "refmsg_time": _stamp(arrived),
        "respond_time": _stamp(now),
        "msgid": msgid,
        "warn_msg": "",
        "err_msg": error,
        "output": dict(output or {}),
    }


def respond(body: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(dict(body), status)


def _stamp(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y%m%d%H%M%S%f}"[:17]
