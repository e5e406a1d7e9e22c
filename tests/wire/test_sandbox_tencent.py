"""The vendor's own SDK as an independent client: what it signs must verify, what it did not must not."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.faceid.v20180301 import faceid_client
from tencentcloud.faceid.v20180301 import models as faceid_models
from tencentcloud.sms.v20210111 import models as sms_models
from tencentcloud.sms.v20210111 import sms_client

from tests.support.sandbox import Sandbox


def profile(sandbox: Sandbox, timeout_s: int = 5) -> ClientProfile:
    http = HttpProfile(protocol="http", endpoint=sandbox.credentials["sms"]["endpoint"], reqTimeout=timeout_s)
    return ClientProfile(httpProfile=http)


def sms(sandbox: Sandbox, *, secret_key: str | None = None, timeout_s: int = 5) -> sms_client.SmsClient:
    keys = sandbox.credentials["sms"]
    credential = Credential(keys["secret_id"], secret_key or keys["secret_key"])
    return sms_client.SmsClient(credential, keys["region"], profile(sandbox, timeout_s))


def message(sandbox: Sandbox, phone: str, **changed: Any) -> sms_models.SendSmsRequest:
    keys = sandbox.credentials["sms"]
    request = sms_models.SendSmsRequest()
    asked = {
        "PhoneNumberSet": [f"+86{phone}"],
        "SmsSdkAppId": keys["sdk_app_id"],
        "SignName": keys["sign_names"][0],
        "TemplateId": keys["templates"]["sign_in_code"],
        "TemplateParamSet": ["482913", "5"],
        "SessionContext": "sign-in",
    }
    request.from_json_string(json.dumps(asked | changed))
    return request


def faceid(sandbox: Sandbox) -> faceid_client.FaceidClient:
    keys = sandbox.credentials["faceid"]
    credential = Credential(keys["secret_id"], keys["secret_key"])
    return faceid_client.FaceidClient(credential, keys["region"], profile(sandbox))


def verify(sandbox: Sandbox, id_card: str, name: str) -> str:
    request = faceid_models.IdCardVerificationRequest()
    request.IdCard, request.Name = id_card, name
    return str(faceid(sandbox).IdCardVerification(request).Result)


def refused_code(sandbox: Sandbox, *, age_s: int = 0, signed: bytes, sent: bytes, path: str = "/sms/") -> str:
    """What `Response.Error` says to a request signed here by hand over `signed` while `sent` travels."""
    keys = sandbox.credentials["sms"]
    now = int(time.time()) - age_s
    date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    host, kind = keys["endpoint"], "application/json; charset=utf-8"
    canonical = "\n".join(
        (
            "POST",
            path,
            "",
            f"content-type:{kind}\nhost:{host}\n",
            "content-type;host",
            hashlib.sha256(signed).hexdigest(),
        )
    )
    scope = f"{date}/sms/tc3_request"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3" + keys["secret_key"].encode()
    for part in (date, "sms", "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    answer = httpx2.post(
        sandbox.base_url + "/sms/",
        content=sent,
        headers={
            "Authorization": f"TC3-HMAC-SHA256 Credential={keys['secret_id']}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={signature}",
            "Content-Type": kind,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(now),
            "X-TC-Region": "ap-guangzhou",
        },
    )
    assert answer.status_code == 200
    return str(answer.json()["Response"].get("Error", {}).get("Code", ""))


def test_message_of_the_vendors_sdk_is_accepted_and_kept(sandbox: Sandbox) -> None:
    status = sms(sandbox).SendSms(message(sandbox, "13800009001")).SendStatusSet[0]

    assert (status.Code, status.PhoneNumber, status.SessionContext) == ("Ok", "+8613800009001", "sign-in")
    kept = sandbox.messages("13800009001")
    assert [m["serial"] for m in kept] == [status.SerialNo]
    assert kept[0]["text"] == "【云安医院】验证码482913，5分钟内有效。请勿告诉他人。"
    assert kept[0]["params"] == ["482913", "5"]


def test_forged_signature_is_refused_and_nothing_is_sent(sandbox: Sandbox) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        sms(sandbox, secret_key="SANDBOXguess").SendSms(message(sandbox, "13800009002"))

    assert refused.value.get_code() == "AuthFailure.SignatureFailure"
    assert sandbox.messages("13800009002") == []


def test_unknown_key_id_is_refused(sandbox: Sandbox) -> None:
    keys = sandbox.credentials["sms"]
    client = sms_client.SmsClient(
        Credential("SANDBOXnobody", keys["secret_key"]), keys["region"], profile(sandbox)
    )

    with pytest.raises(TencentCloudSDKException) as refused:
        client.SendSms(message(sandbox, "13800009002"))

    assert refused.value.get_code() == "AuthFailure.SecretIdNotFound"


def test_signature_covers_the_bytes_that_travel(sandbox: Sandbox) -> None:
    body = json.dumps(message(sandbox, "13800009003")._serialize()).encode()
    same_meaning = json.dumps(json.loads(body), indent=1).encode()

    assert refused_code(sandbox, signed=body, sent=body) == ""
    assert refused_code(sandbox, signed=body, sent=same_meaning) == "AuthFailure.SignatureFailure"
    assert refused_code(sandbox, signed=body, sent=body, path="/") == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("age_s", [301, -310])
def test_timestamp_more_than_five_minutes_off_is_refused(sandbox: Sandbox, age_s: int) -> None:
    body = json.dumps(message(sandbox, "13800009004")._serialize()).encode()

    assert refused_code(sandbox, age_s=age_s, signed=body, sent=body) == "AuthFailure.SignatureExpire"
    assert sandbox.messages("13800009004") == []


def test_key_of_one_service_does_not_open_another(sandbox: Sandbox) -> None:
    keys = sandbox.credentials["sms"]
    credential = Credential(keys["secret_id"], keys["secret_key"])
    client = faceid_client.FaceidClient(credential, keys["region"], profile(sandbox))
    request = faceid_models.IdCardVerificationRequest()
    request.IdCard, request.Name = "330098198604129023", "周晓岚"

    with pytest.raises(TencentCloudSDKException) as refused:
        client.IdCardVerification(request)

    assert refused.value.get_code() == "AuthFailure.SecretIdNotFound"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"TemplateId": "9999999"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": ["482913"]}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        ({"SignName": "别家医院"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"PhoneNumberSet": ["+8612345"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ],
)
def test_wrong_content_fails_in_the_status_of_its_number(
    sandbox: Sandbox, changed: dict[str, Any], code: str
) -> None:
    status = sms(sandbox).SendSms(message(sandbox, "13800009005", **changed)).SendStatusSet[0]

    assert (status.Code, status.Fee, status.SerialNo) == (code, 0, "")


def test_one_bad_number_does_not_stop_the_others(sandbox: Sandbox) -> None:
    numbers = ["+8613800009006", "12", "13800009007"]
    statuses = sms(sandbox).SendSms(message(sandbox, "", PhoneNumberSet=numbers)).SendStatusSet

    assert [status.Code for status in statuses] == ["Ok", "InvalidParameterValue.IncorrectPhoneNumber", "Ok"]
    assert len(sandbox.messages("+8613800009007")) == 1


def test_daily_limit_counts_what_was_sent_today(sandbox: Sandbox) -> None:
    with sandbox.faults(sms={"mode": "daily_limit", "limit": 2}):
        client = sms(sandbox)
        codes = [client.SendSms(message(sandbox, "13800009008")).SendStatusSet[0].Code for _ in range(3)]

    assert codes == ["Ok", "Ok", "LimitExceeded.PhoneNumberDailyLimit"]


def test_empty_package_is_a_code_of_the_number(sandbox: Sandbox) -> None:
    with sandbox.faults(sms={"mode": "insufficient_balance"}):
        status = sms(sandbox).SendSms(message(sandbox, "13800009009")).SendStatusSet[0]

    assert status.Code == "FailedOperation.InsufficientBalanceInSmsPackage"
    assert sandbox.messages("13800009009") == []


def test_lost_answer_leaves_the_message_sent_once(sandbox: Sandbox) -> None:
    with sandbox.faults(sms={"mode": "lost_answer", "times": 1}):
        with pytest.raises(TencentCloudSDKException):
            sms(sandbox).SendSms(message(sandbox, "13800009010"))
        assert sms(sandbox).SendSms(message(sandbox, "13800009011")).SendStatusSet[0].Code == "Ok"

    assert len(sandbox.messages("13800009010")) == 1


def test_down_timeout_and_throttled_are_told_apart(sandbox: Sandbox) -> None:
    with sandbox.faults(sms={"mode": "down"}), pytest.raises(TencentCloudSDKException) as down:
        sms(sandbox).SendSms(message(sandbox, "13800009012"))
    with (
        sandbox.faults(sms={"mode": "timeout", "seconds": 3}),
        pytest.raises(TencentCloudSDKException) as late,
    ):
        sms(sandbox, timeout_s=1).SendSms(message(sandbox, "13800009012"))
    with sandbox.faults(sms={"mode": "throttled"}), pytest.raises(TencentCloudSDKException) as throttled:
        sms(sandbox).SendSms(message(sandbox, "13800009012"))

    assert down.value.get_code() == "ServerNetworkError"
    assert late.value.get_code() == "ClientNetworkError"
    assert throttled.value.get_code() == "RequestLimitExceeded"


def test_template_applied_for_is_accepted_afterwards(sandbox: Sandbox) -> None:
    new = {"2400990": {"name": "moved", "text": "{1}的就诊改到{2}。"}}
    assert httpx2.put(f"{sandbox.base_url}/sms/templates", json=new).status_code == 200

    request = message(sandbox, "13800009013", TemplateId="2400990", TemplateParamSet=["{2}", "明天"])
    assert sms(sandbox).SendSms(request).SendStatusSet[0].Code == "Ok"
    assert sandbox.messages("13800009013")[0]["text"] == "【云安医院】{2}的就诊改到明天。"


def test_register_matches_number_and_name(sandbox: Sandbox) -> None:
    person = sandbox.samples()["yn01"]

    assert verify(sandbox, person["number"], person["name"]) == "0"
    assert verify(sandbox, person["number"], "周晓兰") == "-1"
    assert verify(sandbox, "110105194912310021", person["name"]) == "-2"
    assert verify(sandbox, "33009819860412902x", person["name"]) == "-2"
    assert verify(sandbox, person["number"], "周") == "-3"
    assert verify(sandbox, "11010519491231002X", "钟雅琴") == "-5"


def test_person_registered_by_a_test_is_known(sandbox: Sandbox) -> None:
    sandbox.register_person(id_card="110105195806061378", name="欧阳·试样")

    assert verify(sandbox, "110105195806061378", "欧阳·试样") == "0"


@pytest.mark.parametrize(
    ("mode", "result"), [("service_error", "-4"), ("upgrading", "-6"), ("daily_limit", "-7")]
)
def test_register_that_cannot_answer_says_so(sandbox: Sandbox, mode: str, result: str) -> None:
    person = sandbox.samples()["yn02"]

    with sandbox.faults(faceid={"mode": mode}):
        assert verify(sandbox, person["number"], person["name"]) == result


@pytest.mark.parametrize(
    ("id", "result", "band"), [("yn10", "-1", "[0,8)"), ("yn12", "-1", "[8,16)"), ("yn03", "0", "[18,+)")]
)
def test_minors_are_told_by_age_band(sandbox: Sandbox, id: str, result: str, band: str) -> None:
    person = sandbox.samples()[id]
    request = faceid_models.MinorsVerificationRequest()
    request.Type, request.IdCard, request.Name = "1", person["number"], person["name"]

    answer = faceid(sandbox).MinorsVerification(request)

    assert (answer.Result, answer.AgeRange) == (result, band)


class FaceCheck:
    """A person before the camera: two buttons on the page that `DetectAuth` answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        person = sandbox.samples()["yn01"]
        request = faceid_models.DetectAuthRequest()
        request.RuleId, request.IdCard, request.Name = "1", person["number"], person["name"]
        request.RedirectUrl, request.Extra = "http://127.0.0.1:1/back?booking=7", "our-reference"
        self.started = faceid(sandbox).DetectAuth(request)

    def press(self, outcome: str) -> str:
        """The address the browser is sent back to."""
        assert "人脸核身" in httpx2.get(self.started.Url).text
        answer = httpx2.post(self.started.Url, data={"outcome": outcome})
        assert answer.status_code == 303
        return str(answer.headers["location"])

    def result(self) -> Any:
        request = faceid_models.GetDetectInfoEnhancedRequest()
        request.BizToken, request.RuleId, request.InfoType = self.started.BizToken, "1", "13"
        return faceid(self.sandbox).GetDetectInfoEnhanced(request)


def test_face_check_has_no_verdict_before_it_is_finished(sandbox: Sandbox) -> None:
    check = FaceCheck(sandbox)

    assert check.result().Text.ErrCode is None
    assert check.result().BestFrame is None


def test_face_check_passed_is_read_from_the_vendor(sandbox: Sandbox) -> None:
    check = FaceCheck(sandbox)

    assert check.press("pass") == f"http://127.0.0.1:1/back?booking=7&BizToken={check.started.BizToken}"
    result = check.result()
    assert (result.Text.ErrCode, result.Text.LiveStatus, result.Text.Comparestatus) == (0, 0, 0)
    assert float(result.Text.Sim) >= 70
    assert result.Text.Extra == "our-reference"
    assert result.BestFrame.BestFrame


def test_face_check_failed_stays_failed(sandbox: Sandbox) -> None:
    check = FaceCheck(sandbox)
    check.press("fail")
    check.press("pass")

    assert check.result().Text.ErrCode not in (0, None)


def test_similarity_just_below_seventy_is_no_match(sandbox: Sandbox) -> None:
    check = FaceCheck(sandbox)
    check.press("pass")

    with sandbox.faults(faceid={"mode": "low_similarity", "err_code": 0}):
        text = check.result().Text

    assert text.Sim == "69.90"
    assert text.LivenessDetail[0].Sim == "69.90"


def test_expired_and_invented_tokens_are_refused(sandbox: Sandbox) -> None:
    check = FaceCheck(sandbox)
    with (
        sandbox.faults(faceid={"mode": "token_expired"}),
        pytest.raises(TencentCloudSDKException) as expired,
    ):
        check.result()
    check.started.BizToken = "SANDBOX-INVENTED"
    with pytest.raises(TencentCloudSDKException) as invented:
        check.result()

    assert expired.value.get_code() == "InvalidParameterValue.BizTokenExpired"
    assert invented.value.get_code() == "InvalidParameterValue.BizTokenIllegal"
