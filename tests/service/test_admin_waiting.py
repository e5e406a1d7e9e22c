"""What waits for an administrator: what is about to end, what was begun, what nobody can be booked in."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.accounts import enrolling_staff
from telehealth.admin.waiting import worklist
from telehealth.core import jobs
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock, day_end
from telehealth.core.unit import Units
from telehealth.directory.credentialing import expire_credential, revoke_credential
from telehealth.directory.models import CalendarDay, Credential
from telehealth.directory.states import CredentialKind
from telehealth.rulebook import publishing
from telehealth.schedule.waiting import worklist as gaps
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import House, add_house
from tests.support.factories.directory import add_credential, add_department, add_doctor
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic

Lines = list[dict[str, Any]]


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def admin(units: Units, place: House) -> Actor:
    # The calendar's forecasts have a test of their own.
    async with units.system("test") as unit:
        await unit.session.execute(sa.update(CalendarDay).values(is_forecast=False))
    return staff(await add_staff(units, place.hospital.id, (Role.ADMIN,), login="admin"))


async def waiting(units: Units, actor: Actor) -> Lines:
    async with units.of(actor) as unit:
        return await worklist(unit, actor)


def titles(lines: Lines) -> list[str]:
    return [str(line["title"]) for line in lines]


async def test_XY20_a_credential_is_work_from_the_hospitals_number_of_days_before_it_ends(
    units: Units, place: House, admin: Actor
) -> None:
    doctor = await add_doctor(units, place.department, name="样例医生", valid_for=timedelta(days=31))
    assert await waiting(units, admin) == []
    await publish_policy(units, place.hospital.id, work={"credential_notice_days": 31})
    first, second = await waiting(units, admin)
    assert {first["title"], second["title"]} == {"资质即将到期"}
    async with units.of(admin) as unit:
        ends = unit.today + timedelta(days=31)
    assert first["due_at"] == day_end(ends)
    assert first["href"].startswith(f"/admin/doctors/{doctor.id}?renew=")
    assert "样例医生" in first["text"]["zh-CN"] and "Sample Doctor" in first["text"]["en"]


async def test_XY20_a_renewal_ends_the_work_and_one_withdrawn_brings_it_back(
    units: Units, place: House, admin: Actor
) -> None:
    doctor = await add_doctor(units, place.department, valid_for=timedelta(days=5))
    kinds = (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT)
    for kind in kinds:
        assert titles(await waiting(units, admin)).count("资质即将到期") == 2 - kinds.index(kind)
        kept = await add_credential(
            units, doctor, kind, valid_from=date(2026, 11, 1), valid_until=date(2029, 1, 1)
        )
    assert await waiting(units, admin) == []
    async with units.system("test") as unit:
        await revoke_credential(unit, kept.id, reason="撤回")
    assert titles(await waiting(units, admin)) == ["资质即将到期"]


async def test_REG7_whoever_was_taken_off_for_want_of_a_credential_is_late_work_once(
    units: Units, place: House, admin: Actor, clock: FixedClock
) -> None:
    doctor = await add_doctor(units, place.department, valid_for=timedelta(days=2))
    clock.advance(timedelta(days=3))
    async with units.system("test") as unit:
        mine = sa.select(Credential.id).where(Credential.doctor_id == doctor.id)
        for credential_id in await unit.session.scalars(mine):
            await expire_credential(unit, credential_id)
    found = await waiting(units, admin)
    assert titles(found) == ["资质已过期，已暂停线上接诊"] * 2
    assert all(line["due_at"] <= clock.business() and line["kind"] == "danger" for line in found)


async def test_REG7_a_consent_that_was_withdrawn_is_work_though_nothing_ran_out(
    units: Units, place: House, admin: Actor
) -> None:
    async with units.system("test") as unit:
        wanted = sa.select(Credential.id).where(
            Credential.doctor_id == place.doctor.id, Credential.kind == CredentialKind.INSTITUTION_CONSENT
        )
        await revoke_credential(unit, (await unit.session.scalars(wanted)).one(), reason="撤回")
    assert titles(await waiting(units, admin)) == ["资质不全，已暂停线上接诊"]


async def test_GD20_an_initial_password_nobody_replaced_counts_from_when_it_was_issued(
    units: Units, place: House, admin: Actor, clock: FixedClock
) -> None:
    async with units.of(admin) as unit:
        member = (
            await enrolling_staff.enrol(unit, login="new.member", name="样例新人", roles=(Role.DESK,))
        ).member
        at = unit.now
    [line] = await waiting(units, admin)
    assert (line["title"], line["since"]) == ("初始密码未更换", at)
    assert (line["due_at"], line["href"]) == (at + timedelta(days=3), f"/admin/staff/{member.id}")
    clock.advance(timedelta(days=10))
    async with units.of(admin) as unit:
        await enrolling_staff.reset_password(unit, member.id)
    [line] = await waiting(units, admin)
    assert line["since"] == at + timedelta(days=10)
    async with units.of(admin) as unit:
        await enrolling_staff.suspend(unit, member.id, reason="离职")
    assert await waiting(units, admin) == []


async def test_a_draft_of_the_rulebook_waits_for_whoever_began_it(
    units: Units, place: House, admin: Actor
) -> None:
    async with units.of(admin) as unit:
        draft = await publishing.draft_from_current(unit, place.hospital.id)
    [line] = await waiting(units, admin)
    assert (line["href"], line["due_at"]) == (
        f"/admin/rulebook/{draft.id}",
        draft.created_at + timedelta(days=7),
    )
    assert line["owner"] == {"zh-CN": "样例员工", "en": "Sample Member"}
    async with units.of(admin) as unit:
        await publishing.discard_draft(unit, draft.id, revision=draft.revision)
    assert await waiting(units, admin) == []


async def test_GD20_a_forecast_holiday_is_checked_before_promises_count_by_it(
    units: Units, place: House, admin: Actor
) -> None:
    async with units.system("test") as unit:
        days = [unit.today + timedelta(days=count) for count in (20, 21, 60, 61)]
        for day in days:
            await unit.session.merge(
                CalendarDay(
                    hospital_id=place.hospital.id, day=day, is_working=False, reason="样例节日",
                    is_forecast=True, changed_by=None,
                )
            )  # fmt: skip
    [line] = await waiting(units, admin)
    assert (line["count"], line["href"]) == (3, "/admin/calendar")
    assert line["due_at"] == day_end(days[0] - timedelta(days=1))


async def test_jobs_that_gave_up_are_one_line(units: Units, admin: Actor) -> None:
    async with units.system("test") as unit:
        for status in ("failed", "failed", "todo"):
            await unit.session.execute(
                sa.text(
                    "insert into procrastinate_jobs (queue_name, task_name, status, args)"
                    " values ('default', 'test.task', cast(:status as procrastinate_job_status), '{}')"
                ),
                {"status": status},
            )
    async with units.of(admin) as unit:
        assert (await jobs.parked_since(unit))[0] == 2
    [line] = await waiting(units, admin)
    assert (line["count"], line["href"], line["title"]) == (2, "/admin/jobs", "停滞的任务")


async def test_GD20_a_department_without_clinics_waits_for_whoever_plans(
    units: Units, place: House, admin: Actor
) -> None:
    desk = staff(await add_staff(units, place.hospital.id, (Role.DESK,), login="planner"))
    doctor = staff(await add_staff(units, place.hospital.id, (Role.DOCTOR,), login="doctor"))

    async def empty(actor: Actor) -> list[str]:
        async with units.of(actor) as unit:
            return [line["text"]["zh-CN"] for line in await gaps(unit, actor)]

    cardiology = "心血管内科：7 天内没有可预约的门诊"
    assert await empty(desk) == await empty(admin) == [cardiology]
    assert await empty(doctor) == []
    await add_clinic(units, place.doctor)
    assert await empty(desk) == []
    await add_department(units, place.hospital.id, [place.campus.id], "skin", name="皮肤科")
    assert await empty(desk) == ["皮肤科：7 天内没有可预约的门诊"]


async def test_what_waits_at_one_hospital_is_not_told_at_another(
    units: Units, place: House, admin: Actor
) -> None:
    await add_doctor(units, place.department, valid_for=timedelta(days=5))
    other = await add_house(units, "jiangbin")
    async with units.system("test") as unit:
        await unit.session.execute(sa.update(CalendarDay).values(is_forecast=False))
    stranger = staff(await add_staff(units, other.hospital.id, (Role.ADMIN,), login="stranger"))
    assert await waiting(units, stranger) == []
    assert len(await waiting(units, admin)) == 2


@pytest.mark.parametrize("role", [Role.DESK, Role.DOCTOR, Role.HEAD, Role.FINANCE])
async def test_none_of_it_is_anybody_elses(units: Units, place: House, admin: Actor, role: Role) -> None:
    await add_doctor(units, place.department, valid_for=timedelta(days=5))
    async with units.of(admin) as unit:
        await publishing.draft_from_current(unit, place.hospital.id)
    member = await add_staff(units, place.hospital.id, (role,), login="somebody")
    assert await waiting(units, staff(member)) == []
