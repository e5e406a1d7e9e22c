"""The door providers call at: whoever proves nothing is refused, kept and shown, and moves no money."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

import app
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.ledger.models import LedgerPosting
from telehealth.payments.models import Charge, ProviderNotice
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.states import ChargeState, RefundReason, RefundState
from telehealth.payments.submitting import submit_due
from telehealth.payments.wording import VERDICTS
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.directory import add_hospital
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

Client = httpx2.AsyncClient
Spoilt = Callable[[Notice], Notice]
HERE = "/callbacks/wechatpay/yunan/payments"
PAID = {"provider.wechatpay": 5000, "prepaid": -5000}


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def letters(sandbox: Sandbox) -> Iterator[Inbox]:
    """Callbacks come here first, so that a test may bring them in its own order and shape."""
    with inbox() as held:
        yield held
    sandbox.payment_notices("normal")


@pytest.fixture
async def house(
    settings: Settings, sandbox: Sandbox, clock: FixedClock, letters: Inbox
) -> AsyncIterator[House]:
    settings = reach(settings, sandbox)
    notify_url = letters.url.removesuffix("/notices")
    told = {
        code: one.model_copy(update={"notify_url": notify_url}) for code, one in settings.wechatpay.items()
    }
    built = app.build_house(settings.model_copy(update={"wechatpay": told}), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(app=build(house), raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://testserver") as http:
        yield http


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


@pytest.fixture
async def charge(shop: Shop) -> Charge:
    return await add_charge(shop)


@pytest.fixture
async def notice(shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge) -> Notice:
    """What WeChat Pay tells of a payment of 50 yuan that nobody here knows of yet."""
    press_pay(sandbox, await begin_paying(shop, charge))
    return letters.next()


async def bring(client: Client, notice: Notice, where: str = HERE) -> httpx2.Response:
    headers = {
        name: value
        for name, value in notice.headers.items()
        if name.lower() not in ("host", "content-length", "connection", "accept-encoding")
    }
    return await client.post(where, content=notice.body, headers=headers)


def signed(sandbox: Sandbox, letters: Inbox, hospital: str = "yunan", **resource: Any) -> Notice:
    """Any claim of a payment at all, truly signed and sealed for a hospital's merchant."""
    keys = Merchant(sandbox, hospital).keys
    facts = {
        "mchid": keys["mchid"], "appid": keys["appid"], "transaction_id": "4200000000",
        "trade_state": "SUCCESS", "amount": {"total": 5000},
    }  # fmt: skip
    wanted = {
        "mchid": keys["mchid"], "url": letters.url, "event_type": "TRANSACTION.SUCCESS",
        "resource": facts | resource,
    }  # fmt: skip
    httpx2.post(f"{sandbox.base_url}/wechatpay/till/notices", json=wanted).raise_for_status()
    return letters.next()


async def kept(shop: Shop) -> list[ProviderNotice]:
    async with shop.units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(ProviderNotice).order_by(ProviderNotice.id)))


async def postings(shop: Shop) -> int:
    async with shop.units.system("test") as unit:
        return await unit.session.scalar(sa.select(sa.func.count()).select_from(LedgerPosting)) or 0


async def shown_to_finance(client: Client, shop: Shop) -> str:
    member = await add_staff(shop.units, shop.hospital.id, [Role.FINANCE])
    answer = await client.get("/staff/money/differences", headers=await cookie(shop.units, staff(member)))
    assert answer.status_code == 200
    return answer.text


async def is_refused(
    client: Client, shop: Shop, answer: httpx2.Response, status: int, verdict: str, body: bytes
) -> None:
    """Told so, kept as it came with the reason, shown to finance; the books say nothing of it."""
    assert (answer.status_code, answer.json()["code"]) == (status, "FAIL"), answer.text
    last = (await kept(shop))[-1]
    assert (last.verdict, last.body, last.hospital_id) == (verdict, body, shop.hospital.id)
    assert await postings(shop) == 0
    assert VERDICTS[verdict] in await shown_to_finance(client, shop)


# ------------------------------------------------------------------------------------- good ones


async def test_a_callback_of_a_payment_is_answered_empty_and_it_is_paid(
    client: Client, shop: Shop, charge: Charge, notice: Notice
) -> None:
    answer = await bring(client, notice)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED
    assert await balances(shop.units, charge) == PAID
    [row] = await kept(shop)
    assert (row.verdict, row.provider, row.topic, row.body) == (
        "accepted", "wechatpay", "payments", notice.body,
    )  # fmt: skip
    assert row.reference == f"{charge.number}-1"
    assert all(name.lower() not in ("authorization", "cookie") for name in row.headers)


async def test_a_callback_that_comes_twice_pays_once(
    client: Client, shop: Shop, charge: Charge, notice: Notice
) -> None:
    answers = [await bring(client, notice) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert [row.verdict for row in await kept(shop)] == ["accepted", "repeated"]
    assert await balances(shop.units, charge) == PAID
    assert shop.things.taken == [charge.subject_id]


async def test_a_callback_of_a_refund_settles_it(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge, notice: Notice
) -> None:
    sandbox.payment_settings(refund_settles_after_s=0)
    await bring(client, notice)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    await submit_due(shop.units)
    answer = await bring(client, letters.next(), "/callbacks/wechatpay/yunan/refunds")
    assert answer.status_code == 204
    assert (await reread(shop.units, refund)).state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}


async def test_while_the_provider_is_silent_the_callback_is_wanted_again(
    client: Client, shop: Shop, sandbox: Sandbox, charge: Charge, notice: Notice
) -> None:
    with sandbox.faults(wechatpay={"mode": "down"}):
        answer = await bring(client, notice)
    assert (answer.status_code, answer.json()["code"]) == (503, "FAIL")
    assert [row.verdict for row in await kept(shop)] == ["unread"]
    assert await postings(shop) == 0
    assert (await bring(client, notice)).status_code == 204
    assert await balances(shop.units, charge) == PAID


# -------------------------------------------------------------------------------------- bad ones


@pytest.mark.parametrize("mode", ["probe", "forged", "truncated"])
async def test_a_spoilt_callback_is_refused_and_the_true_one_behind_it_taken(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge, mode: str
) -> None:
    """`probe` is the provider's own test whether we check: `WECHATPAY/SIGNTEST/…`."""
    sandbox.payment_notices(mode)
    letters.answers += [401]
    press_pay(sandbox, await begin_paying(shop, charge))
    spoilt, true = letters.next(), letters.next()
    await is_refused(client, shop, await bring(client, spoilt), 401, "bad_signature", spoilt.body)
    assert (await bring(client, true)).status_code == 204
    assert await balances(shop.units, charge) == PAID


async def test_what_nobody_signed_is_refused(client: Client, shop: Shop, charge: Charge) -> None:
    await begin_paying(shop, charge)
    body = b'{"event_type":"TRANSACTION.SUCCESS","out_trade_no":"guessed"}'
    answer = await client.post(HERE, content=body, headers={"content-type": "application/json"})
    await is_refused(client, shop, answer, 401, "bad_signature", body)


async def test_an_old_callback_is_refused(
    client: Client, shop: Shop, clock: FixedClock, notice: Notice
) -> None:
    clock.advance(timedelta(minutes=6))
    await is_refused(client, shop, await bring(client, notice), 401, "stale", notice.body)


async def test_a_replay_after_five_minutes_is_refused_and_changes_nothing(
    client: Client, shop: Shop, clock: FixedClock, charge: Charge, notice: Notice
) -> None:
    await bring(client, notice)
    before = await postings(shop)
    clock.advance(timedelta(minutes=6))
    assert (await bring(client, notice)).status_code == 401
    assert [row.verdict for row in await kept(shop)] == ["accepted", "stale"]
    assert await postings(shop) == before


async def test_a_platform_key_nobody_knows_is_refused(client: Client, shop: Shop, notice: Notice) -> None:
    other = {**dict(notice.headers.items()), "Wechatpay-Serial": "PUB_KEY_ID_0000000000000000"}
    answer = await bring(client, Notice(other, notice.body))
    await is_refused(client, shop, answer, 401, "unknown_key", notice.body)


async def test_a_callback_at_the_address_for_another_topic_is_refused(
    client: Client, shop: Shop, notice: Notice
) -> None:
    answer = await bring(client, notice, "/callbacks/wechatpay/yunan/refunds")
    await is_refused(client, shop, answer, 401, "foreign", notice.body)


async def test_an_unknown_order_is_refused(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox
) -> None:
    claim = signed(sandbox, letters, out_trade_no="CH-261121-NOBODY-1")
    await is_refused(client, shop, await bring(client, claim), 404, "unknown_order", claim.body)


async def test_a_payment_the_provider_does_not_confirm_is_refused(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge
) -> None:
    begun = await begin_paying(shop, charge)
    claim = signed(sandbox, letters, out_trade_no=begun.order.out_trade_no)
    await is_refused(client, shop, await bring(client, claim), 409, "unproven", claim.body)
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED


async def test_an_amount_that_was_claimed_only_is_refused(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge, notice: Notice
) -> None:
    claim = signed(sandbox, letters, out_trade_no=f"{charge.number}-1", amount={"total": 1})
    await is_refused(client, shop, await bring(client, claim), 409, "amount_differs", claim.body)


async def test_an_amount_that_was_really_paid_and_is_not_ours_is_refused(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge
) -> None:
    press_pay(sandbox, await begin_paying(shop, charge), total=4999)
    claim = letters.next()
    await is_refused(client, shop, await bring(client, claim), 409, "amount_differs", claim.body)
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED


async def test_another_hospital_can_neither_read_nor_claim_our_order(
    client: Client, shop: Shop, sandbox: Sandbox, letters: Inbox, charge: Charge, notice: Notice
) -> None:
    """Meant for our merchant it is nothing to them; signed for theirs, our number is none of theirs."""
    there = await add_hospital(shop.units, "jiangbin")
    astray = await bring(client, notice, "/callbacks/wechatpay/jiangbin/payments")
    claim = signed(sandbox, letters, "jiangbin", out_trade_no=f"{charge.number}-1")
    claimed = await bring(client, claim, "/callbacks/wechatpay/jiangbin/payments")
    assert (astray.status_code, claimed.status_code) == (401, 404)
    assert astray.json()["code"] == claimed.json()["code"] == "FAIL"
    rows = await kept(shop)
    assert [row.verdict for row in rows] == ["unknown_key", "unknown_order"]
    assert {row.hospital_id for row in rows} == {there.id}
    assert await postings(shop) == 0


async def test_a_hospital_nobody_knows_is_refused_and_what_came_is_kept(
    client: Client, shop: Shop, notice: Notice
) -> None:
    answer = await bring(client, notice, "/callbacks/wechatpay/nowhere/payments")
    assert (answer.status_code, answer.json()["code"]) == (404, "FAIL")
    [row] = await kept(shop)
    assert (row.verdict, row.hospital_id, row.body) == ("foreign", None, notice.body)


async def test_a_hospital_without_a_merchant_is_told_of_nothing(
    client: Client, shop: Shop, notice: Notice
) -> None:
    await add_hospital(shop.units, "lakeside")
    answer = await bring(client, notice, "/callbacks/wechatpay/lakeside/payments")
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert [row.verdict for row in await kept(shop)] == ["foreign"]


@pytest.mark.parametrize("path", ["yunan/elsewhere", "yunan/%00", "%00/payments"])
async def test_an_address_we_never_gave_is_not_found(client: Client, shop: Shop, path: str) -> None:
    answer = await client.post(f"/callbacks/wechatpay/{path}", content=b"{}")
    assert answer.status_code == 404
    assert await kept(shop) == []


async def test_nobody_fills_our_books_with_long_letters(client: Client, shop: Shop) -> None:
    """A true callback has a few thousand bytes; of a longer one the beginning is evidence enough."""
    body = b"x" * 200_000
    answer = await client.post(HERE, content=body)
    await is_refused(client, shop, answer, 413, "too_long", body[:65_536])
    flood = await client.post(HERE, content=b"x" * 1_000_001)
    assert flood.status_code == 413
    assert len(await kept(shop)) == 1
