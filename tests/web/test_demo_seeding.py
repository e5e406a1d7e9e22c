"""The demo house fills itself: people, seats and money, once, through the doors a patient uses."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

import app
from telehealth.accounts.models import Account
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_at_midnight
from telehealth.core.clock import SystemClock
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.core.unit import Units
from telehealth.demo import paying
from telehealth.demo.accounts import PATIENTS
from telehealth.demo.seeding import open_hospital
from telehealth.payments.models import Charge, PayOrder, Refund
from telehealth.payments.states import PayOrderState, RefundReason, RefundState, Way
from telehealth.payments.submitting import submit_round
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support.outside import reach
from tests.support.sandbox import Sandbox


@pytest.fixture
def installation(database: Addresses, tmp_path: Path) -> Settings:
    return Settings(
        profile=Profile.DEMO,
        home=tmp_path,
        database_url=database.app_url,
        owner_url=database.owner_url,
        public_url="http://testserver",
        worker_in_web=False,
    )


@pytest.fixture
async def demo(installation: Settings, own_sandbox: Sandbox) -> AsyncIterator[House]:
    """Before its first start."""
    settings = reach(installation, own_sandbox).model_copy(update={"sandbox_url": own_sandbox.base_url})
    house = app.build_house(settings, clock=SystemClock())
    yield house
    await house.close()


async def counted(units: Units) -> list[int]:
    """Accounts, bookings, charges, orders, refunds."""
    async with units.system("test") as unit:
        return [
            await unit.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (Account, Booking, Charge, PayOrder, Refund)
        ]


async def paid_online(units: Units) -> list[Booking]:
    async with units.system("test") as unit:
        found = sa.select(Booking).where(Booking.door == paying.DOOR).order_by(Booking.starts_at)
        return list(await unit.session.scalars(found))


async def test_a_first_start_pays_for_visits_gives_one_back_and_takes_cash(
    demo: House, own_sandbox: Sandbox
) -> None:
    await open_hospital(demo)
    visits = await paid_online(demo.units)
    assert sorted(row.state for row in visits) == ["cancelled", "paid", "paid"]
    async with demo.units.system("test") as unit:
        today = unit.today
        orders = list(await unit.session.scalars(sa.select(PayOrder)))
        [refund] = await unit.session.scalars(sa.select(Refund))
        cash = await unit.session.scalars(
            sa.select(Booking).where(Booking.channel == Channel.DESK, Booking.state == BookingState.PAID)
        )
        assert [row.kind for row in cash] == [ClinicKind.OFFLINE]
    # Late in the evening no clinic is left, and it is tomorrow's.
    assert 0 <= (visits[0].day - today).days <= 1
    assert sorted(row.way for row in orders) == [Way.CASH, Way.NATIVE, Way.NATIVE, Way.NATIVE]
    assert {row.state for row in orders} == {PayOrderState.PAID}
    assert refund.reason is RefundReason.CANCELLED
    mchid = own_sandbox.credentials["wechatpay"]["hospitals"]["yunan"]["mchid"]
    assert len(own_sandbox.payment_books(mchid)["orders"]) == 3


async def test_a_second_start_adds_nothing_and_asks_nobody_outside(demo: House, own_sandbox: Sandbox) -> None:
    await open_hospital(demo)
    before = await counted(demo.units)
    own_sandbox.stop()
    await open_hospital(demo)
    assert await counted(demo.units) == before


async def test_a_start_goes_on_where_an_interrupted_one_stopped(demo: House, own_sandbox: Sandbox) -> None:
    with own_sandbox.faults(wechatpay={"mode": "down"}):
        await open_hospital(demo)
    held = await paid_online(demo.units)
    assert {row.state for row in held} == {BookingState.HELD}
    await open_hospital(demo)
    visits = await paid_online(demo.units)
    assert sorted(row.state for row in visits) == ["cancelled", "paid", "paid"]
    assert {row.id for row in held} <= {row.id for row in visits}


async def test_silent_sandboxes_leave_the_patients_for_the_next_start(
    demo: House, own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telehealth.demo.moving.SANDBOX_WITHIN_S", 0.2)
    own_sandbox.stop()
    await open_hospital(demo)
    assert (await counted(demo.units))[1:] == [0, 0, 0, 0]


async def test_XY12_what_a_newcomer_sees_after_midnight(demo: House, own_sandbox: Sandbox) -> None:
    await open_hospital(demo)
    transport = httpx2.ASGITransport(app=build(demo), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        for _ in range(2):
            await browser.post("/demo/clock", data={"to": "day"})
    await sweep_at_midnight(demo.units)
    await submit_round(demo.units)
    visits = await paid_online(demo.units)
    assert visits[0].state is BookingState.UNATTENDED
    async with demo.units.system("test") as unit:
        found = sa.select(Refund).where(Refund.charge_id == visits[0].charge_id)
        [refund] = await unit.session.scalars(found)
    assert refund.reason is RefundReason.UNATTENDED
    assert refund.state in (RefundState.SUBMITTED, RefundState.SETTLED)


async def test_a_clock_moved_past_the_morning_brings_the_bills_at_once(demo: House) -> None:
    await open_hospital(demo)
    async with demo.units.system("test") as unit:
        first = unit.today
    transport = httpx2.ASGITransport(app=build(demo), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        for _ in range(2):
            await browser.post("/demo/clock", data={"to": "day"})
        await demo.jobs.work(until_idle=True)
        await browser.post("/demo/enter", data={"who": "finance.yunan"})
        assert "逐笔相符" in (await browser.get(f"/staff/money?day={first}")).text


async def test_each_try_is_one_press_away(demo: House, own_sandbox: Sandbox) -> None:
    await open_hospital(demo)
    transport = httpx2.ASGITransport(app=build(demo), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        page = (await browser.get("/demo")).text
        for who, where in (("13800000119", "/orders"), ("finance.yunan", "/staff/money")):
            assert f'value="{who}"' in page
            entered = await browser.post("/demo/enter", data={"who": who, "next": where})
            assert (entered.status_code, entered.headers["location"]) == (303, where)
            assert (await browser.get(where)).status_code == 200
        astray = await browser.post(
            "/demo/enter", data={"who": "13800000119", "next": "//elsewhere.example/"}
        )
        assert astray.headers["location"] == "/"


def test_somebody_sits_in_line_without_having_paid() -> None:
    """Journeys of a newcomer who pays themselves start from these."""
    assert any(one.books and not one.visits for one in PATIENTS)
