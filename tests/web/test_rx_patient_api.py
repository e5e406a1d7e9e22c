"""A patient's own sheets, on their pages and over the API."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from prescriptions.couriers import Couriers
from prescriptions.models import Prescription
from prescriptions.settling import charging
from prescriptions.states import RxState
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.couriers import couriers
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import add_booker
from tests.support.factories.prescriptions import HOME, provider_says, sheet_now, stand_at_till_of, to_be_sent
from tests.support.factories.reviewing import Review, open_review, passed, to_review
from tests.support.factories.visits import desk_of
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]
AGREED = {"agrees_self_pay": True, "agrees_disclosure": True}


@pytest.fixture
async def place(units: Units) -> Review:
    return await open_review(units)


@pytest.fixture
async def rx(units: Units, place: Review) -> Prescription:
    return await passed(units, place, await to_review(units, place))


@pytest.fixture
async def mine(units: Units, place: Review) -> Headers:
    return await bearer(units, place.desk.visit.who.actor)


@pytest.fixture
async def page(units: Units, place: Review) -> Headers:
    return await cookie(units, place.desk.visit.who.actor)


@pytest.fixture
async def outside(units: Units, sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    ours = couriers(sandbox)
    units.join(Couriers, ours)
    yield sandbox
    await ours.close()


def api(rx: Prescription, what: str = "") -> str:
    return f"/api/v1/prescriptions/{rx.id}{what}"


# ------------------------------------------------------------------------------------------- what one sees


async def test_XY29_the_list_and_the_sheet_say_where_it_is(
    client: Client, mine: Headers, rx: Prescription
) -> None:
    listed = (await client.get("/api/v1/prescriptions", headers=mine)).json()
    assert [(row["id"], row["stage"], row["total"]) for row in listed["items"]] == [
        (str(rx.id), "payable", rx.total)
    ]
    one = (await client.get(api(rx), headers=mine)).json()
    assert one["stage"] == "payable" and one["path"] is None
    assert one["courier"]["is_open"] and one["window"]["is_open"]


async def test_PAIN12_strength_and_amount_per_time_stand_together(
    client: Client, mine: Headers, page: Headers, rx: Prescription
) -> None:
    (medicine, *_) = (await client.get(api(rx), headers=mine)).json()["medicines"]
    assert "规格" in medicine["strength"] and "每次" in medicine["how"]
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert medicine["name"] in shown and medicine["how"] in shown and medicine["strength"] in shown


async def test_the_pages_show_the_one_deadline_and_both_ways(
    client: Client, page: Headers, rx: Prescription
) -> None:
    shown = await client.get(f"/prescriptions/{rx.id}", headers=page)
    assert shown.status_code == 200
    assert "快递配送" in shown.text and "到院缴费取药" in shown.text and "待缴费" in shown.text
    listed = await client.get("/prescriptions", headers=page)
    assert listed.status_code == 200 and f"/prescriptions/{rx.id}" in listed.text
    home = await client.get("/", headers=page)
    assert f"/prescriptions/{rx.id}" in home.text
    ticket = await client.get(f"/bookings/{rx.visit_id}", headers=page)
    assert f"/prescriptions/{rx.id}" in ticket.text
    assert 'href="/prescriptions"' in (await client.get("/me", headers=page)).text


async def test_somebody_elses_sheet_does_not_exist(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    other = await add_booker(units, place.desk.visit.house, "13900001111", name="样例丁")
    theirs, their_page = await bearer(units, other.actor), await cookie(units, other.actor)
    assert (await client.get(api(rx), headers=theirs)).status_code == 404
    for what in ("", "/delivery", "/sheet.pdf", "/leaflet.pdf"):
        assert (await client.get(f"/prescriptions/{rx.id}{what}", headers=their_page)).status_code == 404
    assert (await client.put(api(rx, "/collection"), headers=theirs)).status_code == 404
    assert (await client.post(api(rx, "/charge"), headers=theirs)).status_code == 404
    assert (await client.post(api(rx, "/cancellation"), headers=theirs)).status_code == 404
    assert (await client.get("/api/v1/prescriptions", headers=theirs)).json()["items"] == []


async def test_a_doctor_has_no_business_on_the_patients_pages(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    doctor = await cookie(units, place.desk.doctor)
    assert (await client.get(f"/prescriptions/{rx.id}", headers=doctor)).status_code == 403


async def test_a_draft_is_not_the_patients_yet(
    client: Client, units: Units, mine: Headers, rx: Prescription
) -> None:
    async with units.system("test") as unit:
        (await unit.session.get_one(Prescription, rx.id)).state = RxState.DRAFT
    assert (await client.get(api(rx), headers=mine)).status_code == 404


async def test_the_papers_are_the_signed_bytes_and_a_leaflet(
    client: Client, page: Headers, rx: Prescription
) -> None:
    for what in ("sheet", "leaflet"):
        answer = await client.get(f"/prescriptions/{rx.id}/{what}.pdf", headers=page)
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
        assert answer.headers["cache-control"] == "private, no-store"


# -------------------------------------------------------------------------------------------- the courier


async def test_XY31_choosing_the_courier_shows_an_estimate_and_leads_to_the_till(
    client: Client, mine: Headers, page: Headers, rx: Prescription, outside: Sandbox
) -> None:
    chosen = await client.put(api(rx, "/delivery"), headers=mine, json=HOME | AGREED)
    assert chosen.status_code == 200, chosen.text
    assert chosen.json()["path"] == "courier" and chosen.json()["estimate"]["lowest"] > 0
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert "快递费预估" in shown and "到付，不在这里支付" in shown and "自费支付药费" in shown
    pressed = await client.post(f"/prescriptions/{rx.id}/payment", headers=page)
    assert pressed.status_code == 303 and pressed.headers["location"].startswith("/pay/")
    till = (await client.get(pressed.headers["location"], headers=page)).text
    assert "药费" in till and "预约成功" not in till
    link = (await client.post(api(rx, "/charge"), headers=mine)).json()
    assert (link["amount"], link["href"]) == (rx.total, pressed.headers["location"])


async def test_XY08_both_agreements_are_asked_for(
    client: Client, mine: Headers, page: Headers, rx: Prescription, outside: Sandbox
) -> None:
    for lacking in AGREED:
        answer = await client.put(api(rx, "/delivery"), headers=mine, json=HOME | AGREED | {lacking: False})
        assert (answer.status_code, answer.json()["code"]) == (422, "prescription_not_agreed")
    refused = await client.post(f"/prescriptions/{rx.id}/delivery", headers=page, data=HOME)
    assert refused.status_code == 422 and "请先阅读并勾选" in refused.text
    assert HOME["street"] in refused.text


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("mobile", "12345"), ("mobile", "01088887777"), ("street", "路"), ("name", "　"), ("city", "123")],
)
async def test_a_bad_address_is_shown_where_it_is_wrong(
    client: Client, mine: Headers, rx: Prescription, outside: Sandbox, field: str, wrong: str
) -> None:
    answer = await client.put(api(rx, "/delivery"), headers=mine, json=HOME | AGREED | {field: wrong})
    assert answer.status_code == 422 and [row["pointer"] for row in answer.json()["errors"]] == [f"/{field}"]


async def test_XY31_an_unserved_address_is_refused_with_a_way_on(
    client: Client, mine: Headers, page: Headers, rx: Prescription, outside: Sandbox
) -> None:
    island = HOME | {"city": "舟山市", "county": "样例岛县", "street": "码头 1 号"}
    answer = await client.put(api(rx, "/delivery"), headers=mine, json=island | AGREED)
    assert (answer.status_code, answer.json()["code"]) == (409, "address_not_served")
    form = {name: "true" for name in AGREED} | island
    shown = await client.post(f"/prescriptions/{rx.id}/delivery", headers=page, data=form)
    assert shown.status_code == 422 and "改为到院取药" in shown.text and "样例岛县" in shown.text


async def test_the_address_typed_last_stands_there_again(
    client: Client,
    units: Units,
    place: Review,
    mine: Headers,
    page: Headers,
    rx: Prescription,
    outside: Sandbox,
) -> None:
    await client.put(api(rx, "/delivery"), headers=mine, json=HOME | AGREED)
    again = (await client.get(f"/prescriptions/{rx.id}/delivery", headers=page)).text
    assert HOME["street"] in again and HOME["mobile"] in again


# --------------------------------------------------------------------------------------------- the window


async def test_XY32_the_window_gives_a_code_that_is_shown_large(
    client: Client, mine: Headers, page: Headers, rx: Prescription
) -> None:
    pressed = await client.post(f"/prescriptions/{rx.id}/collection", headers=page)
    assert pressed.status_code == 303
    code = (await client.get(api(rx), headers=mine)).json()["pickup_code"]
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert len(code) == 8 and f"{code[:4]} {code[4:]}" in shown and 'class="qr"' in shown
    again = (await client.put(api(rx, "/collection"), headers=mine)).json()
    assert again["pickup_code"] == code


async def test_XY32_the_desk_lets_a_patient_collect_what_was_to_be_sent(
    client: Client, units: Units, place: Review, rx: Prescription, mine: Headers
) -> None:
    await to_be_sent(units, rx)
    house = place.desk.visit.house
    desk = await bearer(units, staff(await add_staff(units, house.hospital.id, [Role.DESK])))
    assert (await client.put(api(rx, "/desk-collection"), headers=mine)).status_code == 403
    changed = await client.put(api(rx, "/desk-collection"), headers=desk)
    assert changed.status_code == 200
    shown = (await client.get(api(rx), headers=mine)).json()
    assert shown["path"] == "window" and len(shown["pickup_code"]) == 8


async def test_BJ07_the_desk_takes_the_whole_sum_and_tells_the_number(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    house = place.desk.visit.house
    desk = await bearer(units, staff(await add_staff(units, house.hospital.id, [Role.DESK])))
    wrong = await client.post(api(rx, "/cash-payment"), headers=desk, json={"received": rx.total - 1})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "cash_amount_wrong")
    paid = await client.post(api(rx, "/cash-payment"), headers=desk, json={"received": rx.total})
    assert (paid.status_code, paid.json()["window_number"]) == (200, 1)
    assert (await sheet_now(units, rx)).state is RxState.SPENT


# ------------------------------------------------------------------------------------------------ after it


async def test_a_paid_order_can_be_cancelled_until_the_pharmacy_packed_it(
    client: Client, units: Units, place: Review, mine: Headers, page: Headers, rx: Prescription
) -> None:
    await to_be_sent(units, rx)
    number = await stand_at_till_of(units, place.desk.visit.who.actor, rx)
    await provider_says(units, number, rx.total)
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert "配药中" in shown and "取消取药" in shown
    done = await client.post(api(rx, "/cancellation"), headers=mine)
    assert (done.status_code, done.json()["stage"]) == (200, "given_up")
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert "/refunds/" in shown and "预约医生续方" in shown


async def test_XY34_an_expired_sheet_offers_a_refill(
    client: Client, units: Units, place: Review, rx: Prescription, house: RunningHouse, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=3))
    await house.sweeper.sweep()
    page = await cookie(units, place.desk.visit.who.actor)
    shown = (await client.get(f"/prescriptions/{rx.id}", headers=page)).text
    assert "已过期" in shown and "预约医生续方" in shown and "/payment" not in shown


async def test_finance_gives_back_a_share_of_what_left_the_house(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    house = place.desk.visit.house
    async with units.of(desk_of(house)) as unit:
        await charging.pay_at_window(unit, rx.id, received=rx.total)
    finance = staff(await add_staff(units, house.hospital.id, [Role.FINANCE], login="finance"))
    asked: dict[str, Any] = {"cause": "decocted", "basis_points": 5000, "note": "样例：半数未煎"}
    key = await bearer(units, finance)
    here = "/api/v1/prescription-refunds"
    (before,) = (await client.get(here, params={"number": rx.number}, headers=key)).json()
    assert (before["id"], before["total"], before["is_open"]) == (str(rx.id), rx.total, True)
    # It was paid for, not given up: nobody waits for a decision.
    assert (await client.get(here, headers=key)).json() == []
    answer = await client.post(api(rx, "/refund-decision"), headers=key, json=asked)
    assert answer.status_code == 200, answer.text
    (after,) = (await client.get(here, params={"number": rx.number}, headers=key)).json()
    assert after["is_open"] is False
    assert answer.json()["amount"] == -(-rx.total // 2)
    shown = await client.get(
        f"/staff/prescription-refunds?number={rx.number}", headers=await cookie(units, finance)
    )
    assert shown.status_code == 200 and "已经处理过" in shown.text
