"""Who somebody is in WeChat, asked through the adapter that runs in production."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from telehealth.accounts.adapters.wechat import WeChatIdentities, jssdk_signature
from telehealth.accounts.adapters.wechat_calls import WeChatCalls
from telehealth.accounts.errors import WeChatCodeRefused, WeChatDown
from telehealth.core.clock import FixedClock
from tests.support.outside import wechat_settings
from tests.support.sandbox import Sandbox


@pytest.fixture
async def wechat(sandbox: Sandbox) -> AsyncIterator[WeChatIdentities]:
    clock = FixedClock(datetime.now(UTC))
    calls = WeChatCalls(clock)
    yield WeChatIdentities({"yunan": wechat_settings(sandbox, "yunan")}, calls, clock)
    await calls.close()


async def test_XY15_a_page_and_a_mini_program_see_two_openids_of_one_person(
    wechat: WeChatIdentities, sandbox: Sandbox
) -> None:
    page = await wechat.user_of_page_code("yunan", sandbox.oauth_code(1)["code"])
    mini = await wechat.user_of_mini_code("yunan", sandbox.js_code(1)["code"])
    assert page.appid == wechat.appid("yunan") and mini.appid == wechat.appid("yunan", mini=True)
    assert page.openid != mini.openid


async def test_a_code_works_once(wechat: WeChatIdentities, sandbox: Sandbox) -> None:
    code = sandbox.js_code(2)["code"]
    await wechat.user_of_mini_code("yunan", code)
    with pytest.raises(WeChatCodeRefused):
        await wechat.user_of_mini_code("yunan", code)


async def test_a_made_up_code_is_refused(wechat: WeChatIdentities) -> None:
    with pytest.raises(WeChatCodeRefused):
        await wechat.user_of_page_code("yunan", "made-up")


@pytest.mark.parametrize("mode", ["down", "busy", "minute_quota"])
async def test_while_WeChat_fails_nobody_is_taken_for_somebody(
    wechat: WeChatIdentities, sandbox: Sandbox, mode: str
) -> None:
    code = sandbox.oauth_code(3)["code"]
    with sandbox.faults(wechat={"mode": mode}), pytest.raises(WeChatDown):
        await wechat.user_of_page_code("yunan", code)


async def test_a_page_signature_is_what_WeChat_computes_itself(
    wechat: WeChatIdentities, sandbox: Sandbox
) -> None:
    url = "http://testserver/pay/1?x=1"
    signed = await wechat.page_signature("yunan", url)
    assert sandbox.checks_page(**signed, url=url)
    assert not sandbox.checks_page(**signed, url=url + "&y=2")


async def test_a_stale_token_is_fetched_again_once(wechat: WeChatIdentities, sandbox: Sandbox) -> None:
    with sandbox.faults(wechat={"mode": "token_expired", "times": 1}):
        assert (await wechat.page_signature("yunan", "http://testserver/"))["signature"]


def test_the_vendors_own_example_of_a_signature() -> None:
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    said = jssdk_signature(ticket, "Wm3WZYTPz0wzccnW", "1414587457", "http://mp.weixin.qq.com?params=value")
    assert said == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
