"""A phone that receives what our real adapter sends through the sandbox."""

import itertools
import re

import pytest

from telehealth.accounts import CodeSender
from telehealth.core.settings import SMS
from telehealth.core.unit import Units
from telehealth.notifications import SMSGateway
from telehealth.notifications.adapters.sms import CodesBySMS, TencentSMS
from tests.support.sandbox import Sandbox

_numbers = itertools.count(10_000_000)


def sms_settings(sandbox: Sandbox) -> SMS:
    said = sandbox.credentials["sms"]
    return SMS(
        endpoint=f"http://{said['endpoint']}",
        secret_id=said["secret_id"],
        secret_key=said["secret_key"],
        app_id=said["sdk_app_id"],
        sign_name=said["sign_names"][0],
        region=said["region"],
        templates=said["templates"],
    )


def fresh_number() -> str:
    """A number no other test of this run has: the sandbox outlives them."""
    return f"139{next(_numbers)}"


def join_sms(units: Units, sandbox: Sandbox) -> TencentSMS:
    sms = TencentSMS(sms_settings(sandbox))
    units.join(SMSGateway, sms)
    units.join(CodeSender, CodesBySMS(sms))
    return sms


class Phone:
    def __init__(self, sandbox: Sandbox, number: str) -> None:
        self.sandbox = sandbox
        self.number = number

    @property
    def texts(self) -> list[str]:
        """Newest first."""
        return [message["text"] for message in self.sandbox.messages(self.number)]

    @property
    def code(self) -> str:
        """The last code it received."""
        found = re.search(r"(?<!\d)\d{6}(?!\d)", self.texts[0])
        assert found is not None
        return found.group()

    @property
    def wrong_code(self) -> str:
        return f"{(int(self.code) + 1) % 1_000_000:06d}"


@pytest.fixture
def phone(units: Units, sandbox: Sandbox) -> Phone:
    join_sms(units, sandbox)
    return Phone(sandbox, fresh_number())
