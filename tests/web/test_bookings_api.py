"""Seats through the JSON API: what an app sees, what it is refused, and what replaying does."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.rules import HalfDay
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, bearer, staff
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_check,
    add_form,
    add_house,
    add_relative,
    book,
    reread,
)
from tests.support.factories.directory import add_hospital
from tests.support.factories.schedule import Planned, add_clinic, seats_taken

Client = httpx2.AsyncClient
Headers = dict[str, str]
API = "/api/v1"


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def planned(units: Units, place: House) -> Planned:
    return await add_clinic(units, place.doctor)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await bearer(units, who.actor)


async def desk_of(units: Units, hospital_id: UUID, *roles: Role, login: str = "desk") -> Headers:
    return await bearer(units, staff(await add_staff(units, hospital_id, roles or (Role.DESK,), login=login)))


async def wish(units: Units, place: House, who: Patient, slot_id: UUID) -> dict[str, str]:
    return {
        "slot_id": str(slot_id),
        "person_id": str(who.person.id),
        "check_id": str(await add_check(units, place, who)),
        "form_id": str(await add_form(units, place, who)),
    }


def code(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code")


async def test_XY20_anybody_may_see_clinics_with_fee_and_remaining_seats(
    client: Client, place: House, planned: Planned
) -> None:
    answer = await client.get(f"{API}/clinics?hospital=yunan&kind=internet&days=7")
    [clinic] = answer.json()
    assert (clinic["id"], clinic["fee"], clinic["remaining"]) == (str(planned.clinic.id), 5000, 4)
    assert clinic["campus"]["name"] == place.campus.name and clinic["doctor"]["name"] == place.doctor.name
    slots = (await client.get(f"{API}/clinics/{planned.clinic.id}/slots")).json()
    assert [slot["remaining"] for slot in slots] == [2, 2]


async def test_clinics_are_found_by_campus_department_doctor_and_day(
    client: Client, place: House, planned: Planned
) -> None:
    for query, found in (
        (f"campus={place.campus.id}&department={place.department.id}&doctor={place.doctor.id}", 1),
        (f"doctor={new_id()}", 0),
        (f"from={planned.clinic.day}&days=1", 1),
        (f"from={planned.clinic.day + timedelta(days=1)}", 0),
    ):
        answer = await client.get(f"{API}/clinics?hospital=yunan&{query}")
        assert (answer.status_code, len(answer.json())) == (200, found), query


async def test_SJ12_clinics_of_a_hospital_that_is_not_live_are_refused(client: Client, units: Units) -> None:
    await add_hospital(units, "riverside", name="江滨医院", live_from=None)
    assert code(await client.get(f"{API}/clinics?hospital=riverside")) == (409, "hospital_not_live")
    await add_hospital(units, "hills", name="山前医院", switches=[])
    assert code(await client.get(f"{API}/clinics?hospital=hills")) == (409, "clinic_kind_not_offered")
    assert code(await client.get(f"{API}/clinics?hospital=nowhere")) == (404, "hospital_not_found")
    assert (await client.get(f"{API}/clinics?hospital=yunan&days=9999")).status_code == 422


async def test_holding_a_seat_from_an_app(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    body = await wish(units, place, who, planned.slot.id)
    held = await client.post(f"{API}/bookings", json=body, headers=mine)
    assert held.status_code == 201
    view = held.json()
    assert (view["state"], view["label"], view["can_pay"]) == ("held", "待支付", True)
    shown = (await client.get(f"{API}/bookings/{view['id']}", headers=mine)).json()
    assert shown["campus"]["name"] == place.campus.name
    assert shown["cancelling"] | {"free_until": ""} == {
        "allowed": True, "refund_bp": 0, "reason": "unpaid", "free_until": "",
    }  # fmt: skip


async def test_a_replayed_key_is_answered_once_more_and_books_once(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    body = await wish(units, place, who, planned.slot.id)
    headers = mine | {"idempotency-key": "sample-key-0001"}
    first = await client.post(f"{API}/bookings", json=body, headers=headers)
    again = await client.post(f"{API}/bookings", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    assert (await seats_taken(units, planned.clinic))["slots"] == 1


async def test_a_replayed_key_with_another_body_is_a_conflict(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    body = await wish(units, place, who, planned.slot.id)
    headers = mine | {"idempotency-key": "sample-key-0002"}
    await client.post(f"{API}/bookings", json=body, headers=headers)
    other = body | {"slot_id": str(planned.slots[1].id)}
    answer = await client.post(f"{API}/bookings", json=other, headers=headers)
    assert code(answer) == (409, "idempotency_key_reused")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_loser_of_the_last_seat_is_told_where_there_are_others(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    planned = await add_clinic(units, place.doctor, seats=(1, 1))
    other = await add_booker(units, place, "13800002222")
    await book(units, place, other, planned.slot.id)
    answer = await client.post(
        f"{API}/bookings", json=await wish(units, place, who, planned.slot.id), headers=mine
    )
    assert code(answer) == (409, "slot_taken")
    [alternative] = answer.json()["facts"]["alternatives"]
    assert alternative["slot_id"] == str(planned.slots[1].id)


@pytest.mark.parametrize(("changed", "expected"), [
    ({"slot_id": "nonsense"}, (422, "request_invalid")),
    ({"slot_id": "019aa000-0000-7000-8000-000000000009"}, (404, "slot_not_found")),
    ({"person_id": "019aa000-0000-7000-8000-000000000009"}, (409, "eligibility_check_outdated")),
    ({"check_id": "019aa000-0000-7000-8000-000000000009"}, (404, "eligibility_check_not_found")),
    ({"form_id": None}, (409, "intake_form_needed")),
    ({"form_id": "019aa000-0000-7000-8000-000000000009"}, (404, "intake_form_not_found")),
    ({"surprise": 1}, (422, "request_invalid")),
])  # fmt: skip
async def test_each_bad_wish_is_named(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers,
    changed: dict[str, Any], expected: tuple[int, str],
) -> None:  # fmt: skip
    body = await wish(units, place, who, planned.slot.id) | changed
    assert code(await client.post(f"{API}/bookings", json=body, headers=mine)) == expected
    assert (await seats_taken(units, planned.clinic))["slots"] == 0


async def test_somebody_elses_booking_is_not_found(
    client: Client, units: Units, place: House, who: Patient, planned: Planned
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    other = await bearer(units, (await add_booker(units, place, "13800002222")).actor)
    for answer in (
        await client.get(f"{API}/bookings/{booking.id}", headers=other),
        await client.post(f"{API}/bookings/{booking.id}/cancellation", headers=other),
    ):
        assert code(answer) == (404, "booking_not_found")
    assert (await client.get(f"{API}/bookings", headers=other)).json()["items"] == []
    assert (await reread(units, booking)).state == "held"


async def test_cancelling_through_the_api_twice(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    for _ in range(2):
        answer = await client.post(f"{API}/bookings/{booking.id}/cancellation", headers=mine)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


async def test_bookings_are_listed_latest_first_page_by_page(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    relative = await add_relative(units, place, who)
    made = []
    for n in range(3):
        planned = await add_clinic(
            units, place.doctor, kind=ClinicKind.OFFLINE, starts=time(8 + 4 * n), half=list(HalfDay)[n]
        )
        made.append(
            await book(units, place, (who, relative)[n == 1], planned.slot.id, check_id=None, form_id=None)
        )
    first = (await client.get(f"{API}/bookings?limit=2", headers=mine)).json()
    assert [row["id"] for row in first["items"]] == [str(made[2].id), str(made[1].id)]
    rest = (await client.get(f"{API}/bookings?limit=2&after={first['next']}", headers=mine)).json()
    assert [row["id"] for row in rest["items"]] == [str(made[0].id)] and rest["next"] == ""
    theirs = (await client.get(f"{API}/bookings?person={relative.person.id}", headers=mine)).json()
    assert [row["id"] for row in theirs["items"]] == [str(made[1].id)]
    assert (await client.get(f"{API}/bookings?group=past", headers=mine)).json()["items"] == []
    for nonsense in ("abc", "WyIxIiwiMiJd", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMDE5YWEwMDAiXQ"):
        assert (await client.get(f"{API}/bookings?after={nonsense}", headers=mine)).status_code == 422


async def test_staff_see_who_is_booked_with_masked_names(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    desk = await desk_of(units, place.hospital.id)
    [row] = (await client.get(f"{API}/clinics/{planned.clinic.id}/bookings", headers=desk)).json()
    assert (row["number"], row["patient"]) == (booking.number, "样**")
    path = f"{API}/clinics/{planned.clinic.id}/bookings"
    assert (await client.get(path, headers=mine)).status_code == 403
    other = await add_hospital(units, "riverside", name="江滨医院")
    elsewhere = await desk_of(units, other.id, login="elsewhere")
    assert code(await client.get(path, headers=elsewhere)) == (404, "clinic_not_found")


async def test_SJ11_the_desk_finds_patient_and_booking_through_the_api(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    desk = await desk_of(units, place.hospital.id)
    search = f"{API}/desk-patients/searches"
    found = await client.post(search, json={"by": "phone", "number": "13800001234"}, headers=desk)
    assert found.json() == [{"person_id": str(who.person.id), "name": "样**"}]
    nobody = await client.post(search, json={"by": "phone", "number": "13900009999"}, headers=desk)
    assert (nobody.status_code, nobody.json()) == (200, [])
    wrong = await client.post(search, json={"by": "phone", "number": "12"}, headers=desk)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/number")

    body = {"slot_id": str(planned.slot.id), "person_id": str(who.person.id), "channel": "desk"}
    made = (await client.post(f"{API}/desk-bookings", json=body, headers=desk)).json()
    for query in (f"?number={made['number']}", ""):
        [shown] = (await client.get(f"{API}/desk-bookings{query}", headers=desk)).json()
        assert (shown["id"], shown["patient"], shown["doctor"]["name"]) == (
            made["id"], "样**", place.doctor.name,
        )  # fmt: skip
    for query in ("?number=BK-000000-000000", "?pending=true"):
        assert (await client.get(f"{API}/desk-bookings{query}", headers=desk)).json() == []
    one = (await client.get(f"{API}/desk-bookings/{made['id']}", headers=desk)).json()
    assert one["may_take_cash"] and not one["is_restricted"] and one["card"]


async def test_SJ10_what_is_planned_at_a_campus_is_read_by_staff_alone(
    client: Client, units: Units, place: House, mine: Headers
) -> None:
    """Both kinds, closed ones as well; a campus of another hospital has nothing planned here."""
    kept = await add_clinic(units, place.doctor)
    closed = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE, half=HalfDay.AFTERNOON)
    desk = await desk_of(units, place.hospital.id)
    reason = {"reason": "医生临时请假"}
    await client.post(f"{API}/clinics/{closed.clinic.id}/closure", json=reason, headers=desk)
    path = f"{API}/planned-clinics?campus={place.campus.id}"
    shown = (await client.get(path, headers=desk)).json()
    assert {(one["id"], one["state"]) for one in shown} == {
        (str(kept.clinic.id), "open"), (str(closed.clinic.id), "closed"),
    }  # fmt: skip
    assert (await client.get(path, headers=mine)).status_code == 403
    other = await add_hospital(units, "riverside", name="江滨医院")
    elsewhere = await desk_of(units, other.id, login="elsewhere")
    assert (await client.get(path, headers=elsewhere)).json() == []


async def test_SJ11_booking_at_the_desk_through_the_api(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    desk = await desk_of(units, place.hospital.id)
    body = {"slot_id": str(planned.slot.id), "person_id": str(who.person.id), "channel": "phone"}
    answer = await client.post(f"{API}/desk-bookings", json=body, headers=desk)
    assert (answer.status_code, answer.json()["channel"]) == (201, "phone")
    online = await client.post(f"{API}/desk-bookings", json=body | {"channel": "online"}, headers=desk)
    assert online.status_code == 422
    reason = {"reason": "患者来电取消"}
    path = f"{API}/desk-bookings/{answer.json()['id']}/cancellation"
    assert (await client.post(path, json=reason, headers=desk)).json()["state"] == "cancelled"


async def test_templates_plans_and_closures_through_the_api(
    client: Client, units: Units, place: House, clock: FixedClock
) -> None:
    desk = await desk_of(units, place.hospital.id)
    body = {
        "doctor_id": str(place.doctor.id), "campus_id": str(place.campus.id), "weekday": 1,
        "half": "morning", "kind": "internet", "capacity": 8,
    }  # fmt: skip
    added = await client.post(f"{API}/clinic-templates", json=body, headers=desk)
    assert added.status_code == 201
    assert code(await client.post(f"{API}/clinic-templates", json=body, headers=desk)) == (
        409, "clinic_template_taken",
    )  # fmt: skip
    today = clock.business().date()
    plan = {"first": today.isoformat(), "last": (today + timedelta(days=10)).isoformat()}
    planned = await client.post(f"{API}/clinic-plans", json=plan, headers=desk)
    assert planned.json()["clinics"] == 2
    [first, _] = (await client.get(f"{API}/clinics?hospital=yunan")).json()
    closed = await client.post(f"{API}/clinics/{first['id']}/closure", json={"reason": "停诊"}, headers=desk)
    assert closed.json()["state"] == "closed"
    again = await client.post(f"{API}/clinics/{first['id']}/closure", json={"reason": "停诊"}, headers=desk)
    assert code(again) == (409, "transition_refused")
    path = f"{API}/clinic-templates/{added.json()['id']}"
    assert (await client.delete(path, headers=desk)).status_code == 204
    assert (await client.get(f"{API}/clinic-templates", headers=desk)).json() == []
    doctor = await desk_of(units, place.hospital.id, Role.DOCTOR, login="doctor")
    assert (await client.post(f"{API}/clinic-plans", json=plan, headers=doctor)).status_code == 403


async def test_an_expired_hold_says_so(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers,
    clock: FixedClock, house: RunningHouse,
) -> None:  # fmt: skip
    booking = await book(units, place, who, planned.slot.id)
    clock.advance(timedelta(minutes=15))
    await house.sweeper.sweep()
    mine = await bearer(units, who.actor)
    view = (await client.get(f"{API}/bookings/{booking.id}", headers=mine)).json()
    assert (view["state"], view["label"], view["can_rebook"]) == ("released", "已释放", True)
