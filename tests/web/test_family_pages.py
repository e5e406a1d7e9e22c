"""The family account through its pages and its API (GS01–GS08, GS11, GS14): doors, refusals, both sides."""

from datetime import date
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.core.unit import Unit, Units
from telehealth.family.models import Binding
from telehealth.family.states import BindingState
from telehealth.patients.models import PatientLink, Person
from telehealth.patients.rules import Relation
from tests.support import uploads
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.family import add_member, ask_to_bind, bind_member, prove, reread_binding

Client = httpx2.AsyncClient
CHILD = date(2017, 5, 6)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def payer(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def link_rows(unit: Unit, account_id: UUID, person_id: UUID) -> list[PatientLink]:
    found = sa.select(PatientLink).where(
        PatientLink.account_id == account_id, PatientLink.person_id == person_id
    )
    return list(await unit.session.scalars(found))


async def person_of(units: Units, asked: Binding) -> Person:
    async with units.system("test") as unit:
        found = await unit.session.get(Person, asked.person_id)
    assert found is not None
    return found


async def test_GS06_the_page_says_how_many_are_left_and_when_it_begins_anew(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    await bind_member(units, payer.actor, place.hospital, await add_member(units, payer.account))
    page = await client.get("/family", headers=await cookie(units, payer.actor))
    assert page.status_code == 200
    assert "样例丁" in page.text and "已绑定" in page.text and "/ 5" in page.text and "4<" in page.text
    assert "12月1日" in page.text
    said = (await client.get("/api/v1/family", headers=await bearer(units, payer.actor))).json()
    assert (said["limit"], said["left"], said["resets_on"]) == (5, 4, "2026-12-01")


async def test_GS03_a_child_by_page_papers_and_review(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    child = await add_member(units, payer.account, name="样例童", born=CHILD, relation=Relation.CHILD)
    mine = await cookie(units, payer.actor)
    form = await client.get(f"/family/new?person={child.id}", headers=mine)
    assert "未满十四周岁" in form.text and "agree_child" in form.text
    wish = {"person_id": str(child.id), "hospital": "yunan"}
    refused = await client.post("/family", data=wish, headers=mine)
    assert refused.status_code == 422 and "未满十四周岁须由监护人单独同意" in refused.text
    agreed = wish | {"agree_paying": "true", "agree_child": "true"}
    made = await client.post("/family", data=agreed, headers=mine)
    assert made.status_code == 303
    here = made.headers["location"]
    one = await client.get(here, headers=mine)
    assert "上传材料" in one.text and "人脸" not in one.text

    nothing = await client.post(f"{here}/submission", headers=mine)
    assert nothing.status_code == 422 and "请先上传至少一份材料" in nothing.text
    sent = await client.post(
        f"/uploads{here}", files={"paper_file": ("a.jpg", uploads.photo(), "image/jpeg")}, headers=mine
    )
    assert sent.status_code == 303
    assert (await client.post(f"{here}/submission", headers=mine)).status_code == 303
    assert "医院在" in (await client.get(here, headers=mine)).text

    desk = await cookie(units, staff(await add_staff(units, place.hospital.id)))
    queue = await client.get("/staff/family-reviews", headers=desk)
    assert "样例童" in queue.text and "核对一致，通过" in queue.text
    binding_id = here.rpartition("/")[2]
    silent = await client.post(
        f"/staff/family-reviews/{binding_id}/refusal", data={"reason": ""}, headers=desk
    )
    assert silent.status_code == 422
    done = await client.post(f"/staff/family-reviews/{binding_id}/approval", headers=desk)
    assert done.status_code == 303
    assert "已绑定" in (await client.get(here, headers=mine)).text
    again = await client.post(f"/staff/family-reviews/{binding_id}/approval", headers=desk)
    assert again.status_code == 409


async def test_GS05_the_page_of_an_adult_names_every_way_and_says_a_face_is_not_the_only_one(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    page = await client.get(f"/family/{asked.id}", headers=await cookie(units, payer.actor))
    for way in ("银行卡加短信验证码", "人脸核身", "到医院窗口", "人脸不是唯一方式"):
        assert way in page.text


async def test_GS14_the_form_can_be_printed_and_the_desk_finds_it_by_its_number(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    mine = await cookie(units, payer.actor)
    assert (await client.post(f"/family/{asked.id}/counter", headers=mine)).status_code == 303
    sheet = await client.get(f"/family/{asked.id}/sheet", headers=mine)
    assert sheet.status_code == 200 and asked.number in sheet.text and "样例丁" not in sheet.text
    desk = await cookie(units, staff(await add_staff(units, place.hospital.id)))
    found = await client.get(f"/staff/family-reviews?number={asked.number.lower()}", headers=desk)
    assert "样例丁" in found.text and "本人已到场，核对一致" in found.text
    done = await client.post(f"/staff/family-reviews/{asked.id}/approval", headers=desk)
    assert done.status_code == 303
    assert (await reread_binding(units, asked.id)).state is BindingState.BOUND
    ended = await client.post(f"/staff/family-reviews/{asked.id}/unbinding", headers=desk)
    assert ended.status_code == 303
    missing = await client.get("/staff/family-reviews?number=JT-000000-000000", headers=desk)
    assert "本院没有这个编号的申请" in missing.text


async def test_GS08_the_member_sees_who_may_pay_and_ends_it(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    mother = await add_booker(units, place, "13800005555", name="样例母", born=date(1955, 2, 3))
    person = await add_member(units, payer.account, name="样例母", number=mother.person.document_number)
    async with units.system("test") as unit:
        for link in await link_rows(unit, payer.account.id, person.id):
            link.subject_account_id = mother.account.id
    bound = await bind_member(units, payer.actor, place.hospital, person)
    hers = await cookie(units, mother.actor)
    page = await client.get("/family", headers=hers)
    assert "谁可以为我付款" in page.text and "样**" in page.text and "样例乙" not in page.text
    allowed = await client.post(f"/family/{bound.id}/details", data={"agreed": "true"}, headers=hers)
    assert allowed.status_code == 303
    assert "不再允许查看名称" in (await client.get("/family", headers=hers)).text
    said = (await client.get("/api/v1/family", headers=await bearer(units, mother.actor))).json()
    assert [one["details_agreed"] for one in said["payers"]] == [True]
    assert (await client.post(f"/family/{bound.id}/unbinding", headers=hers)).status_code == 303
    assert (await reread_binding(units, bound.id)).state is BindingState.ENDED
    assert "谁可以为我付款" not in (await client.get("/family", headers=hers)).text


async def test_GS06_the_sixth_is_refused_on_the_page_with_the_day_it_begins_anew(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    for number in range(5):
        person = await add_member(units, payer.account, name=f"样例{'甲乙丙丁戊'[number]}")
        await bind_member(units, payer.actor, place.hospital, person)
    sixth = await add_member(units, payer.account, name="样例己")
    mine = await cookie(units, payer.actor)
    assert "本月名额已用完" in (await client.get("/family", headers=mine)).text
    body = {"person_id": str(sixth.id), "hospital": "yunan"}
    answer = await client.post("/api/v1/family/bindings", json=body, headers=await bearer(units, payer.actor))
    assert (answer.status_code, answer.json()["code"]) == (409, "family_month_full")
    assert answer.json()["facts"]["resets_on"] == "2026-12-01"
    refused = await client.post("/family", data=body, headers=mine)
    assert refused.status_code == 409 and "解除绑定不会返还次数" in refused.text


async def test_GS06_what_one_asked_for_can_be_withdrawn_by_page_and_asked_for_again(
    client: Client, units: Units, place: House, payer: Patient
) -> None:
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    mine = await cookie(units, payer.actor)
    assert (await client.post(f"/family/{asked.id}/withdrawal", headers=mine)).status_code == 303
    late = await client.post(f"/family/{asked.id}/withdrawal", headers=mine)
    assert late.status_code == 303
    assert "重新申请" in (await client.get(f"/family/{asked.id}", headers=mine)).text
    await prove(units, await ask_to_bind(units, payer.actor, place.hospital, await person_of(units, asked)))


async def test_GS12_before_its_day_the_page_says_when_it_opens(client: Client, units: Units) -> None:
    place = await add_house(units, family={"opens_on": "2027-01-01"})
    payer = await add_booker(units, place)
    for path in ("/family", "/family/new"):
        page = await client.get(path, headers=await cookie(units, payer.actor))
        assert page.status_code == 200 and "2027年1月1日" in page.text and "本月还可绑定" not in page.text
