"""Kuaidi100's scans, as its pushes and its query tell them. A push is proven by its address and its sign."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from pydantic import Field, ValidationError

from prescriptions.couriers.errors import PushInvalid
from prescriptions.couriers.lines import Said, moment, plain
from prescriptions.couriers.ports import Push, Scan
from prescriptions.couriers.rules import KUAIDI100_CODES, in_order
from prescriptions.couriers.states import Carrier, Watch

#: Anything else, and it is pushed again.
ANSWER: Final = json.dumps(
    {"result": True, "returnCode": "200", "message": "成功"}, ensure_ascii=False, separators=(",", ":")
).encode()
CODES: Final[Mapping[Carrier, str]] = {
    Carrier.SF: "shunfeng",
    Carrier.EMS: "ems",
    Carrier.JD: "jd",
    Carrier.CHINA_POST: "youzhengguonei",
    Carrier.DEPPON: "debangkuaidi",
}
_CARRIERS: Final = {code: carrier for carrier, code in CODES.items()}
#: `abort`: nothing was found for three days, or nothing changed for sixty.
_WATCH: Final = {
    "polling": Watch.GOES_ON,
    "updateall": Watch.GOES_ON,
    "shutdown": Watch.ENDED,
    "abort": Watch.LOST,
}
_MOST_LINES: Final = 500


class Line(Said):
    at: str = Field(alias="time")
    remark: str | None = Field(default="", alias="context")
    code: str | None = Field(default="", alias="statusCode")
    place: str | None = Field(default="", alias="areaName")


class Result(Said):
    carrier: str = Field(alias="com")
    number: str = Field(alias="nu", pattern=r"^[A-Za-z0-9-]{4,40}$")
    state: str | None = ""
    lines: list[Line] = Field(default=[], alias="data", max_length=_MOST_LINES)


class Pushed(Said):
    status: str
    result: Result = Field(alias="lastResult")


def read_push(body: bytes, *, token: str, expected: str, salt: str) -> tuple[Push, ...]:
    """
    Raises:
        PushInvalid: "wrong_token", "wrong_sign" or "unreadable".
    """
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise PushInvalid(reason="wrong_token")
    try:
        form = parse_qs(body.decode(), strict_parsing=True, max_num_fields=20)
        param, sign = form["param"][0], form["sign"][0]
    except (ValueError, KeyError):
        raise PushInvalid(reason="unreadable") from None
    if not salt or not hmac.compare_digest(push_sign(param, salt).encode(), sign.upper().encode()):
        raise PushInvalid(reason="wrong_sign")
    try:
        told = Pushed.model_validate_json(param)
        result = told.result
        carrier, watch = _CARRIERS[result.carrier], _WATCH[told.status]
        scans = scans_of(result.carrier, result.number, result.lines, result.state or "")
    except (ValidationError, ValueError, KeyError):
        raise PushInvalid(reason="unreadable") from None
    return (Push(carrier, result.number, "", scans, watch),)


def push_sign(param: str, salt: str) -> str:
    return hashlib.md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()


def scans_of(company: str, number: str, lines: Sequence[Line], parcel_state: str) -> tuple[Scan, ...]:
    """Oldest first. Where lines carry no codes, the parcel's own belongs to the latest of them.

    Raises ValueError when a time is none.
    """
    latest = max((line.at for line in lines), default="")
    has_codes = any(line.code for line in lines)
    told_by_parcel = "" if has_codes else parcel_state
    return tuple(
        in_order(
            _scan(company, number, line, line.code or (told_by_parcel if line.at == latest else ""))
            for line in lines
        )
    )


def _scan(company: str, number: str, line: Line, code: str) -> Scan:
    happened, remark = moment(line.at), plain(line.remark or "", longest=500)
    # There is no id. The code is no part of it: a line may be classified later.
    identity = f"{company}|{number}|{happened.isoformat()}|{remark}"
    return Scan(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        at=happened,
        place=plain(line.place or "", longest=120),
        remark=remark,
        raw_code=plain(code, longest=32),
        state=KUAIDI100_CODES.get(code),
    )
