"""Our WeChat Pay adapter against the sandbox: what they say they moved on a day."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest

from telehealth.core.clock import SHANGHAI, FixedClock, hospital_day
from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.errors import BillNotReady, ProviderDown
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import order_facts, refund_facts, wechatpay


@pytest.fixture
def noon(own_sandbox: Sandbox) -> FixedClock:
    """Noon of today for both sides, so that no day ends while a test runs."""
    now = datetime.now(UTC)
    clock = FixedClock(now)
    move(own_sandbox, clock, now.astimezone(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0))
    return clock


@pytest.fixture
async def pay(own_sandbox: Sandbox, noon: FixedClock) -> AsyncIterator[WeChatPayProvider]:
    provider = wechatpay(own_sandbox, clock=noon)
    yield provider
    await provider.aclose()


def move(sandbox: Sandbox, clock: FixedClock, to: datetime) -> None:
    clock.move_business_to(to)
    sandbox.clock((to - datetime.now(UTC)).total_seconds())


def next_morning(sandbox: Sandbox, clock: FixedClock, *, hour: int) -> date:
    """It is that hour of tomorrow; today."""
    today = hospital_day(clock.business())
    local = clock.business().astimezone(SHANGHAI) + timedelta(days=1)
    move(sandbox, clock, local.replace(hour=hour, minute=30))
    return today


async def test_GD06_a_days_payments_and_refunds_with_our_numbers_in_fen(
    own_sandbox: Sandbox, noon: FixedClock, pay: WeChatPayProvider
) -> None:
    first = order_facts(amount=5000, expires_at=noon.business() + timedelta(hours=1))
    second = order_facts(amount=101, expires_at=noon.business() + timedelta(hours=1))
    for each in (first, second):
        await pay.prepay(each)
        own_sandbox.till("pay", out_trade_no=each.out_trade_no).raise_for_status()
    facts = refund_facts(first, amount=1230)
    refunded = await pay.refund(facts)

    today = next_morning(own_sandbox, noon, hour=10)
    bill = await pay.bill("yunan", today)

    assert (bill.day, len(bill.digest)) == (today, 40)
    assert {(line.kind, line.reference, line.amount, line.fee) for line in bill.lines} == {
        ("payment", first.out_trade_no, 5000, 0),
        ("payment", second.out_trade_no, 101, 0),
        ("refund", facts.number, 1230, 0),
    }
    by_reference = {line.reference: line for line in bill.lines}
    assert by_reference[facts.number].party_number == refunded.party_number
    assert {hospital_day(line.at) for line in bill.lines if line.at} == {today}


async def test_todays_bill_is_not_there_yet(noon: FixedClock, pay: WeChatPayProvider) -> None:
    with pytest.raises(BillNotReady):
        await pay.bill("yunan", hospital_day(noon.business()))


async def test_a_day_on_which_nothing_moved_is_known_only_after_ten(
    own_sandbox: Sandbox, noon: FixedClock, pay: WeChatPayProvider
) -> None:
    today = next_morning(own_sandbox, noon, hour=9)
    with pytest.raises(BillNotReady):
        await pay.bill("yunan", today)
    move(own_sandbox, noon, noon.business() + timedelta(hours=1))
    assert (await pay.bill("yunan", today)).lines == ()


@pytest.mark.parametrize("kind", ["bill", "bill_download"])
@pytest.mark.parametrize("mode", ["down", "error_500", "lost_answer", "cut"])
async def test_a_bill_that_does_not_come_is_fetched_again(
    own_sandbox: Sandbox, noon: FixedClock, pay: WeChatPayProvider, kind: str, mode: str
) -> None:
    facts = order_facts(expires_at=noon.business() + timedelta(hours=1))
    await pay.prepay(facts)
    own_sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    today = next_morning(own_sandbox, noon, hour=10)
    with own_sandbox.faults(wechatpay={"mode": mode, "kind": kind}), pytest.raises(ProviderDown):
        await pay.bill("yunan", today)
    assert len((await pay.bill("yunan", today)).lines) == 1


class Swapped(httpx2.AsyncBaseTransport):
    """The true wire, but for files: they come as `spoil` makes them."""

    def __init__(self, spoil: Any) -> None:
        self._wire = httpx2.AsyncHTTPTransport()
        self._spoil = spoil

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._wire.handle_async_request(request)
        if "/billdownload/" not in request.url.path:
            return response
        return httpx2.Response(200, content=self._spoil(await response.aread()))

    async def aclose(self) -> None:
        await self._wire.aclose()


@pytest.mark.parametrize(
    ("spoil", "good"),
    [
        (lambda packed: packed, True),
        (gzip.decompress, True),
        (lambda packed: packed[:-20], False),
        (lambda packed: gzip.decompress(packed).replace(b"50.00", b"51.00"), False),
        (lambda packed: b"", False),
    ],
    ids=["as it is", "unpacked on the way", "torn", "another amount", "nothing"],
)
async def test_a_file_that_is_not_the_one_announced_is_not_read(
    own_sandbox: Sandbox, noon: FixedClock, spoil: Any, good: bool
) -> None:
    pay = wechatpay(own_sandbox, clock=noon, transport=Swapped(spoil))
    facts = order_facts(expires_at=noon.business() + timedelta(hours=1))
    await pay.prepay(facts)
    own_sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    today = next_morning(own_sandbox, noon, hour=10)
    if good:
        assert [line.amount for line in (await pay.bill("yunan", today)).lines] == [5000]
    else:
        with pytest.raises(ProviderDown):
            await pay.bill("yunan", today)
    await pay.aclose()
