"""BJ09: the same doctor for the same person once more, with one tap; BJ05 where the campus is another."""

import html
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.consultations.concluding import conclude
from telehealth.core.clock import hospital_day
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory import Department
from telehealth.directory.publishing import let_doctor_leave
from telehealth.intake.filling import content_of
from telehealth.intake.models import IntakeForm
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited
from tests.support.factories.consulting import ADVICE, sign_note, write_note
from tests.support.factories.directory import add_campus
from tests.support.factories.rooms import Visit, add_room
from tests.support.factories.schedule import Planned, add_clinic, seats_taken
from tests.support.factories.visits import clinic_today, hold_in
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]
API = "/api/v1"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def visit(units: Units) -> Visit:
    """Seen today, and done: nobody named a day to come back."""
    return await done(units)


async def done(units: Units, **facts: Any) -> Visit:
    made = await add_room(units, admitted=True)
    async with units.system("test") as unit:
        # As somebody filled it in who takes nothing and is allergic to nothing.
        form = (await unit.session.scalars(sa.select(IntakeForm))).one()
        said = {"no_history": True, "no_known_allergies": True, "no_medicines": True}
        form.body = content_of(form).model_copy(update=said).model_dump_json()
    await write_note(units, made)
    await sign_note(units, made)
    async with units.of(made.doctor) as unit:
        await conclude(unit, made.room, advice=ADVICE, **facts)
    return made


@pytest.fixture
async def mine(units: Units, visit: Visit) -> Headers:
    return await cookie(units, visit.patient)


@pytest.fixture
async def next_clinic(units: Units, visit: Visit) -> Planned:
    return await add_clinic(units, visit.house.doctor)


async def bookings(units: Units) -> list[Booking]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Booking).order_by(Booking.created_at, Booking.id)))


def fields(page: str) -> dict[str, str]:
    form = re.search(r'<form[^>]*action="/bookings/[^"]*/rebooking".*?</form>', page, re.DOTALL)
    assert form is not None, page
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in pairs}


def tap_of(visit: Visit) -> str:
    return f"/bookings/{visit.room}/rebooking"


async def test_BJ09_one_tap_holds_the_next_free_seat_of_the_same_doctor(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    page = (await client.get(tap_of(visit), headers=mine)).text
    sent = fields(page)
    assert sent["slot_id"] == str(next_clinic.slot.id) and "复诊配药" in page
    assert visit.house.doctor.name in page and "病情稳定，以上情况都没有" in page
    held = await client.post(
        tap_of(visit), data=sent | {"agrees": "true", "complaint": "和上次一样，想续药"}, headers=mine
    )
    assert held.status_code == 303, held.text
    new = (await bookings(units))[-1]
    assert held.headers["location"] == f"/bookings/{new.id}"
    assert (new.state, new.doctor_id, new.person_id) == (
        BookingState.HELD, visit.booking.doctor_id, visit.booking.person_id,
    )  # fmt: skip
    async with units.system("test") as unit:
        form = await unit.session.get_one(IntakeForm, new.form_id)
        content = content_of(form)
    assert content.complaint == "和上次一样，想续药" and content.no_known_allergies, (
        "what lasts is taken over"
    )
    assert [fact["after"] for fact in await audited(units, "booking.rebooked")] == [visit.booking.number]


async def test_BJ09_the_tap_twice_is_one_booking(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    sent = fields((await client.get(tap_of(visit), headers=mine)).text) | {
        "agrees": "true",
        "complaint": "想再续一次药",
    }
    first = await client.post(tap_of(visit), data=sent, headers=mine)
    again = await client.post(tap_of(visit), data=sent, headers=mine)
    assert first.headers["location"] == again.headers["location"]
    assert len(await bookings(units)) == 2


async def test_XY04_nobody_books_again_without_saying_that_they_are_stable(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    sent = fields((await client.get(tap_of(visit), headers=mine)).text)
    refused = await client.post(tap_of(visit), data=sent | {"complaint": "想再续一次药"}, headers=mine)
    assert refused.status_code == 422 and "请确认后勾选" in refused.text and "想再续一次药" in refused.text
    assert len(await bookings(units)) == 1


async def test_XY22_too_few_words_are_mended_where_they_were_typed(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    sent = fields((await client.get(tap_of(visit), headers=mine)).text) | {"agrees": "true"}
    refused = await client.post(tap_of(visit), data=sent | {"complaint": "药"}, headers=mine)
    assert refused.status_code == 422 and "请再多写几个字" in refused.text
    assert len(await bookings(units)) == 1


async def test_XY22_a_department_that_asks_for_more_leads_to_its_form(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    """A tongue photo cannot be taken over from last time: doctor, seat and words are kept."""
    async with units.system("test") as unit:
        (await unit.session.get_one(Department, visit.house.department.id)).tongue_required = True
    sent = fields((await client.get(tap_of(visit), headers=mine)).text) | {"agrees": "true"}
    onward = await client.post(tap_of(visit), data=sent | {"complaint": "想再续一次药"}, headers=mine)
    where = onward.headers["location"]
    assert where.startswith("/h/yunan/intake/") and str(next_clinic.slot.id) in where
    assert (await client.get(where, headers=mine)).text.count("想再续一次药") == 1


async def test_XY04_what_is_written_now_may_call_for_another_question(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    """A tick beside six questions says nothing of a seventh."""
    sent = fields((await client.get(tap_of(visit), headers=mine)).text)
    worse = sent | {"complaint": "这两天胸痛，喘不上气", "agrees": "true"}
    asked = await client.post(tap_of(visit), data=worse, headers=mine)
    assert asked.status_code == 422 and "请看完新增的情况" in asked.text
    assert len(fields(asked.text)) > len(sent) and len(await bookings(units)) == 1


async def test_BJ09_a_full_doctor_is_said_to_be_full(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    page = await client.get(tap_of(visit), headers=mine)
    assert page.status_code == 200 and "这位医生近期没有可预约的号" in page.text
    assert f'href="/h/{visit.house.hospital.code}"' in page.text


async def test_BJ09_a_doctor_who_left_meanwhile_is_not_booked_and_the_way_leads_on(
    client: Client, units: Units, visit: Visit, mine: Headers, next_clinic: Planned
) -> None:
    sent = fields((await client.get(tap_of(visit), headers=mine)).text)
    async with units.hospital(visit.house.hospital.id, visit.doctor) as unit:
        await let_doctor_leave(unit, visit.house.doctor.id, next_clinic.clinic.day - timedelta(days=1))
    said = {"agrees": "true", "complaint": "想再续一次药"}
    tapped = await client.post(tap_of(visit), data=sent | said, headers=mine)
    assert tapped.status_code == 409 and "想再续一次药" in tapped.text
    page = await client.get(tap_of(visit), headers=mine)
    assert page.status_code == 200 and "这位医生近期没有可预约的号" in page.text
    assert f'href="/h/{visit.house.hospital.code}"' in page.text
    app = await bearer(units, visit.patient)
    assert (await client.get(f"{API}{tap_of(visit)}", headers=app)).json()["seat"] is None
    body = {"slot_id": str(next_clinic.slot.id), "stable": True, "complaint": "想再续一次药"}
    refused = await client.post(f"{API}{tap_of(visit)}", json=body, headers=app)
    assert refused.status_code in (404, 409, 422)
    assert len(await bookings(units)) == 1


async def test_BJ09_a_seat_that_was_just_taken_is_replaced_by_the_next(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    full = await add_clinic(units, visit.house.doctor, seats=(1,))
    later = await add_clinic(
        units, visit.house.doctor, day=hospital_day(units.clock.business()) + timedelta(days=5)
    )
    sent = fields((await client.get(tap_of(visit), headers=mine)).text)
    assert sent["slot_id"] == str(full.slot.id)
    other = await add_booker(units, visit.house, "13900005555", name="样例丁")
    await hold_in(units, visit.house, other, full)
    answer = await client.post(
        tap_of(visit), data=sent | {"agrees": "true", "complaint": "想再续一次药"}, headers=mine
    )
    assert answer.status_code == 409 and "这次没有约上" in answer.text
    assert fields(answer.text)["slot_id"] == str(later.slot.id)


async def test_BJ05_another_campus_than_last_time_is_said_before_the_tap(
    client: Client, units: Units, visit: Visit, mine: Headers
) -> None:
    east = await add_campus(units, visit.house.hospital.id, code="east", name="东院区")
    await add_clinic(units, visit.house.doctor, campus_id=east.id)
    page = (await client.get(tap_of(visit), headers=mine)).text
    assert "院区与上次不同" in page and "东院区" in page and visit.house.campus.name in page


async def test_BJ09_after_a_follow_up_day_the_first_seat_from_that_day_on(
    client: Client, units: Units
) -> None:
    due = hospital_day(units.clock.business()) + timedelta(days=6)
    visit = await done(units, follow_up_on=due, follow_up_reason="样例：复查")
    await add_clinic(units, visit.house.doctor, day=due - timedelta(days=2))
    there = await add_clinic(units, visit.house.doctor, day=due)
    page = (await client.get(tap_of(visit), headers=await cookie(units, visit.patient))).text
    assert fields(page)["slot_id"] == str(there.slot.id) and "医生建议" in page
    home = (await client.get("/", headers=await cookie(units, visit.patient))).text
    assert tap_of(visit) in home and "前后复诊" in home


async def test_BJ09_the_gate_is_asked_first_and_explains_itself(
    client: Client, units: Units, place: House, unseen: Patient
) -> None:
    """SJ01: whom the gate refuses for lack of a recent visit is shown the other door."""
    planned = await clinic_today(units, place, kind=ClinicKind.OFFLINE)
    booking = await hold_in(units, place, unseen, planned)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Booking, booking.id)
        row.kind, row.state = ClinicKind.INTERNET, BookingState.COMPLETED
    await add_clinic(units, place.doctor)
    page = await client.get(f"/bookings/{booking.id}/rebooking", headers=await cookie(units, unseen.actor))
    assert page.status_code == 200 and "这个时段暂时不能预约" in page.text
    assert "提交并留号" not in page.text


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def unseen(units: Units, place: House) -> Patient:
    return await add_booker(units, place, "13900006666", visited=False)


async def test_SJ01_an_offline_registration_is_repeated_with_the_tap_alone(
    client: Client, units: Units, place: House, unseen: Patient
) -> None:
    booking = await hold_in(units, place, unseen, await clinic_today(units, place, kind=ClinicKind.OFFLINE))
    async with units.system("test") as unit:
        (await unit.session.get_one(Booking, booking.id)).state = BookingState.COMPLETED
    again = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    mine = await cookie(units, unseen.actor)
    sent = fields((await client.get(f"/bookings/{booking.id}/rebooking", headers=mine)).text)
    assert set(sent) == {"slot_id"}
    held = await client.post(f"/bookings/{booking.id}/rebooking", data=sent, headers=mine)
    assert held.status_code == 303 and (await seats_taken(units, again.clinic))["online"] == 1


async def test_a_visit_that_is_still_to_come_is_not_repeated(client: Client, units: Units) -> None:
    room = await add_room(units)
    answer = await client.get(tap_of(room), headers=await cookie(units, room.patient))
    assert answer.headers["location"] == f"/orders/bookings/{room.room}"


async def test_BJ09_the_same_through_the_api(
    client: Client, units: Units, visit: Visit, next_clinic: Planned
) -> None:
    app = await bearer(units, visit.patient)
    offer = (await client.get(f"{API}{tap_of(visit)}", headers=app)).json()
    assert offer["allowed"] and offer["seat"]["slot_id"] == str(next_clinic.slot.id)
    body = {
        "slot_id": offer["seat"]["slot_id"], "stable": True, "complaint": "想再续一次药",
        "answers": {each["id"]: False for each in offer["questions"]},
    }  # fmt: skip
    silent = await client.post(f"{API}{tap_of(visit)}", json={**body, "answers": {}}, headers=app)
    assert silent.status_code == 422
    flag = offer["questions"][0]["id"]
    urgent = {**body, "answers": {**body["answers"], flag: True}}
    refused = await client.post(f"{API}{tap_of(visit)}", json=urgent, headers=app)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_eligible")
    held = await client.post(f"{API}{tap_of(visit)}", json=body, headers=app)
    assert (held.status_code, held.json()["state"]) == (201, "held")


async def test_the_seat_of_another_doctor_is_not_the_same_doctors(
    client: Client, units: Units, visit: Visit
) -> None:
    """An address put together by hand holds nothing."""
    other = await add_house(units, "jiangbin")
    elsewhere = await add_clinic(units, other.doctor)
    answer = await client.post(
        f"{API}{tap_of(visit)}",
        json={"slot_id": str(elsewhere.slot.id), "stable": True, "complaint": "想再续一次药"},
        headers=await bearer(units, visit.patient),
    )
    assert answer.status_code == 404
