"""Kuaidi100 for one hospital: follows parcels of EMS, JD and others that were booked elsewhere."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import structlog
from pydantic import Field

from prescriptions.couriers.errors import CourierRefused
from prescriptions.couriers.kuaidi100_routes import ANSWER, CODES, Line, read_push, scans_of
from prescriptions.couriers.lines import Line as Wire
from prescriptions.couriers.lines import Said, word
from prescriptions.couriers.ports import Push, Scan
from prescriptions.couriers.states import Carrier
from telehealth.core.settings import Kuaidi100

log = structlog.get_logger(__name__)

_OK: Final = "200"
#: Nobody has seen that number yet.
_NO_RECORD: Final = "500"
_SUBSCRIBED_BEFORE: Final = "501"
#: Our key or signature.
_NOT_LET_IN: Final = frozenset({"503", "600", "601"})
#: Scans with their own codes and places.
_DETAILED: Final = "4"


class Told(Said):
    """A refusal has `returnCode`, a journey has `status`."""

    return_code: str | None = Field(default=None, alias="returnCode")
    status: str | None = None
    number: str | None = Field(default=None, alias="nu")
    state: str | None = ""
    lines: list[Line] = Field(default=[], alias="data")


class Subscribed(Said):
    return_code: str = Field(alias="returnCode")


class Kuaidi100Tracker:
    """`Tracker` over the aggregator's query and subscription."""

    def __init__(self, hospital: str, account: Kuaidi100, wire: Wire, *, public_url: str) -> None:
        self._hospital = hospital
        self._account = account
        self._wire = wire
        base = (account.callback_url or public_url).rstrip("/")
        self._callback = f"{base}/callbacks/kuaidi100/{hospital}/{account.push_token.get_secret_value()}"

    async def watch(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> None:
        account = self._account
        message = {
            "company": CODES[carrier],
            "number": waybill,
            "key": account.key.get_secret_value(),
            "parameters": {
                "callbackurl": self._callback,
                "salt": account.salt.get_secret_value(),
                "resultv2": _DETAILED,
                "phone": phone_last4,
            },
        }
        form = {"schema": "json", "param": _packed(message)}
        # Subscribing twice is subscribing once.
        text = await self._wire.ask(account.subscribe_url, form, timeout_s=account.timeout_s)
        code = self._wire.read(Subscribed, text).return_code
        if code not in (_OK, _SUBSCRIBED_BEFORE):
            raise self._no(code)

    async def routes(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> tuple[Scan, ...]:
        account = self._account
        param = _packed(
            {
                "com": CODES[carrier],
                "num": waybill,
                "phone": phone_last4,
                "resultv2": _DETAILED,
                "show": "0",
                "order": "desc",
            }
        )
        form = {
            "customer": account.customer,
            "sign": query_sign(param, account.key.get_secret_value(), account.customer),
            "param": param,
        }
        text = await self._wire.ask(account.query_url, form, timeout_s=account.timeout_s)
        told = self._wire.read(Told, text)
        if told.return_code == _NO_RECORD:
            return ()
        if told.return_code is not None:
            raise self._no(told.return_code)
        if told.status != _OK or told.number != waybill:
            raise self._wire.down("nonsense")
        try:
            return scans_of(CODES[carrier], waybill, told.lines, told.state or "")
        except ValueError:
            raise self._wire.down("nonsense") from None

    def read_push(self, body: bytes, *, token: str) -> tuple[Push, ...]:
        account = self._account
        return read_push(
            body,
            token=token,
            expected=account.push_token.get_secret_value(),
            salt=account.salt.get_secret_value(),
        )

    def answer(self) -> bytes:
        return ANSWER

    def _no(self, code: str) -> Exception:
        if code in _NOT_LET_IN:
            log.error("courier.not_let_in", courier="kuaidi100", hospital=self._hospital, word=word(code))
            return self._wire.down("not_let_in", word=word(code))
        log.warning("courier.refused", courier="kuaidi100", hospital=self._hospital, word=word(code))
        return CourierRefused(word=word(code))


def query_sign(param: str, key: str, customer: str) -> str:
    return hashlib.md5((param + key + customer).encode(), usedforsecurity=False).hexdigest().upper()


def _packed(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
