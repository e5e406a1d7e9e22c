"""Hospitals, doctors and their credentials, notices, working days."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.unit import Units
from telehealth.directory import (
    NoticeOutdated,
    accept_notice,
    campuses,
    departments,
    doctors,
    emergency_advice,
    hospitals,
    is_working_day,
    live_hospital,
    notice_accepted,
    working_calendar,
)
from telehealth.directory.calendaring import fill_calendar, set_day
from telehealth.directory.credentialing import let_sit_online, revoke_credential, suspend_doctor
from telehealth.directory.errors import CredentialsMissing, HospitalNotLive
from telehealth.directory.models import (
    CalendarDay,
    Campus,
    Credential,
    Department,
    Doctor,
    Hospital,
    NoticeAcceptance,
    ServiceNotice,
)
from telehealth.directory.queries import credentials
from telehealth.directory.samples import open_sample_hospitals
from telehealth.directory.states import CredentialKind, NoticeChannel, Suspension
from telehealth.notifications.models import InboxMessage
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import (
    add_campus,
    add_credential,
    add_department,
    add_doctor,
    add_hospital,
    add_notice,
    reread_doctor,
)

pytestmark = pytest.mark.anyio

ROWS = (Hospital, Campus, Department, Doctor, Credential, ServiceNotice, NoticeAcceptance, CalendarDay)


async def _department(units: Units, code: str = "yunan", **facts: bool) -> Department:
    hospital = await add_hospital(units, code)
    campus = await add_campus(units, hospital.id)
    return await add_department(units, hospital.id, [campus.id], **facts)


# --- BJ01: many hospitals, rows apart


async def test_BJ01_a_query_without_its_filter_sees_one_of_140_hospitals(units: Units) -> None:
    async with units.system("test") as unit:
        for number in range(140):
            hospital = Hospital(
                code=f"h{number:03d}", name=f"医院{number}", name_en="", phone="", complaint_phone="",
                emergency_phone="120", emergency_text="", emergency_text_en="", live_from=date(2026, 6, 1),
                switches={},
            )  # fmt: skip
            unit.session.add(hospital)
            await unit.session.flush()
            unit.session.add(
                Campus(
                    hospital_id=hospital.id,
                    code="main",
                    name="",
                    name_en="",
                    address="",
                    address_en="",
                    phone="",
                    emergency_phone="",
                    live_from=None,
                    switches={},
                    order=0,
                )
            )
            unit.session.add(
                CalendarDay(
                    hospital_id=hospital.id,
                    day=date(2026, 10, 1),
                    is_working=False,
                    reason="国庆节",
                    is_forecast=False,
                    changed_by=None,
                )
            )
    member = await add_staff(units, hospital.id, (Role.ADMIN,), login="boss")
    async with units.of(staff(member)) as unit:
        for model in (Hospital, Campus, CalendarDay, AuditRecord):
            seen = (await unit.session.scalars(sa.select(model))).all()
            assert {getattr(row, "hospital_id", None) or row.id for row in seen} == {hospital.id}
    async with units.public() as unit:
        assert len(await hospitals(unit)) == 140


async def test_BJ01_a_hospital_cannot_write_into_another(units: Units) -> None:
    ours, theirs = await add_hospital(units, "ours"), await add_hospital(units, "theirs")
    member = await add_staff(units, ours.id, (Role.ADMIN,), login="boss")
    async with units.of(staff(member)) as unit:
        for statement in (
            sa.update(Hospital).where(Hospital.id == theirs.id).values(name="被改"),
            sa.update(CalendarDay).values(reason="被改"),
            sa.delete(CalendarDay).where(CalendarDay.hospital_id == theirs.id),
        ):
            await unit.session.execute(statement)
    async with units.system("test") as unit:
        days = (await unit.session.scalars(sa.select(CalendarDay))).all()
        assert {row.reason == "被改" for row in days if row.hospital_id == theirs.id} == {False}
        assert (await unit.session.get_one(Hospital, theirs.id)).name == "云安医院"


async def test_credentials_are_the_hospitals_own_while_doctors_are_public(units: Units) -> None:
    department = await _department(units)
    await add_doctor(units, department)
    account = await add_patient(units)
    async with units.of(patient(account)) as unit:
        assert len(await doctors(unit, department.hospital_id)) == 1
        assert await credentials(unit, department.hospital_id) == []


# --- SJ12: going live


async def test_SJ12_a_hospital_and_a_campus_open_on_their_day(units: Units, clock: FixedClock) -> None:
    opens = date(2026, 12, 1)
    hospital = await add_hospital(units, "soon", live_from=opens)
    await add_campus(units, hospital.id, "main", live_from=opens)
    await add_campus(units, hospital.id, "east", live_from=opens + timedelta(days=30))
    await add_campus(units, hospital.id, "west", live_from=None)
    async with units.public() as unit:
        assert await hospitals(unit) == []
        with pytest.raises(HospitalNotLive):
            await live_hospital(unit, "soon")
    clock.move_business_to(datetime(2026, 12, 1, tzinfo=SHANGHAI))
    async with units.public() as unit:
        assert [row.code for row in await hospitals(unit)] == ["soon"]
        assert (await live_hospital(unit, "soon")).id == hospital.id
        assert [row.code for row in await campuses(unit, hospital.id)] == ["main"]


# --- XY20: who may be booked online


async def test_XY20_only_licensed_departments_and_doctors_are_offered_online(units: Units) -> None:
    hospital = await add_hospital(units)
    campus = await add_campus(units, hospital.id)
    licensed = await add_department(units, hospital.id, [campus.id], "cardiology")
    desk_only = await add_department(units, hospital.id, [campus.id], "dental", online=False)
    sits = await add_doctor(units, licensed, name="沈若川")
    await add_doctor(units, licensed, name="季明朗", online=False)
    await add_doctor(units, licensed, name="顾清和", valid_for=None)
    await add_doctor(units, desk_only, name="尹嘉树", online=False)
    async with units.public() as unit:
        online = await doctors(unit, hospital.id, kind="online")
        assert [row.id for row in online] == [sits.id]
        assert [row.id for row in await departments(unit, hospital.id, kind="online")] == [licensed.id]
        assert len(await doctors(unit, hospital.id, kind="offline")) == 4


# --- REG7: three years, registered, with consent; suspended on expiry


@pytest.mark.parametrize("lacking", [CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT])
async def test_REG7_a_doctor_sits_online_only_with_registration_and_consent(
    units: Units, lacking: CredentialKind
) -> None:
    doctor = await add_doctor(units, await _department(units), valid_for=None)
    for kind in (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT):
        if kind is not lacking:
            await add_credential(
                units, doctor, kind, valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1)
            )
    async with units.system("test") as unit:
        with pytest.raises(CredentialsMissing) as refused:
            await let_sit_online(unit, doctor.id)
    assert refused.value.facts["missing"] == [str(lacking)]


async def test_REG7_a_doctor_sits_online_after_three_years_of_independent_practice(units: Units) -> None:
    department = await _department(units)
    long_enough = await add_doctor(units, department, practising_since=date(2023, 11, 21), online=False)
    too_short = await add_doctor(units, department, practising_since=date(2023, 11, 22), online=False)
    async with units.system("test") as unit:
        assert (await let_sit_online(unit, long_enough.id)).sits_online
        with pytest.raises(CredentialsMissing):
            await let_sit_online(unit, too_short.id)


async def test_REG7_a_doctor_registered_elsewhere_needs_the_multi_site_filing(units: Units) -> None:
    doctor = await add_doctor(units, await _department(units), multi_site=True, online=False)
    async with units.system("test") as unit:
        with pytest.raises(CredentialsMissing):
            await let_sit_online(unit, doctor.id)
    await add_credential(
        units, doctor, CredentialKind.MULTI_SITE, valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1)
    )
    async with units.system("test") as unit:
        assert (await let_sit_online(unit, doctor.id)).sits_online


async def test_REG7_expiry_suspends_at_24_of_the_last_valid_day(
    house: House, units: Units, clock: FixedClock
) -> None:
    department = await _department(units)
    doctor = await add_doctor(units, department, valid_for=timedelta(days=10))
    admin = await add_staff(units, department.hospital_id, (Role.ADMIN,), login="boss")
    clock.move_business_to(datetime(2026, 12, 1, 23, 59, 59, tzinfo=SHANGHAI))
    await house.sweeper.sweep()
    assert not (await reread_doctor(units, doctor.id)).suspended
    clock.move_business_to(datetime(2026, 12, 2, tzinfo=SHANGHAI))
    await house.sweeper.sweep()
    taken_off = await reread_doctor(units, doctor.id)
    assert taken_off.suspension is Suspension.CREDENTIAL and not taken_off.sits_online
    async with units.system("test") as unit:
        assert await doctors(unit, department.hospital_id, kind="online") == []
        told = (await unit.session.scalars(sa.select(InboxMessage))).all()
        names = (await unit.session.scalars(sa.select(AuditRecord.name))).all()
    assert "credential_expired" in {row.notice for row in told if row.account_id == admin.account_id}
    assert list(names).count("doctor.suspended") == 1


async def test_REG7_the_administrator_is_warned_thirty_days_before(
    house: House, units: Units, clock: FixedClock
) -> None:
    department = await _department(units)
    await add_doctor(units, department, valid_for=timedelta(days=60))
    await add_staff(units, department.hospital_id, (Role.ADMIN,), login="boss")
    clock.advance(timedelta(days=29))
    await house.sweeper.sweep()
    async with units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(InboxMessage))).all() == []
    clock.advance(timedelta(days=2))
    await house.sweeper.sweep()
    async with units.system("test") as unit:
        told = (await unit.session.scalars(sa.select(InboxMessage))).all()
    assert {row.notice for row in told} == {"credential_expiring"}


async def test_REG7_a_renewal_gives_the_doctor_back(house: House, units: Units, clock: FixedClock) -> None:
    doctor = await add_doctor(units, await _department(units), valid_for=timedelta(days=10))
    clock.advance(timedelta(days=12))
    await house.sweeper.sweep()
    for kind in (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT):
        assert (await reread_doctor(units, doctor.id)).suspended
        await add_credential(units, doctor, kind, valid_from=date(2026, 12, 1), valid_until=date(2028, 12, 1))
    assert (await reread_doctor(units, doctor.id)).sits_online


async def test_a_renewal_before_the_day_leaves_the_doctor_at_work(
    house: House, units: Units, clock: FixedClock
) -> None:
    doctor = await add_doctor(units, await _department(units), valid_for=timedelta(days=10))
    for kind in (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT):
        await add_credential(
            units, doctor, kind, valid_from=date(2026, 11, 21), valid_until=date(2028, 12, 1)
        )
    clock.advance(timedelta(days=12))
    await house.sweeper.sweep()
    assert (await reread_doctor(units, doctor.id)).sits_online


async def test_a_doctor_suspended_by_hand_is_not_given_back_by_a_renewal(units: Units) -> None:
    doctor = await add_doctor(units, await _department(units))
    async with units.system("test") as unit:
        await suspend_doctor(unit, doctor.id, reason="接受调查")
    await add_credential(units, doctor, valid_from=date(2026, 11, 1), valid_until=date(2029, 1, 1))
    assert (await reread_doctor(units, doctor.id)).suspension is Suspension.BY_HAND


async def test_a_withdrawn_consent_takes_the_doctor_off_at_once(units: Units) -> None:
    doctor = await add_doctor(units, await _department(units))
    async with units.system("test") as unit:
        held = await credentials(unit, doctor.hospital_id, doctor_id=doctor.id)
        consent = next(row for row in held if row.kind is CredentialKind.INSTITUTION_CONSENT)
        await revoke_credential(unit, consent.id, reason="本院撤回同意")
    assert (await reread_doctor(units, doctor.id)).suspension is Suspension.CREDENTIAL


# --- XY21: the notice


async def test_XY21_acceptance_keeps_hash_time_channel_and_person(units: Units) -> None:
    hospital = await add_hospital(units)
    notice = await add_notice(units, hospital.id)
    account, person_id = await add_patient(units), uuid4()
    async with units.of(patient(account)) as unit:
        assert not await notice_accepted(unit, account.id, hospital.id)
        for _ in range(2):
            await accept_notice(
                unit,
                hospital.id,
                notice.sha256,
                account_id=account.id,
                channel=NoticeChannel.MINI_PROGRAM,
                person_id=person_id,
            )
        assert await notice_accepted(unit, account.id, hospital.id)
        assert not await notice_accepted(unit, account.id, hospital.id, person_id=uuid4())
        (kept,) = (await unit.session.scalars(sa.select(NoticeAcceptance))).all()
        now = unit.now
    assert (kept.sha256, kept.channel, kept.person_id) == (
        notice.sha256,
        NoticeChannel.MINI_PROGRAM,
        person_id,
    )
    assert kept.accepted_at == now


async def test_XY21_a_new_version_asks_again_and_the_old_text_cannot_be_accepted(units: Units) -> None:
    hospital = await add_hospital(units)
    first = await add_notice(units, hospital.id)
    account = await add_patient(units)
    async with units.of(patient(account)) as unit:
        await accept_notice(unit, hospital.id, first.sha256, account_id=account.id, channel=NoticeChannel.APP)
    second = await add_notice(units, hospital.id, "请如实填写病情和过敏史。")
    async with units.of(patient(account)) as unit:
        assert not await notice_accepted(unit, account.id, hospital.id)
        with pytest.raises(NoticeOutdated):
            await accept_notice(
                unit, hospital.id, first.sha256, account_id=account.id, channel=NoticeChannel.APP
            )
    assert (second.version, second.sha256 == first.sha256) == (2, False)


async def test_XY21_the_same_words_in_a_new_version_have_another_hash(units: Units) -> None:
    hospital = await add_hospital(units)
    first, second = await add_notice(units, hospital.id), await add_notice(units, hospital.id)
    assert first.sha256 != second.sha256


async def test_nobody_sees_what_another_account_accepted(units: Units) -> None:
    hospital = await add_hospital(units)
    notice = await add_notice(units, hospital.id)
    one, other = await add_patient(units, "13800001111"), await add_patient(units, "13800002222")
    async with units.of(patient(one)) as unit:
        await accept_notice(
            unit, hospital.id, notice.sha256, account_id=one.id, channel=NoticeChannel.BROWSER
        )
    async with units.of(patient(other)) as unit:
        assert (await unit.session.scalars(sa.select(NoticeAcceptance))).all() == []


# --- calendar, emergencies, samples


async def test_working_days_follow_the_public_calendar_and_the_hospitals_word(units: Units) -> None:
    hospital = await add_hospital(units)
    member = await add_staff(units, hospital.id, (Role.ADMIN,), login="boss")
    national_day, plain_saturday = date(2026, 10, 1), date(2026, 11, 21)
    async with units.of(staff(member)) as unit:
        assert not await is_working_day(unit, hospital.id, national_day)
        assert await is_working_day(unit, hospital.id, date(2026, 10, 10))
        assert not await is_working_day(unit, hospital.id, plain_saturday)
        await set_day(unit, hospital.id, plain_saturday, is_working=True, reason="周六门诊")
        await set_day(unit, hospital.id, national_day, is_working=True, reason="节日门诊")
        await fill_calendar(unit, hospital.id, (2026,))
        assert await is_working_day(unit, hospital.id, plain_saturday)
        assert await is_working_day(unit, hospital.id, national_day)
        is_working = await working_calendar(unit, hospital.id, plain_saturday, date(2026, 11, 30))
        assert is_working(plain_saturday) and not is_working(date(2026, 11, 22))


async def test_XY04_emergency_advice_names_the_number_and_where_to_go(units: Units) -> None:
    hospital = await add_hospital(units)
    await add_campus(units, hospital.id, "main", emergency_phone="0571-5550-0120")
    await add_campus(units, hospital.id, "east")
    async with units.public() as unit:
        advice = await emergency_advice(unit, hospital.id)
    assert advice.phone == "120"
    assert [place.phone for place in advice.places] == ["0571-5550-0120"]


async def test_sample_hospitals_open_once(units: Units) -> None:
    for _ in range(2):
        async with units.system("test") as unit:
            opened = await open_sample_hospitals(unit)
    async with units.public() as unit:
        assert {row.code for row in await hospitals(unit)} == {"yunan", "jiangbin"}
        assert len(await campuses(unit, opened[0].id)) == 2
        assert all(row.sits_online for row in await doctors(unit, opened[0].id, kind="online"))
