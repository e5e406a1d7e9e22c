"""Paying for a relative from one's own insured account, page by page (GS01, GS02, GS08)."""

import re
from datetime import date, timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.family.ending import unbind
from telehealth.family.models import PaymentCheck
from telehealth.family.viewing import agree_details
from telehealth.patients.rules import Relation
from telehealth.payments.models import Charge, ChargeLine
from telehealth.payments.states import ChargeState
from tests.support.factories.accounts import add_patient, bearer, cookie
from tests.support.factories.bills import put_bill
from tests.support.factories.bookings import House, Patient, add_booker, add_house, add_relative, admit
from tests.support.factories.family import bind_member
from tests.support.factories.insurance import insure, say_region
from tests.support.factories.patients import add_person
from tests.support.factories.payments import reread
from tests.support.factories.tills import WECHAT, add_bill, be_known_in_wechat, go_to_insurer, handed_over
from tests.support.outside import clock_of_the_world, reach, stranger
from tests.support.phones import Phone, fresh_number
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    sandbox.payment_settings(refund_settles_after_s=0)
    return reach(settings, sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
def phone(sandbox: Sandbox) -> Phone:
    return Phone(sandbox, fresh_number())


@pytest.fixture
async def payer(units: Units, place: House, sandbox: Sandbox, phone: Phone) -> Patient:
    return insure(sandbox, await add_booker(units, place, phone.number, name="样例付"), balance=0)


@pytest.fixture
async def mother(units: Units, place: House, payer: Patient, sandbox: Sandbox) -> Patient:
    """Insured herself: of 50 yuan the fund pays 35, her entitlement; the payer acts for her."""
    born = date(1955, 6, 7)
    person = await add_person(
        units, payer.account, name="样例母", relation=Relation.PARENT, born=born, number=stranger(born).number
    )
    who = insure(sandbox, await admit(units, place, Patient(payer.account, person)), balance=500)
    await say_region(units, place, who)
    return who


@pytest.fixture
async def charge(units: Units, place: House, mother: Patient) -> Charge:
    return await add_bill(units, place, mother)


@pytest.fixture
async def mine(units: Units, payer: Patient) -> Headers:
    return await cookie(units, payer.actor)


async def test_GS01_who_is_not_bound_is_led_to_binding_or_to_paying_alone_and_keeps_the_seat(
    client: Client, units: Units, sandbox: Sandbox, payer: Patient, charge: Charge, mine: Headers
) -> None:
    await be_known_in_wechat(units, sandbox, payer)
    page = await client.get(f"/pay/{charge.id}", headers=mine | WECHAT)
    assert "还没有绑定这位家人" in page.text and "自费支付" in page.text
    assert f"/family/new?person={charge.person_id}&amp;next=/pay/{charge.id}" in page.text
    refused = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    assert refused.headers["location"] == f"/pay/{charge.id}"
    assert (await reread(units, charge)).state is ChargeState.CREATED


async def test_GS02_the_payer_says_once_more_that_it_is_them_and_then_pays_both_halves(
    client: Client, units: Units, sandbox: Sandbox, place: House, payer: Patient, mother: Patient,
    charge: Charge, mine: Headers, phone: Phone,
) -> None:  # fmt: skip
    openid = await be_known_in_wechat(units, sandbox, payer)
    assert openid
    await bind_member(units, payer.actor, place.hospital, mother.person)
    asked = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    check = asked.headers["location"]
    assert check == f"/pay/{charge.id}/payer-check"
    page = await client.get(check, headers=mine)
    assert "样**" in page.text and "发送验证码到我的手机" in page.text and "样例母" not in page.text

    assert (await client.post(f"{check}/code", headers=mine)).status_code == 303
    assert "为家人付款" in phone.texts[0]
    wrong = await client.post(check, data={"code": phone.wrong_code}, headers=mine)
    assert wrong.status_code == 409 and "f-code-error" in wrong.text
    empty = await client.post(check, data={"code": "12"}, headers=mine)
    assert empty.status_code == 422
    right = await client.post(check, data={"code": phone.code}, headers=mine)
    assert right.headers["location"] == f"/pay/{charge.id}"

    leaving = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    [url] = re.findall(r'href="(http[^"]+authorise[^"]+)"', leaving.text.replace("&amp;", "&"))
    back = urlsplit(go_to_insurer(url, mother))
    await client.get(f"{back.path}?{back.query}", headers=mine)
    split = await client.get(f"/pay/{charge.id}", headers=mine | WECHAT)
    assert "¥35.00" in split.text
    numbers = {"payer": payer.person.document_number, "relative": mother.person.document_number}
    assert httpx2.put(f"{sandbox.base_url}/wechatpay/till/relatives", json=numbers).is_success
    [cover_id] = re.findall(r'name="cover_id" value="([^"]+)"', split.text)
    pressed = {"way": "jsapi", "cover_id": cover_id}
    sheet = await client.post(f"/pay/{charge.id}", data=pressed, headers=mine | WECHAT)
    paid = sandbox.till("medins", **handed_over(sheet, "params")).json()
    assert paid["err_msg"] == "requestMedicalInsurancePay:ok"
    done = await client.get(f"/pay/{charge.id}/wait", headers=mine | WECHAT)
    assert done.headers["location"] == f"/receipts/{charge.id}"
    assert (await reread(units, charge)).state is ChargeState.SETTLED
    async with units.system("test") as unit:
        [spent] = list(await unit.session.scalars(sa.select(PaymentCheck)))
    assert spent.spent_at is not None


async def test_GS02_the_api_asks_for_the_same_word(
    client: Client, units: Units, place: House, payer: Patient, mother: Patient, charge: Charge, phone: Phone
) -> None:
    await bind_member(units, payer.actor, place.hospital, mother.person)
    mine = await bearer(units, payer.actor)
    here = f"/api/v1/charges/{charge.id}"
    refused = await client.post(f"{here}/cover", headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_check_needed")
    sent = await client.post(f"{here}/payer-codes", headers=mine)
    assert sent.json()["phone_masked"].endswith(phone.number[-4:])
    assert (
        await client.post(f"{here}/payer-check", json={"code": phone.code}, headers=mine)
    ).status_code == 204
    assert (await client.post(f"{here}/cover", headers=mine)).status_code == 201


@pytest.mark.parametrize(("seconds", "asked_again"), [(599, False), (600, True)])
async def test_GS02_the_word_is_good_for_ten_minutes(
    client: Client, units: Units, clock: FixedClock, place: House, payer: Patient, mother: Patient,
    charge: Charge, phone: Phone, seconds: int, asked_again: bool,
) -> None:  # fmt: skip
    await bind_member(units, payer.actor, place.hospital, mother.person)
    mine = await bearer(units, payer.actor)
    here = f"/api/v1/charges/{charge.id}"
    await client.post(f"{here}/payer-codes", headers=mine)
    said = await client.post(f"{here}/payer-check", json={"code": phone.code}, headers=mine)
    assert said.status_code == 204
    clock.advance(timedelta(seconds=seconds))
    # The insurer's sandbox stands still meanwhile, and may refuse the hour; it is asked all the same.
    answer = (await client.post(f"{here}/cover", headers=mine)).json()
    assert (answer.get("code") == "payment_check_needed") is asked_again
    assert (await reread(units, charge)).state is ChargeState.CREATED


async def test_GS08_after_unbinding_the_next_bill_needs_another_payer(
    client: Client, units: Units, sandbox: Sandbox, place: House, payer: Patient, mother: Patient,
    charge: Charge, mine: Headers,
) -> None:  # fmt: skip
    await be_known_in_wechat(units, sandbox, payer)
    bound = await bind_member(units, payer.actor, place.hospital, mother.person)
    await unbind(units, payer.actor, bound.id)
    assert "还没有绑定这位家人" in (await client.get(f"/pay/{charge.id}", headers=mine | WECHAT)).text


async def test_GS01_the_payer_reads_kinds_and_amounts_and_names_only_with_the_members_word(
    client: Client, units: Units, place: House, payer: Patient, mother: Patient, charge: Charge, mine: Headers
) -> None:
    bound = await bind_member(units, payer.actor, place.hospital, mother.person)
    hers = await own_account(units, place, mother)
    async with units.system("test") as unit:
        [line] = list(
            await unit.session.scalars(sa.select(ChargeLine).where(ChargeLine.charge_id == charge.id))
        )
        line.kind, line.description = "drug", "样例氯平片 5mg"
    api = await bearer(units, payer.actor)

    async def told() -> tuple[bool, bool]:
        page = await client.get(f"/receipts/{charge.id}", headers=mine)
        said = await client.get(f"/api/v1/charges/{charge.id}/receipt", headers=api)
        assert "¥50.00" in page.text
        return "样例氯平片" in page.text, said.json()["lines"][0]["description"] == "样例氯平片 5mg"

    assert await told() == (False, False)
    await agree_details(units, hers.actor, bound.id, agreed=True)
    assert await told() == (True, True)
    await agree_details(units, hers.actor, bound.id, agreed=False)
    assert await told() == (False, False)
    bills = await client.get(f"/family/{bound.id}", headers=mine)
    assert charge.number in bills.text and "样例氯平片" not in bills.text


async def own_account(units: Units, place: House, mother: Patient) -> Patient:
    """Her own, where she has the last word."""
    account: Account = await add_patient(units, fresh_number(), name="样例母")
    person = await add_person(
        units, account, name="样例母", born=mother.person.birth_date, number=mother.person.document_number
    )
    assert person.id == mother.person.id
    return Patient(account, person)


async def test_GS01_a_bound_payer_reads_no_names_on_the_hospitals_own_bills_either(
    client: httpx2.AsyncClient, units: Units
) -> None:
    """Also as somebody who acts for the member: once the own account pays, names need the member's word."""
    place = await add_house(units)
    payer = await add_booker(units, place)
    member = await add_relative(units, place, payer, name="样例丁")
    bill = await put_bill(units, place, member)
    pages, tokens = await cookie(units, payer.actor), await bearer(units, payer.actor)

    async def read() -> tuple[str, list[dict[str, object]]]:
        shown = await client.get(f"/bills/{bill.id}", headers=pages)
        told = await client.get(f"/api/v1/outpatient-bills/{bill.id}", headers=tokens)
        assert (shown.status_code, told.status_code) == (200, 200)
        return shown.text, told.json()["items"]

    text, items = await read()
    assert "样例项目" in text and items[0]["text"] == "样例项目" and not items[0]["withheld"]
    await bind_member(units, payer.actor, place.hospital, member.person)
    text, items = await read()
    assert "样例项目" not in text
    assert items == [{"text": items[0]["text"], "amount": 1200, "withheld": True}]
    assert "样例项目" not in str(items)
