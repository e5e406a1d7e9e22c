"""Callbacks: kept, verified, and only a hint. Whatever proves nothing changes no money."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx2
import pytest
import sqlalchemy as sa

import app
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.directory import HospitalNotFound
from telehealth.payments.errors import NoticeRefused, ProviderDown
from telehealth.payments.models import ProviderNotice
from telehealth.payments.queries import refused_notices
from telehealth.payments.receiving_notices import receive
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.states import ChargeState, RefundReason, RefundState
from telehealth.payments.submitting import submit_due
from telehealth.web.house import House
from tests.support.factories.payments import (
    Shop,
    add_charge,
    add_shop,
    balances,
    begin_paying,
    press_pay,
    reread,
)
from tests.support.merchant import Inbox, Merchant, Notice, inbox
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def letters(sandbox: Sandbox) -> Iterator[Inbox]:
    with inbox() as held:
        yield held
    sandbox.payment_notices("normal")


@pytest.fixture
async def house(
    settings: Settings, sandbox: Sandbox, clock: FixedClock, letters: Inbox
) -> AsyncIterator[House]:
    settings = reach(settings, sandbox)
    told = settings.wechatpay["yunan"].model_copy(update={"notify_url": letters.url.removesuffix("/notices")})
    settings = settings.model_copy(update={"wechatpay": {**settings.wechatpay, "yunan": told}})
    built = app.build_house(settings, clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


async def verdicts(shop: Shop) -> list[str]:
    async with shop.units.system("test") as unit:
        found = sa.select(ProviderNotice.verdict).order_by(ProviderNotice.id)
        return list(await unit.session.scalars(found))


async def come(
    shop: Shop, notice: Notice, topic: str = "payments", hospital: str = "yunan", **changed: str
) -> None:
    headers = {**dict(notice.headers.items()), **changed}
    await receive(shop.units, "wechatpay", hospital, topic, headers, notice.body)


async def refused(shop: Shop, notice: Notice, **where: str) -> str:
    """Its verdict."""
    with pytest.raises(NoticeRefused) as error:
        await come(shop, notice, **where)
    return error.value.verdict


async def test_a_callback_of_a_paid_order_settles_it_once(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    notice = letters.next()
    await come(shop, notice)
    await come(shop, notice)
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED
    assert await verdicts(shop) == ["accepted", "repeated"]
    assert shop.things.taken == [charge.subject_id]


async def test_a_callback_that_is_not_theirs_is_kept_and_shown(
    shop: Shop, sandbox: Sandbox, letters: Inbox, clock: FixedClock
) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    notice = letters.next()
    forged = Notice(notice.headers, notice.body.replace(b"TRANSACTION", b"TRANSACTIoN"))
    truncated = Notice(notice.headers, notice.body[:-20])
    for bad in (forged, truncated):
        with pytest.raises(NoticeRefused):
            await come(shop, bad)
    with pytest.raises(NoticeRefused):
        await come(shop, notice, topic="refunds")
    clock.advance(timedelta(minutes=6))
    with pytest.raises(NoticeRefused):
        await come(shop, notice)
    assert await verdicts(shop) == ["bad_signature", "bad_signature", "foreign", "stale"]
    assert await balances(shop.units, charge) == {}
    finance = shop.staff(Role.FINANCE)
    async with shop.units.of(finance) as unit:
        assert len(await refused_notices(unit, finance)) == 4


async def test_a_signed_callback_about_an_unknown_order_is_kept(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    letters.next()
    keys = Merchant(sandbox).keys
    resource = {
        "mchid": keys["mchid"], "appid": keys["appid"], "out_trade_no": "CH-261121-NOBODY-1",
        "transaction_id": "4200000000", "trade_state": "SUCCESS", "amount": {"total": 5000},
    }  # fmt: skip
    wanted = {
        "mchid": keys["mchid"], "url": letters.url, "event_type": "TRANSACTION.SUCCESS", "resource": resource,
    }  # fmt: skip
    httpx2.post(f"{sandbox.base_url}/wechatpay/till/notices", json=wanted).raise_for_status()
    assert await refused(shop, letters.next()) == "unknown_order"
    assert await verdicts(shop) == ["unknown_order"]


async def test_a_signed_callback_is_not_believed_without_asking(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    keys = Merchant(sandbox).keys
    resource = {
        "mchid": keys["mchid"], "appid": keys["appid"], "out_trade_no": begun.order.out_trade_no,
        "transaction_id": "4200000000", "trade_state": "SUCCESS", "amount": {"total": 5000},
    }  # fmt: skip
    wanted = {
        "mchid": keys["mchid"], "url": letters.url, "event_type": "TRANSACTION.SUCCESS", "resource": resource,
    }  # fmt: skip
    httpx2.post(f"{sandbox.base_url}/wechatpay/till/notices", json=wanted).raise_for_status()
    assert await refused(shop, letters.next()) == "unproven"
    assert await verdicts(shop) == ["unproven"]
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED


async def test_another_amount_is_noted(shop: Shop, sandbox: Sandbox, letters: Inbox) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge), total=4999)
    assert await refused(shop, letters.next()) == "amount_differs"
    assert await verdicts(shop) == ["amount_differs"]


async def test_another_amount_than_ours_is_not_even_asked_about(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    letters.next()
    keys = Merchant(sandbox).keys
    resource = {
        "mchid": keys["mchid"], "appid": keys["appid"], "out_trade_no": begun.order.out_trade_no,
        "transaction_id": "4200000000", "trade_state": "SUCCESS", "amount": {"total": 1},
    }  # fmt: skip
    wanted = {
        "mchid": keys["mchid"], "url": letters.url, "event_type": "TRANSACTION.SUCCESS", "resource": resource,
    }  # fmt: skip
    httpx2.post(f"{sandbox.base_url}/wechatpay/till/notices", json=wanted).raise_for_status()
    assert await refused(shop, letters.next()) == "amount_differs"
    assert await balances(shop.units, charge) == {}


async def test_a_callback_is_wanted_again_while_nobody_can_be_asked(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    notice = letters.next()
    with sandbox.faults(wechatpay={"mode": "down"}), pytest.raises(ProviderDown):
        await come(shop, notice)
    assert await verdicts(shop) == ["unread"]
    await come(shop, notice)
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED


async def test_a_callback_of_a_refund_settles_it(shop: Shop, sandbox: Sandbox, letters: Inbox) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    await come(shop, letters.next())
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    await submit_due(shop.units)
    notice = letters.next()
    await come(shop, notice, topic="refunds")
    assert (await reread(shop.units, refund)).state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}
    await come(shop, notice, topic="refunds")


async def test_a_callback_to_a_hospital_nobody_knows_is_kept(
    shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    notice = letters.next()
    headers = dict(notice.headers.items())
    with pytest.raises(HospitalNotFound):
        await receive(shop.units, "wechatpay", "nowhere", "payments", headers, notice.body)
    assert await verdicts(shop) == ["foreign"]
    assert json.loads(notice.body)["event_type"] == "TRANSACTION.SUCCESS"
