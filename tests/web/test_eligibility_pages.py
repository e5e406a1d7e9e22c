"""The gate as a patient meets it on a phone: early, complete, and never a dead end (XY06)."""

import re
from datetime import date

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.patients.rules import Relation
from tests.support.factories.accounts import add_patient, cookie, patient
from tests.support.factories.directory import add_campus, add_hospital
from tests.support.factories.eligibility import Follower, add_check, add_follower
from tests.support.factories.patients import add_card, add_person
from tests.support.factories.rulebook import publish_policy
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.anyio

Http = httpx2.AsyncClient
FLAGS = ("chest_pain", "breathless_at_rest", "syncope", "neuro_sign", "heavy_bleeding")
CALM = {"stable": "yes", **{f"answers.{flag}": "no" for flag in FLAGS}}


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await add_campus(units, row.id, emergency_phone="0571-5550-1120")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


async def walk(client: Http, browser: dict[str, str], path: str) -> httpx2.Response:
    """Follow our own redirects."""
    page = await client.get(path, headers=browser)
    while page.status_code == 303:
        page = await client.get(page.headers["location"], headers=browser)
    return page


def gate(who: Follower, **more: str) -> str:
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/h/yunan/check?person={who.person.id}&kind=internet{rest}"


async def test_XY06_the_first_step_shows_people_and_who_still_needs_a_card(
    client: Http, units: Units, hospital: Hospital, known: Follower
) -> None:
    child = await add_person(
        units, known.account, name="样例丁", relation=Relation.CHILD, born=date(2018, 2, 3)
    )
    page = await client.get("/h/yunan/check?kind=online", headers=await cookie(units, known.actor))
    assert page.status_code == 200
    assert f"person={known.person.id}&amp;kind=online" in page.text
    assert f"/h/yunan/cards/new?person={child.id}" in page.text and "先绑定就诊卡" in page.text
    assert "kind=offline" in page.text


async def test_somebody_without_people_is_led_to_add_one_and_back(
    client: Http, units: Units, hospital: Hospital
) -> None:
    newcomer = await cookie(units, patient(await add_patient(units)))
    page = await client.get("/h/yunan/check?kind=internet", headers=newcomer)
    assert "/people/new?next=%2Fh%2Fyunan%2Fcheck%3Fkind%3Dinternet" in page.text


async def test_XY06_whoever_may_come_reads_until_when_and_is_asked_the_questions(
    client: Http, units: Units, known: Follower
) -> None:
    page = await walk(client, await cookie(units, known.actor), gate(known))
    assert "可预约到 2027年4月30日" in page.text
    assert all(f'name="answers.{flag}"' in page.text for flag in FLAGS)
    assert "<fieldset" in page.text and "<legend" in page.text


async def test_a_reload_asks_nobody_again_and_stores_nothing(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    address = (await client.get(gate(known), headers=browser)).headers["location"]
    first, second = [await client.get(address, headers=browser) for _ in range(2)]
    assert first.status_code == 200 and first.text == second.text


async def test_XY06_a_good_declaration_leads_on_with_the_check_and_all_that_was_chosen(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    department = "0192a0b0-0000-7000-8000-000000000001"
    address = (await client.get(gate(known, department=department), headers=browser)).headers["location"]
    done = await client.post(address, data=CALM, headers=browser)
    assert done.status_code == 303
    page = await client.get(done.headers["location"], headers=browser)
    check = done.headers["location"].partition("/check/")[2].partition("?")[0]
    chosen = f"person={known.person.id}&amp;kind=internet&amp;check={check}&amp;department={department}"
    assert f"/h/yunan/book?{chosen}" in page.text


async def test_an_open_question_is_shown_again_with_everything_typed(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    address = (await client.get(gate(known), headers=browser)).headers["location"]
    typed = {**CALM, "complaint": "血压药吃完了"}
    del typed["answers.syncope"]
    page = await client.post(address, data=typed, headers=browser)
    assert page.status_code == 422 and "请回答这个问题" in page.text
    assert "血压药吃完了" in page.text
    assert len(re.findall(r'value="no" [^>]*checked|value="no" checked', page.text)) >= 4
    unsaid = await client.post(address, data={"answers.syncope": "no"}, headers=browser)
    assert unsaid.status_code == 422 and "请说明病情是否稳定" in unsaid.text


async def test_XY04_words_that_hint_at_danger_add_their_question_before_the_gate_speaks(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    address = (await client.get(gate(known), headers=browser)).headers["location"]
    page = await client.post(address, data={**CALM, "complaint": "最近黑便"}, headers=browser)
    assert page.status_code == 422 and "请回答这个问题" in page.text


async def test_XY04_a_red_flag_shows_what_to_dial_and_where_to_go_and_nothing_to_book(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    address = (await client.get(gate(known), headers=browser)).headers["location"]
    done = await client.post(address, data={**CALM, "answers.chest_pain": "yes"}, headers=browser)
    page = await client.get(done.headers["location"], headers=browser)
    assert 'href="tel:120"' in page.text and 'href="tel:0571-5550-1120"' in page.text
    assert page.text.index('href="tel:120"') < page.text.index("您的情况需要当面就医")
    assert "/book" not in page.text


async def test_XY06_a_refusal_shows_every_rule_and_the_door_that_is_open(
    client: Http, units: Units, hospital: Hospital
) -> None:
    child = await add_follower(units, hospital.id, born=date(2024, 1, 2), days_ago=400)
    page = await walk(client, await cookie(units, child.actor), gate(child))
    assert "未到线上复诊的最小年龄" in page.text and "2030年1月2日" in page.text
    assert "近期没有在本院看过门诊" in page.text
    assert f"/h/yunan/book?kind=offline&amp;person={child.person.id}" in page.text
    assert "人工复核" in page.text and "tel:0571-5550-1999" in page.text
    assert 'name="stable"' not in page.text


async def test_XY18_without_a_card_the_way_leads_to_binding_one_and_back(
    client: Http, units: Units, hospital: Hospital
) -> None:
    nobody = await add_follower(units, hospital.id, card=False, days_ago=None)
    page = await walk(client, await cookie(units, nobody.actor), gate(nobody))
    assert f"/h/yunan/cards/new?person={nobody.person.id}&amp;next=%2Fh%2Fyunan%2Fcheck" in page.text
    assert "近期没有在本院看过门诊" not in page.text


async def test_SJ01_an_offline_registration_goes_straight_on(
    client: Http, units: Units, known: Follower
) -> None:
    browser = await cookie(units, known.actor)
    page = await client.get(f"/h/yunan/check?person={known.person.id}&kind=offline", headers=browser)
    assert page.status_code == 303 and "kind=offline&check=" in page.headers["location"]


async def test_someone_elses_check_or_another_hospitals_address_is_not_found(
    client: Http, units: Units, hospital: Hospital, known: Follower
) -> None:
    row = await add_check(units, known, hospital.id)
    await add_hospital(units, "jiangbin", name="江滨医院")
    other = await cookie(units, patient(await add_patient(units, "13800007777")))
    mine = await cookie(units, known.actor)
    assert (await client.get(f"/h/yunan/check/{row.id}", headers=other)).status_code == 404
    assert (await client.get(f"/h/jiangbin/check/{row.id}", headers=mine)).status_code == 404
    assert (await client.get(gate(known), headers=other)).status_code == 404
    assert (await client.post(f"/h/yunan/check/{row.id}", data=CALM, headers=other)).status_code == 404


async def test_english_readers_get_english_sentences_for_the_questions(
    client: Http, units: Units, known: Follower
) -> None:
    browser = {**await cookie(units, known.actor), "accept-language": "en"}
    page = await walk(client, browser, gate(known))
    assert "Have you had chest pain" in page.text


class TestOutage:
    @pytest.fixture
    def clock(self) -> FixedClock:
        return clock_of_the_world()

    @pytest.fixture
    def settings(self, settings: Settings, sandbox: Sandbox) -> Settings:
        return reach(settings, sandbox)

    async def test_XY24_while_the_hospital_is_silent_the_page_says_the_seat_is_kept_uncharged(
        self, client: Http, units: Units, hospital: Hospital, sandbox: Sandbox
    ) -> None:
        account = await add_patient(units)
        person = await add_person(units, account)
        await add_card(units, hospital.id, account, person)
        who = Follower(account, person)
        with sandbox.faults(his={"mode": "down"}):
            page = await walk(client, await cookie(units, who.actor), gate(who))
        assert "核实之前不收费" in page.text and 'name="stable"' in page.text
