"""The patient's home, the one list of orders (XY26), and each order as a timeline (GD05), without script."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.models import Booking
from telehealth.core.clock import FixedClock, hospital_day
from telehealth.core.orders import Group, Line, Wanted
from telehealth.core.unit import Units
from telehealth.orders.listing import orders_of
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import cookie
from tests.support.factories.bills import put_bill
from tests.support.factories.bookings import House, Patient, add_booker, add_house, add_relative
from tests.support.factories.dispatch import Dispensary, add_order, to_packed
from tests.support.factories.prescriptions import add_payable, open_shop
from tests.support.factories.rooms import Visit, add_helper, add_room, admit
from tests.support.factories.schedule import add_clinic
from tests.support.factories.visits import hold_in, pay_cash

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
async def place(units: Units, house: RunningHouse) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


_days = count(3)


async def seat_of(units: Units, place: House, who: Patient, **facts: Any) -> Booking:
    """In a clinic of its own, each on another day."""
    facts.setdefault("day", hospital_day(units.clock.business()) + timedelta(days=next(_days) % 60 + 1))
    return await hold_in(units, place, who, await add_clinic(units, place.doctor, **facts))


async def lines(units: Units, who: Patient, **wanted: Any) -> Sequence[Line]:
    async with units.of(who.actor) as unit:
        return await orders_of(unit).lines(unit, Wanted(**wanted))


def rows(answer: httpx2.Response) -> list[str]:
    return re.findall(r'<a class="order" href="([^"]+)"', answer.text)


# --------------------------------------------------------------------------------------- the list


async def test_XY26_one_list_of_visits_registrations_and_medicine(client: Client, units: Units) -> None:
    shop = await open_shop(units)
    who, house = shop.visit.who, shop.visit.house
    sheet = await add_payable(units, shop)
    offline = await seat_of(units, house, who, kind=ClinicKind.OFFLINE)
    page = await client.get("/orders", headers=await cookie(units, who.actor))
    assert sorted(rows(page)) == sorted(
        [
            f"/orders/bookings/{shop.visit.room}",
            f"/orders/bookings/{offline.id}",
            f"/orders/prescriptions/{sheet.id}",
        ]
    )
    assert "线上复诊" in page.text and "线下门诊" in page.text and "西药、中成药" in page.text


async def test_XY26_every_order_is_in_exactly_one_group(
    units: Units, house: RunningHouse, clock: FixedClock
) -> None:
    """What the group of a line says is what the filter finds, whatever state it is in."""
    shop = await open_shop(units)
    who, place = shop.visit.who, shop.visit.house
    await add_payable(units, shop)
    moving = await add_order(units, shop)
    unpaid = await seat_of(units, place, who)
    returned = await pay_cash(units, place, await seat_of(units, place, who))
    given_back = await seat_of(units, place, who)
    for booking in (returned, given_back):
        async with units.of(who.actor) as unit:
            await cancel(unit, booking.id)
    everything = await lines(units, who, limit=50)
    by_group = {group: [line.id for line in await lines(units, who, group=group)] for group in Group}
    assert sorted(line.id for line in everything) == sorted(
        one for group in by_group.values() for one in group
    )
    for line in everything:
        assert line.id in by_group[line.group], line
    assert unpaid.id in by_group[Group.TODO] and shop.visit.room in by_group[Group.COMING]
    assert {returned.id, moving.id} <= set(by_group[Group.ON_THE_WAY])
    assert by_group[Group.OVER] == [given_back.id]
    clock.advance(timedelta(minutes=20))
    assert unpaid.id in {line.id for line in await lines(units, who, group=Group.COMING)}


async def test_XY26_the_list_is_filtered_by_patient_and_by_group(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    relative = await add_relative(units, place, who, name="样例丙")
    booking = await seat_of(units, place, relative)
    for query, shown in (
        ("", True), ("?group=todo", True), ("?group=over", False), ("?group=nonsense", True),
        (f"?person={relative.person.id}", True), (f"?person={who.person.id}", False),
        ("?after=nonsense", True), (f"?group=todo&person={relative.person.id}", True),
    ):  # fmt: skip
        page = await client.get(f"/orders{query}", headers=mine)
        assert (f"/orders/bookings/{booking.id}" in rows(page)) is shown, query
    assert "样例丙" in (await client.get("/orders", headers=mine)).text


async def test_XY26_pages_are_turned_by_key_over_all_sources(units: Units) -> None:
    """Nothing is shown twice and nothing is passed over, though two features answer."""
    shop = await open_shop(units)
    who, place = shop.visit.who, shop.visit.house
    for _ in range(3):
        await seat_of(units, place, who)
        await add_order(units, shop)
    whole = [line.key for line in await lines(units, who, limit=50)]
    turned: list[Any] = []
    before = None
    for _ in range(len(whole)):
        page = (await lines(units, who, before=before, limit=2))[:2]
        turned += [line.key for line in page]
        before = page[-1].key if page else None
        if len(page) < 2:
            break
    assert turned == whole and len(whole) == 7


async def test_an_empty_list_says_what_to_do_next(client: Client, mine: Headers) -> None:
    assert "还没有订单" in (await client.get("/orders", headers=mine)).text
    for group, words in (
        ("todo", "没有要处理的事"),
        ("coming", "没有待就诊的预约"),
        ("on_the_way", "没有在途"),
    ):
        assert words in (await client.get(f"/orders?group={group}", headers=mine)).text


async def test_links_to_my_bookings_lead_into_the_one_list(client: Client, mine: Headers) -> None:
    for old, new in (
        ("", "/orders"), ("?group=held", "/orders?group=todo"), ("?group=past", "/orders?group=over"),
        ("?group=coming&person=7", "/orders?group=coming&person=7"),
    ):  # fmt: skip
        answer = await client.get(f"/bookings{old}", headers=mine)
        assert (answer.status_code, answer.headers["location"]) == (303, new)


async def test_XY19_the_list_is_called_as_its_channel_calls_it(client: Client, mine: Headers) -> None:
    for host, words in (("", "我的订单"), ("app", "问诊列表"), ("wxmp", "订单中心")):
        headers = mine | {"cookie": f"{mine['cookie']}; th_ui=lang=zh-CN&host={host}"}
        page = (await client.get("/orders", headers=headers)).text
        assert f"<title>{words}</title>" in page, host


async def test_the_list_is_read_with_a_fixed_number_of_queries(
    units: Units, house: RunningHouse, statements: list[str]
) -> None:
    shop = await open_shop(units)
    who = shop.visit.who
    await add_order(units, shop)
    statements.clear()
    await lines(units, who)
    few = len(statements)
    for _ in range(4):
        await add_order(units, shop)
        await seat_of(units, shop.visit.house, who)
    statements.clear()
    assert len(await lines(units, who)) == 10
    assert len(statements) == few <= 8


# ------------------------------------------------------------------------------------ one order


async def test_GD05_a_visit_is_a_timeline_of_promises_from_the_seat_to_the_refund(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    booking = await seat_of(units, place, who)
    held = (await client.get(f"/orders/bookings/{booking.id}", headers=mine)).text
    assert "支付费用，预约成功" in held and "由您办理" in held and "号源自动释放" in held
    await pay_cash(units, place, booking)
    async with units.of(who.actor) as unit:
        await cancel(unit, booking.id)
    back = (await client.get(f"/orders/bookings/{booking.id}", headers=mine)).text
    assert "退款到账" in back and "到窗口领取现金" in back and "¥50.00" in back
    assert "医生接诊并书面回复" not in back


async def test_XY12_the_timeline_of_a_room_says_by_when_the_doctor_writes(
    client: Client, units: Units
) -> None:
    room = await add_room(units)
    page = (await client.get(f"/orders/bookings/{room.room}", headers=await cookie(units, room.patient))).text
    assert "医生接诊并书面回复" in page and "24:00" in page and "到时无人接诊，费用自动全额退回" in page
    assert f'href="/rooms/{room.room}"' in page, "the room is one press away"
    assert "data-live" in page, "the timeline keeps itself fresh"


async def test_the_timeline_of_a_sheet_names_no_medicine(client: Client, units: Units) -> None:
    shop = await open_shop(units)
    order = await add_order(units, shop)
    mine = await cookie(units, shop.visit.who.actor)
    page = (await client.get(f"/orders/prescriptions/{order.id}", headers=mine)).text
    assert "药师审核处方并答复" in page and "药房配药、复核并打包" in page and "药房负责" in page
    assert "氨氯地平" not in page and "高血压" not in page
    await to_packed(units, shop, order)
    assert "快递员揽收" in (await client.get(f"/orders/prescriptions/{order.id}", headers=mine)).text


async def test_somebody_elses_order_does_not_exist(client: Client, units: Units) -> None:
    shop = await open_shop(units)
    who = await add_booker(units, shop.visit.house, "13900009999", name="样例丁")
    order = await add_order(units, shop)
    theirs = [f"/orders/bookings/{shop.visit.room}", f"/orders/prescriptions/{order.id}"]
    other = await cookie(units, who.actor)
    for address in theirs:
        page = await client.get(address, headers=other)
        assert page.status_code == 404 and shop.visit.booking.number not in page.text
    assert rows(await client.get("/orders", headers=other)) == []
    assert (await client.get(f"/orders/nothing/{order.id}", headers=other)).status_code == 404


async def test_a_helper_in_the_room_sees_none_of_the_patients_orders(client: Client, units: Units) -> None:
    """An invitation opens the room, not what was paid or prescribed."""
    room = await add_room(units, admitted=True)
    helper = await cookie(units, await add_helper(units, room))
    assert rows(await client.get("/orders", headers=helper)) == []
    assert (await client.get(f"/orders/bookings/{room.room}", headers=helper)).status_code == 404
    assert room.booking.number not in (await client.get("/", headers=helper)).text


# ------------------------------------------------------------------------------------------ home


async def test_home_shows_the_next_visit_with_one_thing_to_press(client: Client, units: Units) -> None:
    room: Visit = await add_room(units)
    mine = await cookie(units, room.patient)
    before = (await client.get("/", headers=mine)).text
    assert room.house.doctor.name in before and "进入候诊" in before and room.house.campus.name in before
    await admit(units, room)
    now = (await client.get("/", headers=mine)).text
    assert "医生已经在诊室里等您" in now and now.count('class="btn btn-p btn-block"') == 1


async def test_home_says_what_is_owed_and_what_is_on_its_way(client: Client, units: Units) -> None:
    shop: Dispensary = await open_shop(units)
    payable, moving = await add_payable(units, shop), await add_order(units, shop)
    home = (await client.get("/", headers=await cookie(units, shop.visit.who.actor))).text
    assert "等您处理" in home and f"/orders/prescriptions/{payable.id}" in home and "缴费截止" in home
    assert "在路上" in home and f"/orders/prescriptions/{moving.id}" in home


async def test_a_stranger_at_the_front_door_costs_no_orders(client: Client, place: House) -> None:
    page = (await client.get("/")).text
    assert "等您处理" not in page and "/orders" not in page


async def test_home_leads_in_every_direction(client: Client, mine: Headers) -> None:
    page = (await client.get("/", headers=mine)).text
    for href in ("/orders", "/people", "/messages", "/prescriptions", "#hospitals"):
        assert f'href="{href}"' in page, href
    tabs = re.search(r'<nav class="tabbar".*?</nav>', page, re.DOTALL)
    assert tabs is not None and tabs[0].count("<li>") == 4


@pytest.fixture
def statements(units: Units) -> Iterator[list[str]]:
    """What the ORM sends to the server."""
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        if str(arguments[2]).lstrip().lower().startswith("select"):
            sent.append(str(arguments[2]))

    engine = units.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


async def test_XY26_the_hospitals_own_bills_stand_in_the_same_list(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    bill = await put_bill(units, place, who)
    seat = await seat_of(units, place, who)
    page = await client.get("/orders", headers=mine)
    assert set(rows(page)) == {f"/orders/bills/{bill.id}", f"/orders/bookings/{seat.id}"}
    for group in Group:
        found = {line.id for line in await lines(units, who, group=group)}
        assert (bill.id in found) is (group is Group.TODO), group
    assert "门诊药费" in (await client.get("/", headers=mine)).text
    order = (await client.get(f"/orders/bills/{bill.id}", headers=mine)).text
    assert "缴费：手机自费，或到窗口用医保" in order and f'href="/bills/{bill.id}"' in order
    assert "样例项目" not in order, "what was done stands on the bill's own page"
    stranger = await cookie(units, (await add_booker(units, place, "13900008888", name="样例戊")).actor)
    assert (await client.get(f"/orders/bills/{bill.id}", headers=stranger)).status_code == 404
    assert rows(await client.get("/orders", headers=stranger)) == []


async def test_XY26_pages_are_turned_past_bills_of_one_day(
    units: Units, place: House, who: Patient, house: RunningHouse
) -> None:
    """A bill is as old as its visit's day: those of one day are told apart by their id."""
    made = {(await put_bill(units, place, who)).id for _ in range(3)}
    found, before = [], None
    for _ in range(4):
        page = (await lines(units, who, before=before, limit=1))[:1]
        if not page:
            break
        found += [line.id for line in page]
        before = page[-1].key
    assert len(found) == 3 and set(found) == made
