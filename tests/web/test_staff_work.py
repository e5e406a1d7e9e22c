"""The home of the staff console: the work waiting, with promise, owner and age."""

from datetime import timedelta

import httpx2
import pytest

from telehealth.consultations.alerting import WORSE, raise_alarm
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock, day_end
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.rooms import Visit, add_room

Client = httpx2.AsyncClient


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def test_a_doctor_signs_in_to_the_visits_waiting_with_promise_owner_and_door(
    client: Client, units: Units, visit: Visit
) -> None:
    headers = await cookie(units, visit.doctor)
    page = (await client.get("/staff", headers=headers)).text
    assert f"/staff/rooms/{visit.room}" in page and "负责人" in page and "承诺" in page
    found = (await client.get("/api/v1/staff/work", headers=headers)).json()
    [item] = found["items"]
    assert (found["total"], found["late"], item["href"]) == (1, 0, f"/staff/rooms/{visit.room}")
    async with units.of(visit.doctor) as unit:
        assert item["due_at"] == day_end(unit.today).isoformat().replace("+00:00", "Z")


async def test_GD20_an_alarm_past_its_promise_is_marked_by_a_word_and_stands_first(
    client: Client, units: Units, visit: Visit, clock: FixedClock
) -> None:
    async with units.system("test") as unit:
        await raise_alarm(unit, visit.room, WORSE)
    headers = await cookie(units, visit.doctor)
    clock.advance(timedelta(minutes=5))
    found = (await client.get("/api/v1/staff/work", headers=headers)).json()
    assert (found["late"], [item["group"] for item in found["items"]]) == (1, ["late", "today"])
    page = (await client.get("/staff/work", headers=headers)).text
    assert "已超时" in page and page.index("病情加重") < page.index("等候接诊")


async def test_a_list_that_did_not_change_costs_nothing(client: Client, units: Units, visit: Visit) -> None:
    headers = await cookie(units, visit.doctor)
    first = await client.get("/staff/work", headers=headers)
    again = await client.get("/staff/work", headers={**headers, "if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(("role", "says"), [(Role.PHARMACIST, "医生提交处方后"), (Role.HEAD, "日报")])
async def test_an_empty_list_says_what_comes_next(
    client: Client, units: Units, visit: Visit, role: Role, says: str
) -> None:
    member = await add_staff(units, visit.house.hospital.id, (role,))
    page = (await client.get("/staff", headers=await cookie(units, staff(member)))).text
    assert "没有待办的事项" in page and says in page


async def test_patients_have_no_list_of_work(client: Client, units: Units, visit: Visit) -> None:
    headers = await cookie(units, visit.patient)
    assert (await client.get("/api/v1/staff/work", headers=headers)).status_code == 403
