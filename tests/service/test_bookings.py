"""Holding a seat: who may, for how long, what it costs nobody, and how it is given back."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings import queries
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import (
    AlreadyBooked,
    BookingNotFound,
    ChannelFull,
    ClinicNotOpen,
    FormMismatch,
    FormNeeded,
    NotCancellable,
    SlotOver,
    SlotTaken,
)
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import may_see, visible_to
from telehealth.bookings.states import BookingEvent, BookingState, Ending
from telehealth.core.access import NOBODY, Role
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Deadline
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.directory import HospitalNotLive
from telehealth.directory.credentialing import suspend_doctor
from telehealth.eligibility import CheckNotFound, CheckOutdated, GateDecision, NotEligible
from telehealth.intake import FormNotFound, FormNotSubmitted
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.rules import HalfDay
from telehealth.strikes.models import BanRow, StrikeRow
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_check,
    add_form,
    add_house,
    add_relative,
    audited,
    book,
    reread,
    take,
    told,
    wish_for,
)
from tests.support.factories.directory import (
    add_campus,
    add_department,
    add_doctor,
    add_hospital,
    add_notice,
)
from tests.support.factories.patients import add_visit
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic, seats_taken

MINUTE = timedelta(minutes=1)
NOTHING = {"slots": 0, "online": 0, "desk": 0, "phone": 0}
ONE = NOTHING | {"slots": 1, "online": 1}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


# ------------------------------------------------------------------------------------------ XY24


async def test_XY24_a_seat_is_held_for_fifteen_minutes(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    assert booking.state is BookingState.HELD and not booking.pending_verification
    assert booking.hold_until == booking.created_at + 15 * MINUTE
    assert (booking.fee, booking.number[:10]) == (5000, "BK-261121-")
    assert await seats_taken(units, planned.clinic) == ONE
    assert [facts["door"] for facts in await audited(units, "booking.held")] == ["browser"]


async def test_XY24_elders_and_the_assisted_have_thirty_minutes(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id, assisted=True)
    assert booking.hold_until == booking.created_at + 30 * MINUTE
    assert (await reread(units, booking)).assisted


async def test_XY24_a_hold_never_outlasts_its_slot(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    """The slot runs from 10:00 to 10:10 and it is 10:00 now."""
    today = date(2026, 11, 21)
    planned = await add_clinic(units, place.doctor, day=today, starts=time(10), minutes=10)
    booking = await book(units, place, who, planned.slot.id)
    assert booking.hold_until == planned.slot.ends_at == booking.created_at + 10 * MINUTE


async def test_XY24_an_unpaid_seat_is_released_and_its_holder_told(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    clock.advance(15 * MINUTE - timedelta(seconds=1))
    assert await house.sweeper.sweep() == 0
    clock.advance(timedelta(seconds=1))
    await house.sweeper.sweep()
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.RELEASED, Ending.UNPAID)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert await told(units, who.account) == ["booking_released"]
    assert await deadlines(units) == 0


async def test_the_sweep_may_come_twice(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await add_clinic(units, place.doctor)
    await book(units, place, who, planned.slot.id)
    clock.advance(timedelta(hours=1))
    await house.sweeper.sweep()
    await house.sweeper.sweep()
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert len(await audited(units, "booking.released")) == 1


async def test_a_seat_given_back_may_be_taken_again_by_the_same_person(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    """With the form they wrote before."""
    planned = await add_clinic(units, place.doctor)
    wish = await wish_for(units, place, who, planned.slot.id)
    await take(units, who, wish)
    clock.advance(20 * MINUTE)
    await house.sweeper.sweep()
    again = await take(units, who, wish)
    assert again.state is BookingState.HELD
    assert await seats_taken(units, planned.clinic) == ONE


# ------------------------------------------------------------------------------------ SJ01, SJ02


async def test_SJ01_offline_registration_has_no_gate_and_no_form(units: Units, place: House) -> None:
    """A child of four who never was here may come in person."""
    child = await add_booker(units, place, visited=False, born=date(2022, 5, 1))
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    booking = await book(units, place, child, planned.slot.id, check_id=None, form_id=None)
    assert (booking.kind, booking.fee) == (ClinicKind.OFFLINE, 6000)
    assert booking.form_id is None and booking.decision_id is not None


async def test_SJ01_offline_registration_still_honours_a_ban(
    units: Units, place: House, who: Patient
) -> None:
    await ban(units, place, who)
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    with pytest.raises(NotEligible) as refused:
        await book(units, place, who, planned.slot.id, check_id=None, form_id=None)
    assert [each["code"] for each in refused.value.facts["findings"]] == ["BANNED"]


async def test_SJ01_an_internet_clinic_does_not_open_without_a_check(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    with pytest.raises(CheckOutdated):
        await book(units, place, who, planned.slot.id, check_id=None)


@pytest.mark.parametrize(("switch", "linked", "books"), [
    (False, False, True), (True, True, True), (True, False, False),
])  # fmt: skip
async def test_SJ02_the_card_link_is_asked_for_only_where_the_hospital_says_so(
    units: Units, place: House, switch: bool, linked: bool, books: bool
) -> None:
    if switch:
        await publish_policy(units, place.hospital.id, booking={"card_link_required_offline": True})
    who = await add_booker(units, place, insurance_linked=linked)
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    if books:
        assert await book(units, place, who, planned.slot.id, check_id=None, form_id=None)
    else:
        with pytest.raises(NotEligible) as refused:
            await book(units, place, who, planned.slot.id, check_id=None, form_id=None)
        assert [each["code"] for each in refused.value.facts["findings"]] == ["CARD_NOT_BOUND"]


async def test_SJ02_an_unlinked_card_leaves_open_bookings_alone(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    booking = await book(units, place, who, planned.slot.id, check_id=None, form_id=None)
    await publish_policy(units, place.hospital.id, booking={"card_link_required_offline": True})
    assert (await reread(units, booking)).state is BookingState.HELD


# --------------------------------------------------------------------------- SJ04, SJ10: no more seats


async def test_SJ04_the_app_never_takes_more_than_its_share(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(5, 5), quotas=(1, 8, 1))
    first, second = await add_booker(units, place), await add_booker(units, place, "13800002222")
    await book(units, place, first, planned.slots[0].id)
    with pytest.raises(ChannelFull):
        await book(units, place, second, planned.slots[1].id)
    assert await seats_taken(units, planned.clinic) == ONE


async def test_SJ10_a_full_slot_is_full_and_names_the_next_free_ones(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(1, 1))
    later = await add_clinic(units, place.doctor, day=planned.clinic.day + timedelta(days=1), seats=(1,))
    first, second = await add_booker(units, place), await add_booker(units, place, "13800002222")
    await book(units, place, first, planned.slots[0].id)
    with pytest.raises(SlotTaken) as refused:
        await book(units, place, second, planned.slots[0].id)
    named = [row["slot_id"] for row in refused.value.facts["alternatives"]]
    assert named == [str(planned.slots[1].id), str(later.slot.id)]


async def test_one_person_has_one_live_booking_in_a_clinic(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    await book(units, place, who, planned.slots[0].id)
    with pytest.raises(AlreadyBooked):
        await book(units, place, who, planned.slots[1].id)
    assert await seats_taken(units, planned.clinic) == ONE


async def test_a_family_may_hold_a_seat_each(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    relative = await add_relative(units, place, who)
    await book(units, place, who, planned.slots[0].id)
    await book(units, place, relative, planned.slots[0].id)
    assert await seats_taken(units, planned.clinic) == NOTHING | {"slots": 2, "online": 2}


# ----------------------------------------------------------------------- the gate, for the slot's date


async def test_XY02_a_window_that_ends_before_the_slot_refuses_the_seat(units: Units, place: House) -> None:
    """Seen on 22 May: 22 November is the last day, the clinic is on the 24th."""
    who = await add_booker(units, place, visited=False)
    await add_visit(units, place.hospital.id, who.person, on=date(2026, 5, 22))
    planned = await add_clinic(units, place.doctor, day=date(2026, 11, 24))
    with pytest.raises(NotEligible) as refused:
        await book(units, place, who, planned.slot.id)
    [finding] = refused.value.facts["findings"]
    assert (finding["code"], finding["satisfied_until"]) == ("NO_RECENT_OFFLINE_VISIT", "2026-11-22")
    assert await seats_taken(units, planned.clinic) == NOTHING


async def test_the_gates_decision_is_kept_with_the_booking(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    async with units.system("test") as unit:
        decision = await unit.session.get(GateDecision, booking.decision_id)
    assert decision is not None and decision.allowed
    assert (decision.slot_date, decision.person_id) == (planned.clinic.day, who.person.id)
    assert decision.evidence


async def test_XY21_no_booking_without_the_current_notice(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    await add_notice(units, place.hospital.id, "新的须知。")
    with pytest.raises(NotEligible) as refused:
        await book(units, place, who, planned.slot.id)
    assert [each["code"] for each in refused.value.facts["findings"]] == ["NOTICE_NOT_ACCEPTED"]


async def test_a_check_for_somebody_else_does_not_carry(units: Units, place: House, who: Patient) -> None:
    relative = await add_relative(units, place, who)
    planned = await add_clinic(units, place.doctor)
    with pytest.raises(CheckOutdated):
        await book(units, place, who, planned.slot.id, check_id=await add_check(units, place, relative))


async def test_a_person_of_another_account_is_not_found(units: Units, place: House, who: Patient) -> None:
    other = await add_booker(units, place, "13800002222")
    planned = await add_clinic(units, place.doctor)
    wish = await wish_for(units, place, other, planned.slot.id)
    with pytest.raises(CheckNotFound):
        await take(units, who, wish)
    assert await seats_taken(units, planned.clinic) == NOTHING


# ------------------------------------------------------------------------------------ XY22: the form


async def test_XY22_an_internet_clinic_needs_the_sent_form(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    with pytest.raises(FormNeeded):
        await book(units, place, who, planned.slot.id, form_id=None)
    draft = await add_form(units, place, who)
    async with units.system("test") as unit:
        row = await unit.session.get(IntakeForm, draft)
        assert row is not None
        row.state, row.submitted_at = FormState.DRAFT, None
    with pytest.raises(FormNotSubmitted):
        await take(units, who, await wish_for(units, place, who, planned.slot.id, form_id=draft))


async def test_XY22_a_form_goes_with_its_own_person_and_department(
    units: Units, place: House, who: Patient
) -> None:
    relative = await add_relative(units, place, who)
    other = await add_department(units, place.hospital.id, [place.campus.id], "skin", name="皮肤科")
    planned = await add_clinic(units, place.doctor)
    for form_id in (
        await add_form(units, place, relative),
        await add_form(units, place, who, department_id=other.id),
    ):
        with pytest.raises(FormMismatch):
            await book(units, place, who, planned.slot.id, form_id=form_id)


async def test_somebody_elses_form_is_not_found(units: Units, place: House, who: Patient) -> None:
    other = await add_booker(units, place, "13800002222")
    planned = await add_clinic(units, place.doctor)
    with pytest.raises(FormNotFound):
        await book(units, place, who, planned.slot.id, form_id=await add_form(units, place, other))


async def test_a_form_in_use_cannot_go_with_a_second_booking(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    other = await add_clinic(units, place.doctor, half=HalfDay.AFTERNOON, starts=time(14))
    booking = await book(units, place, who, planned.slot.id)
    with pytest.raises(FormNotSubmitted):
        await book(units, place, who, other.slot.id, form_id=booking.form_id)


# ------------------------------------------------------------------------- SJ12, XY20: what is sold


async def test_SJ12_nobody_books_before_the_hospital_is_live(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    wish = await wish_for(units, place, who, planned.slot.id)
    async with units.system("test") as unit:
        row = await unit.session.get(type(place.hospital), place.hospital.id)
        assert row is not None
        row.live_from = date(2026, 12, 1)
    with pytest.raises(HospitalNotLive):
        await take(units, who, wish)


async def test_SJ12_nobody_books_at_a_campus_before_its_day(units: Units, place: House, who: Patient) -> None:
    east = await add_campus(units, place.hospital.id, "east", name="东院区", live_from=date(2026, 12, 1))
    department = await add_department(units, place.hospital.id, [east.id], "skin", name="皮肤科")
    doctor = await add_doctor(units, department, name="样例医生")
    planned = await add_clinic(units, doctor, kind=ClinicKind.OFFLINE)
    with pytest.raises(ClinicNotOpen):
        await book(units, place, who, planned.slot.id, check_id=None, form_id=None)


async def test_XY20_a_suspended_doctor_is_not_booked_online(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    wish = await wish_for(units, place, who, planned.slot.id)
    async with units.system("test") as unit:
        await suspend_doctor(unit, place.doctor.id, reason="样例")
    with pytest.raises(ClinicNotOpen):
        await take(units, who, wish)


async def test_a_slot_that_is_over_is_not_sold(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    planned = await add_clinic(units, place.doctor, day=date(2026, 11, 21), starts=time(10, 30))
    wish = await wish_for(units, place, who, planned.slot.id)
    clock.advance(timedelta(hours=1))
    with pytest.raises(SlotOver):
        await take(units, who, wish)


# ---------------------------------------------------------------------------------- SJ06: cancelling


async def test_SJ06_an_unpaid_seat_is_given_back_at_any_time(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    async with units.of(who.actor) as unit:
        after = await cancel(unit, booking.id)
    assert (after.state, after.reason) == (BookingState.CANCELLED, "unpaid")
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert await deadlines(units) == 0
    assert await told(units, who.account) == ["booking_cancelled"]


async def test_SJ06_cancelling_twice_changes_nothing(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    for _ in range(2):
        async with units.of(who.actor) as unit:
            await cancel(unit, booking.id)
    assert await seats_taken(units, planned.clinic) == NOTHING
    assert len(await audited(units, "booking.cancelled")) == 1


async def test_SJ06_a_paid_visit_cannot_be_cancelled_while_its_slot_runs(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    planned = await add_clinic(units, place.doctor, day=date(2026, 11, 21), starts=time(11))
    booking = await book(units, place, who, planned.slot.id)
    await pay(units, booking)
    clock.advance(timedelta(minutes=75))
    async with units.of(who.actor) as unit:
        with pytest.raises(NotCancellable) as refused:
            await cancel(unit, booking.id)
    assert refused.value.facts["reason"] == "slot_running"
    assert (await reread(units, booking)).state is BookingState.PAID


async def test_SJ06_a_released_seat_cannot_be_cancelled(
    units: Units, place: House, who: Patient, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    clock.advance(timedelta(hours=1))
    await house.sweeper.sweep()
    async with units.of(who.actor) as unit:
        with pytest.raises(NotCancellable):
            await cancel(unit, booking.id)


async def test_a_closed_clinic_releases_everybody_and_tells_them(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor)
    people = [await add_booker(units, place), await add_booker(units, place, "13800002222")]
    held = [await book(units, place, who, planned.slot.id) for who in people]
    await pay(units, held[1])
    async with units.system("test") as unit:
        await close_clinic(unit, planned.clinic.id, reason="医生临时停诊")
    after = [await reread(units, booking) for booking in held]
    assert [row.state for row in after] == [BookingState.CLINIC_CLOSED] * 2
    assert {row.reason for row in after} == {"医生临时停诊"}
    assert [await told(units, who.account) for who in people] == [["clinic_closed"]] * 2
    assert await seats_taken(units, planned.clinic) == NOTHING


# -------------------------------------------------------------------------- whose booking is it?


async def test_somebody_elses_booking_does_not_exist(units: Units, place: House, who: Patient) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    other = await add_booker(units, place, "13800002222")
    async with units.of(other.actor) as unit:
        for look in (queries.booking_of, queries.place_of, cancel):
            with pytest.raises(BookingNotFound):
                await look(unit, booking.id)
        assert await queries.bookings_of(unit) == []
    assert (await reread(units, booking)).state is BookingState.HELD


async def test_the_boolean_and_the_condition_agree_about_everybody(
    units: Units, place: House, who: Patient
) -> None:
    other_house = await add_hospital(units, "riverside", name="江滨医院")
    other = await add_booker(units, place, "13800002222")
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    everybody = [NOBODY, who.actor, other.actor]
    for number, role in enumerate(role for role in Role if role is not Role.PATIENT):
        for hospital in (place.hospital, other_house):
            member = await add_staff(units, hospital.id, [role], login=f"{hospital.code}{number}")
            everybody.append(staff(member))
    for actor in everybody:
        async with units.system("test") as unit:
            found = await unit.session.scalar(sa.select(Booking.id).where(visible_to(actor)))
        assert (found is not None) == may_see(actor, booking), actor


async def test_BJ05_the_last_campus_is_remembered_for_the_next_choice(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    booking = await book(units, place, who, planned.slot.id, check_id=None, form_id=None)
    async with units.of(who.actor) as unit:
        last = await queries.last_campus(unit, place.hospital.id, who.person.id)
    assert last is not None and last.id == booking.campus_id == place.campus.id


async def test_SJ10_demand_counts_people_whatever_became_of_their_seats(
    units: Units, place: House, clock: FixedClock, house: RunningHouse
) -> None:
    planned = await add_clinic(units, place.doctor)
    first, second = await add_booker(units, place), await add_booker(units, place, "13800002222")
    await book(units, place, first, planned.slot.id)
    await book(units, place, second, planned.slot.id)
    clock.advance(timedelta(hours=1))
    await house.sweeper.sweep()
    member = await add_staff(units, place.hospital.id, [Role.DESK])
    async with units.of(staff(member)) as unit:
        assert await queries.demand(unit, [planned.clinic.id]) == {planned.clinic.id: 2}


async def deadlines(units: Units) -> int:
    async with units.system("test") as unit:
        found = sa.select(sa.func.count()).where(Deadline.kind == "bookings.hold")
        return await unit.session.scalar(found) or 0


async def pay(units: Units, booking: Booking) -> None:
    """As a settled charge will."""
    async with units.system("test") as unit:
        row = await queries.lock_with_seat(unit, booking.id)
        assert row is not None
        row.apply(BookingEvent.PAY, at=unit.now)


async def ban(units: Units, place: House, who: Patient) -> None:
    async with units.system("test") as unit:
        strike = StrikeRow(
            hospital_id=place.hospital.id, person_id=who.person.id, booking_id=new_id(), on=unit.today,
            booking_number="BK-261101-000001", given_at=unit.now, policy_number=1, evidence={},
            reversal_reason="",
        )  # fmt: skip
        unit.session.add(strike)
        await unit.session.flush()
        unit.session.add(
            BanRow(
                hospital_id=place.hospital.id, person_id=who.person.id, strike_id=strike.id,
                channel=Channel.ONLINE, from_on=unit.today, until_on=unit.today + timedelta(days=90),
            )
        )  # fmt: skip
