"""The road to a seat as pages without script, the ticket, and the desk."""

import html
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from telehealth.bookings.choice import Choice, DeskChoice
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
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
from tests.support.factories.directory import add_campus, add_department, add_doctor, add_hospital, add_notice
from tests.support.factories.patients import add_visit
from tests.support.factories.schedule import Planned, add_clinic, seats_taken
from tests.support.factories.visits import pay_cash
from tests.support.outside import admit, reach, stranger
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


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
    return await cookie(units, who.actor)


@pytest.fixture
async def desk(units: Units, place: House) -> Headers:
    return await cookie(units, staff(await add_staff(units, place.hospital.id, [Role.DESK])))


async def choice(units: Units, place: House, who: Patient, **chosen: object) -> Choice:
    check = await add_check(units, place, who)
    return Choice(place.hospital.code, person=who.person.id, check=check).but(**chosen)


def links(answer: httpx2.Response, part: str) -> list[str]:
    found = re.findall(r'href="([^"]+)"', answer.text)
    return [html.unescape(href) for href in found if part in html.unescape(href)]


def fields(answer: httpx2.Response, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', answer.text, re.DOTALL)
    assert form is not None, answer.text
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1])
    return {name: html.unescape(value) for name, value in pairs}


# ------------------------------------------------------------------------------------- to a seat


async def test_XY06_the_gate_comes_before_any_seat(
    client: Client, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    start = await client.get("/h/yunan/book?kind=online", headers=mine)
    where = urlsplit(start.headers["location"])
    assert (start.status_code, where.path) == (303, "/h/yunan/check")
    assert parse_qs(where.query)["person"] == [str(who.person.id)]


async def test_XY20_from_department_to_time_with_fee_and_what_is_left(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    here = await choice(units, place, who)
    departments = await client.get(here.href(), headers=mine)
    [to_doctors] = links(departments, f"department={place.department.id}")
    doctors = await client.get(to_doctors, headers=mine)
    assert "¥50.00" in doctors.text and place.doctor.name in doctors.text
    [to_times] = links(doctors, f"doctor={place.doctor.id}")
    times = await client.get(to_times, headers=mine)
    assert place.campus.name in times.text and "余号" in times.text
    assert links(times, f"slot={planned.slot.id}")


async def test_the_whole_road_without_script(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    """Notice, form, seat: each leads on to the next and back to where we were."""
    newer = await add_notice(units, place.hospital.id, "新的须知。")
    here = await choice(units, place, who, slot=planned.slot.id)
    to_notice = await client.get(here.href(), headers=mine)
    assert to_notice.headers["location"].startswith(f"/notices/{newer.id}?next=")
    notice = await client.get(to_notice.headers["location"], headers=mine)
    action = f"/notices/{newer.id}/acceptance"
    agreed = await client.post(action, data=fields(notice, action) | {"agree": "true"}, headers=mine)
    before_form = await client.get(agreed.headers["location"], headers=mine)
    assert "还差一步" in before_form.text
    begun = await client.post(
        "/h/yunan/book/form", data=fields(before_form, "/h/yunan/book/form"), headers=mine
    )
    form_page = urlsplit(begun.headers["location"])
    assert re.fullmatch(r"/h/yunan/intake/[0-9a-f-]{36}", form_page.path)
    assert (await client.get(begun.headers["location"], headers=mine)).status_code == 200
    sent = await add_form(units, place, who)
    confirm = await client.get(here.href(form=sent), headers=mine)
    assert "15 分钟" in confirm.text and place.campus.name in confirm.text
    held = await client.post("/h/yunan/book", data=fields(confirm, "/h/yunan/book"), headers=mine)
    ticket = await client.get(held.headers["location"], headers=mine)
    assert "data-countdown" in ticket.text and "10:15" in ticket.text and "自动释放" in ticket.text
    assert place.campus.name in ticket.text
    assert (await seats_taken(units, planned.clinic))["slots"] == 1


async def test_BJ05_a_campus_other_than_last_time_is_pointed_out(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    east = await add_campus(units, place.hospital.id, "east", name="东院区")
    both = await add_department(units, place.hospital.id, [east.id], "skin", name="皮肤科")
    doctor = await add_doctor(units, both, name="样例医生")
    first = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    await book(units, place, who, first.slot.id, check_id=None, form_id=None)
    await add_clinic(units, place.doctor)
    there = await add_clinic(units, doctor)
    here = await choice(units, place, who)
    campuses = await client.get(here.href(), headers=mine)
    assert "上次就诊" in campuses.text and "东院区" in campuses.text
    slots = await client.get(here.href(doctor=doctor.id), headers=mine)
    assert "院区与上次不同" in slots.text
    confirm = await client.get(here.href(slot=there.slot.id), headers=mine)
    assert "上次就诊在本部院区，这次是东院区" in confirm.text


@pytest.mark.parametrize("kind", list(ClinicKind))
async def test_BJ05_every_paper_of_a_visit_names_the_campus(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, desk: Headers, kind: ClinicKind
) -> None:
    planned = await add_clinic(units, place.doctor, kind=kind)
    without = {} if kind is ClinicKind.INTERNET else {"check_id": None, "form_id": None}
    booking = await pay_cash(units, place, await book(units, place, who, planned.slot.id, **without))
    campus = place.campus.name
    for path in (f"/bookings/{booking.id}", f"/orders/bookings/{booking.id}", "/orders", "/"):
        assert campus in (await client.get(path, headers=mine, follow_redirects=True)).text, path
    assert campus in (await client.get(f"/staff/bookings/{booking.id}", headers=desk)).text
    app = await bearer(units, who.actor)
    said = (await client.get(f"/api/v1/bookings/{booking.id}", headers=app)).json()
    assert str(place.campus.id) in str(said) or campus in str(said)


async def test_GS14_in_elder_mode_the_seat_is_held_for_thirty_minutes_and_the_page_says_so(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    here = await choice(units, place, who, slot=planned.slot.id)
    here = here.but(form=await add_form(units, place, who))
    usual = await client.get(here.href(), headers=mine)
    assert "15 分钟" in usual.text and "data-elder" not in usual.text
    chosen = await client.post("/preferences", data={"elder": "1", "next": "/"}, headers=mine)
    elder = {"cookie": "; ".join([mine["cookie"], *(f"{c.name}={c.value}" for c in chosen.cookies.jar)])}
    page = await client.get(here.href(), headers=elder)
    assert 'data-elder="1"' in page.text and "30 分钟" in page.text


async def test_SJ01_a_refused_slot_offers_the_other_door(
    client: Client, units: Units, place: House, mine: Headers
) -> None:
    """The window closes on 22 November, the clinic is on the 24th."""
    who = await add_booker(units, place, "13800002222", visited=False)
    await add_visit(units, place.hospital.id, who.person, on=date(2026, 5, 22))
    planned = await add_clinic(units, place.doctor)
    here = await choice(units, place, who, slot=planned.slot.id)
    page = await client.get(here.href(), headers=await cookie(units, who.actor))
    assert "2026年11月22日" in page.text and "预约线下门诊" in page.text
    assert links(page, "kind=offline")


async def test_the_loser_of_the_last_seat_sees_the_next_free_ones(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    planned = await add_clinic(units, place.doctor, seats=(1, 1))
    here = await choice(units, place, who, slot=planned.slot.id, form=await add_form(units, place, who))
    confirm = await client.get(here.href(), headers=mine)
    other = await add_booker(units, place, "13800002222")
    await book(units, place, other, planned.slot.id)
    lost = await client.post("/h/yunan/book", data=fields(confirm, "/h/yunan/book"), headers=mine)
    assert lost.status_code == 409 and "刚刚被约满" in lost.text
    [alternative] = set(links(lost, f"slot={planned.slots[1].id}"))
    again = await client.get(alternative, headers=mine)
    assert again.status_code == 200 and "提交并留号" in again.text


async def test_sending_the_last_form_twice_leads_to_the_one_booking(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    here = await choice(units, place, who, slot=planned.slot.id, form=await add_form(units, place, who))
    confirm = await client.get(here.href(), headers=mine)
    sent = fields(confirm, "/h/yunan/book")
    first = await client.post("/h/yunan/book", data=sent, headers=mine)
    second = await client.post("/h/yunan/book", data=sent, headers=mine)
    assert first.headers["location"].startswith("/bookings/")
    assert second.headers["location"] == first.headers["location"]
    assert (await seats_taken(units, planned.clinic))["slots"] == 1


async def test_an_old_check_is_made_again_and_loses_nothing_else(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, clock: FixedClock
) -> None:
    here = await choice(units, place, who, slot=planned.slot.id, doctor=place.doctor.id)
    clock.advance(timedelta(hours=3))
    answer = await client.get(here.href(), headers=await cookie(units, who.actor))
    kept = parse_qs(urlsplit(answer.headers["location"]).query)
    assert urlsplit(answer.headers["location"]).path == "/h/yunan/check"
    assert (kept["slot"], kept["doctor"]) == ([str(planned.slot.id)], [str(place.doctor.id)])


async def test_a_house_of_several_people_asks_who_comes(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    await add_relative(units, place, who, name="样例丙")
    page = await client.get("/h/yunan/book", headers=mine)
    assert "给谁看病" in page.text and "样例丙" in page.text


async def test_SJ12_a_hospital_that_is_not_live_says_so(client: Client, units: Units, mine: Headers) -> None:
    await add_hospital(units, "riverside", name="江滨医院", live_from=date(2027, 1, 4))
    answer = await client.get("/h/riverside/book", headers=mine)
    assert answer.status_code == 409 and "尚未开通" in answer.text


@pytest.mark.parametrize("query", ["person=abc", "slot=1&check=2&day=x", "kind=elsewhere&person=&check="])
async def test_nonsense_in_an_address_counts_as_not_chosen(
    client: Client, place: House, who: Patient, mine: Headers, query: str
) -> None:
    assert (await client.get(f"/h/yunan/book?{query}", headers=mine)).status_code in (200, 303)


# ------------------------------------------------------------------------------- tickets and lists


async def test_an_expired_hold_offers_the_same_again(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, clock: FixedClock,
    house: RunningHouse,
) -> None:  # fmt: skip
    booking = await book(units, place, who, planned.slot.id)
    clock.advance(timedelta(minutes=15))
    await house.sweeper.sweep()
    mine = await cookie(units, who.actor)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert "逾时未支付，号源已释放，没有收费" in ticket.text and "重新预约" in ticket.text
    [again] = links(ticket, "/h/yunan/book?")
    times = await client.get(again, headers=mine)
    assert times.status_code == 200 and place.doctor.name in times.text


async def test_a_hold_cancelled_from_its_page(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert "现在取消不收任何费用" in ticket.text
    done = await client.post(f"/bookings/{booking.id}/cancellation", headers=mine)
    assert done.headers["location"] == f"/bookings/{booking.id}"
    assert (await reread(units, booking)).state == "cancelled"


async def test_somebody_elses_booking_page_is_not_found(
    client: Client, units: Units, place: House, who: Patient, planned: Planned
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    other = await cookie(units, (await add_booker(units, place, "13800002222")).actor)
    page = await client.get(f"/bookings/{booking.id}", headers=other)
    assert page.status_code == 404 and booking.number not in page.text
    assert (await client.post(f"/bookings/{booking.id}/cancellation", headers=other)).status_code == 404
    assert booking.number not in (await client.get("/orders", headers=other)).text


async def test_the_home_page_says_which_seat_waits_to_be_paid(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, mine: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    home = await client.get("/", headers=mine)
    assert "待支付" in home.text and f"/orders/bookings/{booking.id}" in home.text
    assert "号源保留到" in home.text


# ------------------------------------------------------------------------------------------- staff


async def test_SJ10_the_week_shows_demand_against_capacity(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, desk: Headers
) -> None:
    await book(units, place, who, planned.slot.id)
    week = await client.get(f"/staff/clinics?week={planned.clinic.day}", headers=desk)
    assert "需求与号源" in week.text and "1/4" in week.text
    assert f"/staff/clinics/{planned.clinic.id}" in week.text


async def test_a_template_is_added_planned_from_and_dropped(
    client: Client, place: House, desk: Headers
) -> None:
    typed = {
        "doctor_id": str(place.doctor.id), "campus_id": str(place.campus.id), "weekday": "1",
        "half": "morning", "kind": "offline", "capacity": "many", "slot_minutes": "", "starts": "",
    }  # fmt: skip
    wrong = await client.post("/staff/clinics/templates", data=typed, headers=desk)
    assert wrong.status_code == 422 and 'value="many"' in wrong.text
    added = await client.post("/staff/clinics/templates", data=typed | {"capacity": "8"}, headers=desk)
    assert added.status_code == 303
    twice = await client.post("/staff/clinics/templates", data=typed | {"capacity": "8"}, headers=desk)
    assert twice.status_code == 422 and "已有同类排班" in twice.text
    planned = await client.post("/staff/clinics/plan", data={"last": "2026-11-30"}, headers=desk)
    assert planned.headers["location"] == "/staff/clinics"
    week = await client.get("/staff/clinics?week=2026-11-24", headers=desk)
    assert "0/8" in week.text
    far = await client.post("/staff/clinics/plan", data={"last": "2028-01-01"}, headers=desk)
    assert far.status_code == 409 and "最多排到" in far.text
    listed = await client.get("/staff/clinics/templates", headers=desk)
    [removal] = re.findall(r'action="(/staff/clinics/templates/[^"]+/removal)"', listed.text)
    assert (await client.post(removal, headers=desk)).status_code == 303
    assert "还没有固定排班" in (await client.get("/staff/clinics/templates", headers=desk)).text


async def test_closing_a_clinic_asks_for_a_reason_and_tells_everybody(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, desk: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    path = f"/staff/clinics/{planned.clinic.id}"
    listed = await client.get(path, headers=desk)
    assert booking.number in listed.text and "样**" in listed.text and who.person.name not in listed.text
    assert (await client.post(f"{path}/closure", data={"reason": " "}, headers=desk)).status_code == 422
    done = await client.post(f"{path}/closure", data={"reason": "医生临时停诊"}, headers=desk)
    assert done.headers["location"] == path
    ticket = await client.get(f"/bookings/{booking.id}", headers=await cookie(units, who.actor))
    assert "医生临时停诊" in ticket.text and "已停诊" in ticket.text


async def test_a_number_no_database_can_keep_finds_no_booking(client: Client, desk: Headers) -> None:
    assert (await client.get("/staff/bookings?number=%00", headers=desk)).status_code == 200


async def test_SJ11_the_desk_finds_a_patient_and_books_without_putting_numbers_into_addresses(
    client: Client, units: Units, place: House, desk: Headers, sandbox: Sandbox
) -> None:
    known = admit(sandbox, stranger(name="样例丁"))
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    unknown = await client.post(
        "/staff/bookings/new/patient", data={"by": "card", "number": "T9999999"}, headers=desk
    )
    assert unknown.status_code == 409 and "没有查到这张卡" in unknown.text
    found = await client.post(
        "/staff/bookings/new/patient", data={"by": "card", "number": known.card}, headers=desk
    )
    assert found.status_code == 303 and known.card not in found.headers["location"]
    seats = await client.get(found.headers["location"], headers=desk)
    assert "样例丁" in seats.text and "46 岁" in seats.text
    [to_slot] = links(seats, f"slot={planned.slot.id}")
    ask = await client.get(to_slot, headers=desk)
    sent = fields(ask, "/staff/bookings/new")
    untold = await client.post("/staff/bookings/new", data=sent, headers=desk)
    assert untold.status_code == 422 and "请先向患者宣读服务须知" in untold.text
    done = await client.post("/staff/bookings/new", data=sent | {"told": "true"}, headers=desk)
    assert re.fullmatch(r"/staff/bookings/[0-9a-f-]{36}", done.headers["location"])
    assert "样例丁" in (await client.get(done.headers["location"], headers=desk)).text


async def test_the_desk_hears_why_the_gate_refuses(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, desk: Headers
) -> None:
    wish = DeskChoice(ClinicKind.INTERNET, Channel.DESK, person=who.person.id, slot=planned.slot.id)
    ask = await client.get(wish.href(), headers=desk)
    names = re.findall(r'name="asked" value="([^"]+)"', ask.text)
    assert names
    said = {f"answers.{name}": "false" for name in names} | {"stable": "false", "told": "true"}
    sent = wish.fields() | said | {"asked": names}
    refused = await client.post("/staff/bookings/new", data=sent, headers=desk)
    assert refused.status_code == 422 and "线上复诊只适合病情稳定的患者" in refused.text
    booked = await client.post("/staff/bookings/new", data=sent | {"stable": "true"}, headers=desk)
    assert booked.status_code == 303


async def test_a_booking_is_found_by_the_end_of_its_number_and_cancelled_with_a_reason(
    client: Client, units: Units, place: House, who: Patient, planned: Planned, desk: Headers
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    found = await client.get(f"/staff/bookings?number={booking.number[-6:]}", headers=desk)
    assert f"/staff/bookings/{booking.id}" in found.text
    assert "没有找到这个预约号" in (await client.get("/staff/bookings?number=%25", headers=desk)).text
    path = f"/staff/bookings/{booking.id}"
    assert (await client.post(f"{path}/cancellation", data={"reason": ""}, headers=desk)).status_code == 422
    done = await client.post(f"{path}/cancellation", data={"reason": "患者来电取消"}, headers=desk)
    assert done.headers["location"] == path
    assert (await reread(units, booking)).reason == "患者来电取消"


async def test_another_hospitals_staff_find_nothing(
    client: Client, units: Units, place: House, who: Patient, planned: Planned
) -> None:
    booking = await book(units, place, who, planned.slot.id)
    other = await add_hospital(units, "riverside", name="江滨医院")
    elsewhere = await cookie(units, staff(await add_staff(units, other.id, [Role.DESK], login="elsewhere")))
    for path in (f"/staff/bookings/{booking.id}", f"/staff/clinics/{planned.clinic.id}"):
        assert (await client.get(path, headers=elsewhere)).status_code == 404
    found = await client.get(f"/staff/bookings?number={booking.number}", headers=elsewhere)
    assert f"/staff/bookings/{booking.id}" not in found.text
