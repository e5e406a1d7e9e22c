"""SF Express' scans, as its pushes and its route query tell them.

A push carries neither signature nor secret of its own, so the address it is sent to does: its last
part is random, per hospital, and known to SF and us alone. Whoever has it can claim that a parcel
moved, hence two walls behind this one: an unknown waybill changes nothing, and `routes` is the truth.
"""

import hashlib
import hmac
import json
from collections import defaultdict
from typing import Final

from pydantic import Field, ValidationError

from prescriptions.couriers.errors import PushInvalid
from prescriptions.couriers.lines import Said, moment, plain
from prescriptions.couriers.ports import Push, Scan
from prescriptions.couriers.rules import in_order, sf_state
from prescriptions.couriers.states import Carrier

#: Anything else, and it is pushed again.
ANSWER: Final = json.dumps(
    {"return_code": "0000", "return_msg": "成功"}, ensure_ascii=False, separators=(",", ":")
).encode()
MOST_LINES: Final = 500


class Line(Said):
    number: str = Field(alias="mailno", pattern=r"^[A-Za-z0-9]{6,40}$")
    order_no: str | None = Field(default="", alias="orderid")
    at: str = Field(alias="acceptTime")
    place: str | None = Field(default="", alias="acceptAddress")
    remark: str | None = ""
    code: str | None = Field(default="", alias="opCode")


class Body(Said):
    lines: list[Line] = Field(alias="WaybillRoute", max_length=MOST_LINES)


class Pushed(Said):
    body: Body = Field(alias="Body")


def read_push(body: bytes, *, token: str, expected: str) -> tuple[Push, ...]:
    """The parcels of one push, each with its scans, oldest first.

    Raises:
        PushInvalid: sent to an address that is not ours ("wrong_token"), or "unreadable".
    """
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise PushInvalid(reason="wrong_token")
    try:
        told = Pushed.model_validate_json(body)
        scans, orders = defaultdict[str, list[Scan]](list), dict[str, str]()
        for line in told.body.lines:
            scans[line.number].append(scan_of(line.number, line.at, line.place, line.remark, line.code))
            orders[line.number] = line.order_no or orders.get(line.number, "")
    except (ValidationError, ValueError):
        raise PushInvalid(reason="unreadable") from None
    return tuple(
        Push(Carrier.SF, number, orders[number], tuple(in_order(found))) for number, found in scans.items()
    )


def scan_of(
    number: str, at: str, place: str | None, remark: str | None, code: str | None, secondary: str | None = ""
) -> Scan:
    """The route query gives its lines no id, so what both tell is the identity: parcel, second, code.

    Raises ValueError when `at` is no time.
    """
    happened, code = moment(at), plain(code or "", longest=32)
    identity = f"sf|{number}|{happened.isoformat()}|{code}"
    return Scan(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        at=happened,
        place=plain(place or "", longest=120),
        remark=plain(remark or "", longest=500),
        raw_code=code,
        state=sf_state(code, secondary or "", remark or ""),
    )
