"""Paying from the ticket, what the ticket says of money, and cash at the window."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.bookings.withdrawing import withdraw
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house, book, reread
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic
from tests.support.factories.visits import begin_paying, desk_of, hold_today, paid_today, pay_cash

Client = httpx2.AsyncClient
Headers = dict[str, str]
PROMISE = "24:00 前无人接诊，费用自动全额退回"


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


@pytest.fixture
async def desk(units: Units, place: House) -> Headers:
    return await cookie(units, staff(await add_staff(units, place.hospital.id, [Role.DESK])))


# -------------------------------------------------------------------------------------- the ticket


async def test_XY24_the_ticket_leads_to_where_it_is_paid(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    booking = await hold_today(units, place, who)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert f'action="/bookings/{booking.id}/payment"' in ticket.text and "支付 ¥50.00" in ticket.text
    pressed = await client.post(f"/bookings/{booking.id}/payment", headers=mine)
    charge_id = (await reread(units, booking)).charge_id
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/pay/{charge_id}")
    again = await client.post(f"/bookings/{booking.id}/payment", headers=mine)
    assert again.headers["location"] == pressed.headers["location"]


async def test_XY24_who_comes_too_late_is_told_and_sees_that_it_is_being_checked(
    client: Client, units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    booking = await hold_today(units, place, who)
    await begin_paying(units, who, booking)
    clock.advance(timedelta(minutes=16))
    await house.sweeper.sweep()
    mine = await cookie(units, who.actor)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert "正在向支付渠道核对" in ticket.text and "/payment" not in ticket.text
    pressed = await client.post(f"/bookings/{booking.id}/payment", headers=mine)
    assert pressed.headers["location"] == f"/bookings/{booking.id}"


async def test_XY12_a_paid_ticket_promises_what_happens_at_midnight(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    booking = await paid_today(units, place, who)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert PROMISE in ticket.text
    assert f'href="/receipts/{booking.charge_id}"' in ticket.text


async def test_XY12_an_unattended_ticket_shows_the_refund_and_when_it_comes(
    client: Client, units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    clock.advance(timedelta(hours=15))
    await sweep_unattended(units)
    ticket = await client.get(f"/bookings/{booking.id}", headers=await cookie(units, who.actor))
    assert "当日无人接诊" in ticket.text and "¥50.00" in ticket.text and 'href="/refunds/' in ticket.text
    assert "预计到账" in ticket.text


async def test_XY11_a_withdrawn_ticket_shows_reason_and_advice(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    booking = await paid_today(units, place, who)
    async with units.of(desk_of(place)) as unit:
        await withdraw(unit, booking.id, reason="样例原因", advice="样例建议")
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert "样例原因" in ticket.text and "样例建议" in ticket.text and "不计爽约" in ticket.text


@pytest.mark.parametrize(
    ("share", "words"), [(10_000, "费用全额退回"), (7_000, "按规定退回部分费用"), (0, "按规定费用不退")]
)
async def test_SJ06_cancelling_says_before_what_goes_back(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, share: int, words: str
) -> None:
    if share != 10_000:
        await publish_policy(units, place.hospital.id, booking={"cancel_refund_bp": share})
    planned = await add_clinic(units, place.doctor)
    booking = await pay_cash(units, place, await book(units, place, who, planned.slot.id))
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert words in ticket.text
    assert ("前取消可全额退回" in ticket.text) is (share == 10_000)


async def test_SJ06_on_the_day_it_says_plainly_that_nothing_goes_back(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    booking = await paid_today(units, place, who)
    ticket = await client.get(f"/bookings/{booking.id}", headers=mine)
    assert "就诊当天取消不退费" in ticket.text
    async with units.of(who.actor) as unit:
        await cancel(unit, booking.id)
    messages = await client.get("/messages", headers=mine)
    assert "费用不退" in messages.text


# ----------------------------------------------------------------------------------------- the API


async def test_an_app_is_given_the_charge_and_where_to_pay_it(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    booking, app = await hold_today(units, place, who), await bearer(units, who.actor)
    key = {"idempotency-key": "sample-key-0001"}
    asked = await client.post(f"/api/v1/bookings/{booking.id}/charge", headers=app | key)
    assert asked.status_code == 200, asked.text
    said: dict[str, Any] = asked.json()
    assert said["amount"] == 5000 and said["href"] == f"/pay/{said['id']}"
    shown = (await client.get(f"/api/v1/bookings/{booking.id}", headers=app)).json()
    assert shown["charge_id"] == said["id"]


async def test_what_is_not_payable_is_refused_with_a_code(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    booking, app = await paid_today(units, place, who), await bearer(units, who.actor)
    asked = await client.post(f"/api/v1/bookings/{booking.id}/charge", headers=app)
    assert (asked.status_code, asked.json()["code"]) == (409, "not_payable")
    none = await client.post(f"/api/v1/bookings/{UUID(int=1)}/charge", headers=app)
    assert none.status_code == 404


# --------------------------------------------------------------------------------------- the window


async def test_SJ03_the_desk_takes_cash_from_the_bookings_page(
    client: Client, units: Units, place: House, who: Patient, desk: Headers
) -> None:
    booking = await hold_today(units, place, who, kind=ClinicKind.OFFLINE)
    path = f"/staff/bookings/{booking.id}"
    assert "应收 ¥60.00" in (await client.get(path, headers=desk)).text
    for wrong in ("", "abc", "50", "60.001"):
        refused = await client.post(f"{path}/cash", data={"received": wrong}, headers=desk)
        assert refused.status_code == 422, wrong
    taken = await client.post(f"{path}/cash", data={"received": "60.00"}, headers=desk)
    assert taken.headers["location"] == path
    page = await client.get(path, headers=desk)
    assert (await reread(units, booking)).state is BookingState.PAID
    assert "窗口收款" not in page.text and "登记到诊" in page.text
    again = await client.post(f"{path}/cash", data={"received": "60"}, headers=desk)
    assert again.status_code == 303
    await client.post(f"{path}/attendance", headers=desk)
    assert (await reread(units, booking)).state is BookingState.COMPLETED


async def test_SJ03_the_desk_sees_what_is_to_be_handed_back(
    client: Client, units: Units, place: House, who: Patient, desk: Headers
) -> None:
    booking = await paid_today(units, place, who)
    async with units.of(desk_of(place)) as unit:
        await withdraw(unit, booking.id, reason="样例原因", advice="样例建议")
    page = await client.get(f"/staff/bookings/{booking.id}", headers=desk)
    assert "退款" in page.text and "¥50.00" in page.text and "样例建议" not in page.text


async def test_SJ03_cash_through_the_api_names_the_sum_that_is_due(
    client: Client, units: Units, place: House, who: Patient, desk: Headers
) -> None:
    booking = await hold_today(units, place, who)
    path = f"/api/v1/desk-bookings/{booking.id}/cash"
    wrong = await client.post(path, json={"received": 4999}, headers=desk)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "cash_amount_wrong")
    taken = await client.post(path, json={"received": 5000}, headers=desk)
    assert taken.status_code == 200 and taken.json()["state"] == "paid"
