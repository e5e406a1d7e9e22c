"""Telling people: the inbox in the same transaction, the text message once, afterwards."""

import io
from collections.abc import Sequence
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.core import log
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.notifications import Notice, SMSGateway, notify
from telehealth.notifications.adapters.sms import TencentSMS
from telehealth.notifications.delivering import deliver
from telehealth.notifications.errors import SMSDown, SMSUnpaid
from telehealth.notifications.models import Delivery, InboxMessage, Rung
from telehealth.notifications.ports import Report
from telehealth.notifications.preferring import prefer, wanted
from telehealth.notifications.queries import unread_count
from telehealth.notifications.reading import letter, read, read_all
from telehealth.notifications.receiving_receipts import receive
from telehealth.notifications.states import Channel, DeliveryState, RungState, Topic
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.notifications import add_message
from tests.support.phones import Phone, sms_settings
from tests.support.sandbox import Sandbox

HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
OTHER = UUID("019aa000-0000-7000-8000-000000000002")


async def only_delivery(units: Units) -> Delivery:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Delivery))).one()


async def only_rung(units: Units) -> Rung:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Rung))).one()


async def waiting_jobs(units: Units) -> list[dict[str, str]]:
    async with units.system("test") as unit:
        jobs = sa.text("select args from procrastinate_jobs where status = 'todo'")
        return list(await unit.session.scalars(jobs))


async def test_a_notice_is_in_the_inbox_and_its_text_message_leaves_in_a_job(
    house: House, phone: Phone
) -> None:
    account = await add_patient(house.units, phone.number)
    await add_message(house.units, account.id, hospital_id=HOSPITAL)
    assert phone.texts == []
    await house.jobs.work(until_idle=True)
    assert len(phone.texts) == 1 and "预约已取消" in phone.texts[0]
    rung = await only_rung(house.units)
    assert rung.channel is Channel.SMS and rung.state is RungState.ACCEPTED and rung.serial


async def test_what_rolls_back_tells_nobody(house: House, phone: Phone) -> None:
    account = await add_patient(house.units, phone.number)

    async def fail_after_telling() -> None:
        async with house.units.system("test") as unit:
            await notify(unit, Notice.BOOKING_CANCELLED, account.id, number="1", starts_at=unit.now)
            raise RuntimeError("the work failed")

    with pytest.raises(RuntimeError):
        await fail_after_telling()
    assert await waiting_jobs(house.units) == []


async def test_job_arguments_hold_no_phone_and_no_words(house: House, phone: Phone) -> None:
    account = await add_patient(house.units, phone.number)
    await add_message(house.units, account.id)
    jobs = await waiting_jobs(house.units)
    assert [set(job) for job in jobs] == [{"delivery_id"}]


async def test_a_job_that_runs_again_sends_nothing_twice(units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    delivery = await only_delivery(units)
    for _ in range(3):
        await deliver(units, delivery.id)
    assert len(phone.texts) == 1


async def test_a_carrier_that_is_down_is_tried_again(units: Units, phone: Phone, sandbox: Sandbox) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    delivery = await only_delivery(units)
    with sandbox.faults(sms={"mode": "down"}), pytest.raises(SMSDown):
        await deliver(units, delivery.id)
    assert (await only_rung(units)).state is RungState.QUEUED
    await deliver(units, delivery.id)
    assert len(phone.texts) == 1


async def test_a_number_over_its_daily_limit_is_written_off(
    units: Units, phone: Phone, sandbox: Sandbox
) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    with sandbox.faults(sms={"mode": "daily_limit"}):
        await deliver(units, (await only_delivery(units)).id)
    rung = await only_rung(units)
    assert rung.state is RungState.REFUSED
    assert rung.reason == "LimitExceeded.PhoneNumberDailyLimit"
    assert (await only_delivery(units)).state is DeliveryState.UNREACHED


async def test_an_empty_package_raises_an_alarm_and_waits(
    units: Units, phone: Phone, sandbox: Sandbox
) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    with sandbox.faults(sms={"mode": "insufficient_balance"}), pytest.raises(SMSUnpaid):
        await deliver(units, (await only_delivery(units)).id)
    assert (await only_rung(units)).state is RungState.QUEUED


async def test_a_silenced_topic_stays_in_the_inbox_only(units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await prefer(units, patient(account), Topic.BOOKINGS, sms=False)
    await add_message(units, account.id)
    await deliver(units, (await only_delivery(units)).id)
    assert (await only_delivery(units)).reason == "not_wanted" and phone.texts == []
    async with units.account(account.id, patient(account)) as unit:
        assert await unread_count(unit, account.id) == 1
    (chosen,) = [one for one in await wanted(units, patient(account)) if one.topic is Topic.BOOKINGS]
    assert (chosen.sms, chosen.wechat) == (False, True)


async def test_a_closed_clinic_is_told_even_to_those_who_silenced_it(units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await prefer(units, patient(account), Topic.BOOKINGS, sms=False)
    await add_message(units, account.id, Notice.CLINIC_CLOSED)
    await deliver(units, (await only_delivery(units)).id)
    assert "停诊" in phone.texts[0]


async def test_somebody_without_an_account_is_told_by_phone_alone(units: Units, phone: Phone) -> None:
    await add_message(units, None, Notice.CLINIC_CLOSED, hospital_id=HOSPITAL, phone=f"+86{phone.number}")
    await deliver(units, (await only_delivery(units)).id)
    assert len(phone.texts) == 1
    async with units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(InboxMessage))).all() == []
        stored = await unit.session.scalar(sa.text("select phone from deliveries"))
    assert phone.number.encode() not in bytes(stored)


async def test_without_an_approved_template_the_message_is_skipped(units: Units, sandbox: Sandbox) -> None:
    units.join(SMSGateway, TencentSMS(sms_settings(sandbox).model_copy(update={"templates": {}})))
    account = await add_patient(units)
    await add_message(units, account.id)
    await deliver(units, (await only_delivery(units)).id)
    assert (await only_delivery(units)).reason == "no_template"


async def test_a_receipt_marks_its_message_once(units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    await deliver(units, (await only_delivery(units)).id)
    serial = (await only_rung(units)).serial or ""
    await receive(units, [Report(serial, True, "DELIVRD"), Report("unknown:1", False, "MK:0001")])
    await receive(units, [Report(serial, False, "MK:0001")])
    rung = await only_rung(units)
    assert (rung.state, rung.reason) == (RungState.DELIVERED, "DELIVRD")
    assert (await only_delivery(units)).state is DeliveryState.ARRIVED


async def test_a_receipt_that_comes_before_our_own_note_is_not_lost(units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    carrier = units.port(SMSGateway)  # type: ignore[type-abstract]

    class Hasty:
        """The real carrier, whose report overtakes its answer."""

        def offers(self, template: str) -> bool:
            return carrier.offers(template)

        async def send(
            self, phone: str, template: str, parameters: Sequence[str], *, lang: str, reference: str
        ) -> str:
            serial = await carrier.send(phone, template, parameters, lang=lang, reference=reference)
            await receive(units, [Report(serial, False, "MK:0001")])
            return serial

    units.join(SMSGateway, Hasty())
    await deliver(units, (await only_delivery(units)).id)
    assert (await only_rung(units)).state is RungState.UNDELIVERED


async def test_a_patients_deed_may_tell_another_account(units: Units) -> None:
    asking, asked = await add_patient(units, "13800001111"), await add_patient(units, "13800002222")
    async with units.account(asking.id, patient(asking)) as unit:
        await notify(unit, Notice.CONSENT_ASKED, asked.id, requester="王**", href="/people")
    async with units.account(asked.id, patient(asked)) as unit:
        row = (await unit.session.scalars(sa.select(InboxMessage))).one()
    assert "王**" in letter(row, "zh-CN").text


async def test_an_inbox_shows_nobody_elses_messages(units: Units) -> None:
    mine, theirs = await add_patient(units, "13800001111"), await add_patient(units, "13800002222")
    await add_message(units, mine.id, hospital_id=HOSPITAL)
    async with units.account(theirs.id, patient(theirs)) as unit:
        assert (await unit.session.scalars(sa.select(InboxMessage))).all() == []
    stranger = staff(await add_staff(units, OTHER))
    async with units.hospital(OTHER, stranger) as unit:
        assert (await unit.session.scalars(sa.select(InboxMessage))).all() == []


async def test_reading_keeps_the_first_time_and_lowers_the_badge(units: Units, clock: FixedClock) -> None:
    account = await add_patient(units)
    actor = patient(account)
    for _ in range(3):
        await add_message(units, account.id)
    async with units.account(account.id, actor) as unit:
        row = (await unit.session.scalars(sa.select(InboxMessage).limit(1))).one()
        await read(unit, actor, row.id)
    async with units.account(account.id, actor) as unit:
        assert await unread_count(unit, account.id) == 2
        await read_all(unit, actor)
    async with units.account(account.id, actor) as unit:
        assert await unread_count(unit, account.id) == 0


async def test_no_log_line_of_a_delivery_names_the_phone(
    units: Units, phone: Phone, sandbox: Sandbox
) -> None:
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    with sandbox.faults(sms={"mode": "insufficient_balance"}), pytest.raises(SMSUnpaid):
        await deliver(units, (await only_delivery(units)).id)
    await deliver(units, (await only_delivery(units)).id)
    assert "sms.alarm" in stream.getvalue() and phone.number not in stream.getvalue()


@pytest.mark.parametrize("table", ["inbox_messages", "deliveries"])
async def test_GD10_the_database_keeps_every_notice(units: Units, table: str) -> None:
    """Each new notice widens a check in a migration of its own; none may drop another's."""
    read = sa.text("select pg_get_constraintdef(oid) from pg_constraint where conname = :name")
    async with units.system("test") as unit:
        check = await unit.session.scalar(read, {"name": f"ck_{table}_notice"})
    assert check is not None
    assert [notice for notice in Notice if f"'{notice.value}'" not in check] == []
