"""The Tencent adapter against its sandbox: signature, limits, money, silence, receipts."""

import time

import pytest
from pydantic import SecretStr

from telehealth.accounts import CodePurpose, Lang
from telehealth.core.errors import DomainError
from telehealth.notifications.adapters import sms as adapter
from telehealth.notifications.adapters.sms import CodesBySMS, TencentSMS, failure
from telehealth.notifications.errors import (
    PhoneRefused,
    PhoneTooSoon,
    SMSDown,
    SMSMisconfigured,
    SMSUnpaid,
)
from tests.support.phones import Phone, fresh_number, sms_settings
from tests.support.sandbox import Sandbox


def handset(sandbox: Sandbox) -> Phone:
    return Phone(sandbox, fresh_number())


async def send(carrier: TencentSMS, phone: Phone, reference: str = "ref-1") -> str:
    return await carrier.send(
        f"+86{phone.number}", "sign_in_code", ["123456", "5"], lang="zh-CN", reference=reference
    )


async def test_a_message_is_signed_sent_and_carries_our_reference(sandbox: Sandbox) -> None:
    phone = handset(sandbox)
    serial = await send(TencentSMS(sms_settings(sandbox)), phone, "delivery-7")
    (message,) = sandbox.messages(phone.number)
    assert message["serial"] == serial
    assert message["session_context"] == "delivery-7"
    assert message["params"] == ["123456", "5"]


async def test_a_wrong_secret_is_ours_to_mend(sandbox: Sandbox) -> None:
    settings = sms_settings(sandbox).model_copy(update={"secret_key": SecretStr("wrong")})
    phone = handset(sandbox)
    with pytest.raises(SMSMisconfigured):
        await send(TencentSMS(settings), phone)
    assert phone.texts == []


async def test_no_keys_at_all_is_said_at_the_first_message(sandbox: Sandbox) -> None:
    empty = sms_settings(sandbox).model_copy(update={"secret_id": SecretStr(""), "secret_key": SecretStr("")})
    with pytest.raises(SMSMisconfigured):
        await send(TencentSMS(empty), handset(sandbox))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("down", SMSDown),
        ("throttled", SMSDown),
        ("lost_answer", SMSDown),
        ("daily_limit", PhoneRefused),
        ("insufficient_balance", SMSUnpaid),
    ],
)
async def test_what_the_vendor_refuses_has_our_name(
    sandbox: Sandbox, mode: str, expected: type[DomainError]
) -> None:
    with sandbox.faults(sms={"mode": mode}), pytest.raises(expected):
        await send(TencentSMS(sms_settings(sandbox)), handset(sandbox))


async def test_two_messages_within_the_vendors_thirty_seconds_wait(sandbox: Sandbox) -> None:
    carrier, phone = TencentSMS(sms_settings(sandbox)), handset(sandbox)
    await send(carrier, phone)
    with sandbox.faults(sms={"mode": "thirty_second_limit"}), pytest.raises(PhoneTooSoon) as refused:
        await send(carrier, phone)
    assert refused.value.retry_after_s == 30


async def test_a_silent_vendor_is_left_after_the_time_limit(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "TIMEOUT_S", 1)
    carrier = TencentSMS(sms_settings(sandbox))
    began = time.monotonic()
    with sandbox.faults(sms={"mode": "timeout", "seconds": 12, "times": 1}), pytest.raises(SMSDown):
        await send(carrier, handset(sandbox))
    assert time.monotonic() - began < 10


async def test_a_server_that_is_not_there_is_down(sandbox: Sandbox) -> None:
    nowhere = sms_settings(sandbox).model_copy(update={"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(SMSDown):
        await send(TencentSMS(nowhere), handset(sandbox))


async def test_a_template_nobody_approved_is_ours_to_mend(sandbox: Sandbox) -> None:
    strange = sms_settings(sandbox).model_copy(update={"templates": {"sign_in_code": "9999999"}})
    with pytest.raises(SMSMisconfigured):
        await send(TencentSMS(strange), handset(sandbox))


@pytest.mark.parametrize("purpose", list(CodePurpose))
async def test_every_purpose_of_a_code_has_its_message(sandbox: Sandbox, purpose: CodePurpose) -> None:
    phone = handset(sandbox)
    codes = CodesBySMS(TencentSMS(sms_settings(sandbox)))
    await codes.send(f"+86{phone.number}", "246810", purpose, Lang.EN)
    assert phone.code == "246810" and "5分钟" in phone.texts[0]


def test_no_error_of_ours_quotes_the_vendor() -> None:
    error = failure("ClientNetworkError")
    assert error.__cause__ is None and error.facts == {}


def test_codes_we_have_never_seen_raise_an_alarm_rather_than_vanish() -> None:
    assert isinstance(failure("SomethingNew.Happened"), SMSMisconfigured)
