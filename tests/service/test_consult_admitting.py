"""A doctor opens a visit: step-up, the gate once more, the evidence seen; and that is not attendance."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.accounts import StepUpNeeded
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.admitting import admit
from telehealth.consultations.doctor_errors import (
    AdmissionRefused,
    AdmissionUnverified,
    FitnessNotConfirmed,
    NotToday,
    VisitOver,
)
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.states import ConsultationState
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from telehealth.hospital.models import VisitRecord
from telehealth.patients.models import Person
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import audited, told
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.consulting import admit_as, sign_in
from tests.support.factories.directory import add_doctor
from tests.support.factories.rooms import Visit, add_room, events, reread
from tests.support.factories.visits import refunds_of_booking

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def test_XY13_admission_opens_the_visit_and_is_no_attendance(units: Units, visit: Visit) -> None:
    await admit_as(units, visit)
    row = await reread(units, visit)
    assert (row.state, row.admitted_by) == (ConsultationState.ADMITTED, visit.member.account_id)
    assert row.admission is not None and row.admission["fit"] is True and row.admission["evidence"]
    assert (await booking_of(units, visit.booking)).attended_at is None
    assert [facts["event"] for facts in await events(units, visit)] == ["admitted"]
    assert (await told(units, visit.who.account)).count("doctor_admitted") == 1
    [facts] = await audited(units, "consultation.admitted")
    assert facts["fit"] is True and facts["evidence"] == row.admission["evidence"]


async def test_admitting_twice_changes_nothing(units: Units, visit: Visit) -> None:
    for _ in range(2):
        await admit_as(units, visit)
    assert len(await events(units, visit)) == 1
    assert len(await audited(units, "consultation.admitted")) == 1


async def test_REG6_a_stale_second_factor_opens_nothing(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    doctor = await sign_in(units, visit.doctor)
    clock.advance(timedelta(minutes=31))
    with pytest.raises(StepUpNeeded):
        await admit(units, doctor, visit.room, fit=True)
    assert (await reread(units, visit)).state is ConsultationState.WAITING


async def test_REG3_the_doctor_must_have_seen_the_evidence(units: Units, visit: Visit) -> None:
    with pytest.raises(FitnessNotConfirmed):
        await admit(units, await sign_in(units, visit.doctor), visit.room, fit=False)


async def test_only_the_doctor_of_the_booking_may_open_it(units: Units, visit: Visit) -> None:
    other = await add_doctor(units, visit.house.department, name="样例医生丁")
    member = await add_staff(
        units, visit.house.hospital.id, [Role.DOCTOR], login="other.doctor", doctor_id=other.id
    )
    desk = await add_staff(units, visit.house.hospital.id, [Role.DESK], login="desk.two")
    for stranger in (staff(member), staff(desk)):
        with pytest.raises(RoomNotFound):
            await admit(units, await sign_in(units, stranger), visit.room, fit=True)


async def test_a_visit_is_opened_on_its_day_and_not_before(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    clock.move_business_to(at_local(TODAY - timedelta(days=1), time(12)))
    with pytest.raises(NotToday):
        await admit_as(units, visit)


async def test_XY12_after_midnight_there_is_nothing_to_open(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    clock.move_business_to(at_local(TODAY + timedelta(days=1), time(0, 1)))
    with pytest.raises(NotToday):
        await admit_as(units, visit)
    assert await sweep_unattended(units) == 1
    with pytest.raises(VisitOver):
        await admit_as(units, visit)
    assert (await reread(units, visit)).state is ConsultationState.CLOSED


async def test_XY01_the_gate_refuses_at_the_door_and_all_of_the_fee_goes_back(
    units: Units, visit: Visit
) -> None:
    async with units.system("test") as unit:
        person = await unit.session.get(Person, visit.who.person.id)
        assert person is not None
        person.birth_date = TODAY.replace(year=TODAY.year - 6) + timedelta(days=1)
    with pytest.raises(AdmissionRefused) as refused:
        await admit_as(units, visit)
    assert [finding["code"] for finding in refused.value.facts["findings"]] == ["AGE_BELOW_MINIMUM"]
    after = await booking_of(units, visit.booking)
    assert after.state is BookingState.INELIGIBLE_AT_ADMISSION
    assert [refund.amount for refund in await refunds_of_booking(units, visit.booking)] == [after.fee]
    assert (await reread(units, visit)).state is ConsultationState.CLOSED


async def test_XY02_silence_is_no_pass_but_stored_evidence_is_looked_at_again(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    """No hospital system answers in this test: what it said before is all there is."""
    clock.advance(timedelta(hours=3))
    async with units.system("test") as unit:
        await unit.session.execute(sa.delete(VisitRecord))
    with pytest.raises(AdmissionUnverified):
        await admit_as(units, visit)
    assert (await booking_of(units, visit.booking)).state is BookingState.PAID


async def test_XY02_stored_evidence_carries_an_outage(units: Units, visit: Visit, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=3))
    await admit_as(units, visit)
    assert (await reread(units, visit)).state is ConsultationState.ADMITTED


async def test_XY21_without_the_notice_accepted_nobody_is_admitted(units: Units, visit: Visit) -> None:
    async with units.system("test") as unit:
        row = await unit.session.get(Booking, visit.room)
        assert row is not None
        row.decision_id = None
    with pytest.raises(Exception, match="consent_missing"):
        await admit_as(units, visit)
