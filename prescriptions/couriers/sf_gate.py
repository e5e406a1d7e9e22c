"""SF Express' one door: the digest over the form, and answers that are JSON inside JSON."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import structlog
from pydantic import Field

from prescriptions.couriers.errors import CourierRefused
from prescriptions.couriers.lines import Line, S, Said, word
from telehealth.core.clock import Clock
from telehealth.core.settings import SF

log = structlog.get_logger(__name__)

_OK = "A1000"
_DONE = "S0000"


class Outer(Said):
    code: str = Field(alias="apiResultCode")
    data: str | None = Field(default=None, alias="apiResultData")


class Inner(Said):
    """`success` alone is not enough: some answers say so beside an error code."""

    success: bool
    code: str | None = Field(default=None, alias="errorCode")


class Gate:
    """One hospital's account. Signatures go by the wall clock."""

    def __init__(self, hospital: str, account: SF, line: Line, clock: Clock) -> None:
        self.hospital = hospital
        self.account = account
        self.line = line
        self._clock = clock

    async def do(self, service: str, message: Mapping[str, Any], shape: type[S]) -> S:
        """Something that changes their books: one try."""
        account = self.account
        text = await self.line.post(
            account.base_url, self._form(service, message), timeout_s=account.timeout_s
        )
        return self._read(service, text, shape)

    async def ask(self, service: str, message: Mapping[str, Any], shape: type[S]) -> S:
        """A question, asked twice where that may help.

        Raises:
            CourierUnavailable, CourierNonsense: nothing is known.
            CourierRefused: both levels are sound, and the inner one says no; `word` is its code.
        """
        account = self.account
        text = await self.line.ask(
            account.base_url, self._form(service, message), timeout_s=account.timeout_s
        )
        return self._read(service, text, shape)

    def _form(self, service: str, message: Mapping[str, Any]) -> dict[str, str]:
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        stamp = str(int(self._clock.wall().timestamp() * 1000))
        return {
            "partnerID": self.account.partner_id,
            "requestID": str(uuid4()),
            "serviceCode": service,
            "timestamp": stamp,
            "msgDigest": digest(data, stamp, self.account.checkword.get_secret_value()),
            "msgData": data,
        }

    def _read(self, service: str, text: bytes, shape: type[S]) -> S:
        outer = self.line.read(Outer, text)
        if outer.code != _OK:
            # Key, signature, quota: about our account, never about a parcel. Nothing was looked at.
            log.error("courier.not_let_in", courier="sf", hospital=self.hospital, word=word(outer.code))
            raise self.line.down("not_let_in", word=word(outer.code))
        if outer.data is None:
            raise self.line.down("nonsense")
        inner = self.line.read(Inner, outer.data)
        if not inner.success:
            log.warning("courier.refused", courier="sf", service=service, word=word(inner.code))
            raise CourierRefused(word=word(inner.code))
        if inner.code not in (None, "", _DONE):
            raise self.line.down("nonsense")
        return self.line.read(shape, outer.data)


def digest(message: str, timestamp: str, checkword: str) -> str:
    """Base64 of the MD5 of `message + timestamp + checkword` as Java's URLEncoder writes it.

    Java leaves `*` as it is and writes `~` as %7E; Python's own function does the reverse.
    """
    written = quote_plus(message + timestamp + checkword, safe="*").replace("~", "%7E")
    return base64.b64encode(hashlib.md5(written.encode(), usedforsecurity=False).digest()).decode()
