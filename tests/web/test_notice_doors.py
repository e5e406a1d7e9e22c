"""Preferences, consents, WeChat's pushes and the support page, as a browser and an app meet them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.notifications import Notice
from telehealth.notifications.adapters.wechat_push import WeChatPushReader
from telehealth.notifications.delivering import deliver
from telehealth.notifications.models import Delivery, DeliveryReceipt, Rung
from telehealth.notifications.ports import WeChatPushes
from telehealth.notifications.states import Channel, RungState
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.notifications import add_message
from tests.support.outside import wechat_settings
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually
from tests.support.wechat import WeChatPhone

Client = httpx2.AsyncClient
HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
SUBSCRIPTIONS = "/api/v1/me/wechat/subscriptions"


async def told(reader: WeChatPhone, notice: Notice = Notice.BOOKING_CANCELLED, **variables: Any) -> UUID:
    await add_message(reader.units, reader.account.id, notice, hospital_id=reader.hospital_id, **variables)
    async with reader.units.system("test") as unit:
        newest = await unit.session.scalar(sa.select(Delivery.id).order_by(Delivery.id.desc()).limit(1))
    assert newest is not None
    await deliver(reader.units, newest)
    return newest


# Live.


async def test_the_badge_is_asked_for_again_and_costs_nothing_while_it_stands(
    client: Client, units: Units
) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account))
    empty = await client.get("/messages/unread", headers=headers)
    assert empty.status_code == 200 and "badge" not in empty.text
    again = {**headers, "if-none-match": empty.headers["etag"]}
    assert (await client.get("/messages/unread", headers=again)).status_code == 304
    await add_message(units, account.id)
    one = await client.get("/messages/unread", headers=again)
    assert one.status_code == 200 and 'class="badge">1' in one.text


async def test_a_new_row_arrives_in_the_list_without_a_reload(client: Client, units: Units) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account))
    page = await client.get("/messages", headers=headers)
    assert 'id="inbox" data-live data-live-heard data-live-url="/messages"' in page.text
    again = {**headers, "if-none-match": page.headers["etag"]}
    assert (await client.get("/messages", headers=again)).status_code == 304
    await add_message(units, account.id)
    assert "预约已取消" in (await client.get("/messages", headers=again)).text


@pytest.mark.parametrize("path", ["/staff/messages", "/me"])
async def test_phone_pages_and_the_console_keep_their_badge_fresh(
    client: Client, units: Units, path: str
) -> None:
    if path == "/me":
        headers = await cookie(units, patient(await add_patient(units)))
    else:
        headers = await cookie(units, staff(await add_staff(units, HOSPITAL, {Role.ADMIN}, login="admin")))
    page = await client.get(path, headers=headers)
    root = "/staff/messages" if path == "/staff/messages" else "/messages"
    assert f'data-live-url="{root}/unread"' in page.text


# Preferences.


async def test_the_settings_page_keeps_topics_channels_and_language(client: Client, units: Units) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account))
    page = await client.get("/messages/settings", headers=headers)
    assert "不能关闭" in page.text and "22:00" in page.text
    form = {"bookings": ["wechat"], "people": ["wechat", "sms"], "lang": "en"}
    saved = await client.post("/messages/settings", data=form, headers=headers)
    assert saved.status_code == 303
    app = await bearer(units, patient(account))
    chosen = {row["topic"]: row for row in (await client.get("/api/v1/me/notices", headers=app)).json()}
    assert (chosen["bookings"]["sms"], chosen["bookings"]["wechat"]) == (False, True)
    assert (chosen["people"]["sms"], chosen["people"]["wechat"]) == (True, True)
    assert (chosen["conduct"]["sms"], chosen["conduct"]["wechat"]) == (False, False)
    assert (await client.get("/api/v1/me", headers=app)).json()["lang"] == "en"


async def test_an_app_may_change_one_channel_and_leave_the_other(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units)))
    await client.put("/api/v1/me/notices/bookings", json={"sms": False}, headers=headers)
    answer = await client.put("/api/v1/me/notices/bookings", json={"wechat": False}, headers=headers)
    assert answer.json() == {"topic": "bookings", "sms": False, "wechat": False, "has_urgent": True}
    for wrong in ({"sms": "maybe"}, {"push": True}):
        refused = await client.put("/api/v1/me/notices/bookings", json=wrong, headers=headers)
        assert refused.status_code == 422


async def test_staff_choose_for_their_own_nudges(client: Client, units: Units) -> None:
    member = await add_staff(units, HOSPITAL, {Role.DOCTOR}, login="doctor")
    headers = await cookie(units, staff(member))
    page = await client.get("/staff/messages/settings", headers=headers)
    assert "工作事项" in page.text and "值班警报不能关闭" in page.text and 'value="wechat"' not in page.text
    await client.post("/staff/messages/settings", data={"lang": "zh-CN"}, headers=headers)
    app = await bearer(units, staff(member))
    (row,) = (await client.get("/api/v1/me/notices", headers=app)).json()
    assert (row["topic"], row["sms"], row["wechat"]) == ("work", False, True)


# Consents.


async def test_granted_consents_are_counted_and_shown(client: Client, reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    headers = await bearer(reader.units, patient(reader.account))
    listed = (await client.get(SUBSCRIPTIONS, params={"hospital": "yunan"}, headers=headers)).json()
    ids = {row["family"]: row["template_id"] for row in listed}
    assert {row["remaining"] for row in listed} == {0}
    answers = {ids["visit"]: "accept", ids["money"]: "reject", ids["number"]: "ban"}
    for _ in range(2):
        done = await client.post(
            SUBSCRIPTIONS, json={"hospital": "yunan", "answers": answers}, headers=headers
        )
        assert done.status_code == 200
    left = {row["family"]: row["remaining"] for row in done.json()}
    assert (left["visit"], left["money"], left["number"]) == (2, 0, 0)
    page = await client.get("/messages/settings", headers=await cookie(reader.units, patient(reader.account)))
    assert "还可收 2 条" in page.text and "已用完" in page.text


async def test_consents_that_cannot_be_are_refused_in_words(client: Client, reader: WeChatPhone) -> None:
    headers = await bearer(reader.units, patient(reader.account))
    template = reader.sandbox.credentials["wechat"]["templates"]["subscribe"]["visit"]

    async def answer(**body: Any) -> tuple[int, str]:
        said = await client.post(SUBSCRIPTIONS, json=body, headers=headers)
        return said.status_code, said.json().get("code", "")

    accepted = {template: "accept"}
    assert await answer(hospital="yunan", answers=accepted) == (409, "app_not_linked")
    assert await answer(hospital="nowhere", answers=accepted) == (409, "consents_invalid")
    assert await answer(hospital="yunan", answers={"other": "accept"}) == (409, "consents_invalid")
    for wrong in ({}, {template: "yes"}, {str(n): "accept" for n in range(4)}):
        assert (await answer(hospital="yunan", answers=wrong))[0] == 422
    assert (await answer(hospital="../x", answers=accepted))[0] == 422


async def test_nobody_gathers_consents_by_script(client: Client, reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    await reader.allow("visit", times=22, in_wechat=False)
    async with reader.units.system("test") as unit:
        assert await unit.session.scalar(sa.text("select remaining from subscribe_consents")) == 20


# What WeChat pushes.


async def push(client: Client, sandbox: Sandbox, number: int, *, mode: str = "") -> httpx2.Response:
    """The push of message `number`, as the sandbox signed it, handed to our door."""
    listed = httpx2.get(f"{sandbox.base_url}/wechatpush/pushes").json()["pushes"]
    one = next(row for row in listed if row["number"] == str(number) and (row["how"] == mode or not mode))
    path = one["url"].removeprefix("http://127.0.0.1:9")
    return await client.post(path, content=one["body"].encode(), headers={"content-type": "text/xml"})


@pytest.fixture
def pushing(units: Units, reader: WeChatPhone, sandbox: Sandbox) -> Sandbox:
    """Pushes are signed at the sandbox's own time, which is the machine's."""
    apps = {"yunan": wechat_settings(sandbox, "yunan")}
    units.join(WeChatPushes, WeChatPushReader(apps, FixedClock(datetime.now(UTC))))
    put = f"{sandbox.base_url}/wechatpush/callback"
    httpx2.put(put, json={"url": "http://127.0.0.1:9"}).raise_for_status()
    return sandbox


async def until_pushed(sandbox: Sandbox, number: int) -> None:
    def listed() -> bool:
        rows = httpx2.get(f"{sandbox.base_url}/wechatpush/pushes").json()["pushes"]
        return any(row["number"] == str(number) for row in rows)

    eventually(listed)


async def rung_states(units: Units) -> dict[Channel, RungState]:
    async with units.system("test") as unit:
        rows = await unit.session.execute(sa.select(Rung.channel, Rung.state))
    return {channel: state for channel, state in rows}


async def test_a_result_marks_its_message_and_coming_twice_changes_nothing(
    client: Client, reader: WeChatPhone, pushing: Sandbox
) -> None:
    await reader.follow()
    await told(reader)
    number = reader.messages[0]["msgid"]
    await until_pushed(pushing, number)
    for _ in range(2):
        answer = await push(client, pushing, number)
        assert (answer.status_code, answer.text) == (200, "success")
    assert await rung_states(reader.units) == {Channel.TEMPLATE: RungState.DELIVERED}
    async with reader.units.system("test") as unit:
        kept = (await unit.session.scalars(sa.select(DeliveryReceipt))).one()
    assert reader.account.phone is not None and "openid" not in kept.serial


async def test_what_does_not_prove_itself_is_refused_and_changes_nothing(
    client: Client, reader: WeChatPhone, pushing: Sandbox
) -> None:
    await reader.follow()
    with pushing.faults(wechatpush={"mode": "forged"}):
        await told(reader)
        number = reader.messages[0]["msgid"]
        await until_pushed(pushing, number)
    assert (await push(client, pushing, number)).status_code == 401
    for path, status in [("/callbacks/wechat/yunan", 401), ("/callbacks/wechat/nowhere", 404)]:
        assert (await client.post(path, content=b"<xml/>")).status_code == status
        assert (await client.get(path, params={"echostr": "x"})).status_code == status
    assert await rung_states(reader.units) == {Channel.TEMPLATE: RungState.ACCEPTED}


# Support.


async def test_support_sees_what_was_tried_when_and_with_which_result(
    client: Client, reader: WeChatPhone
) -> None:
    await reader.follow(follows=False)
    await told(reader)
    member = await add_staff(reader.units, reader.hospital_id, {Role.DESK})
    headers = await cookie(reader.units, staff(member))
    page = await client.get("/staff/deliveries", params={"phone": reader.phone.number}, headers=headers)
    assert page.status_code == 200
    for words in ("预约已取消", "微信服务号消息", "没有关注服务号", "短信", "渠道已受理，等待回执"):
        assert words in page.text, words
    assert "43004" not in page.text and "template" not in page.text.split("<main")[1]
    app = await bearer(reader.units, staff(member))
    (item,) = (await client.get("/api/v1/deliveries", headers=app)).json()["items"]
    assert [(rung["channel"], rung["state"]) for rung in item["rungs"]] == [
        ("template", "refused"),
        ("sms", "accepted"),
    ]
    async with reader.units.system("test") as unit:
        found = sa.select(AuditRecord).where(AuditRecord.name == "notices.traced")
        (record,) = (await unit.session.scalars(found)).all()
    assert record.actor_id == member.account_id and reader.phone.number not in str(record.facts)


async def test_another_hospital_sees_none_of_it(client: Client, reader: WeChatPhone) -> None:
    await told(reader)
    stranger = await add_staff(reader.units, HOSPITAL, {Role.DESK}, login="stranger")
    headers = await bearer(reader.units, staff(stranger))
    asked: list[dict[str, str]] = [{}, {"phone": reader.phone.number}, {"phone": "13800009999"}]
    for params in asked:
        answer = await client.get("/api/v1/deliveries", params=params, headers=headers)
        assert answer.json() == {"items": [], "next": ""}
    page = await client.get(
        "/staff/deliveries",
        params={"phone": reader.phone.number},
        headers=await cookie(reader.units, staff(stranger)),
    )
    assert "没有向这个手机号发送过消息" in page.text


async def test_a_number_that_is_none_is_said_beside_the_field(client: Client, reader: WeChatPhone) -> None:
    member = await add_staff(reader.units, reader.hospital_id, {Role.ADMIN}, login="admin")
    headers = await cookie(reader.units, staff(member))
    page = await client.get("/staff/deliveries", params={"phone": "12"}, headers=headers)
    assert page.status_code == 422 and "请填写有效的手机号" in page.text
    app = await bearer(reader.units, staff(member))
    assert (await client.get("/api/v1/deliveries", params={"phone": "12"}, headers=app)).status_code == 422


async def test_deliveries_are_paged_and_counted(client: Client, reader: WeChatPhone) -> None:
    for _ in range(3):
        await told(reader)
    member = await add_staff(reader.units, reader.hospital_id, {Role.ADMIN}, login="admin")
    app = await bearer(reader.units, staff(member))
    first = (await client.get("/api/v1/deliveries", params={"limit": 2}, headers=app)).json()
    rest = (await client.get("/api/v1/deliveries", params={"after": first["next"]}, headers=app)).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, "")
    shares = {
        row["channel"]: row for row in (await client.get("/api/v1/deliveries/shares", headers=app)).json()
    }
    assert shares["sms"]["sent"] == 3 and shares["sms"]["share"] is None


async def test_the_words_are_said_in_english(client: Client, reader: WeChatPhone) -> None:
    await reader.follow(follows=False)
    await told(reader)
    member = await add_staff(reader.units, reader.hospital_id, {Role.ADMIN}, login="admin")
    headers = {**await cookie(reader.units, staff(member)), "accept-language": "en"}
    page = await client.get("/staff/deliveries", headers=headers)
    for words in ("Booking cancelled", "Does not follow the service account", "Text message"):
        assert words in page.text, words
