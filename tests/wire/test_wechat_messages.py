"""WeChat's two ways to carry a message, through the adapter that runs in production."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from telehealth.accounts.adapters.wechat_calls import WeChatCalls
from telehealth.core import log
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.notifications.adapters.wechat import WeChatMessages
from telehealth.notifications.errors import WeChatRefused, WeChatUnanswered, WeChatUnsent
from telehealth.notifications.ports import WeChatMessage
from telehealth.notifications.states import Channel
from tests.support.outside import wechat_settings
from tests.support.sandbox import Sandbox

_people = count(800_000)
SUBSCRIBE, TEMPLATE = Channel.SUBSCRIBE, Channel.TEMPLATE
BOTH = pytest.mark.parametrize("channel", [SUBSCRIBE, TEMPLATE])
DATA = {
    "thing1": "预约成功",
    "time2": "2026年11月23日 09:30",
    "character_string3": "BK-1",
    "thing4": "点开查看",
}


class Post:
    """Sends to a person of its own, who allows whatever is asked unless a test says otherwise."""

    def __init__(self, sandbox: Sandbox, calls: WeChatCalls) -> None:
        self.sandbox = sandbox
        self.person = next(_people)
        self.adapter = WeChatMessages(
            {"yunan": wechat_settings(sandbox, "yunan")}, calls, public_url="http://testserver"
        )

    def message(self, channel: Channel, **changes: Any) -> WeChatMessage:
        hand_out = self.sandbox.js_code if channel is SUBSCRIBE else self.sandbox.oauth_code
        given = {
            "hospital": "yunan",
            "channel": channel,
            "openid": hand_out(self.person)["openid"],
            "family": "visit",
            "data": DATA,
            "lang": "zh-CN",
            "path": "/messages/1?x=1",
            "reference": new_id().hex,
        }
        return WeChatMessage(**{**given, **changes})

    def allow(self, times: int = 1) -> None:
        template = self.sandbox.credentials["wechat"]["templates"]["subscribe"]["visit"]
        path = f"/wechat/people/{self.person}/consents"
        httpx2.post(self.sandbox.base_url + path, json={"template_id": template, "times": times})

    async def send(self, channel: Channel, **changes: Any) -> str | None:
        return await self.adapter.send(self.message(channel, **changes))

    @property
    def arrived(self) -> list[dict[str, Any]]:
        return self.sandbox.wechat_messages(self.person)


@pytest.fixture
async def post(sandbox: Sandbox) -> AsyncIterator[Post]:
    calls = WeChatCalls(FixedClock(datetime.now(UTC)))
    post = Post(sandbox, calls)
    post.allow(5)
    yield post
    await calls.close()


@pytest.fixture
def lines() -> io.StringIO:
    """What is logged."""
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    return stream


@BOTH
async def test_a_message_arrives_with_its_words_and_the_number_its_result_comes_under(
    post: Post, channel: Channel
) -> None:
    serial = await post.send(channel)
    (message,) = post.arrived
    appid = post.adapter.appid("yunan", channel)
    assert serial == f"{appid}:{message['msgid']}" and message["data"] == DATA


async def test_a_subscribe_message_opens_our_page_inside_the_mini_program(post: Post) -> None:
    await post.send(SUBSCRIBE, lang="en")
    (message,) = post.arrived
    assert message["page"] == "pages/web/web?path=%2Fmessages%2F1%3Fx%3D1" and message["lang"] == "en_US"


async def test_a_template_message_opens_our_page_and_signs_its_reader_in(post: Post) -> None:
    await post.send(TEMPLATE)
    way_in = "http://testserver/wechat/enter?hospital=yunan&next=%2Fmessages%2F1%3Fx%3D1"
    assert post.arrived[0]["page"] == way_in


async def test_the_service_account_sends_one_number_once(post: Post) -> None:
    message = post.message(TEMPLATE)
    assert await post.adapter.send(message) == await post.adapter.send(message)
    assert len(post.arrived) == 1


async def test_one_consent_is_one_message(post: Post) -> None:
    for _ in range(5):
        await post.send(SUBSCRIBE)
    with pytest.raises(WeChatRefused) as refusal:
        await post.send(SUBSCRIBE)
    assert refusal.value.facts["reason"] == "43101"


@pytest.mark.parametrize(
    ("channel", "mode", "errcode", "alarms"),
    [
        (SUBSCRIBE, "no_consent", "43101", False),
        (TEMPLATE, "not_following", "43004", False),
        (SUBSCRIBE, "bad_openid", "40003", False),
        (TEMPLATE, "bad_openid", "40003", False),
        (SUBSCRIBE, "bad_template", "40037", True),
        (TEMPLATE, "bad_template", "40037", True),
        (SUBSCRIBE, "bad_value", "47003", True),
        (TEMPLATE, "bad_value", "47003", True),
        (SUBSCRIBE, "bad_page", "41030", True),
    ],
)
async def test_what_is_refused_goes_by_another_channel_and_our_own_mistakes_alarm(
    post: Post, lines: io.StringIO, channel: Channel, mode: str, errcode: str, alarms: bool
) -> None:
    with post.sandbox.faults(wechat={"mode": mode, "times": 1}), pytest.raises(WeChatRefused) as refusal:
        await post.send(channel)
    assert refusal.value.facts["reason"] == errcode
    assert ("wechat.alarm" in lines.getvalue()) is alarms
    assert post.arrived == []


@BOTH
@pytest.mark.parametrize("mode", ["busy", "minute_quota", "throttled"])
async def test_what_is_over_a_quota_is_certainly_not_out(post: Post, channel: Channel, mode: str) -> None:
    with post.sandbox.faults(wechat={"mode": mode}), pytest.raises(WeChatUnsent):
        await post.send(channel)
    assert post.arrived == []


@BOTH
@pytest.mark.parametrize("mode", ["token_invalid", "token_expired"])
async def test_a_stale_token_is_fetched_again_once(
    post: Post, channel: Channel, mode: str, lines: io.StringIO
) -> None:
    with post.sandbox.faults(wechat={"mode": mode, "times": 1}):
        await post.send(channel)
    assert len(post.arrived) == 1
    with post.sandbox.faults(wechat={"mode": mode}), pytest.raises(WeChatUnsent):
        await post.send(channel)
    assert "wechat.alarm" in lines.getvalue() and len(post.arrived) == 1


async def test_one_token_serves_many_messages_and_is_renewed_before_it_ends(sandbox: Sandbox) -> None:
    clock = FixedClock(datetime.now(UTC))
    calls = WeChatCalls(clock)
    post = Post(sandbox, calls)
    sandbox.forget_requests()
    for _ in range(3):
        await post.send(TEMPLATE)
    clock.advance(timedelta(hours=2))
    await post.send(TEMPLATE)
    await calls.close()
    asked = [one for one in sandbox.requests("wechat") if one["target"].startswith("/wechat/cgi-bin/stable")]
    assert len(asked) == 2


@BOTH
async def test_a_lost_answer_leaves_open_whether_it_is_out(post: Post, channel: Channel) -> None:
    call = f"{channel}_send"
    with post.sandbox.faults(wechat={"mode": "lost_answer", "times": 1, "call": call}):
        with pytest.raises(WeChatUnanswered):
            await post.send(channel)
    assert len(post.arrived) == 1


async def test_a_platform_that_cannot_be_reached_was_sent_nothing(sandbox: Sandbox) -> None:
    calls = WeChatCalls(FixedClock(datetime.now(UTC)))
    apps = {"yunan": wechat_settings(sandbox, "yunan").model_copy(update={"api_url": "http://127.0.0.1:9"})}
    nowhere = WeChatMessages(apps, calls, public_url="http://testserver")
    with pytest.raises(WeChatUnsent):
        await nowhere.send(Post(sandbox, calls).message(TEMPLATE))
    await calls.close()


async def test_a_line_that_is_down_while_a_token_is_fetched_leaves_no_doubt(post: Post) -> None:
    with post.sandbox.faults(wechat={"mode": "down"}), pytest.raises(WeChatUnsent):
        await post.send(SUBSCRIBE)


async def test_no_log_line_holds_a_token_or_an_openid(post: Post, lines: io.StringIO) -> None:
    message = post.message(TEMPLATE)
    with post.sandbox.faults(wechat={"mode": "bad_value", "times": 1}), pytest.raises(WeChatRefused):
        await post.adapter.send(message)
    assert message.openid not in lines.getvalue() and "access_token" not in lines.getvalue()


async def test_a_hospital_without_apps_offers_nothing(post: Post) -> None:
    for channel in (SUBSCRIBE, TEMPLATE):
        assert post.adapter.appid("elsewhere", channel) == ""
        assert not post.adapter.offers("elsewhere", channel, "visit")
        assert not post.adapter.offers("yunan", channel, "no_such_family")
    assert post.adapter.templates("elsewhere") == {}
