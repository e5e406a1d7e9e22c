"""One hospital's door to the national insurance platform: envelope, signature, sign-in, outcome.

Signing is each province's own. This one is HMAC-SHA256 in lower-case hexadecimal over
`timestamp\\nnonce\\nbody`, the body being the bytes that travel. Nothing here knows what a function means.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

import httpx2
import structlog

from telehealth.core.clock import SHANGHAI, Clock
from telehealth.core.outgoing import OutgoingClient
from telehealth.core.redaction import scrub
from telehealth.core.settings import NHSA
from telehealth.insurance.errors import InsurerDown, InsurerRefused
from telehealth.insurance.states import Giveup

log = structlog.get_logger(__name__)

SIGN_IN = "9001"
MAX_BODY_BYTES = 8_000_000
#: The platform forgot our sign-in; whatever was asked did not happen.
_SIGNED_OUT = "SIGN_NO_INVALID"
_NUMBER_TAKEN = "MSGID_REPEATED"
_WORD = re.compile(r"[A-Z][A-Z0-9_]{2,40}")

#: The platform's word → what it means for a cover; provinces differ, so it is a table.
_MEANINGS = {
    "PAY_AUTH_NO_EXPIRED": Giveup.EXPIRED,
    "PAY_AUTH_NO_USED": Giveup.EXPIRED,
    "PAY_AUTH_NO_INVALID": Giveup.EXPIRED,
    "MED_TYPE_DENIED": Giveup.CATEGORY,
    "REGION_MISMATCH": Giveup.REGION,
    "REGION_UNSUPPORTED": Giveup.REGION,
    "PSN_NOT_INSURED": Giveup.UNINSURED,
    "PSN_NOT_FOUND": Giveup.UNINSURED,
}

#: Of this process; begins anywhere, so that two of one second rarely meet.
_sequence = itertools.count(secrets.randbelow(10_000))


class Platform:
    def __init__(
        self, hospital: str, door: NHSA, clock: Clock, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.hospital = hospital
        self.door = door
        self._clock = clock
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None
        self._sign_no = ""
        self._signing_in = asyncio.Lock()

    async def call(
        self, infno: str, data: Mapping[str, Any], *, insured_at: str = "", message: str = ""
    ) -> dict[str, Any]:
        """The `output` of one function. `message` is its number, a fresh one when it is empty.

        Raises:
            InsurerDown: nothing is known of the outcome.
            InsurerRefused: the platform answered, and said no; `word` is its own.
        """
        for is_last in (False, True):
            sign_no = await self._signed_in()
            envelope = self._envelope(infno, {"data": data}, insured_at, message, sign_no)
            try:
                return await self._ask(envelope)
            except InsurerRefused as error:
                word = error.facts["word"]
                if word == _SIGNED_OUT:
                    self._forget(sign_no)
                if is_last or word not in (_SIGNED_OUT, _NUMBER_TAKEN) or (message and word == _NUMBER_TAKEN):
                    raise _own_fault(error) from None
        raise InsurerDown(reason="signed_out")

    def message_number(self) -> str:
        """Institution, second (wall time), sequence: 30 characters at most."""
        second = self._clock.wall().astimezone(SHANGHAI)
        return f"{self.door.fixmedins_code}{second:%Y%m%d%H%M%S}{next(_sequence) % 10_000:04d}"

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None

    async def _signed_in(self) -> str:
        """Signed in once for everybody who waits."""
        async with self._signing_in:
            if not self._sign_no:
                entered = {"signIn": {"opter_no": "online", "mac": "-", "ip": "127.0.0.1"}}
                try:
                    output = await self._ask(self._envelope(SIGN_IN, entered, "", "", ""))
                    self._sign_no = str(output["signinoutb"]["sign_no"])
                except InsurerRefused:
                    # That is about us, never about a patient.
                    raise self._down("signed_out") from None
                except (KeyError, TypeError):
                    raise self._down("malformed") from None
            return self._sign_no

    def _forget(self, sign_no: str) -> None:
        if self._sign_no == sign_no:
            self._sign_no = ""

    def _envelope(
        self, infno: str, entered: Mapping[str, Any], insured_at: str, message: str, sign_no: str
    ) -> dict[str, Any]:
        door = self.door
        return {
            "infno": infno,
            "msgid": message or self.message_number(),
            "mdtrtarea_admvs": door.area,
            "insuplc_admdvs": insured_at,
            "recer_sys_code": "MBS_LOCAL",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "HMAC-SHA256",
            "infver": "V1.0",
            # A mobile terminal, not a clerk.
            "opter_type": "3",
            "opter": "online",
            "opter_name": "线上结算",
            "inf_time": f"{self._clock.wall().astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": door.fixmedins_code,
            "fixmedins_name": door.fixmedins_name,
            "sign_no": sign_no,
            "input": entered,
        }

    async def _ask(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(envelope, ensure_ascii=False).encode()
        try:
            response = await self._client().post(
                self.door.base_url, content=body, headers=self._signature(body)
            )
        except httpx2.TimeoutException:
            raise self._down("timeout", envelope) from None
        except httpx2.HTTPError:
            raise self._down("unreachable", envelope) from None
        return self._output(response, envelope)

    def _signature(self, body: bytes) -> dict[str, str]:
        stamp, nonce = str(int(self._clock.wall().timestamp())), secrets.token_hex(16)
        key = self.door.app_secret.get_secret_value().encode()
        signed = f"{stamp}\n{nonce}\n".encode() + body
        return {
            "content-type": "application/json",
            "x-app-id": self.door.app_id,
            "x-timestamp": stamp,
            "x-nonce": nonce,
            "x-signature": hmac.new(key, signed, hashlib.sha256).hexdigest(),
        }

    def _output(self, response: httpx2.Response, envelope: Mapping[str, Any]) -> dict[str, Any]:
        if response.status_code in (401, 403):
            # Our key or our clock is wrong. That says nothing of the patient, so no cover is refused for it.
            raise self._down("not_let_in", envelope)
        if response.status_code == 429:
            raise self._down("throttled", envelope)
        if response.status_code != 200 or len(response.content) > MAX_BODY_BYTES:
            raise self._down("server_error", envelope)
        try:
            # Amounts that come as numbers stay the text they were.
            answer = json.loads(response.content, parse_float=str)
            code, output = str(answer["infcode"]), answer.get("output") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._down("malformed", envelope) from None
        if code != "0":
            raise self._refused(str(answer.get("err_msg", "")), envelope)
        if not isinstance(output, dict):
            raise self._down("malformed", envelope)
        return output

    def _refused(self, said: str, envelope: Mapping[str, Any]) -> InsurerRefused:
        """`err_msg` begins with a stable word here; where it does not, its own sentence is the word."""
        word = said.partition(":")[0].strip()
        word = word if _WORD.fullmatch(word) else scrub(said)[:80]
        log.warning("insurer.refused", hospital=self.hospital, infno=envelope["infno"], word=word)
        return InsurerRefused(word=word, reason=str(_MEANINGS.get(word, Giveup.INSURER)))

    def _down(self, reason: str, envelope: Mapping[str, Any] | None = None) -> InsurerDown:
        infno = envelope["infno"] if envelope else SIGN_IN
        log.warning("insurer.unavailable", hospital=self.hospital, infno=infno, reason=reason)
        return InsurerDown(reason=reason)

    def _client(self) -> httpx2.AsyncClient:
        """Opened with the first question: reading the certificates costs more than most answers."""
        if self._opened is None:
            timeout_s = self.door.timeout_s
            self._opened = OutgoingClient(
                timeout=httpx2.Timeout(timeout_s, connect=min(3.0, timeout_s)),
                limits=httpx2.Limits(max_connections=16, max_keepalive_connections=4),
                transport=self._transport,
                # A redirect could carry names and numbers to another host.
                follow_redirects=False,
                trust_env=False,
            )
        return self._opened


def _own_fault(error: InsurerRefused) -> InsurerRefused | InsurerDown:
    """A message the platform did not look at, for a reason that is ours: nothing was decided."""
    word = error.facts["word"]
    return InsurerDown(reason=word.lower()) if word in (_SIGNED_OUT, _NUMBER_TAKEN) else error
