"""By which channel a notice reaches its reader: one after the other, with receipts (PAINS 3)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.accounts import Lang
from telehealth.core.access import Role
from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.unit import Units
from telehealth.notifications import Notice, Told, notify, notify_many
from telehealth.notifications.delivering import deliver
from telehealth.notifications.errors import WeChatUnsent
from telehealth.notifications.measuring import measure
from telehealth.notifications.models import Delivery, InboxMessage, Rung
from telehealth.notifications.ports import Report
from telehealth.notifications.preferring import prefer
from telehealth.notifications.reading import read
from telehealth.notifications.receiving_receipts import receive
from telehealth.notifications.states import Channel, DeliveryState, RungState, Topic
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, add_staff, patient
from tests.support.factories.notifications import add_message
from tests.support.phones import fresh_number
from tests.support.sandbox import Sandbox
from tests.support.wechat import WeChatPhone

C, R = Channel, RungState
NOON = datetime(2026, 11, 21, 12, tzinfo=SHANGHAI)


async def tell(reader: WeChatPhone, notice: Notice = Notice.BOOKING_CANCELLED, **variables: Any) -> Delivery:
    await add_message(reader.units, reader.account.id, notice, hospital_id=reader.hospital_id, **variables)
    return await delivery_of(reader.units)


async def delivery_of(units: Units) -> Delivery:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Delivery))).one()


async def rungs(units: Units) -> dict[Channel, RungState]:
    async with units.system("test") as unit:
        rows = (await unit.session.scalars(sa.select(Rung).order_by(Rung.id))).all()
    return {row.channel: row.state for row in rows}


async def rung(units: Units, channel: Channel) -> Rung:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Rung).where(Rung.channel == channel))).one()


async def pass_time(house: House, clock: FixedClock, by: timedelta) -> None:
    """Let business time pass, and what is due happen."""
    clock.advance(by)
    await house.sweeper.sweep()
    await house.jobs.work(until_idle=True)


def at(clock: FixedClock, hour: int, minute: int = 0) -> None:
    wanted = datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI)
    clock.advance(wanted - clock.business())


async def test_a_consent_that_is_left_carries_the_message_and_is_spent(reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    await reader.follow()
    await reader.allow("visit")
    delivery = await tell(reader)
    await deliver(reader.units, delivery.id)
    assert await rungs(reader.units) == {C.SUBSCRIBE: R.ACCEPTED}
    (message,) = reader.messages
    assert message["kind"] == "subscribe" and message["data"]["thing1"] == "预约已取消"
    assert reader.texts == []


async def test_without_a_consent_a_follower_gets_the_service_accounts_message(reader: WeChatPhone) -> None:
    await reader.open_mini_program()
    await reader.follow()
    await deliver(reader.units, (await tell(reader)).id)
    assert await rungs(reader.units) == {C.TEMPLATE: R.ACCEPTED}
    (message,) = reader.messages
    assert message["kind"] == "template" and "/wechat/enter?hospital=yunan" in message["page"]
    assert reader.texts == []


async def test_one_consent_is_one_message(reader: WeChatPhone, clock: FixedClock, house: House) -> None:
    await reader.open_mini_program()
    await reader.allow("visit")
    await deliver(reader.units, (await tell(reader)).id)
    await add_message(reader.units, reader.account.id, hospital_id=reader.hospital_id)
    await house.jobs.work(until_idle=True)
    assert len(reader.messages) == 1 and len(reader.texts) == 1


async def test_a_consent_WeChat_does_not_know_of_falls_back_at_once_and_is_forgotten(
    reader: WeChatPhone,
) -> None:
    await reader.open_mini_program()
    await reader.allow("visit", times=2, in_wechat=False)
    await deliver(reader.units, (await tell(reader)).id)
    assert await rungs(reader.units) == {C.SUBSCRIBE: R.REFUSED, C.SMS: R.ACCEPTED}
    assert (await rung(reader.units, C.SUBSCRIBE)).reason == "43101"
    await add_message(reader.units, reader.account.id, hospital_id=reader.hospital_id)
    async with reader.units.system("test") as unit:
        left = await unit.session.scalar(sa.text("select remaining from subscribe_consents"))
    assert left == 0


async def test_who_left_the_service_account_gets_a_text_message_at_once(reader: WeChatPhone) -> None:
    await reader.follow(follows=False)
    await deliver(reader.units, (await tell(reader)).id)
    assert await rungs(reader.units) == {C.TEMPLATE: R.REFUSED, C.SMS: R.ACCEPTED}
    assert len(reader.texts) == 1


async def test_what_WeChat_never_confirms_goes_out_as_a_text_message_after_ten_minutes(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await deliver(reader.units, (await tell(reader)).id)
    await pass_time(house, clock, timedelta(minutes=9, seconds=59))
    assert reader.texts == []
    await pass_time(house, clock, timedelta(seconds=1))
    assert await rungs(reader.units) == {C.TEMPLATE: R.SILENT, C.SMS: R.ACCEPTED}
    await pass_time(house, clock, timedelta(hours=1))
    assert len(reader.texts) == 1 and len(reader.messages) == 1


async def test_an_urgent_one_waits_two_minutes_only(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await deliver(reader.units, (await tell(reader, Notice.CLINIC_CLOSED)).id)
    await pass_time(house, clock, timedelta(minutes=2))
    assert "停诊" in reader.texts[0]


async def test_a_confirmed_message_is_never_sent_on_a_second_channel(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await deliver(reader.units, (await tell(reader)).id)
    serial = (await rung(reader.units, C.TEMPLATE)).serial or ""
    await receive(reader.units, [Report(serial, True, "success")])
    await pass_time(house, clock, timedelta(hours=1))
    assert reader.texts == [] and (await delivery_of(reader.units)).state is DeliveryState.ARRIVED


async def test_what_was_opened_in_the_inbox_needs_no_text_message(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    delivery = await tell(reader)
    await deliver(reader.units, delivery.id)
    async with reader.units.account(reader.account.id, patient(reader.account)) as unit:
        await read(unit, patient(reader.account), delivery.id)
    await pass_time(house, clock, timedelta(minutes=10))
    after = await delivery_of(reader.units)
    assert (after.state, after.reason) == (DeliveryState.ARRIVED, "read") and reader.texts == []


async def test_a_result_that_says_blocked_goes_on_at_once_and_skips_the_rest_of_WeChat(
    reader: WeChatPhone, house: House
) -> None:
    await reader.open_mini_program()
    await reader.follow()
    await reader.allow("visit")
    await deliver(reader.units, (await tell(reader)).id)
    serial = (await rung(reader.units, C.SUBSCRIBE)).serial or ""
    await receive(reader.units, [Report(serial, False, "user refuse")])
    await house.jobs.work(until_idle=True)
    assert await rungs(reader.units) == {C.SUBSCRIBE: R.UNDELIVERED, C.SMS: R.ACCEPTED}


async def test_a_result_after_we_gave_up_is_still_written_down(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await deliver(reader.units, (await tell(reader)).id)
    serial = (await rung(reader.units, C.TEMPLATE)).serial or ""
    await pass_time(house, clock, timedelta(minutes=10))
    await receive(reader.units, [Report(serial, True, "success")])
    assert (await rung(reader.units, C.TEMPLATE)).state is R.DELIVERED
    assert (await delivery_of(reader.units)).state is DeliveryState.ARRIVED


async def test_when_every_channel_failed_the_delivery_says_so(reader: WeChatPhone, house: House) -> None:
    await reader.follow(follows=False)
    await deliver(reader.units, (await tell(reader)).id)
    serial = (await rung(reader.units, C.SMS)).serial or ""
    await receive(reader.units, [Report(serial, False, "MK:0001")])
    await house.jobs.work(until_idle=True)
    assert (await delivery_of(reader.units)).state is DeliveryState.UNREACHED


async def test_a_channel_that_is_down_is_tried_three_times_then_the_next_is(
    reader: WeChatPhone, sandbox: Sandbox
) -> None:
    await reader.follow()
    delivery = await tell(reader)
    with sandbox.faults(wechat={"mode": "busy"}):
        for _ in range(2):
            with pytest.raises(WeChatUnsent):
                await deliver(reader.units, delivery.id)
            assert reader.texts == []
        await deliver(reader.units, delivery.id)
    assert await rungs(reader.units) == {C.TEMPLATE: R.REFUSED, C.SMS: R.ACCEPTED}
    assert len(reader.texts) == 1


async def test_a_busy_platform_costs_no_consent(reader: WeChatPhone, sandbox: Sandbox) -> None:
    await reader.open_mini_program()
    await reader.allow("visit")
    delivery = await tell(reader)
    with sandbox.faults(wechat={"mode": "busy"}), pytest.raises(WeChatUnsent):
        await deliver(reader.units, delivery.id)
    await deliver(reader.units, delivery.id)
    assert await rungs(reader.units) == {C.SUBSCRIBE: R.ACCEPTED} and len(reader.messages) == 1


async def test_a_lost_answer_is_asked_again_under_the_same_number_and_sends_once(
    reader: WeChatPhone, sandbox: Sandbox
) -> None:
    await reader.follow()
    delivery = await tell(reader)
    with sandbox.faults(wechat={"mode": "lost_answer", "times": 1, "call": "template_send"}):
        with pytest.raises(Exception, match="wechat_unanswered"):
            await deliver(reader.units, delivery.id)
    await deliver(reader.units, delivery.id)
    assert len(reader.messages) == 1 and await rungs(reader.units) == {C.TEMPLATE: R.ACCEPTED}


async def test_a_subscribe_message_whose_answer_was_lost_is_not_sent_twice(
    reader: WeChatPhone, sandbox: Sandbox, house: House, clock: FixedClock
) -> None:
    await reader.open_mini_program()
    await reader.allow("visit", times=2)
    delivery = await tell(reader)
    with sandbox.faults(wechat={"mode": "lost_answer", "times": 1, "call": "subscribe_send"}):
        await deliver(reader.units, delivery.id)
    for _ in range(3):
        await deliver(reader.units, delivery.id)
    assert len(reader.messages) == 1 and reader.texts == []
    # Its result cannot be told apart from none, so the next channel is asked in the end.
    await pass_time(house, clock, timedelta(minutes=10))
    assert len(reader.messages) == 1 and len(reader.texts) == 1


async def test_after_a_crash_in_the_middle_a_message_of_the_service_account_is_sent_once(
    reader: WeChatPhone, clock: FixedClock
) -> None:
    await reader.follow()
    delivery = await tell(reader)
    await deliver(reader.units, delivery.id)
    async with reader.units.system("test") as unit:
        # As `kill -9` leaves it between the platform's answer and our note.
        await unit.session.execute(sa.update(Rung).values(state=R.SENDING, serial=None, accepted_at=None))
    clock.advance(timedelta(seconds=61))
    await deliver(reader.units, delivery.id)
    assert len(reader.messages) == 1 and await rungs(reader.units) == {C.TEMPLATE: R.ACCEPTED}


# Night.


@pytest.mark.parametrize(("hour", "held"), [(21, False), (22, True), (6, True), (7, False)])
async def test_what_can_wait_leaves_a_phone_dark_from_ten_to_seven(
    reader: WeChatPhone, clock: FixedClock, hour: int, held: bool
) -> None:
    at(clock, hour)
    await deliver(reader.units, (await tell(reader)).id)
    assert (reader.texts == []) is held


async def test_in_the_morning_it_is_sent(reader: WeChatPhone, house: House, clock: FixedClock) -> None:
    at(clock, 23, 30)
    await deliver(reader.units, (await tell(reader)).id)
    await pass_time(house, clock, timedelta(hours=7, minutes=29))
    assert reader.texts == []
    await pass_time(house, clock, timedelta(minutes=1))
    assert len(reader.texts) == 1


async def test_the_night_holds_back_neither_the_urgent_nor_the_answer_to_ones_own_deed(
    reader: WeChatPhone, clock: FixedClock, house: House
) -> None:
    at(clock, 23)
    await tell(reader, Notice.CLINIC_CLOSED)
    async with reader.units.account(reader.account.id, patient(reader.account)) as unit:
        await notify(unit, Notice.BOOKING_CANCELLED, reader.account.id, number="BK-1", starts_at=unit.now)
    await house.jobs.work(until_idle=True)
    assert len(reader.texts) == 2


# Preferences.


async def test_WeChat_switched_off_goes_by_text_message(reader: WeChatPhone) -> None:
    await reader.follow()
    await prefer(reader.units, patient(reader.account), Topic.BOOKINGS, wechat=False)
    await deliver(reader.units, (await tell(reader)).id)
    assert await rungs(reader.units) == {C.SMS: R.ACCEPTED}


async def test_text_messages_switched_off_leave_WeChat_alone(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await prefer(reader.units, patient(reader.account), Topic.BOOKINGS, sms=False)
    await deliver(reader.units, (await tell(reader)).id)
    await pass_time(house, clock, timedelta(minutes=10))
    assert await rungs(reader.units) == {C.TEMPLATE: R.SILENT} and reader.texts == []
    assert (await delivery_of(reader.units)).state is DeliveryState.UNREACHED


async def test_what_concerns_safety_cannot_be_switched_off(reader: WeChatPhone) -> None:
    await reader.follow(follows=False)
    await prefer(reader.units, patient(reader.account), Topic.BOOKINGS, sms=False, wechat=False)
    await deliver(reader.units, (await tell(reader, Notice.CLINIC_CLOSED)).id)
    assert len(reader.texts) == 1


async def test_words_come_in_the_readers_language(reader: WeChatPhone) -> None:
    await reader.sign_up(Lang.EN)
    await reader.open_mini_program()
    await reader.allow("visit")
    await deliver(reader.units, (await tell(reader)).id)
    (message,) = reader.messages
    assert message["lang"] == "en_US" and message["data"]["thing1"] == "Booking cancelled"


async def test_a_notice_without_a_text_of_its_own_goes_to_WeChat_and_no_further(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    await reader.follow()
    await deliver(reader.units, (await tell(reader, Notice.CONSENT_GRANTED, person="王**")).id)
    await pass_time(house, clock, timedelta(minutes=10))
    assert len(reader.messages) == 1 and reader.texts == []


# Duty.


async def test_a_duty_alert_goes_by_every_channel_at_once(reader: WeChatPhone, sandbox: Sandbox) -> None:
    """Somebody feels worse, and whoever is on duty hears of it whatever is down."""
    await reader.open_mini_program()
    await reader.follow()
    await reader.allow("number")
    delivery = await tell(
        reader, Notice.ROOM_URGENT, number="BK-1", at=datetime(2026, 11, 21, tzinfo=SHANGHAI)
    )
    await deliver(reader.units, delivery.id)
    assert set(await rungs(reader.units)) == {C.SUBSCRIBE, C.TEMPLATE, C.SMS}
    assert len(reader.messages) == 2 and len(reader.texts) == 1


async def test_a_duty_alert_reaches_staff_by_text_message_at_night_and_whatever_they_chose(
    reader: WeChatPhone, clock: FixedClock, sandbox: Sandbox
) -> None:
    number = fresh_number()
    member = await add_staff(reader.units, reader.hospital_id, {Role.PHARMACIST}, phone=number)
    at(clock, 3)
    await add_message(
        reader.units, member.account_id, Notice.RX_REVIEW_LATE, hospital_id=reader.hospital_id, number="RX-1"
    )
    await deliver(reader.units, (await delivery_of(reader.units)).id)
    assert "审核" in sandbox.messages(number)[0]["text"]


async def test_a_channel_that_is_down_keeps_a_duty_alert_from_no_other(
    reader: WeChatPhone, sandbox: Sandbox
) -> None:
    await reader.follow()
    delivery = await tell(
        reader, Notice.ROOM_URGENT, number="BK-1", at=datetime(2026, 11, 21, tzinfo=SHANGHAI)
    )
    with sandbox.faults(wechat={"mode": "busy"}), pytest.raises(WeChatUnsent):
        await deliver(reader.units, delivery.id)
    assert await rungs(reader.units) == {C.TEMPLATE: R.QUEUED, C.SMS: R.ACCEPTED}
    await deliver(reader.units, delivery.id)
    assert len(reader.messages) == 1 and len(reader.texts) == 1


# Many at once, and figures.


async def test_many_are_told_in_a_few_statements_and_only_who_is_in_WeChat_beyond_the_inbox(
    reader: WeChatPhone, house: House, clock: FixedClock
) -> None:
    at(clock, 0)
    await reader.follow()
    others = [await add_patient(reader.units, fresh_number()) for _ in range(3)]
    variables = {"number": "BK-1", "starts_at": NOON}
    told = [Told(one.id, reader.hospital_id, "/bookings", variables) for one in [reader.account, *others]]
    async with reader.units.system("test") as unit:
        await notify_many(unit, Notice.BOOKING_UNATTENDED, told)
    async with reader.units.system("test") as unit:
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(InboxMessage)) == 4
    assert (await delivery_of(reader.units)).account_id == reader.account.id
    await house.jobs.work(until_idle=True)
    assert reader.messages == []
    await pass_time(house, clock, timedelta(hours=7))
    assert len(reader.messages) == 1 and reader.texts == []


async def test_by_day_the_same_many_are_told_at_once(reader: WeChatPhone, house: House) -> None:
    await reader.follow()
    told = Told(reader.account.id, reader.hospital_id, "/bookings", {"number": "BK-1", "starts_at": NOON})
    async with reader.units.system("test") as unit:
        await notify_many(unit, Notice.BOOKING_UNATTENDED, [told])
        with pytest.raises(LookupError):
            await notify_many(unit, Notice.CLINIC_CLOSED, [told])
    await house.jobs.work(until_idle=True)
    assert len(reader.messages) == 1


async def test_the_share_of_those_who_were_told_is_measured(reader: WeChatPhone, clock: FixedClock) -> None:
    await reader.follow()
    for notice in (Notice.BOOKING_CANCELLED, Notice.CLINIC_CLOSED):
        await add_message(reader.units, reader.account.id, notice, hospital_id=reader.hospital_id)
    async with reader.units.system("test") as unit:
        ids = list(await unit.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)))
    for id in ids:
        await deliver(reader.units, id)
    async with reader.units.system("test") as unit:
        serial = await unit.session.scalar(sa.select(Rung.serial).order_by(Rung.id).limit(1))
    await receive(reader.units, [Report(str(serial), True, "success")])
    async with reader.units.system("test") as unit:
        (figure,) = await measure(unit, reader.hospital_id, unit.today)
        assert (figure.hits, figure.total, figure.parts) == (1, 2, {"template": 1})
        assert await measure(unit, reader.hospital_id, unit.today + timedelta(days=1)) == []
