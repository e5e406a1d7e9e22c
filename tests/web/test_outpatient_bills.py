"""Bills of the hospital through the doors: what a page says, and what the API answers."""

from collections.abc import AsyncIterator

import httpx2
import pytest

import app
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance import Category
from telehealth.insurance.models import InsuranceRecord
from telehealth.outpatient import telling
from telehealth.outpatient.models import OutpatientBill
from telehealth.web.house import House as Running
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bills import Counter, open_counter
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[Running]:
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def counter(units: Units, sandbox: Sandbox) -> Counter:
    return await open_counter(units, sandbox)


async def insured(counter: Counter, region: str, category: Category | None) -> None:
    async with counter.units.system("test") as unit:
        unit.session.add(
            InsuranceRecord(
                hospital_id=counter.house.hospital.id, person_id=counter.who.person.id, region=region,
                division="110100", category=category, insurance_type="310", insured_number="",
                verified_at=unit.now, declared_at=unit.now,
            )
        )  # fmt: skip


async def shown(client: Client, counter: Counter, bill: OutpatientBill) -> str:
    page = await client.get(f"/bills/{bill.id}", headers=await cookie(counter.units, counter.actor))
    assert page.status_code == 200
    return page.text


async def test_BJ05_the_list_names_the_campus_of_every_bill(client: Client, counter: Counter) -> None:
    counter.orders(3640, campus="main")
    counter.orders(6800, campus="east", kind="exam")
    page = await client.get("/bills", headers=await cookie(counter.units, counter.actor))
    assert page.text.index("东院区") != page.text.index("本部院区")
    assert "¥36.40" in page.text and "¥68.00" in page.text


async def test_XY24_the_list_says_which_hospital_was_silent(
    client: Client, counter: Counter, sandbox: Sandbox
) -> None:
    await counter.new_bill()
    with sandbox.faults(his={"mode": "down"}):
        page = await client.post(
            "/bills", headers=await cookie(counter.units, counter.actor) | {"origin": "http://testserver"}
        )
    assert page.status_code == 200
    assert "医院系统暂时没有应答" in page.text and "¥12.00" in page.text


async def test_XY08_the_page_says_self_pay_before_it_takes_anything(client: Client, counter: Counter) -> None:
    bill = await counter.new_bill()
    assert "自费支付 ¥12.00" in await shown(client, counter, bill)
    headers = await cookie(counter.units, counter.actor) | {"origin": "http://testserver"}
    refused = await client.post(f"/bills/{bill.id}/payment", headers=headers, data={"amount": "1200"})
    assert refused.status_code == 422 and "请先阅读并勾选" in refused.text
    assert (await counter.bill(bill.id)).charge_id is None
    agreed = await client.post(
        f"/bills/{bill.id}/payment", headers=headers, data={"amount": "1200", "agrees_self_pay": "true"}
    )
    assert agreed.status_code == 303 and agreed.headers["location"].startswith("/pay/")
    till = await client.get(agreed.headers["location"], headers=headers)
    assert "缴费单号" in till.text and "线上支付为自费" in till.text


async def test_XY09_who_may_be_insured_is_offered_the_window_with_its_deadline(
    client: Client, counter: Counter
) -> None:
    page = await shown(client, counter, await counter.new_bill())
    assert "到医院窗口支付" in page and "11月23日 周一 24:00" in page


async def test_GS10_a_chronic_category_is_told_before_it_pays(client: Client, counter: Counter) -> None:
    await insured(counter, "beijing", Category.CHRONIC)
    page = await shown(client, counter, await counter.new_bill())
    assert "门诊慢特病" in page and "11月23日 周一 24:00" in page


async def test_GD04_who_is_not_insured_sees_the_same_page_without_the_window(
    client: Client, counter: Counter
) -> None:
    await insured(counter, "none", None)
    page = await shown(client, counter, await counter.new_bill())
    assert "到医院窗口支付" not in page and "自费支付 ¥12.00" in page


async def test_BJ07_a_changed_price_is_shown_before_it_is_paid(client: Client, counter: Counter) -> None:
    bill = await counter.new_bill()
    counter.press(bill.resource_id, "price", amount=1500)
    headers = await cookie(counter.units, counter.actor) | {"origin": "http://testserver"}
    answer = await client.post(
        f"/bills/{bill.id}/payment", headers=headers, data={"amount": "1200", "agrees_self_pay": "true"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/bills/{bill.id}")
    assert "¥15.00" in await shown(client, counter, bill)


async def test_BJ08_the_page_shows_window_and_number_once_the_hospital_answered(
    client: Client, counter: Counter
) -> None:
    bill = await counter.new_bill()
    await counter.pays(bill)
    assert "正在通知医院" in await shown(client, counter, bill)
    await telling.tell(counter.units, bill.id)
    page, now = await shown(client, counter, bill), await counter.bill(bill.id)
    assert now.pickup_number in page and now.window in page and "本部院区" in page
    home = await client.get("/", headers=await cookie(counter.units, counter.actor))
    assert now.pickup_number in home.text


async def test_BJ07_the_api_does_what_the_pages_do(client: Client, counter: Counter) -> None:
    resource_id = counter.orders(700, 500, campus="east")
    headers = await bearer(counter.units, counter.actor)
    asked = await client.post("/api/v1/outpatient-bills/refreshes", headers=headers)
    assert asked.status_code == 201 and asked.json()["silent"] == []
    (bill,) = (await client.get("/api/v1/outpatient-bills", headers=headers)).json()["items"]
    assert (bill["amount"], bill["state"], bill["campus"]) == (1200, "due", "东院区")
    one = (await client.get(f"/api/v1/outpatient-bills/{bill['id']}", headers=headers)).json()
    assert [item["amount"] for item in one["items"]] == [700, 500]
    path = f"/api/v1/outpatient-bills/{bill['id']}/charge"
    blind = await client.post(path, headers=headers, json={"amount": 1200})
    assert (blind.status_code, blind.json()["code"]) == (422, "self_pay_not_confirmed")
    part = await client.post(path, headers=headers, json={"amount": 700, "agrees_self_pay": True})
    assert (part.status_code, part.json()["code"]) == (409, "outpatient_bill_changed")
    charge = await client.post(path, headers=headers, json={"amount": 1200, "agrees_self_pay": True})
    assert (charge.status_code, charge.json()["amount"]) == (201, 1200)
    counter.press(resource_id, "payment")
    late = await client.post(path, headers=headers, json={"amount": 1200, "agrees_self_pay": True})
    assert (late.status_code, late.json()["code"]) == (409, "outpatient_bill_not_due")


async def test_XY24_a_silent_hospital_is_a_503_and_nothing_is_charged(
    client: Client, counter: Counter, sandbox: Sandbox
) -> None:
    bill = await counter.new_bill()
    headers = await bearer(counter.units, counter.actor)
    with sandbox.faults(his={"mode": "down"}):
        answer = await client.post(
            f"/api/v1/outpatient-bills/{bill.id}/charge", headers=headers,
            json={"amount": 1200, "agrees_self_pay": True},
        )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (503, "his_unavailable")
    assert (await counter.bill(bill.id)).charge_id is None
