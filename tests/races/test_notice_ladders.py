"""Several workers, a receipt and a deadline at one delivery, with real commits: each channel once."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import FixedClock
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.notifications.delivering import climb_on, deliver
from telehealth.notifications.models import Delivery, Rung
from telehealth.notifications.ports import Report
from telehealth.notifications.receiving_receipts import receive
from telehealth.notifications.states import Channel, RungState
from telehealth.web.house import House
from tests.support.factories.notifications import add_message
from tests.support.sandbox import Sandbox
from tests.support.wechat import WeChatPhone

AT_ONCE = 8


async def told(reader: WeChatPhone, count: int = 1) -> list[UUID]:
    for _ in range(count):
        await add_message(reader.units, reader.account.id, hospital_id=reader.hospital_id)
    async with reader.units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)))


async def all_at_once(units: Units, *delivery_ids: UUID) -> None:
    """A worker for each. One that finds another at work comes again later, which is no failure."""
    ends = await asyncio.gather(*[deliver(units, id) for id in delivery_ids], return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, DomainError):
            raise end


async def channels(units: Units) -> Counter[Channel]:
    async with units.system("test") as unit:
        return Counter(await unit.session.scalars(sa.select(Rung.channel)))


async def test_many_workers_send_a_text_message_once(reader: WeChatPhone) -> None:
    (delivery,) = await told(reader)
    await all_at_once(reader.units, *[delivery] * AT_ONCE)
    assert len(reader.texts) == 1 and await channels(reader.units) == {Channel.SMS: 1}


async def test_many_workers_send_a_message_of_WeChat_once(reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    await reader.follow()
    await reader.allow("visit", times=3)
    (delivery,) = await told(reader)
    await all_at_once(reader.units, *[delivery] * AT_ONCE)
    assert len(reader.messages) == 1 and await channels(reader.units) == {Channel.SUBSCRIBE: 1}
    async with reader.units.system("test") as unit:
        assert await unit.session.scalar(sa.text("select remaining from subscribe_consents")) == 2


async def test_the_last_consent_is_spent_by_one_of_many(reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    await reader.allow("visit", times=2)
    deliveries = await told(reader, AT_ONCE)
    await all_at_once(reader.units, *deliveries)
    assert len(reader.messages) == 2 and len(reader.texts) == AT_ONCE - 2
    async with reader.units.system("test") as unit:
        assert await unit.session.scalar(sa.text("select remaining from subscribe_consents")) == 0
        reasons = set(
            await unit.session.scalars(sa.select(Rung.reason).where(Rung.state == RungState.REFUSED))
        )
    # Nobody was sent to WeChat only to be told there that nothing is left.
    assert reasons <= {"no_consent"}


async def test_a_receipt_and_the_end_of_patience_at_once_leave_one_truth(
    reader: WeChatPhone, house: House, clock: FixedClock, sandbox: Sandbox
) -> None:
    """Either it was confirmed and no text message goes out, or one does, with the receipt beside it."""
    await reader.follow()
    for _ in range(4):
        await add_message(reader.units, reader.account.id, hospital_id=reader.hospital_id)
    await house.jobs.work(until_idle=True)
    async with reader.units.system("test") as unit:
        rows = (await unit.session.execute(sa.select(Rung.delivery_id, Rung.serial))).all()

    async def give_up(delivery_id: UUID) -> None:
        async with reader.units.system("test") as unit:
            await climb_on(unit, delivery_id)

    await asyncio.gather(
        *[receive(reader.units, [Report(str(serial), True, "success")]) for _, serial in rows],
        *[give_up(delivery_id) for delivery_id, _ in rows],
    )
    await house.jobs.work(until_idle=True)
    clock.advance(timedelta(hours=1))
    await house.sweeper.sweep()
    await house.jobs.work(until_idle=True)
    async with reader.units.system("test") as unit:
        states = Counter(
            await unit.session.scalars(sa.select(Rung.state).where(Rung.channel == Channel.TEMPLATE))
        )
    assert states == {RungState.DELIVERED: 4}
    assert len(reader.texts) <= 4 and len(reader.messages) == 4


async def test_the_same_receipts_from_two_pushes_wait_on_nobody(reader: WeChatPhone, house: House) -> None:
    await reader.follow()
    for _ in range(6):
        await add_message(reader.units, reader.account.id, hospital_id=reader.hospital_id)
    await house.jobs.work(until_idle=True)
    async with reader.units.system("test") as unit:
        serials = list(await unit.session.scalars(sa.select(Rung.serial)))
    forth = [Report(str(serial), True, "success") for serial in serials]
    await asyncio.gather(*[receive(reader.units, batch) for batch in (forth, forth[::-1], forth)])
    async with reader.units.system("test") as unit:
        assert set(await unit.session.scalars(sa.select(Rung.state))) == {RungState.DELIVERED}
