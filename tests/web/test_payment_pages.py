"""Paying as pages: by the way that works where one is, with or without the insurer, and what comes after."""

import html
import json
import re
from datetime import timedelta
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.bookings.paying import pay_at_desk
from telehealth.bookings.states import BookingState
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance.rules import REASONS, NotOffered
from telehealth.payments.models import Charge, Refund
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.settling import close_charge
from telehealth.payments.states import ChargeState, RefundReason
from telehealth.payments.submitting import submit_due
from telehealth.payments.wording import LEG_KINDS, REFUND_REASONS
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, cookie, patient
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.insurance import insure, say_region
from tests.support.factories.payments import balances, orders_of, reread
from tests.support.factories.tills import (
    DESKTOP,
    MINI_PROGRAM,
    PHONE,
    STAND_IN,
    WECHAT,
    add_bill,
    be_known_in_wechat,
    go_to_insurer,
    handed_over,
)
from tests.support.factories.visits import desk_of
from tests.support.outside import clock_of_the_world, reach
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
async def who(units: Units, place: House, sandbox: Sandbox) -> Patient:
    """Of 50 yuan the insurer pays 35, and their own account 5."""
    return insure(sandbox, await add_booker(units, place), balance=500)


@pytest.fixture
async def charge(units: Units, place: House, who: Patient) -> Charge:
    return await add_bill(units, place, who)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


def flash(answer: httpx2.Response) -> str:
    raw = answer.cookies.get("th_flash")
    return str(json.loads(unquote(raw.strip('"')))["text"]) if raw else ""


def way_on(page: httpx2.Response) -> str:
    found = re.search(r'name="way" value="(\w+)"', page.text)
    return found[1] if found else ""


async def booking_of(units: Units, charge: Charge) -> Booking:
    async with units.system("test") as unit:
        found = sa.select(Booking).where(Booking.id == charge.subject_id)
        return (await unit.session.scalars(found)).one()


# ----------------------------------------------------------------------------- where one can pay how


@pytest.mark.parametrize(
    ("where", "way"),
    [(WECHAT, "jsapi"), (STAND_IN, "jsapi"), (PHONE, "h5"), (DESKTOP, "native")],
    ids=["wechat", "stand-in", "phone", "desktop"],
)
async def test_the_page_offers_the_one_way_that_works_where_it_is_open(
    client: Client, units: Units, sandbox: Sandbox, who: Patient, charge: Charge, mine: Headers,
    where: Headers, way: str,
) -> None:  # fmt: skip
    await be_known_in_wechat(units, sandbox, who)
    page = await client.get(f"/pay/{charge.id}", headers=mine | where)
    assert page.status_code == 200 and way_on(page) == way
    assert "¥50.00" in page.text and "data-countdown" in page.text
    booking = await booking_of(units, charge)
    assert booking.number in page.text and "样例" in page.text


async def test_a_mini_program_leads_to_its_own_payment_page(
    client: Client, charge: Charge, mine: Headers
) -> None:
    page = await client.get(f"/pay/{charge.id}", headers=mine | MINI_PROGRAM)
    assert f'data-native="/pages/pay/pay?charge={charge.id}"' in page.text
    assert 'name="way" value="mini_program"' not in page.text


@pytest.mark.parametrize("where", [WECHAT, STAND_IN], ids=["wechat", "stand-in"])
async def test_in_wechat_an_unknown_reader_is_asked_for_once_before_the_price(
    client: Client, charge: Charge, mine: Headers, where: Headers
) -> None:
    asked = await client.get(f"/pay/{charge.id}", headers=mine | where)
    to = urlsplit(asked.headers["location"])
    assert (to.path, unquote(to.query)) == ("/wechat/enter", f"hospital=yunan&next=/pay/{charge.id}?asked=1")
    again = await client.get(f"/pay/{charge.id}?asked=1", headers=mine | where)
    assert again.status_code == 200 and "¥50.00" in again.text


async def test_whoever_presses_without_being_known_in_wechat_is_asked_first(
    client: Client, units: Units, charge: Charge, mine: Headers
) -> None:
    pressed = await client.post(f"/pay/{charge.id}", data={"way": "jsapi"}, headers=mine | WECHAT)
    assert pressed.headers["location"].startswith("/wechat/enter?hospital=yunan&next=%2Fpay%2F")
    assert await orders_of(units, charge) == []


# ------------------------------------------------------------------------------ what the insurer does


async def test_XY10_who_has_not_said_where_they_are_insured_is_asked(
    client: Client, units: Units, who: Patient, charge: Charge, mine: Headers
) -> None:
    page = await client.get(f"/pay/{charge.id}", headers=mine)
    assert f"{who.person.name}的参保地在哪里？" in page.text
    assert f'action="/pay/{charge.id}/insured"' in page.text and "自费支付 ¥50.00" in page.text
    unsaid = await client.post(f"/pay/{charge.id}/insured", data={"region": "mars"}, headers=mine)
    assert flash(unsaid) == "请从给出的选项中选择"


@pytest.mark.parametrize(
    ("region", "reason"), [("elsewhere", NotOffered.REGION), ("none", NotOffered.UNINSURED)]
)
async def test_XY10_whom_no_split_is_offered_is_told_why_pays_alone_and_may_correct_it(
    client: Client, charge: Charge, mine: Headers, region: str, reason: NotOffered
) -> None:
    said = await client.post(f"/pay/{charge.id}/insured", data={"region": region}, headers=mine)
    page = await client.get(said.headers["location"], headers=mine)
    assert REASONS[reason] in page.text and "自费支付 ¥50.00" in page.text
    assert f'action="/pay/{charge.id}/cover"' not in page.text
    assert "参保地不对？" in page.text
    await client.post(f"/pay/{charge.id}/insured", data={"region": "beijing"}, headers=mine)
    corrected = await client.get(f"/pay/{charge.id}?asked=1", headers=mine | WECHAT)
    assert f'action="/pay/{charge.id}/cover"' in corrected.text


async def test_XY07_outside_wechat_a_split_means_opening_it_there_and_the_seat_stays(
    client: Client, units: Units, place: House, who: Patient, charge: Charge, mine: Headers
) -> None:
    await say_region(units, place, who)
    for where in (DESKTOP, PHONE):
        page = await client.get(f"/pay/{charge.id}", headers=mine | where)
        assert REASONS[NotOffered.NOT_IN_WECHAT] in page.text
        assert "号源在保留时间内不变" in page.text and "自费支付 ¥50.00" in page.text
    assert (await booking_of(units, charge)).state is BookingState.HELD


async def test_XY08_a_registration_fee_is_paid_by_oneself(
    client: Client, units: Units, place: House, who: Patient, mine: Headers
) -> None:
    await say_region(units, place, who)
    charge = await add_bill(units, place, who, ClinicKind.OFFLINE)
    page = await client.get(f"/pay/{charge.id}?asked=1", headers=mine | WECHAT)
    assert REASONS[NotOffered.LINE] in page.text and "挂号费" in page.text


async def test_GS10_an_excluded_category_is_told_by_the_insurer_before_anything_is_paid(
    client: Client, units: Units, place: House, who: Patient, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    insure(sandbox, who, med_types=["14"])
    await say_region(units, place, who)
    refused = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    assert refused.headers["location"] == f"/pay/{charge.id}"
    assert flash(refused) == "本次不能使用医保支付"
    page = await client.get(f"/pay/{charge.id}?asked=1", headers=mine | WECHAT)
    assert REASONS[NotOffered.CATEGORY] in page.text and "自费支付 ¥50.00" in page.text
    # The insurer's own word is not corrected by hand.
    assert "参保地不对？" not in page.text
    assert (await booking_of(units, charge)).state is BookingState.HELD


async def split(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, mine: Headers
) -> httpx2.Response:
    """The pay page, once the insurer was asked and said how it divides."""
    await be_known_in_wechat(units, sandbox, who)
    await say_region(units, place, who)
    asked = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    [to_insurer] = re.findall(r'href="(http[^"]+)"', asked.text)
    back = go_to_insurer(html.unescape(to_insurer), who)
    returned = await client.get(back, headers=mine | WECHAT)
    assert returned.headers["location"] == f"/pay/{charge.id}"
    return await client.get(f"/pay/{charge.id}", headers=mine | WECHAT)


async def test_GD01_the_split_is_seen_before_it_is_paid_and_both_halves_are_on_the_receipt(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, mine: Headers
) -> None:
    page = await split(client, units, sandbox, place, who, charge, mine)
    assert all(part in page.text for part in ("统筹基金", "¥35.00", "个人账户", "¥5.00", "确认支付 ¥10.00"))
    [cover_id] = re.findall(r'name="cover_id" value="([^"]+)"', page.text)
    pressed = {"way": "jsapi", "cover_id": cover_id}
    sheet = await client.post(f"/pay/{charge.id}", data=pressed, headers=mine | WECHAT)
    assert 'data-api="requestMedicalInsurancePay"' in sheet.text and "医保支付 ¥40.00" in sheet.text
    # WeChat itself lets this page ask for a split payment.
    config = handed_over(sheet, "config")
    config.pop("debug", None)
    assert sandbox.checks_page(url=f"http://testserver/pay/{charge.id}", **config)
    paid = sandbox.till("medins", **handed_over(sheet, "params")).json()
    assert paid["err_msg"] == "requestMedicalInsurancePay:ok"

    done = await client.get(f"/pay/{charge.id}/wait", headers=mine | WECHAT)
    assert done.headers["location"] == f"/receipts/{charge.id}"
    receipt = await client.get(f"/receipts/{charge.id}", headers=mine)
    assert all(part in receipt.text for part in ("¥35.00", "¥5.00", "¥10.00", "¥40.00", charge.number))
    assert (await booking_of(units, charge)).state is BookingState.PAID


async def test_a_refund_of_both_halves_shows_every_step_and_the_day(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge,
    mine: Headers, clock: FixedClock,
) -> None:  # fmt: skip
    page = await split(client, units, sandbox, place, who, charge, mine)
    [cover_id] = re.findall(r'name="cover_id" value="([^"]+)"', page.text)
    sheet = await client.post(
        f"/pay/{charge.id}", data={"way": "jsapi", "cover_id": cover_id}, headers=mine | WECHAT
    )
    sandbox.till("medins", **handed_over(sheet, "params"))
    await client.get(f"/pay/{charge.id}/wait", headers=mine | WECHAT)
    refund = await give_back(units, charge, RefundReason.CLINIC_CLOSED)

    asked = await client.get(f"/refunds/{refund.id}", headers=mine)
    assert all(words in asked.text for words in LEG_KINDS.values())
    assert REFUND_REASONS[RefundReason.CLINIC_CLOSED] in asked.text and "预计最迟" in asked.text
    assert "¥40.00" in asked.text and "¥10.00" in asked.text and refund.number in asked.text
    receipt = await client.get(f"/receipts/{charge.id}", headers=mine)
    assert f'href="/refunds/{refund.id}"' in receipt.text

    while await submit_due(units):
        clock.advance(timedelta(seconds=11))
    settled = await client.get(f"/refunds/{refund.id}", headers=await cookie(units, who.actor))
    assert "已退回" in settled.text and "预计最迟" not in settled.text
    assert await balances(units, charge) == {}


async def test_BJ06_whoever_wants_no_split_after_all_pays_alone_and_keeps_the_seat(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, mine: Headers
) -> None:
    await split(client, units, sandbox, place, who, charge, mine)
    chosen = await client.post(f"/pay/{charge.id}/self-pay", headers=mine | WECHAT)
    page = await client.get(chosen.headers["location"], headers=mine | WECHAT)
    assert "自费支付 ¥50.00" in page.text and "确认支付 ¥10.00" not in page.text
    assert (await booking_of(units, charge)).state is BookingState.HELD


async def test_BJ06_whoever_refuses_at_the_insurer_is_told_and_may_pay_alone(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, mine: Headers
) -> None:
    await be_known_in_wechat(units, sandbox, who)
    await say_region(units, place, who)
    asked = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    [to_insurer] = re.findall(r'href="(http[^"]+)"', asked.text)
    await client.get(go_to_insurer(html.unescape(to_insurer), who, "refuse"), headers=mine | WECHAT)
    page = await client.get(f"/pay/{charge.id}", headers=mine | WECHAT)
    assert "没有授权使用医保，可以改为自费支付，号源仍为您保留" in page.text
    assert "自费支付 ¥50.00" in page.text


async def test_an_insurer_that_is_down_costs_nobody_their_seat(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, mine: Headers
) -> None:
    await say_region(units, place, who)
    with sandbox.faults(nhsa={"mode": "down"}):
        asked = await client.post(f"/pay/{charge.id}/cover", headers=mine | WECHAT)
    assert asked.headers["location"] == f"/pay/{charge.id}" and flash(asked)
    assert (await booking_of(units, charge)).state is BookingState.HELD


# ------------------------------------------------------------------------------------- handing over


async def test_on_a_desktop_a_code_is_scanned_and_the_page_learns_of_it(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    shown = await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
    assert "<svg" in shown.text and "style=" not in shown.text.partition("<svg")[2].partition("</svg>")[0]
    assert f'data-live-url="/pay/{charge.id}/state"' in shown.text
    before = await client.get(f"/pay/{charge.id}/state", headers=mine)
    assert "等待支付" in before.text
    [order] = await orders_of(units, charge)
    sandbox.till("pay", out_trade_no=order.out_trade_no).raise_for_status()
    done = await client.get(f"/pay/{charge.id}/wait", headers=mine)
    assert (done.headers["location"], flash(done)) == (f"/receipts/{charge.id}", "支付成功")
    after = await client.get(f"/pay/{charge.id}/state", headers=mine)
    assert f'href="/receipts/{charge.id}"' in after.text
    assert await balances(units, charge) == {"provider.wechatpay": 5000, "prepaid": -5000}


async def test_on_a_phone_a_link_opens_wechat_and_leads_back_to_where_it_is_asked(
    client: Client, charge: Charge, mine: Headers
) -> None:
    shown = await client.post(f"/pay/{charge.id}", data={"way": "h5"}, headers=mine | PHONE)
    [href] = re.findall(r'href="(http[^"]+)" referrerpolicy="origin"', shown.text)
    assert f"/pay/{charge.id}/wait" in unquote(html.unescape(href))


async def test_inside_wechat_the_sheet_opens_with_what_the_merchant_signed(
    client: Client, units: Units, sandbox: Sandbox, who: Patient, charge: Charge, mine: Headers
) -> None:
    openid = await be_known_in_wechat(units, sandbox, who)
    shown = await client.post(f"/pay/{charge.id}", data={"way": "jsapi"}, headers=mine | WECHAT)
    assert 'data-api="getBrandWCPayRequest"' in shown.text and handed_over(shown, "config") is None
    said = sandbox.till("jsapi", **handed_over(shown, "params")).json()
    assert said["err_msg"] == "get_brand_wcpay_request:ok"
    done = await client.get(f"/pay/{charge.id}/wait", headers=mine | WECHAT)
    assert done.headers["location"] == f"/receipts/{charge.id}"
    [order] = await orders_of(units, charge)
    assert order.request["openid"] == openid


async def test_pressing_again_shows_the_same_order(
    client: Client, units: Units, charge: Charge, mine: Headers
) -> None:
    for _ in range(2):
        assert (
            await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
        ).status_code == 200
    assert len(await orders_of(units, charge)) == 1


async def test_a_provider_that_is_down_is_said_to_be_and_pressing_again_is_safe(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    with sandbox.faults(wechatpay={"mode": "down"}):
        pressed = await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
        assert "不会重复扣款" in flash(pressed)
        waiting = await client.get(f"/pay/{charge.id}/wait", headers=mine)
    assert waiting.status_code == 200 and "正在与微信支付核对" in waiting.text
    assert (await booking_of(units, charge)).state is BookingState.HELD
    shown = await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
    assert "<svg" in shown.text and len(await orders_of(units, charge)) == 1


async def test_a_client_that_says_it_paid_proves_nothing(
    client: Client, units: Units, charge: Charge, mine: Headers
) -> None:
    await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
    waiting = await client.get(f"/pay/{charge.id}/wait", headers=mine)
    assert waiting.status_code == 200 and "等待支付" in waiting.text
    assert (await reread(units, charge)).state is ChargeState.SUBMITTED


@pytest.mark.parametrize("way", ["cash", "", "gold"])
async def test_a_way_that_is_not_offered_is_refused(
    client: Client, units: Units, charge: Charge, mine: Headers, way: str
) -> None:
    pressed = await client.post(f"/pay/{charge.id}", data={"way": way}, headers=mine)
    assert pressed.headers["location"] == f"/pay/{charge.id}" and flash(pressed)
    assert await orders_of(units, charge) == []


# --------------------------------------------------------------------------------------- afterwards


async def test_what_is_paid_leads_to_its_receipt_and_is_paid_once(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    await pay(client, units, sandbox, charge, mine)
    for asked in (
        await client.get(f"/pay/{charge.id}", headers=mine),
        await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine),
    ):
        assert asked.headers["location"] == f"/receipts/{charge.id}"
    assert len(await orders_of(units, charge)) == 1


async def test_XY24_what_is_closed_leads_back_to_the_ticket_and_says_that_nothing_was_taken(
    client: Client, units: Units, charge: Charge, mine: Headers
) -> None:
    async with units.system("test") as unit:
        assert await close_charge(unit, charge.id)
    page = await client.get(f"/pay/{charge.id}", headers=mine)
    assert page.headers["location"] == f"/bookings/{charge.subject_id}"
    assert "没有收费" in flash(page)
    pressed = await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
    assert "支付时间已过" in flash(pressed)


async def test_the_receipt_names_lines_way_and_numbers(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    await pay(client, units, sandbox, charge, mine)
    [order] = await orders_of(units, charge)
    receipt = await client.get(f"/receipts/{charge.id}", headers=mine)
    words = (
        "线上复诊诊查费",
        "微信支付（扫码）",
        "¥50.00",
        "已支付",
        charge.number,
        str(order.transaction_id),
    )
    assert [word for word in words if word not in receipt.text] == []
    own = await client.get("/receipts", headers=mine)
    assert charge.number in own.text and f'href="/receipts/{charge.id}"' in own.text


async def test_a_refund_that_waits_for_a_person_says_that_nothing_need_be_done(
    client: Client, units: Units, place: House, charge: Charge, mine: Headers
) -> None:
    """Cash goes back over the counter."""
    desk = desk_of(place)
    async with units.of(desk) as unit:
        await pay_at_desk(unit, charge.subject_id, received=5000)
    refund = await give_back(units, charge, RefundReason.STAFF)
    await submit_due(units)
    page = await client.get(f"/refunds/{refund.id}", headers=mine)
    assert "人工处理中" in page.text and "不需要您再申请" in page.text


PAGES = [
    "/pay/{charge}",
    "/pay/{charge}/wait",
    "/pay/{charge}/state",
    "/receipts/{charge}",
    "/refunds/{refund}",
]
BUTTONS = ["/pay/{charge}", "/pay/{charge}/cover", "/pay/{charge}/insured", "/pay/{charge}/self-pay"]


async def test_a_charge_of_another_account_does_not_exist(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers
) -> None:
    await pay(client, units, sandbox, charge, mine)
    refund = await give_back(units, charge, RefundReason.CANCELLED)
    before = await reread(units, charge)
    other = await cookie(units, patient(await add_patient(units, "13900005678")))
    for found, paths in ((client.get, PAGES), (client.post, BUTTONS)):
        for path in paths:
            for names in (
                {"charge": charge.id, "refund": refund.id},
                {"charge": UUID(int=1), "refund": UUID(int=1)},
            ):
                answer = await found(path.format(**names), headers=other)
                assert answer.status_code == 404, path
    assert (await client.get("/receipts", headers=other)).text.count(charge.number) == 0
    assert (await reread(units, charge)).settled_at == before.settled_at


async def pay(client: Client, units: Units, sandbox: Sandbox, charge: Charge, mine: Headers) -> None:
    await client.post(f"/pay/{charge.id}", data={"way": "native"}, headers=mine)
    [order] = await orders_of(units, charge)
    sandbox.till("pay", out_trade_no=order.out_trade_no).raise_for_status()
    await client.get(f"/pay/{charge.id}/wait", headers=mine)
    assert (await reread(units, charge)).state is ChargeState.SETTLED
    client.cookies.clear()


async def give_back(units: Units, charge: Charge, reason: RefundReason) -> Refund:
    async with units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, reason)
    assert refund is not None
    return refund
