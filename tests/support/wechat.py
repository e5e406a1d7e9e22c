"""A person's WeChat, reached by our real adapters through the sandbox."""

import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from telehealth.accounts import Account, Lang, linking_wechat
from telehealth.accounts.adapters.wechat_calls import WeChatCalls
from telehealth.accounts.choosing import prefer
from telehealth.accounts.ports import WeChatUser
from telehealth.core.unit import Units
from telehealth.notifications.adapters.wechat import WeChatMessages
from telehealth.notifications.adapters.wechat_push import WeChatPushReader
from telehealth.notifications.consenting import grant
from telehealth.notifications.ports import WeChatMessenger, WeChatPushes
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_sample_hospital
from tests.support.outside import wechat_settings
from tests.support.phones import Phone
from tests.support.sandbox import Sandbox

#: Whom no other test of this run is: the sandbox outlives them.
_people = itertools.count(5000)


class WeChatPhone:
    """One patient with WeChat and a number, known at hospital `yunan`."""

    def __init__(self, units: Units, sandbox: Sandbox, phone: Phone, hospital_id: UUID) -> None:
        self.units = units
        self.sandbox = sandbox
        self.phone = phone
        self.hospital_id = hospital_id
        self.person = next(_people)
        self.account: Account

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Newest first: `name`, `kind`, `data`, `page`, `lang`."""
        return self.sandbox.wechat_messages(self.person)

    @property
    def texts(self) -> list[str]:
        return self.phone.texts

    async def sign_up(self, lang: Lang | None = None) -> None:
        self.account = await add_patient(self.units, self.phone.number)
        if lang is not None:
            await prefer(self.units, patient(self.account), lang=lang)

    async def follow(self, *, follows: bool = True) -> None:
        """The service account knows who they are; without `follows` they left it since."""
        given = self.sandbox.oauth_code(self.person)
        appid = self.sandbox.credentials["wechat"]["service"]["appid"]
        await self._link(WeChatUser(appid, given["openid"], given["unionid"]))
        self._put(f"/wechat/people/{self.person}", {"follows": follows})

    async def open_mini_program(self) -> None:
        given = self.sandbox.js_code(self.person)
        appid = self.sandbox.credentials["wechat"]["mini"]["appid"]
        await self._link(WeChatUser(appid, given["openid"], given["unionid"]))

    async def allow(self, family: str, times: int = 1, *, in_wechat: bool = True) -> None:
        """Tap on "allow": WeChat counts it, and the mini-program tells us."""
        template = self.sandbox.credentials["wechat"]["templates"]["subscribe"][family]
        for _ in range(times):
            if in_wechat:
                httpx2.post(
                    f"{self.sandbox.base_url}/wechat/people/{self.person}/consents",
                    json={"template_id": template},
                ).raise_for_status()
            await grant(self.units, patient(self.account), "yunan", {template: "accept"})

    def _put(self, path: str, body: dict[str, Any]) -> None:
        httpx2.put(self.sandbox.base_url + path, json=body).raise_for_status()

    async def _link(self, user: WeChatUser) -> None:
        await linking_wechat.link(self.units, patient(self.account), user)


@pytest.fixture
async def calls(units: Units) -> AsyncIterator[WeChatCalls]:
    calls = WeChatCalls(units.clock)
    yield calls
    await calls.close()


def join_wechat(units: Units, sandbox: Sandbox, calls: WeChatCalls) -> None:
    apps = {"yunan": wechat_settings(sandbox, "yunan")}
    units.join(WeChatMessenger, WeChatMessages(apps, calls, public_url="http://testserver"))
    units.join(WeChatPushes, WeChatPushReader(apps, units.clock))


@pytest.fixture
async def reader(units: Units, sandbox: Sandbox, phone: Phone, calls: WeChatCalls) -> WeChatPhone:
    join_wechat(units, sandbox, calls)
    hospital = await add_sample_hospital(units)
    reader = WeChatPhone(units, sandbox, phone, hospital.id)
    await reader.sign_up()
    return reader
