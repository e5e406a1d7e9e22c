"""The queue of an offline clinic through the doors: phone, desk, screen, API."""

from datetime import time, timedelta

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.rules import HalfDay
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import House, add_house
from tests.support.factories.directory import add_campus
from tests.support.factories.queues import Room, open_room
from tests.support.factories.schedule import add_clinic
from tests.support.factories.visits import hold_past_the_gate, pay_cash

Client = httpx2.AsyncClient
ORIGIN = {"origin": "http://testserver"}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def room(units: Units, place: House) -> Room:
    return await open_room(units, place)


@pytest.fixture
async def desk(units: Units, place: House) -> dict[str, str]:
    member = await add_staff(units, place.hospital.id, [Role.DESK], login="desk")
    return await cookie(units, staff(member)) | ORIGIN


async def page(client: Client, room: Room, n: int) -> str:
    headers = await cookie(room.units, room.people[n].actor)
    answer = await client.get(f"/queue/{room.bookings[n].id}", headers=headers)
    assert answer.status_code == 200
    return answer.text


async def test_GD07_a_phone_checks_in_and_follows_its_place(client: Client, room: Room) -> None:
    await room.books(3)
    headers = await cookie(room.units, room.people[2].actor) | ORIGIN
    assert "签到" in await page(client, room, 2) and "本部院区" in await page(client, room, 2)
    for n in (0, 1):
        await room.arrives(n)
    answer = await client.post(f"/queue/{room.bookings[2].id}", headers=headers)
    assert answer.status_code == 303
    assert "003" in await page(client, room, 2) and "前面还有 2 位" in await page(client, room, 2)
    await room.calls()
    shown = await page(client, room, 2)
    assert "前面还有 1 位" in shown and "001" in shown
    await room.calls()
    assert "下一位就是您" in await page(client, room, 2)
    await room.calls()
    assert "正在叫您的号" in await page(client, room, 2)
    home = await client.get("/", headers=headers)
    assert "正在叫您的号" in home.text and f"/queue/{room.bookings[2].id}" in home.text


async def test_GD07_the_ticket_of_the_booking_leads_to_the_queue(client: Client, room: Room) -> None:
    await room.books(1)
    headers = await cookie(room.units, room.people[0].actor)
    ticket = await client.get(f"/bookings/{room.bookings[0].id}", headers=headers)
    assert f'href="/queue/{room.bookings[0].id}"' in ticket.text


async def test_BJ05_another_campus_than_last_time_is_said_before_anybody_goes_there(
    client: Client, room: Room, units: Units, place: House
) -> None:
    await room.books(1)
    assert "院区与上次不同" not in await page(client, room, 0)
    east = await add_campus(units, place.hospital.id, "east", name="东院区")
    later = await add_clinic(
        units, place.doctor, campus_id=east.id, kind=ClinicKind.OFFLINE, day=room.bookings[0].day,
        starts=time(15),
    )  # fmt: skip
    who = room.people[0]
    second = await pay_cash(units, place, await hold_past_the_gate(units, who, later))
    headers = await cookie(units, who.actor)
    shown = (await client.get(f"/queue/{second.id}", headers=headers)).text
    assert "院区与上次不同" in shown and "这次在东院区" in shown


async def test_GD07_the_desk_calls_sees_and_sends_back_from_one_page(
    client: Client, room: Room, desk: dict[str, str]
) -> None:
    await room.books(3)
    at = f"/staff/queue/{room.id}"
    for n in (0, 1):
        answer = await client.post(f"/staff/arrivals/{room.bookings[n].id}", headers=desk)
        assert (answer.status_code, answer.headers["location"]) == (303, at)
    shown = (await client.get(at, headers=desk)).text
    assert 'accesskey="n"' in shown and "患**" in shown and room.bookings[2].number in shown
    await client.post(f"{at}/room", headers=desk, data={"room": "3 诊室"})
    await client.post(f"{at}/calls", headers=desk)
    assert "患者1" in (await client.get(at, headers=desk)).text
    assert "3 诊室" in await page(client, room, 0)
    ticket = await room.arrives(0)
    assert (await client.post(f"/staff/tickets/{ticket.id}/visit", headers=desk)).status_code == 303
    assert "已就诊" in await page(client, room, 0)
    again = await client.post(f"/staff/tickets/{ticket.id}/missed", headers=desk)
    assert again.status_code == 303 and "flash" in again.headers["set-cookie"]


async def test_GD07_the_clinics_where_somebody_is_come_first(
    client: Client, room: Room, units: Units, place: House, desk: dict[str, str]
) -> None:
    await room.books(1)
    planned = await add_clinic(
        units, place.doctor, kind=ClinicKind.OFFLINE, day=room.bookings[0].day, starts=time(6),
        half=HalfDay.AFTERNOON,
    )  # fmt: skip
    empty = planned.clinic
    listed = (await client.get("/staff/queue", headers=desk)).text
    assert listed.index(f"/staff/queue/{empty.id}") < listed.index(f"/staff/queue/{room.id}")
    await room.arrives(0)
    listed = (await client.get("/staff/queue", headers=desk)).text
    assert listed.index(f"/staff/queue/{room.id}") < listed.index(f"/staff/queue/{empty.id}")


async def test_GD07_a_doctor_calls_in_their_own_clinic_only(client: Client, room: Room, units: Units) -> None:
    await room.books(1)
    member = await add_staff(units, room.house.hospital.id, [Role.DOCTOR], login="other-doctor")
    headers = await cookie(units, staff(member)) | ORIGIN
    assert (await client.get(f"/staff/queue/{room.id}", headers=headers)).status_code == 404
    assert (await client.post(f"/staff/queue/{room.id}/calls", headers=headers)).status_code == 404


async def test_GD07_the_screen_needs_no_sign_in_and_names_nobody(
    client: Client, room: Room, desk: dict[str, str]
) -> None:
    await room.books(2)
    await room.all_arrive()
    await room.calls()
    shown = (await client.get(f"/staff/queue/{room.id}", headers=desk)).text
    address = shown.split('href="/screens/')[1].split('"')[0]
    screen = await client.get(f"/screens/{address}")
    assert screen.status_code == 200 and "001" in screen.text and "002" in screen.text
    assert "患者1" not in screen.text and "本部院区" in screen.text
    assert (await client.get("/screens/not-an-address")).status_code == 404


async def test_GD07_the_desk_changes_the_screens_address_and_the_old_one_is_dead(
    client: Client, room: Room, desk: dict[str, str]
) -> None:
    async def address() -> str:
        shown = (await client.get(f"/staff/queue/{room.id}", headers=desk)).text
        return "/screens/" + shown.split('href="/screens/')[1].split('"')[0]

    before = await address()
    assert (await client.post(f"/staff/queue/{room.id}/screen", headers=desk)).status_code == 303
    after = await address()
    assert after != before
    assert (await client.get(before)).status_code == 404
    assert (await client.get(f"/api/v1{before}")).status_code == 404
    assert (await client.get(after)).status_code == 200


async def test_GD07_a_screens_address_is_good_for_its_day_and_no_longer(
    client: Client, room: Room, desk: dict[str, str], clock: FixedClock
) -> None:
    shown = (await client.get(f"/staff/queue/{room.id}", headers=desk)).text
    address = "/screens/" + shown.split('href="/screens/')[1].split('"')[0]
    # The tests begin at 10:00; until midnight it may hang there.
    clock.advance(timedelta(hours=13, minutes=59))
    assert (await client.get(address)).status_code == 200
    clock.advance(timedelta(minutes=2))
    assert (await client.get(address)).status_code == 404
    assert (await client.get(f"/api/v1{address}")).status_code == 404


async def test_GD07_a_doctor_checks_in_nobody_of_anothers_clinic(
    client: Client, room: Room, units: Units, desk: dict[str, str]
) -> None:
    await room.books(1)
    member = await add_staff(units, room.house.hospital.id, [Role.DOCTOR], login="other-doctor")
    headers = await cookie(units, staff(member)) | ORIGIN
    arrival = f"/staff/arrivals/{room.bookings[0].id}"
    assert (await client.post(arrival, headers=headers)).status_code == 404
    tokens = await bearer(units, staff(member))
    by_api = f"/api/v1/desk-bookings/{room.bookings[0].id}/check-in"
    assert (await client.post(by_api, headers=tokens)).status_code == 404
    assert await room.order() == []
    assert (await client.post(arrival, headers=desk)).status_code == 303
    assert await room.order() == [1]


async def test_GD07_the_api_does_what_the_pages_do(client: Client, room: Room) -> None:
    await room.books(2)
    own = await bearer(room.units, room.people[0].actor)
    mine = f"/api/v1/bookings/{room.bookings[0].id}"
    before = (await client.get(f"{mine}/queue", headers=own)).json()
    assert before["may_check_in"] and before["ticket"] is None and before["campus"] == "本部院区"
    ticket = await client.post(f"{mine}/check-in", headers=own)
    assert (ticket.status_code, ticket.json()["number"], ticket.json()["ahead"]) == (201, "001", 0)
    member = await add_staff(room.units, room.house.hospital.id, [Role.DESK], login="desk-api")
    desk = await bearer(room.units, staff(member))
    other = await client.post(f"/api/v1/desk-bookings/{room.bookings[1].id}/check-in", headers=desk)
    assert other.json()["ahead"] == 1
    queue = f"/api/v1/clinics/{room.id}/queue"
    called = await client.post(f"{queue}/calls", headers=desk)
    assert (called.status_code, called.json()["number"], called.json()["state"]) == (201, "001", "called")
    back = await client.post(f"/api/v1/queue-tickets/{called.json()['id']}/missed-call", headers=desk)
    assert (back.json()["state"], back.json()["ahead"]) == ("waiting", 1)
    await client.put(f"{queue}/room", headers=desk, json={"room": "5 诊室"})
    board = (await client.get(queue, headers=desk)).json()
    assert [each["number"] for each in board["waiting"]] == ["002", "001"] and board["room"] == "5 诊室"
    seen = (await client.post(f"{queue}/calls", headers=desk)).json()
    visit = await client.post(f"/api/v1/queue-tickets/{seen['id']}/visit", headers=desk)
    assert visit.json()["state"] == "seen"
    screen = (await client.get(f"/api/v1{board['screen']}")).json()
    assert screen["coming"] == [{"number": "001", "name": "患**"}]


async def test_GD07_an_app_is_told_todays_queues(
    client: Client, units: Units, place: House, room: Room
) -> None:
    member = await add_staff(units, place.hospital.id, [Role.DESK], login="desk.app")
    desk = await bearer(units, staff(member))
    await room.books(3)
    await room.all_arrive()
    await room.calls()
    [row] = (await client.get("/api/v1/queues", headers=desk)).json()
    assert (row["waiting"], row["called"], row["seen"]) == (2, 1, 0)
    assert row["doctor"] == place.doctor.name and row["campus"] == "本部院区"
    theirs = await bearer(units, room.people[0].actor)
    assert (await client.get("/api/v1/queues", headers=theirs)).status_code == 403
