"""A room in a browser without script: what the patient, a helper and a stranger see."""

import html
import json
import re

import httpx2
import pytest

from telehealth.consultations.concluding import close_visit
from telehealth.consultations.queries import lock_consultation
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_patient, cookie, patient
from tests.support.factories.bookings import add_booker
from tests.support.factories.rooms import (
    Visit,
    add_helper,
    add_room,
    admit,
    events,
    messages,
    reread,
    say,
)

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


@pytest.fixture
async def mine(units: Units, visit: Visit) -> Headers:
    return await cookie(units, visit.patient)


def hidden(answer: httpx2.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert found is not None
    return html.unescape(found[1])


async def test_XY25_a_patient_sees_the_line_and_the_promise_of_the_day(
    client: Client, visit: Visit, mine: Headers
) -> None:
    shown = await client.get(f"/rooms/{visit.room}", headers=mine)
    assert shown.status_code == 200
    for words in (
        "等待医生接诊",
        "下一位就是您",
        "24:00前无人接诊，费用自动全额退回",
        visit.house.doctor.name,
    ):
        assert words in shown.text
    assert "我感觉更不舒服" in shown.text and "通话时可以录音录像吗" in shown.text


async def test_the_page_brings_its_scripts_what_they_need(
    client: Client, visit: Visit, mine: Headers
) -> None:
    shown = await client.get(f"/rooms/{visit.room}", headers=mine)
    found = re.search(r'<script type="application/json" id="room">(.*?)</script>', shown.text, re.S)
    assert found is not None
    told = json.loads(found[1])
    assert (told["room"], told["role"]) == (str(visit.room), "patient")
    assert told["ticket_url"] == f"/api/v1/rooms/{visit.room}/ticket"
    assert told["texts"]["sending"] == "发送中" and told["texts"]["events"]["admitted"] == "医生已接诊"


async def test_a_message_needs_no_script_and_twice_is_once(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    form = await client.get(f"/rooms/{visit.room}", headers=mine)
    sent = {"text": "药快吃完了", "client_id": hidden(form, "client_id")}
    for _ in range(2):
        answer = await client.post(f"/rooms/{visit.room}/messages", data=sent, headers=mine)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{visit.room}#end")
    assert [row.text for row in await messages(units, visit)] == ["药快吃完了"]
    assert "药快吃完了" in (await client.get(f"/rooms/{visit.room}", headers=mine)).text


async def test_XY04_words_of_a_red_flag_show_the_card_and_are_still_sent(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    answer = await client.post(
        f"/rooms/{visit.room}/messages", data={"text": "突然胸痛，喘不上气"}, headers=mine
    )
    assert answer.headers["location"] == f"/rooms/{visit.room}?worse=1"
    shown = await client.get(answer.headers["location"], headers=mine)
    assert shown.text.count('href="tel:120"') == 2, "on the page, and waiting for the script"
    assert (await messages(units, visit))[0].text == "突然胸痛，喘不上气"


async def test_feeling_worse_needs_no_script(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    answer = await client.post(f"/rooms/{visit.room}/worsening", headers=mine)
    assert answer.headers["location"] == f"/rooms/{visit.room}?worse=1"
    assert (await reread(units, visit)).urgent_by == "worse"
    assert "患者感觉更不舒服" in (await client.get(f"/rooms/{visit.room}", headers=mine)).text


async def test_REG50_refusing_to_be_recorded_is_one_tap_and_said_to_be_harmless(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    asked = await client.get(f"/rooms/{visit.room}", headers=mine)
    assert "不会记为爽约" in asked.text
    where = f"/rooms/{visit.room}/recording-consent"
    assert (await client.post(where, data={"agreed": "no"}, headers=mine)).status_code == 303
    assert (await events(units, visit))[-1] == {"event": "consent", "role": "patient", "agreed": False}
    assert "您选择不录音录像" in (await client.get(where, headers=mine)).text
    assert (await client.post(where, data={"agreed": "yes"}, headers=mine)).status_code == 303
    assert "患者同意通话录音录像" in (await client.get(f"/rooms/{visit.room}", headers=mine)).text


async def test_a_helper_is_invited_looks_agrees_and_is_shown_out(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    made = await client.post(f"/rooms/{visit.room}/helpers", data={"name": "女儿"}, headers=mine)
    link = re.search(r'value="http://testserver(/help-seat/[^"]+)"', made.text)
    assert made.status_code == 200 and link is not None
    assert link[1] not in (await client.get(f"/rooms/{visit.room}/helpers", headers=mine)).text

    looked = await client.get(link[1])
    assert looked.status_code == 200 and visit.house.doctor.name in looked.text
    assert visit.who.person.name not in looked.text, "masked for whoever finds the link"

    daughter = await cookie(units, patient(await add_patient(units, "13700007777")))
    taken = await client.post(link[1], headers=daughter)
    assert taken.headers["location"] == f"/rooms/{visit.room}"
    room = await client.get(f"/rooms/{visit.room}", headers=daughter)
    assert room.status_code == 200 and "通话时可以录音录像吗" not in room.text
    await client.post(f"/rooms/{visit.room}/messages", data={"text": "我是女儿"}, headers=daughter)
    assert "女儿 家属协助" in (await client.get(f"/rooms/{visit.room}", headers=mine)).text

    seats = await client.get(f"/rooms/{visit.room}/helpers", headers=mine)
    end = re.search(r'action="(/rooms/[^"]+/end)"', seats.text)
    assert end is not None and "已加入" in seats.text
    await client.post(end[1], headers=mine)
    assert (await client.get(f"/rooms/{visit.room}", headers=daughter)).status_code == 404
    assert (await client.get(link[1])).status_code == 404


async def test_a_helper_may_not_invite_consent_or_read_who_looked(
    client: Client, units: Units, visit: Visit
) -> None:
    helper = await cookie(units, await add_helper(units, visit))
    for path in ("helpers", "recording-consent"):
        assert (await client.get(f"/rooms/{visit.room}/{path}", headers=helper)).status_code == 404
    record = await client.get(f"/rooms/{visit.room}/record", headers=helper)
    assert record.status_code == 200 and "谁看过" not in record.text


async def test_for_a_stranger_there_is_no_such_room(client: Client, units: Units, visit: Visit) -> None:
    other = await add_booker(units, visit.house, "13900001111")
    stranger = await cookie(units, other.actor)
    for path in ("", "/record", "/helpers", "/recording-consent"):
        assert (await client.get(f"/rooms/{visit.room}{path}", headers=stranger)).status_code == 404
    for path in ("/messages", "/worsening", "/helpers"):
        sent = {"text": "不该看到", "name": "某人"}
        answer = await client.post(f"/rooms/{visit.room}{path}", data=sent, headers=stranger)
        assert answer.status_code == 404
    assert await messages(units, visit) == []


async def test_nobody_signed_in_is_led_to_sign_in_and_back(client: Client, visit: Visit) -> None:
    answer = await client.get(f"/rooms/{visit.room}")
    assert answer.headers["location"] == f"/sign-in?next=/rooms/{visit.room}"


async def test_the_doctor_is_led_to_their_own_page(client: Client, units: Units, visit: Visit) -> None:
    answer = await client.get(f"/rooms/{visit.room}", headers=await cookie(units, visit.doctor))
    assert answer.headers["location"] == f"/staff/rooms/{visit.room}"


async def test_GD11_a_visit_that_is_over_shows_the_advice_and_takes_no_more_words(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    await admit(units, visit)
    await say(units, visit, visit.doctor, "血压控制得不错，药照旧")
    async with units.hospital(visit.house.hospital.id, visit.doctor) as unit:
        await close_visit(unit, await lock_consultation(unit, visit.room), advice="低盐饮食，每天量血压")
    room = await client.get(f"/rooms/{visit.room}", headers=mine)
    assert "就诊已结束" in room.text and "低盐饮食，每天量血压" in room.text
    assert re.search(r"<textarea[^>]* disabled", room.text)
    late = await client.post(f"/rooms/{visit.room}/messages", data={"text": "还有一个问题"}, headers=mine)
    assert late.status_code == 303 and len([m for m in await messages(units, visit) if m.kind == "text"]) == 1
    record = await client.get(f"/rooms/{visit.room}/record", headers=mine)
    for words in ("血压控制得不错", "低盐饮食", "没有人查看过"):
        assert words in record.text


async def test_what_somebody_wrote_is_text_and_never_markup(
    client: Client, visit: Visit, mine: Headers
) -> None:
    await client.post(
        f"/rooms/{visit.room}/messages", data={"text": "<img src=x onerror=alert(1)>"}, headers=mine
    )
    shown = await client.get(f"/rooms/{visit.room}", headers=mine)
    assert "<img src=x" not in shown.text and "&lt;img src=x" in shown.text
