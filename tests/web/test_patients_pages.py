"""The pages of people, cards, strikes and reviews: nothing typed is lost, each refusal has a next step."""

import re
from datetime import date, timedelta

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.patients.rules import Relation
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.factories.patients import add_card, add_person
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.strikes import add_strike
from tests.support.outside import Stranger, admit, clock_of_the_world, reach, register, stranger
from tests.support.phones import Phone, fresh_number
from tests.support.sandbox import Sandbox

SAME_ORIGIN = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    place = await add_hospital(units, "yunan")
    await publish_policy(units, place.id, strikes={"limit": 3})
    return place


class Browser:
    """Somebody signed in, who reads pages and sends forms."""

    def __init__(self, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers | SAME_ORIGIN

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path, headers=self.headers)

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(path, data=fields, headers=self.headers)


async def browser(client: httpx2.AsyncClient, units: Units, phone: str = "") -> Browser:
    account = await add_patient(units, phone or fresh_number())
    return Browser(client, await cookie(units, patient(account)))


def person_form(person: Stranger, **changes: str) -> dict[str, str]:
    form = {
        "relation": "self",
        "name": person.name,
        "document_kind": "resident_id",
        "document_number": person.number,
        "agree_identity": "true",
    }
    return form | changes


def place_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_BJ04_a_newcomer_is_led_from_nothing_to_a_bound_card(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = admit(sandbox, register(sandbox, stranger()))
    reader = await browser(client, units, me.phone)
    assert "/people/new?relation=self" in (await reader.get("/people")).text
    where = place_of(await reader.post("/people", **person_form(me)))
    shown = (await reader.get(where)).text
    assert "已实名" in shown and me.number not in shown
    new_card = re.search(r'href="(/h/yunan/cards/new\?person=[^"]+)"', shown)
    assert new_card is not None and me.name in (await reader.get(new_card.group(1))).text
    person_id = where.rpartition("/")[2]
    bound = await reader.post("/h/yunan/cards", person_id=person_id, kind="visit", number=me.card)
    assert "已关联社保卡" in (await reader.get(place_of(bound))).text
    removal = re.search(r'action="(/h/yunan/cards/[^"]+/removal)"', (await reader.get(where)).text)
    assert removal is not None and place_of(await reader.post(removal.group(1))) == "/people"


async def test_XY17_whatever_is_wrong_everything_typed_stays(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital
) -> None:
    reader = await browser(client, units)
    form = person_form(stranger(), document_number="11010519491231002Y", relation="child", name="样例 独特名")
    answer = await reader.post("/people", **form)
    assert answer.status_code == 422
    assert "11010519491231002Y" in answer.text and "样例 独特名" in answer.text
    assert 'href="#f-document_number"' in answer.text


async def test_XY17_a_passport_asks_for_birth_sex_and_country(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital
) -> None:
    reader = await browser(client, units)
    papers = {"document_kind": "passport", "document_number": "X1234567", "country": "FRA", "sex": "female"}
    form = person_form(stranger(name="Elena Sample"), **papers)
    parts = {"birth_date_year": "1988", "birth_date_month": "2", "birth_date_day": "30"}
    answer = await reader.post("/people", **form, **parts)
    assert answer.status_code == 422 and "f-birth_date-error" in answer.text
    assert re.search(r"<option selected>30</option>", answer.text)
    where = place_of(await reader.post("/people", **form, **parts | {"birth_date_day": "28"}))
    assert "证件待核验" in (await reader.get(where)).text


async def test_XY17_an_outage_of_the_authority_keeps_the_form(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = register(sandbox, stranger())
    reader = await browser(client, units)
    with sandbox.faults(faceid={"mode": "service_error"}):
        answer = await reader.post("/people", **person_form(me))
    assert answer.status_code == 503 and me.number in answer.text and "稍后再试" in answer.text


async def test_XY17_REG63_an_adult_is_offered_three_ways_and_one_code_does(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    mother = admit(sandbox, register(sandbox, stranger(date(1955, 1, 1))))
    reader = await browser(client, units)
    where = place_of(await reader.post("/people", **person_form(mother, relation="parent")))
    offered = (await reader.get(where)).text
    for way in ("consent-codes", "face-checks", "reviews"):
        assert f'action="{where}/{way}"' in offered
    sent = await reader.post(f"{where}/consent-codes", hospital="yunan")
    assert sent.status_code == 200 and mother.phone[-4:] not in sent.text
    phone = Phone(sandbox, mother.phone)
    wrong = await reader.post(f"{where}/consents", code=phone.wrong_code)
    assert wrong.status_code >= 400 and "f-code-error" in wrong.text
    assert (await reader.post(f"{where}/consents", code="12")).status_code == 422
    assert place_of(await reader.post(f"{where}/consents", code=phone.code)) == where
    assert "已实名" in (await reader.get(where)).text


async def test_REG63_a_face_check_says_where_to_go_and_comes_back(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    wife = register(sandbox, stranger())
    reader = await browser(client, units)
    where = place_of(await reader.post("/people", **person_form(wife, relation="spouse")))
    unticked = await reader.post(f"{where}/face-checks")
    assert unticked.status_code == 422 and "f-agree_face-error" in unticked.text
    started = (await reader.post(f"{where}/face-checks", agree_face="true")).text
    vendor = re.search(r'href="(http://127[^"]+/check/[^"]+)"', started)
    assert vendor is not None
    early = re.search(rf'action="({where}/face-checks/[^"]+)"', started)
    assert early is not None and (await reader.post(early.group(1))).status_code == 409
    came_back = httpx2.post(vendor.group(1), data={"outcome": "pass"}).headers["location"]
    path = came_back.removeprefix("http://testserver").partition("?")[0]
    assert (await reader.get(path)).status_code == 200
    assert place_of(await reader.post(path)) == where


async def test_XY17_withdrawing_and_removing_end_the_link(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = register(sandbox, stranger())
    reader = await browser(client, units, me.phone)
    where = place_of(await reader.post("/people", **person_form(me)))
    withdraw = re.search(r'action="([^"]+/withdrawal)"', (await reader.get(where)).text)
    assert withdraw is not None and place_of(await reader.post(withdraw.group(1))) == where
    assert place_of(await reader.post(f"{where}/removal")) == "/people"
    assert (await reader.get(where)).status_code == 404


async def test_XY18_a_refused_card_stays_typed(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = admit(sandbox, register(sandbox, stranger()))
    reader = await browser(client, units, me.phone)
    person_id = place_of(await reader.post("/people", **person_form(me))).rpartition("/")[2]
    for number, status in (("T9999999", 409), ("??", 422)):
        answer = await reader.post("/h/yunan/cards", person_id=person_id, kind="visit", number=number)
        assert answer.status_code == status and number in answer.text
    with sandbox.faults(his={"mode": "down"}):
        down = await reader.post("/h/yunan/cards", person_id=person_id, kind="visit", number=me.card)
    assert down.status_code == 503 and me.card in down.text


async def test_somebody_elses_page_is_a_404(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital
) -> None:
    owner = await add_patient(units, fresh_number())
    person = await add_person(units, owner)
    reader = await browser(client, units)
    assert (await reader.get(f"/people/{person.id}")).status_code == 404
    for action in ("removal", "verification", "face-checks", "consent-codes", "consents", "reviews"):
        fields = {"hospital": "yunan", "code": "123456", "agree_face": "true"}
        assert (await reader.post(f"/people/{person.id}/{action}", **fields)).status_code == 404


async def test_REG5_the_review_page_shows_the_claim_and_wants_a_reason_to_refuse(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    wife = register(sandbox, stranger())
    reader = await browser(client, units)
    where = place_of(await reader.post("/people", **person_form(wife, relation="spouse")))
    await reader.post(f"{where}/reviews", hospital="yunan")
    member = await add_staff(units, hospital.id, (Role.DESK,))
    desk = Browser(client, await cookie(units, staff(member)))
    queue = (await desk.get("/staff/identity-reviews")).text
    assert wife.number in queue and wife.name in queue
    refusal = re.search(r'action="(/staff/identity-reviews/[^"]+/refusal)"', queue)
    assert refusal is not None
    assert (await desk.post(refusal.group(1), reason="")).status_code == 422
    assert place_of(await desk.post(refusal.group(1), reason="本人未到场")) == "/staff/identity-reviews"
    assert "本人未到场" in (await reader.get(where)).text
    assert (await reader.get("/staff/identity-reviews")).status_code == 403


async def test_SJ09_strikes_show_count_ban_and_appeal_and_staff_answer(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital
) -> None:
    account = await add_patient(units, fresh_number())
    person = await add_person(units, account)
    await add_card(units, hospital.id, account, person)
    today = units.clock.business().date()
    for weeks in (3, 2, 1):
        await add_strike(units, hospital.id, account, person, today - timedelta(weeks=weeks))
    reader = Browser(client, await cookie(units, patient(account)))
    shown = (await reader.get("/strikes")).text
    assert "满 3 次暂停线上预约" in shown and "24:00 自动恢复" in shown
    # Each strike with the day it counts until; the ban with its explanation and the way to a person (REG58).
    assert shown.count("计入次数到") == 3
    review = re.search(r'href="#(s-[^"]+)"', shown)
    assert "自动判定" in shown and review is not None and f'id="{review.group(1)}"' in shown
    [record] = (await client.get("/api/v1/strikes", headers=await bearer(units, patient(account)))).json()
    assert {strike["counts_until"][:4] for strike in record["strikes"]} == {"2027"}
    appeal = re.search(r'action="(/strikes/[^"]+/appeals)"', shown)
    assert appeal is not None
    assert (await reader.post(appeal.group(1), text="")).status_code == 422
    assert place_of(await reader.post(appeal.group(1), text="当时在急诊")) == "/strikes"
    assert "申诉处理中" in (await reader.get("/strikes")).text
    member = await add_staff(units, hospital.id, (Role.REVIEWER,))
    desk = Browser(client, await cookie(units, staff(member)))
    queue = (await desk.get("/staff/appeals")).text
    answer = re.search(r'action="(/staff/appeals/[^"]+/answer)"', queue)
    assert answer is not None and "当时在急诊" in queue
    assert (await desk.post(answer.group(1), decision="uphold")).status_code == 422
    done = await desk.post(answer.group(1), decision="uphold", answer="情况属实")
    assert place_of(done) == "/staff/appeals"
    assert "已撤销" in (await reader.get("/strikes")).text


async def test_mine_shows_the_name_they_showed(client: httpx2.AsyncClient, units: Units) -> None:
    """XY17: nobody before their document was checked, then the person on it, whoever else they care for."""
    account = await add_patient(units, fresh_number())
    me = Browser(client, await cookie(units, patient(account)))
    await add_person(units, account, name="样例戊", relation=Relation.CHILD)
    assert "样例戊" not in (await me.get("/me")).text
    await add_person(units, account, name="样例丁")
    assert "样例丁" in (await me.get("/me")).text
