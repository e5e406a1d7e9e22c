"""Tencent Cloud FaceID, version 2018-03-01, through the vendor's own client.

Three ways that do not depend on each other: name and number against the population register, four
facts against the bank of a card, and a face check for whoever prefers it. Pictures stay with the
vendor: we ask for text results only (InfoType 1). The client is synchronous, so each call runs in a
thread of its own connection.
"""

import hmac
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio.to_thread
import structlog
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.faceid.v20180301 import models
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

from telehealth.core.settings import FaceID
from telehealth.patients.errors import (
    FaceNotPossible,
    IdentityMismatch,
    IdentityQuotaSpent,
    IdentityUnavailable,
)
from telehealth.patients.ports import FaceAnswer, FaceStart, IdentityAnswer

log = structlog.get_logger(__name__)

# At DEBUG the vendor's client logs whole requests: names and ID numbers.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)

T = TypeVar("T")

TIMEOUT_S = 5
TOKEN_LASTS_S = 7200
#: The vendor's line between the same person and another.
SAME_PERSON = 70.0
TEXT_ONLY = "1"

_ANSWERS = {
    "0": IdentityAnswer.MATCH,
    "-1": IdentityAnswer.MISMATCH,
    "-2": IdentityAnswer.MISMATCH,
    "-3": IdentityAnswer.MISMATCH,
    "-5": IdentityAnswer.NO_RECORD,
}
_DAILY_LIMIT = "-7"
#: BankCard4EVerification counts its own way.
_CARD_BUSY = ("-18",)
_CARD_TRIES_SPENT = "-19"
_MISMATCHES = (
    "FailedOperation.IdNameMisMatch",
    "FailedOperation.IdFormatError",
    "FailedOperation.NameFormatError",
)
_QUOTAS = ("LimitExceeded", "RequestLimitExceeded")
_EXPIRED = ("InvalidParameterValue.BizTokenExpired", "InvalidParameterValue.BizTokenIllegal")


class FaceIDChecker:
    """`IdentityChecker` over FaceID."""

    def __init__(self, settings: FaceID) -> None:
        self._settings = settings

    async def check(self, name: str, number: str) -> IdentityAnswer:
        request = models.IdCardVerificationRequest()
        request.IdCard, request.Name = number, name
        answer = await self._call(FaceidClient.IdCardVerification, request)
        result = str(answer.Result)
        if result == _DAILY_LIMIT:
            raise IdentityQuotaSpent(retry_after_s=3600)
        if result not in _ANSWERS:
            # -4 and -6: the register is failing or being upgraded. Anything new is as good as unknown.
            log.warning("identity.unavailable", result=result)
            raise IdentityUnavailable(reason="register")
        return _ANSWERS[result]

    async def check_bank_card(self, name: str, number: str, *, card: str, phone: str) -> IdentityAnswer:
        request = models.BankCard4EVerificationRequest()
        request.Name, request.IdCard, request.BankCard = name, number, card
        request.Phone = phone.removeprefix("+86")
        answer = await self._call(FaceidClient.BankCard4EVerification, request)
        result = str(answer.Result)
        if result == _CARD_TRIES_SPENT:
            raise IdentityQuotaSpent(retry_after_s=3600)
        if result in _CARD_BUSY:
            log.warning("identity.unavailable", result=result)
            raise IdentityUnavailable(reason="bank")
        # Wrong, blocked, expired, lost, not for this: to us each is a card that does not vouch.
        return IdentityAnswer.MATCH if result == "0" else IdentityAnswer.MISMATCH

    async def start_face(self, *, name: str, number: str, return_url: str, subject: str) -> FaceStart:
        request = models.DetectAuthRequest()
        request.RuleId, request.IdCard, request.Name = self._settings.rule_id, number, name
        request.RedirectUrl, request.Extra = return_url, subject
        answer = await self._call(FaceidClient.DetectAuth, request)
        return FaceStart(str(answer.Url), str(answer.BizToken), TOKEN_LASTS_S)

    async def face_result(self, token: str, *, name: str, number: str, subject: str) -> FaceAnswer:
        request = models.GetDetectInfoEnhancedRequest()
        request.BizToken, request.RuleId, request.InfoType = token, self._settings.rule_id, TEXT_ONLY
        try:
            answer = await self._call(FaceidClient.GetDetectInfoEnhanced, request)
        except _Expired:
            return FaceAnswer.FAILED
        text = answer.Text
        if text is None or text.ErrCode is None:
            return FaceAnswer.PENDING
        ours = _same(text.IdCard, number) and _same(text.Name, name) and _same(text.Extra, subject)
        passed = text.ErrCode == 0 and text.LiveStatus == 0 and text.Comparestatus == 0
        if passed and ours and _similarity(text.Sim) >= SAME_PERSON:
            return FaceAnswer.PASSED
        log.info("identity.face_failed", code=text.ErrCode, ours=ours)
        return FaceAnswer.FAILED

    async def _call(self, action: Callable[..., T], request: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(partial(self._blocking, action, request))
        except TencentCloudSDKException as error:
            raise _meaning(str(error.get_code())) from None

    def _blocking(self, action: Callable[..., T], request: Any) -> T:
        address = urlsplit(_with_scheme(self._settings.endpoint))
        profile = HttpProfile(protocol=address.scheme, endpoint=address.netloc, reqTimeout=TIMEOUT_S)
        client = FaceidClient(
            Credential(
                self._settings.secret_id.get_secret_value(), self._settings.secret_key.get_secret_value()
            ),
            self._settings.region,
            ClientProfile(httpProfile=profile),
        )
        if address.scheme == "http":
            # A sandbox on this machine is not behind the machine's proxy.
            client.request.conn.proxy = None
            client.request.conn._session.trust_env = False
        try:
            return action(client, request)
        finally:
            client.request.conn._session.close()


class _Expired(IdentityUnavailable):
    """The vendor no longer knows this face check."""


def _meaning(code: str) -> Exception:
    if code in _MISMATCHES:
        return IdentityMismatch()
    if code in _EXPIRED:
        return _Expired(reason="expired")
    if code.startswith("FailedOperation.IdNoExistSystem"):
        return FaceNotPossible()
    if code.startswith(_QUOTAS):
        return IdentityQuotaSpent(retry_after_s=60)
    log.warning("identity.unavailable", code=code)
    return IdentityUnavailable(reason="vendor")


def _with_scheme(endpoint: str) -> str:
    """The vendor's endpoints are bare hosts; a sandbox on loopback speaks plain HTTP."""
    if "://" in endpoint:
        return endpoint
    host = endpoint.rpartition(":")[0] or endpoint
    return f"{'http' if host in ('127.0.0.1', 'localhost', '[::1]') else 'https'}://{endpoint}"


def _same(seen: Any, expected: str) -> bool:
    return hmac.compare_digest(str(seen or "").upper().encode(), expected.upper().encode())


def _similarity(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0
