"""Clinics out of weekly templates, what patients may choose from, and stopping a clinic."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Units
from telehealth.directory import HospitalSwitch
from telehealth.directory.credentialing import let_sit_online, suspend_doctor
from telehealth.directory.models import Doctor
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import ClinicNotFound, planning, queries
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.errors import PlanTooFar, TemplateInvalid, TemplateNotFound, TemplateTaken
from telehealth.schedule.models import Clinic, ClinicTemplate, Slot
from telehealth.schedule.rules import HalfDay, TemplateRow
from telehealth.schedule.states import ClinicState
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import House, add_house, audited
from tests.support.factories.directory import add_campus, add_department, add_doctor, add_hospital
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic

#: The clock stands on Saturday 21 November 2026.
MONDAY = date(2026, 11, 23)
SUNDAY = date(2026, 11, 29)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


async def add_template(units: Units, doctor: Doctor, **changes: Any) -> ClinicTemplate:
    facts: dict[str, Any] = {
        "weekday": 0, "half": HalfDay.MORNING, "kind": ClinicKind.INTERNET, "capacity": 10,
    }  # fmt: skip
    campus_id = changes.pop("campus_id", doctor.campus_ids[0])
    async with units.system("test") as unit:
        return await planning.add_template(
            unit, doctor.hospital_id, TemplateRow(**(facts | changes)), doctor=doctor, campus_id=campus_id
        )


async def plan(units: Units, house: House, first: date = MONDAY, last: date = SUNDAY) -> list[Clinic]:
    async with units.system("test") as unit:
        return list(await planning.plan_clinics(unit, house.hospital.id, first=first, last=last))


async def offered(units: Units, house: House, kind: ClinicKind = ClinicKind.INTERNET) -> list[Clinic]:
    async with units.public() as unit:
        found = await queries.clinic_offers(
            unit, house.hospital.id, kind, first=unit.today, last=unit.today + timedelta(days=20)
        )
        return [offer.clinic for offer in found]


async def test_SJ04_offline_clinics_give_a_fifth_of_their_seats_to_the_app(
    units: Units, place: House
) -> None:
    await add_template(units, place.doctor, kind=ClinicKind.OFFLINE, capacity=16)
    [clinic] = await plan(units, place)
    assert (clinic.quota_online, clinic.quota_phone, clinic.quota_desk) == (3, 4, 9)
    assert clinic.fee == place.doctor.fee_offline


async def test_SJ04_internet_clinics_give_all_their_seats_to_the_app(units: Units, place: House) -> None:
    await add_template(units, place.doctor, capacity=16)
    [clinic] = await plan(units, place)
    assert clinic.quota_online == clinic.capacity == 16
    assert clinic.fee == place.doctor.fee_online


async def test_planning_again_adds_nothing_and_says_so_in_the_audit(units: Units, place: House) -> None:
    await add_template(units, place.doctor)
    assert len(await plan(units, place)) == 1
    assert await plan(units, place) == []
    assert [facts["clinics"] for facts in await audited(units, "clinics.planned")] == [1]


async def test_slots_hold_every_seat_of_their_clinic(units: Units, place: House) -> None:
    await add_template(units, place.doctor, capacity=10, slot_minutes=30)
    [clinic] = await plan(units, place)
    async with units.system("test") as unit:
        slots = (await unit.session.scalars(sa.select(Slot).where(Slot.clinic_id == clinic.id))).all()
    assert len(slots) == 8 and sum(slot.seats for slot in slots) == 10
    assert min(slot.starts_at for slot in slots) == clinic.starts_at


async def test_a_holiday_has_no_clinic_unless_the_template_says_so(units: Units, place: House) -> None:
    """1 January 2027 is a Friday and New Year's Day."""
    new_year = date(2027, 1, 1)
    await add_template(units, place.doctor, weekday=4)
    assert await plan(units, place, new_year, new_year) == []
    await add_template(units, place.doctor, weekday=4, half=HalfDay.AFTERNOON, runs_on_holidays=True)
    [clinic] = await plan(units, place, new_year, new_year)
    assert clinic.half is HalfDay.AFTERNOON


async def test_a_price_changed_later_leaves_planned_clinics_alone(units: Units, place: House) -> None:
    await add_template(units, place.doctor)
    [clinic] = await plan(units, place)
    async with units.system("test") as unit:
        row = await unit.session.get(Doctor, place.doctor.id)
        assert row is not None
        row.fee_online = 9900
    async with units.system("test") as unit:
        kept = await unit.session.get(Clinic, clinic.id)
    assert kept is not None and kept.fee == place.doctor.fee_online


async def test_housekeeping_plans_as_far_as_patients_may_book(units: Units, place: House) -> None:
    await publish_policy(units, place.hospital.id, schedule={"horizon_days": 16})
    await add_template(units, place.doctor)
    assert await planning.plan_ahead(units) == 3
    assert await planning.plan_ahead(units) == 0
    days = [clinic.day for clinic in await offered(units, place)]
    assert days == [MONDAY, MONDAY + timedelta(days=7), MONDAY + timedelta(days=14)]


async def test_nobody_plans_half_a_year_ahead(units: Units, place: House) -> None:
    with pytest.raises(PlanTooFar):
        await plan(units, place, MONDAY, MONDAY + timedelta(days=400))


async def test_a_template_line_is_taken_once(units: Units, place: House) -> None:
    await add_template(units, place.doctor)
    with pytest.raises(TemplateTaken):
        await add_template(units, place.doctor, capacity=3)


async def test_a_doctor_is_planned_only_where_they_sit(units: Units, place: House) -> None:
    other = await add_campus(units, place.hospital.id, "east", name="东院区")
    with pytest.raises(TemplateInvalid) as refused:
        await add_template(units, place.doctor, campus_id=other.id)
    assert "campus_id" in refused.value.fields


async def test_nobody_sees_patients_in_person_at_two_campuses_at_once(units: Units, place: House) -> None:
    east = await add_campus(units, place.hospital.id, "east", name="东院区")
    both = await add_department(units, place.hospital.id, [place.campus.id, east.id], "skin", name="皮肤科")
    doctor = await add_doctor(units, both, name="样例医生")
    await add_template(units, doctor, kind=ClinicKind.OFFLINE)
    with pytest.raises(TemplateInvalid):
        await add_template(units, doctor, kind=ClinicKind.OFFLINE, campus_id=east.id)
    await add_template(units, doctor, kind=ClinicKind.OFFLINE, campus_id=east.id, weekday=1)


async def test_hours_too_short_for_a_slot_are_refused(units: Units, place: House) -> None:
    with pytest.raises(TemplateInvalid):
        await add_template(units, place.doctor, starts=time(9), ends=time(9, 10))


async def test_a_dropped_template_leaves_planned_clinics(units: Units, place: House) -> None:
    template = await add_template(units, place.doctor)
    await plan(units, place)
    async with units.system("test") as unit:
        await planning.drop_template(unit, template.id)
    assert len(await offered(units, place)) == 1
    async with units.system("test") as unit:
        with pytest.raises(TemplateNotFound):
            await planning.drop_template(unit, template.id)


async def test_XY20_only_licensed_departments_and_doctors_are_offered_online(
    units: Units, place: House
) -> None:
    unlicensed = await add_department(
        units, place.hospital.id, [place.campus.id], "surgery", name="外科", online=False
    )
    surgeon = await add_doctor(units, unlicensed, name="样例外科")
    offline_only = await add_doctor(units, place.department, name="样例门诊", online=False)
    shown = (await add_clinic(units, place.doctor)).clinic
    await add_clinic(units, surgeon)
    await add_clinic(units, offline_only)
    assert [clinic.id for clinic in await offered(units, place)] == [shown.id]
    visit = (await add_clinic(units, offline_only, kind=ClinicKind.OFFLINE)).clinic
    assert [clinic.id for clinic in await offered(units, place, ClinicKind.OFFLINE)] == [visit.id]


async def test_XY20_an_offer_says_the_fee_and_what_is_left_online(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor, seats=(3, 3), quotas=(2, 6, 6))
    async with units.public() as unit:
        offer = await queries.clinic_offer(unit, planned.clinic.id, Channel.ONLINE)
        slots = await queries.slots_of(unit, [planned.clinic], Channel.ONLINE)
    assert (offer.left, offer.clinic.fee) == (2, 5000)
    assert [slot.left for slot in slots] == [2, 2]


async def test_XY20_seats_of_slots_that_are_over_are_not_offered_any_more(
    units: Units, place: House, clock: FixedClock
) -> None:
    """A list that says eleven where one seat is to come sends people to a clinic they cannot book."""
    planned = await add_clinic(units, place.doctor, day=MONDAY, seats=(3, 2, 2))

    async def shown() -> int | None:
        async with units.public() as unit:
            found = await queries.clinic_offers(
                unit, place.hospital.id, ClinicKind.INTERNET, first=MONDAY, last=MONDAY
            )
        return found[0].left if found else None

    assert await shown() == 7
    for slot, left in zip(planned.slots, (7, 4, 2), strict=True):
        clock.move_business_to(slot.ends_at - timedelta(seconds=1))
        assert await shown() == left
    clock.move_business_to(planned.slots[-1].ends_at)
    assert await shown() is None


async def test_SJ04_unused_shares_open_to_everybody_at_the_release(
    units: Units, place: House, clock: FixedClock
) -> None:
    async with units.public() as unit:
        release = unit.now + timedelta(hours=1)
    planned = await add_clinic(
        units, place.doctor, kind=ClinicKind.OFFLINE, seats=(10,), quotas=(2, 5, 3), released_at=release
    )
    async with units.public() as unit:
        assert queries.left_of(unit, planned.clinic, Channel.ONLINE) == 2
    clock.advance(timedelta(hours=1))
    async with units.public() as unit:
        assert queries.left_of(unit, planned.clinic, Channel.ONLINE) == 10


async def test_SJ12_a_campus_is_offered_from_its_first_day(
    units: Units, place: House, clock: FixedClock
) -> None:
    opens = date(2026, 11, 25)
    east = await add_campus(units, place.hospital.id, "east", name="东院区", live_from=opens)
    both = await add_department(units, place.hospital.id, [east.id], "skin", name="皮肤科")
    await add_clinic(units, await add_doctor(units, both, name="样例医生"), day=date(2026, 11, 27))
    assert await offered(units, place) == []
    clock.advance(timedelta(days=4))
    assert len(await offered(units, place)) == 1


async def test_SJ12_a_kind_is_offered_only_where_it_is_switched_on(units: Units) -> None:
    hospital = await add_hospital(units, "riverside", switches=[HospitalSwitch.ONLINE_CLINICS])
    today = date(2026, 11, 21)
    assert queries.offers_kind(hospital, ClinicKind.INTERNET, today)
    assert not queries.offers_kind(hospital, ClinicKind.OFFLINE, today)
    assert not queries.offers_kind(hospital, ClinicKind.INTERNET, date(2026, 5, 31))


async def test_closing_stops_the_sale_and_is_final(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor)
    async with units.system("test") as unit:
        await close_clinic(unit, planned.clinic.id, reason="医生临时停诊")
    assert await offered(units, place) == []
    async with units.system("test") as unit:
        with pytest.raises(TransitionRefused):
            await close_clinic(unit, planned.clinic.id, reason="再次停诊")
    assert [facts["reason"] for facts in await audited(units, "clinic.closed")] == ["医生临时停诊"]


async def test_staff_cannot_close_another_hospitals_clinic(units: Units, place: House) -> None:
    planned = await add_clinic(units, place.doctor)
    other = await add_hospital(units, "riverside", name="江滨医院")
    member = await add_staff(units, other.id, [Role.DESK])
    async with units.of(staff(member)) as unit:
        with pytest.raises(ClinicNotFound):
            await close_clinic(unit, planned.clinic.id, reason="与我无关")


async def test_a_suspended_doctors_online_clinics_close_and_open_again_with_the_doctor(
    units: Units, place: House
) -> None:
    online = (await add_clinic(units, place.doctor)).clinic
    visit = (await add_clinic(units, place.doctor, kind=ClinicKind.OFFLINE, half=HalfDay.AFTERNOON)).clinic
    async with units.system("test") as unit:
        await suspend_doctor(unit, place.doctor.id, reason="样例")
    assert await states(units, online, visit) == [ClinicState.CLOSED, ClinicState.OPEN]
    async with units.system("test") as unit:
        await let_sit_online(unit, place.doctor.id)
    assert await states(units, online, visit) == [ClinicState.OPEN, ClinicState.OPEN]


async def states(units: Units, *clinics: Clinic) -> list[ClinicState]:
    async with units.system("test") as unit:
        rows = [await unit.session.get(Clinic, clinic.id) for clinic in clinics]
    return [row.state for row in rows if row is not None]
