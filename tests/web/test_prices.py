"""REG16: prices and refunds of a hospital, for everybody and without signing in."""

import httpx2
import pytest

from telehealth.core.unit import Units
from tests.support.factories.accounts import cookie
from tests.support.factories.bookings import House, add_booker, add_house
from tests.support.factories.directory import add_department, add_doctor, add_hospital
from tests.support.factories.rulebook import publish_policy

Client = httpx2.AsyncClient


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


async def test_REG16_fees_by_department_and_doctor_and_every_refund(client: Client, place: House) -> None:
    page = await client.get(f"/h/{place.hospital.code}/prices")
    assert page.status_code == 200
    for words in (
        place.department.name,
        place.doctor.name,
        "¥50.00",
        "退 100%",
        "不退",
        "3 个工作日",
        "7 个工作日",
    ):
        assert words in page.text, words
    assert "当日 24:00 前没有医生接诊" in page.text and "自费" in page.text


async def test_REG16_the_page_follows_the_published_rules(client: Client, units: Units, place: House) -> None:
    address = f"/h/{place.hospital.code}/prices"
    assert "退 80%" not in (await client.get(address)).text
    await publish_policy(
        units, place.hospital.id, booking={"cancel_refund_bp": 8000, "free_cancel_days_before": 1}
    )
    page = (await client.get(address)).text
    assert "退 80%" in page and "就诊日前 1 天的零点前由您取消" in page


async def test_REG16_the_same_through_the_api(client: Client, place: House) -> None:
    said = (await client.get(f"/api/v1/hospitals/{place.hospital.code}/prices")).json()
    [department] = said["departments"]
    [doctor] = department["doctors"]
    assert (doctor["online"], doctor["doctor"]["zh"]) == (place.doctor.fee_online, place.doctor.name)
    assert [table["title"]["en"] for table in said["refunds"]] == [
        "Consultation and registration fees", "Drug fee",
    ]  # fmt: skip
    midnight = next(row for row in said["refunds"][0]["rows"] if "24:00" in row["when"]["zh"])
    assert (midnight["share_bp"], midnight["is_automatic"]) == (10_000, True)


async def test_a_doctor_who_may_not_sit_online_has_no_online_fee(
    client: Client, units: Units, place: House
) -> None:
    closed = await add_department(units, place.hospital.id, [place.campus.id], code="skin", online=False)
    await add_doctor(units, closed, name="样例医生戊")
    said = (await client.get(f"/api/v1/hospitals/{place.hospital.code}/prices")).json()
    other = next(row for row in said["departments"] if row["department_id"] == str(closed.id))
    assert other["doctors"][0]["online"] is None and other["doctors"][0]["offline"] is not None


async def test_a_hospital_nobody_knows_or_that_has_no_rules_yet(client: Client, units: Units) -> None:
    assert (await client.get("/h/nowhere/prices")).status_code == 404
    bare = await add_hospital(units, "jiangbin")
    assert (await client.get(f"/h/{bare.code}/prices")).status_code == 404


async def test_REG16_it_is_one_press_away_where_people_decide(
    client: Client, units: Units, place: House
) -> None:
    there = f'href="/h/{place.hospital.code}/prices"'
    assert there in (await client.get(f"/h/{place.hospital.code}")).text
    mine = await cookie(units, (await add_booker(units, place)).actor)
    assert there in (await client.get(f"/h/{place.hospital.code}", headers=mine)).text
