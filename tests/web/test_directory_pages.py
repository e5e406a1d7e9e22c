"""The front door: hospitals, departments and the notice, on pages and through the API."""

import re

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.directory import notice_accepted
from telehealth.directory.models import Department, Hospital
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.directory import (
    add_campus,
    add_department,
    add_doctor,
    add_hospital,
    add_notice,
    add_sample_hospital,
)

pytestmark = pytest.mark.anyio

Http = httpx2.AsyncClient


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_sample_hospital(units)


async def test_the_front_page_lists_hospitals_and_where_to_complain(client: Http, hospital: Hospital) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert "云安医院" in page.text and 'href="tel:0571-5550-1999"' in page.text and "手机号登录" in page.text
    english = await client.get("/", headers={"accept-language": "en"})
    assert "Yun&#39;an Hospital" in english.text


async def test_the_front_page_of_somebody_signed_in_leads_to_their_things(
    client: Http, units: Units, hospital: Hospital
) -> None:
    key = await cookie(units, patient(await add_patient(units)))
    page = (await client.get("/", headers=key)).text
    assert 'href="/orders"' in page and 'href="/people"' in page and "手机号登录" not in page


async def test_staff_are_led_to_their_desk(client: Http, units: Units, hospital: Hospital) -> None:
    key = await cookie(units, staff(await add_staff(units, hospital.id)))
    answer = await client.get("/", headers=key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff")


async def test_BJ01_many_hospitals_are_found_by_name(client: Http, units: Units) -> None:
    for number in range(9):
        await add_hospital(units, f"h{number}", name=f"第{number}医院")
    assert 'name="q"' in (await client.get("/")).text
    found = (await client.get("/", params={"q": "第7"})).text
    assert "第7医院" in found and "第6医院" not in found
    assert (await client.get("/", params={"q": "<script>"})).status_code == 200


async def test_XY20_a_hospital_offers_each_department_the_door_it_has(
    client: Http, hospital: Hospital
) -> None:
    page = (await client.get("/h/yunan")).text
    online = re.findall(r'href="/h/yunan/book\?kind=online&amp;department=', page)
    offline = re.findall(r'href="/h/yunan/book\?kind=offline&amp;department=', page)
    assert (len(online), len(offline)) == (6, 1)


async def test_XY20_the_api_lists_who_may_be_booked_online(client: Http, units: Units) -> None:
    hospital = await add_hospital(units)
    campus = await add_campus(units, hospital.id)
    licensed = await add_department(units, hospital.id, [campus.id])
    dental = await add_department(units, hospital.id, [campus.id], "dental", name="口腔科", online=False)
    sits = await add_doctor(units, licensed)
    await add_doctor(units, dental, name="尹嘉树", online=False)
    base = "/api/v1/hospitals/yunan"

    async def names(path: str) -> list[str]:
        answer = await client.get(base + path)
        assert answer.status_code == 200, answer.text
        return [row["name"] for row in answer.json()]

    assert await names("/campuses") == [campus.name]
    assert await names("/departments?kind=online") == ["心血管内科"]
    assert await names("/doctors?kind=online") == [sits.name]
    assert await names(f"/doctors?department={dental.id}&campus={campus.id}") == ["尹嘉树"]
    assert await names(f"/doctors?campus={dental.id}") == []
    assert (await client.get(f"{base}/doctors?kind=both")).status_code == 422
    shown = (await client.get(f"{base}/doctors/{sits.id}")).json()
    assert (shown["fee_online"], shown["online"]) == (5000, True)


async def test_a_hospital_that_does_not_exist_is_not_found(client: Http, units: Units) -> None:
    for code in ("nowhere", "A", "%00", "x" * 80):
        assert (await client.get(f"/api/v1/hospitals/{code}")).status_code == 404
        assert (await client.get(f"/h/{code}")).status_code == 404


async def test_another_hospitals_doctor_is_not_in_this_one(client: Http, units: Units) -> None:
    await add_hospital(units, "ours")
    other = await add_hospital(units, "theirs")
    campus = await add_campus(units, other.id)
    department: Department = await add_department(units, other.id, [campus.id])
    doctor = await add_doctor(units, department)
    assert (await client.get(f"/api/v1/hospitals/ours/doctors/{doctor.id}")).status_code == 404


async def test_XY21_the_notice_reads_as_headings_and_lists(client: Http, hospital: Hospital) -> None:
    notice = (await client.get("/api/v1/hospitals/yunan/notice")).json()
    page = (await client.get(f"/notices/{notice['id']}")).text
    assert (
        page.count("<h1") == 1
        and "<h2>谁可以线上复诊</h2>" in page
        and "<li>就诊日已满 6 周岁。</li>" in page
    )
    english = (await client.get(f"/notices/{notice['id']}", headers={"accept-language": "en"})).text
    assert 'lang="en"' in english and "<h2>Who may be seen online</h2>" in english


async def test_XY21_a_patient_accepts_on_the_page_and_goes_on(
    client: Http, units: Units, hospital: Hospital
) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account)) | {"origin": "http://testserver"}
    notice = (await client.get("/api/v1/hospitals/yunan/notice")).json()
    path = f"/notices/{notice['id']}"
    unsure = await client.post(f"{path}/acceptance", data={"sha256": notice["sha256"]}, headers=headers)
    assert unsure.status_code == 422 and "请先阅读全文" in unsure.text
    data = {"sha256": notice["sha256"], "agree": "true", "next": "/h/yunan"}
    done = await client.post(f"{path}/acceptance", data=data, headers=headers)
    assert (done.status_code, done.headers["location"]) == (303, "/h/yunan")
    async with units.of(patient(account)) as unit:
        assert await notice_accepted(unit, account.id, hospital.id)
    assert "您已于" in (await client.get(path, headers=headers)).text
    elsewhere = await client.post(
        f"{path}/acceptance", data=data | {"next": "https://example.com/"}, headers=headers
    )
    assert elsewhere.headers["location"] == path


async def test_XY21_who_reads_an_old_version_is_led_to_the_new_one(
    client: Http, units: Units, hospital: Hospital
) -> None:
    headers = await cookie(units, patient(await add_patient(units))) | {"origin": "http://testserver"}
    old = (await client.get("/api/v1/hospitals/yunan/notice")).json()
    new = await add_notice(units, hospital.id)
    assert f'href="/notices/{new.id}"' in (await client.get(f"/notices/{old['id']}", headers=headers)).text
    data = {"sha256": old["sha256"], "agree": "true"}
    late = await client.post(f"/notices/{old['id']}/acceptance", data=data, headers=headers)
    assert late.headers["location"] == f"/notices/{new.id}"


async def test_XY21_acceptance_through_the_api_names_the_text_and_the_door(
    client: Http, units: Units, hospital: Hospital, clock: FixedClock
) -> None:
    account = await add_patient(units)
    key = await bearer(units, patient(account))
    path = "/api/v1/hospitals/yunan/notice"
    notice = (await client.get(path)).json()
    body = {"sha256": notice["sha256"], "channel": "app"}
    stranger = await client.post(f"{path}/acceptance", json=body)
    assert stranger.status_code == 401
    done = await client.post(f"{path}/acceptance", json=body, headers=key)
    assert done.json() == {"notice_id": notice["id"], "version": 1, "sha256": notice["sha256"]}
    stale = await client.post(f"{path}/acceptance", json=body | {"sha256": "0" * 64}, headers=key)
    assert (stale.status_code, stale.json()["code"]) == (409, "notice_outdated")
    nonsense = await client.post(f"{path}/acceptance", json=body | {"sha256": "zz"}, headers=key)
    assert nonsense.status_code == 422
