"""Booking at the desk and by phone (SJ05, SJ11): their own share, the same gate, and who did it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.accounts.models import StaffMember
from telehealth.bookings import queries
from telehealth.bookings.assisting import DeskWish, book_at_desk, patients_by_phone
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import AccountNeeded, AlreadyBooked, BookingNotFound, ShareFull, SlotNotFound
from telehealth.bookings.states import BookingState
from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.errors import FieldsInvalid
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.eligibility import NotEligible
from telehealth.patients import PersonNotFound, person
from telehealth.patients.models import HospitalPatient
from telehealth.patients.registering import register_at_desk
from telehealth.rulebook.rules import Channel, ClinicKind
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house, book, reread, told
from tests.support.factories.directory import add_hospital
from tests.support.factories.schedule import add_clinic, seats_taken
from tests.support.factories.strikes import add_strike
from tests.support.outside import Stranger, admit, reach, stranger
from tests.support.sandbox import Sandbox


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def member(units: Units, place: House) -> StaffMember:
    return await add_staff(units, place.hospital.id, [Role.DESK], name="样例窗口")


@pytest.fixture
def desk(member: StaffMember) -> Actor:
    return staff(member)


@pytest.fixture
async def walk_in(units: Units, place: House, desk: Actor, sandbox: Sandbox) -> HospitalPatient:
    """Somebody without an account, known to the hospital's system only."""
    known: Stranger = admit(sandbox, stranger())
    return await register_at_desk(units, desk, known.card)


async def test_SJ11_staff_book_for_somebody_without_an_account_and_answer_for_it(
    units: Units, place: House, desk: Actor, member: StaffMember, walk_in: HospitalPatient
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    booking = await book_at_desk(units, desk, DeskWish(planned.slot.id, walk_in.person_id, Channel.DESK))
    assert (booking.account_id, booking.booked_by) == (None, member.account_id)
    assert (booking.channel, booking.door) == (Channel.DESK, "desk")
    assert booking.hold_until == planned.slot.ends_at
    async with units.system("test") as unit:
        found = sa.select(AuditRecord).where(AuditRecord.name == "booking.booked_for_patient")
        [record] = (await unit.session.scalars(found)).all()
    assert (record.actor_id, record.actor_name) == (member.account_id, "样例窗口")


async def test_SJ05_the_desk_and_the_phone_have_shares_of_their_own(
    units: Units, place: House, desk: Actor, walk_in: HospitalPatient, sandbox: Sandbox
) -> None:
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE, seats=(5, 5), quotas=(2, 7, 1))
    await book_at_desk(units, desk, DeskWish(planned.slot.id, walk_in.person_id, Channel.PHONE))
    other = await register_at_desk(units, desk, admit(sandbox, stranger()).card)
    with pytest.raises(ShareFull):
        await book_at_desk(units, desk, DeskWish(planned.slot.id, other.person_id, Channel.PHONE))
    await book_at_desk(units, desk, DeskWish(planned.slot.id, other.person_id, Channel.DESK))
    assert await seats_taken(units, planned.clinic) == {"slots": 2, "online": 0, "desk": 1, "phone": 1}


async def test_SJ11_somebody_with_an_account_sees_the_booking_on_their_phone(
    units: Units, place: House, desk: Actor
) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    booking = await book_at_desk(units, desk, DeskWish(planned.slot.id, who.person.id, Channel.PHONE))
    assert booking.account_id == who.account.id
    assert await told(units, who.account) == ["booking_held"]
    async with units.of(who.actor) as unit:
        assert (await queries.booking_of(unit, booking.id)).number == booking.number


async def test_an_internet_clinic_is_booked_at_the_desk_only_for_somebody_with_an_account(
    units: Units, place: House, desk: Actor, walk_in: HospitalPatient
) -> None:
    planned = await add_clinic(units, place.doctor)
    with pytest.raises(AccountNeeded):
        await book_at_desk(
            units, desk, DeskWish(planned.slot.id, walk_in.person_id, Channel.DESK, stable=True, red_flags=())
        )


async def test_the_gate_asks_at_the_desk_too(units: Units, place: House, desk: Actor) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor)
    for said in ({"stable": False, "red_flags": ()}, {"stable": True, "red_flags": ("chest_pain",)}, {}):
        with pytest.raises(NotEligible):
            await book_at_desk(
                units,
                desk,
                DeskWish(planned.slot.id, who.person.id, Channel.DESK, **said),  # type: ignore[arg-type]
            )
    booked = await book_at_desk(
        units, desk, DeskWish(planned.slot.id, who.person.id, Channel.DESK, stable=True, red_flags=())
    )
    assert booked.kind is ClinicKind.INTERNET


async def test_one_seat_a_clinic_whoever_books_it(units: Units, place: House, desk: Actor) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor)
    await book(units, place, who, planned.slot.id)
    with pytest.raises(AlreadyBooked):
        await book_at_desk(
            units, desk, DeskWish(planned.slots[1].id, who.person.id, Channel.DESK, stable=True, red_flags=())
        )


async def test_staff_book_only_for_patients_of_their_hospital(
    units: Units, place: House, walk_in: HospitalPatient
) -> None:
    other = await add_hospital(units, "riverside", name="江滨医院")
    stranger_desk = staff(await add_staff(units, other.id, [Role.DESK], login="elsewhere"))
    planned = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE)
    with pytest.raises(SlotNotFound):
        await book_at_desk(units, stranger_desk, DeskWish(planned.slot.id, walk_in.person_id, Channel.DESK))
    async with units.of(stranger_desk) as unit:
        with pytest.raises(PersonNotFound):
            await person(unit, walk_in.person_id)


async def test_staff_cancel_for_a_patient_and_say_why(units: Units, place: House, desk: Actor) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    async with units.of(desk) as unit:
        await cancel(unit, booking.id, reason="患者来电取消")
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.CANCELLED, "患者来电取消")
    assert await told(units, who.account) == ["booking_cancelled"]


async def test_staff_of_another_hospital_cannot_cancel(units: Units, place: House) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    other = await add_hospital(units, "riverside", name="江滨医院")
    member = await add_staff(units, other.id, [Role.DESK], login="elsewhere")
    async with units.of(staff(member)) as unit:
        with pytest.raises(BookingNotFound):
            await cancel(unit, booking.id, reason="与我无关")


async def test_a_phone_number_finds_the_patients_of_this_hospital_behind_it(
    units: Units, place: House, desk: Actor
) -> None:
    who: Patient = await add_booker(units, place, "13800007777")
    found = await patients_by_phone(units, desk, "138 0000 7777")
    assert [person.id for person in found] == [who.person.id]
    assert await patients_by_phone(units, desk, "13800008888") == []
    with pytest.raises(FieldsInvalid):
        await patients_by_phone(units, desk, "12345")


async def test_SJ08_a_ban_closes_the_phone_in_the_pocket_not_the_desk_nor_what_was_booked_before(
    units: Units, place: House, desk: Actor
) -> None:
    who = await add_booker(units, place)
    planned = await add_clinic(units, place.doctor)
    before = await book(units, place, who, planned.slot.id)
    today = units.clock.business().date()
    for weeks in (3, 2, 1):
        await add_strike(units, place.hospital.id, who.account, who.person, today - timedelta(weeks=weeks))
    later = await add_clinic(units, place.doctor, day=today + timedelta(days=4))
    with pytest.raises(NotEligible) as refused:
        await book(units, place, who, later.slot.id)
    assert "BANNED" in str(refused.value.facts).upper()
    offline = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE, day=today + timedelta(days=5))
    wish = DeskWish(offline.slot.id, who.person.id, Channel.DESK)
    assert (await book_at_desk(units, desk, wish)).state is BookingState.HELD
    evening = await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE, day=today + timedelta(days=6))
    phoned = DeskWish(evening.slot.id, who.person.id, Channel.PHONE)
    assert (await book_at_desk(units, desk, phoned)).channel is Channel.PHONE
    assert (await reread(units, before)).state is BookingState.HELD
