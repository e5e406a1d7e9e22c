"""Tencent Cloud SMS, version 2021-01-11, through the vendor's own package (TC3 signature).

The package is synchronous: calls run in threads. Errors of a whole request come as
`Response.Error`, those of one number as its `Code`; both are mapped to ours here.
"""

import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import structlog
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from telehealth.accounts import CodePurpose, Lang
from telehealth.core.errors import DomainError
from telehealth.core.settings import SMS
from telehealth.notifications.errors import (
    PhoneRefused,
    PhoneTooSoon,
    SMSDown,
    SMSMisconfigured,
    SMSUnpaid,
)
from telehealth.notifications.notices import CODE_TEMPLATES

log = structlog.get_logger(__name__)

VENDOR = "sms.tencentcloudapi.com"
TIMEOUT_S = 5
CODE_MINUTES = "5"
#: XY17: who asks stays unnamed, as the phone may lie with somebody else.
REQUESTER = {Lang.ZH: "您的家人", Lang.EN: "Your family"}

# Its debug lines quote phones and codes.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)


class TencentSMS:
    """Fills `SMSGateway`."""

    def __init__(self, settings: SMS) -> None:
        self._settings = settings
        self._client: SmsClient | None = None
        self._threads = anyio.CapacityLimiter(8)

    def offers(self, template: str) -> bool:
        return template in self._settings.templates

    async def send(
        self, phone: str, template: str, parameters: Sequence[str], *, lang: str, reference: str
    ) -> str:
        """Raises SMSDown, SMSUnpaid, SMSMisconfigured, PhoneTooSoon, PhoneRefused."""
        templates = self._settings.templates
        template_id = templates.get(f"{template}.{lang}") or templates.get(template)
        if template_id is None:
            raise _alarm(SMSMisconfigured(), f"no template {template}")
        request = SendSmsRequest()
        request.PhoneNumberSet = [phone]
        request.SmsSdkAppId = self._settings.app_id
        request.SignName = self._settings.sign_name
        request.TemplateId = template_id
        request.TemplateParamSet = list(parameters)
        request.SessionContext = reference
        return await anyio.to_thread.run_sync(self._call, request, limiter=self._threads)

    def _call(self, request: SendSmsRequest) -> str:
        try:
            # Made at the first message: an installation without keys starts, and says so when it sends.
            self._client = self._client or _client(self._settings)
            status = self._client.SendSms(request).SendStatusSet[0]
        except TencentCloudSDKException as error:
            # Not chained: the package's message may quote what was sent.
            raise failure(str(error.get_code())) from None
        except (AttributeError, IndexError, TypeError):
            raise failure("MalformedAnswer") from None
        if status.Code == "Ok":
            return str(status.SerialNo)
        raise failure(str(status.Code))


class CodesBySMS:
    """Fills `CodeSender` of accounts. Nothing of a code is kept here."""

    def __init__(self, gateway: TencentSMS) -> None:
        self._gateway = gateway

    async def send(self, phone: str, code: str, purpose: CodePurpose, lang: Lang) -> None:
        template, order = CODE_TEMPLATES[purpose]
        said = lang if self._gateway.offers(f"{template}.{lang}") else Lang.ZH
        values = {"code": code, "minutes": CODE_MINUTES, "requester": REQUESTER[said]}
        await self._gateway.send(
            phone, template, [values[name] for name in order], lang=said, reference=f"code.{purpose}"
        )


def failure(code: str) -> DomainError:
    """The vendor's code as ours. What nobody but we can mend is also logged as an error."""
    if code in ("ClientNetworkError", "ServerNetworkError", "MalformedAnswer", "InternalError"):
        log.warning("sms.unanswered", code=code)
        return SMSDown()
    if code.startswith("LimitExceeded.PhoneNumber"):
        waits = {"ThirtySecondLimit": 30, "OneHourLimit": 3600}
        for name, wait_s in waits.items():
            if code.endswith(name):
                return PhoneTooSoon(retry_after_s=wait_s)
        return PhoneRefused(reason=code)
    if code in ("RequestLimitExceeded", "LimitExceeded", "LimitExceeded.DeliveryFrequencyLimit"):
        return SMSDown(retry_after_s=5)
    if code in _NUMBER or code.startswith("InvalidParameterValue.IncorrectPhoneNumber"):
        return PhoneRefused(reason=code)
    if code == "FailedOperation.InsufficientBalanceInSmsPackage":
        return _alarm(SMSUnpaid(retry_after_s=600), code)
    return _alarm(SMSMisconfigured(retry_after_s=600), code)


_NUMBER = frozenset(
    {
        "FailedOperation.PhoneNumberInBlacklist",
        "FailedOperation.ContainSensitiveWord",
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
        "UnsupportedOperation.UnsupportedRegion",
        "UnsupportedOperation.UnsuportedRegion",
    }
)


def _alarm(error: DomainError, code: str) -> DomainError:
    log.error("sms.alarm", error=error.code, code=code)
    return error


def _client(settings: SMS) -> SmsClient:
    parts = urlsplit(settings.endpoint if "//" in settings.endpoint else f"https://{settings.endpoint}")
    host = parts.netloc or VENDOR
    http = HttpProfile(protocol=parts.scheme, endpoint=host, reqMethod="POST", reqTimeout=TIMEOUT_S)
    profile = ClientProfile(signMethod="TC3-HMAC-SHA256", httpProfile=http)
    keys = Credential(settings.secret_id.get_secret_value(), settings.secret_key.get_secret_value())
    client = SmsClient(keys, settings.region, profile)
    if parts.scheme == "http":
        # A sandbox on this machine is not behind the machine's proxy.
        client.request.conn.proxy = None
        client.request.conn._session.trust_env = False
    return client
