"""The doctor finds it unsuitable online, or the gate says no at the door: all back, no strike."""

import pytest
import sqlalchemy as sa

from telehealth.bookings.errors import BookingNotFound, NotWithdrawable
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.bookings.withdrawing import refuse_admission, withdraw
from telehealth.core.access import Actor, Role
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.payments.states import RefundReason
from telehealth.strikes.models import StrikeRow
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    audited,
    reread,
    told,
)
from tests.support.factories.directory import add_doctor, add_hospital
from tests.support.factories.schedule import seats_taken
from tests.support.factories.visits import (
    balances,
    clinic_today,
    desk_of,
    hold_in,
    hold_today,
    paid_today,
    pay_cash,
    refunds_of_booking,
)

WHY = "样例原因：近期出现新的症状"
ADVICE = "样例建议：请在三天内到心内科门诊面诊"
NOTHING = {"slots": 0, "online": 0, "desk": 0, "phone": 0}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def doctor(units: Units, place: House) -> Actor:
    member = await add_staff(
        units, place.hospital.id, [Role.DOCTOR], login="doctor", doctor_id=place.doctor.id
    )
    return staff(member)


async def end(units: Units, actor: Actor, booking: Booking) -> Booking:
    async with units.of(actor) as unit:
        return await withdraw(unit, booking.id, reason=WHY, advice=ADVICE)


async def test_XY11_unsuitable_online_gives_all_back_with_advice_and_no_strike(
    units: Units, place: House, who: Patient, doctor: Actor
) -> None:
    planned = await clinic_today(units, place)
    booking = await pay_cash(units, place, await hold_in(units, place, who, planned))
    await end(units, doctor, booking)
    after = await reread(units, booking)
    assert (after.state, after.finding, after.advice) == (BookingState.WITHDRAWN, WHY, ADVICE)
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason) == (5000, RefundReason.WITHDRAWN)
    assert await balances(units, booking) == {"provider.desk": 5000, "refunds": -5000}
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert (await told(units, who.account)).count("booking_withdrawn") == 1
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(StrikeRow)) == 0


async def test_XY11_what_the_doctor_wrote_stands_in_no_notice_and_no_record(
    units: Units, place: House, who: Patient, doctor: Actor
) -> None:
    """A phone lies on the table; and the column itself is sealed."""
    booking = await paid_today(units, place, who)
    await end(units, doctor, booking)
    async with units.system("test") as unit:
        said = [str(row.variables) for row in await unit.session.scalars(sa.select(InboxMessage))]
        stored = await unit.session.scalar(sa.text("select advice from bookings"))
    records = [str(facts) for facts in await audited(units, "booking.withdrawn")]
    assert records and not any("样例" in text for text in [*said, *records])
    assert isinstance(stored, bytes) and "样例".encode() not in stored


async def test_XY11_withdrawing_twice_refunds_once(
    units: Units, place: House, who: Patient, doctor: Actor
) -> None:
    booking = await paid_today(units, place, who)
    for _ in range(2):
        await end(units, doctor, booking)
    assert len(await refunds_of_booking(units, booking)) == 1


async def test_XY11_only_its_own_doctor_or_the_desk_may_withdraw(
    units: Units, place: House, who: Patient
) -> None:
    booking = await paid_today(units, place, who)
    other = await add_doctor(units, place.department, name="样例医生")
    riverside = await add_hospital(units, "riverside", name="江滨医院")
    strangers = [
        who.actor,
        staff(
            await add_staff(units, place.hospital.id, [Role.DOCTOR], login="other.doctor", doctor_id=other.id)
        ),
        staff(await add_staff(units, place.hospital.id, [Role.FINANCE], login="finance")),
        staff(await add_staff(units, riverside.id, [Role.DESK], login="elsewhere")),
    ]
    for actor in strangers:
        with pytest.raises(BookingNotFound):
            await end(units, actor, booking)
    assert (await end(units, desk_of(place), booking)).state is BookingState.WITHDRAWN


async def test_XY11_there_is_nothing_to_withdraw_from_before_it_is_paid(
    units: Units, place: House, who: Patient, doctor: Actor
) -> None:
    booking = await hold_today(units, place, who)
    with pytest.raises(NotWithdrawable):
        await end(units, doctor, booking)
    assert (await reread(units, booking)).state is BookingState.HELD


async def test_a_refused_admission_gives_all_back_and_says_why(
    units: Units, place: House, who: Patient, doctor: Actor
) -> None:
    booking = await paid_today(units, place, who)
    for _ in range(2):
        async with units.of(doctor) as unit:
            await refuse_admission(unit, booking.id, "半年内没有本院线下就诊记录")
    after = await reread(units, booking)
    assert after.state is BookingState.INELIGIBLE_AT_ADMISSION
    assert after.reason == "半年内没有本院线下就诊记录"
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason) == (5000, RefundReason.INELIGIBLE)
    assert (await told(units, who.account)).count("booking_ineligible") == 1
