"""The day before, counted and reported after midnight: once a day and hospital, also after downtime."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.accounts.models import StaffMember
from telehealth.core.access import HOUSE, Role
from telehealth.core.clock import FixedClock, HospitalDay
from telehealth.core.deadlines import Sweeper
from telehealth.core.jobs import Work
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.states import Notice
from telehealth.reporting import queries
from telehealth.reporting.contributing import worklist
from telehealth.reporting.daily import (
    DAY_OVER,
    make_report,
    missing_days,
    open_report,
    plan_days,
    report_days,
)
from telehealth.reporting.feature import feature
from telehealth.reporting.models import DailyReport
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.rooms import Visit, add_room


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


@pytest.fixture
async def head(units: Units, visit: Visit) -> StaffMember:
    return await add_staff(units, visit.house.hospital.id, (Role.HEAD,), login="head")


async def run(units: Units, hospital_id: UUID) -> None:
    await report_days.run(Work(units, 0, 0), hospital=str(hospital_id))


async def days_of(units: Units) -> list[HospitalDay]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(DailyReport.day).order_by(DailyReport.day)))


async def told(units: Units) -> int:
    async with units.system("test") as unit:
        found = sa.select(sa.func.count()).where(InboxMessage.notice == Notice.DAILY_REPORT)
        return await unit.session.scalar(found) or 0


async def test_GD19_the_head_is_told_of_the_day_before_after_midnight(
    units: Units, visit: Visit, head: StaffMember, clock: FixedClock
) -> None:
    async with units.system("test") as unit:
        day = unit.today
    clock.advance(timedelta(days=1))
    await run(units, visit.house.hospital.id)
    assert (await days_of(units), await told(units)) == ([day], 1)
    async with units.of(staff(head)) as unit:
        row = await queries.report(unit, visit.house.hospital.id, day)
    # Its doctor never wrote: one visit, none attended, and whose promise that was.
    assert (row.body["visits"], row.body["owed"], row.body["attended"]) == (1, 1, 0)
    assert [(item["metric"], item["late"]) for item in row.body["missed"]] == [("attended_same_day", 1)]


async def test_GD19_a_day_is_reported_once_however_often_the_job_runs(
    units: Units, visit: Visit, head: StaffMember, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=1))
    for _ in range(3):
        await run(units, visit.house.hospital.id)
    assert (len(await days_of(units)), await told(units)) == (1, 1)
    async with units.hospital(visit.house.hospital.id, HOUSE) as unit:
        assert not await make_report(unit, visit.house.hospital.id, unit.today - timedelta(days=1))


async def test_GD19_after_downtime_every_missed_day_gets_its_report(
    units: Units, visit: Visit, head: StaffMember, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=1))
    await run(units, visit.house.hospital.id)
    clock.advance(timedelta(days=4))
    await run(units, visit.house.hospital.id)
    days = await days_of(units)
    assert days == [days[0] + timedelta(days=n) for n in range(5)]
    assert await told(units) == 5


async def test_GD19_the_deadline_falls_due_after_the_midnight_sweeps_and_sets_the_next(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await plan_days(units)
    await plan_days(units)
    sweeper = Sweeper(units, list(feature.deadlines))
    assert await sweeper.sweep() == 0
    clock.advance(timedelta(days=1))
    assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 0
    async with units.system("test") as unit:
        due = await unit.session.scalar(
            sa.text("select due_at from deadlines where kind = :kind").bindparams(kind=DAY_OVER)
        )
        assert due is not None and due > unit.now


async def test_GD19_the_report_is_on_the_heads_list_until_it_was_read(
    units: Units, visit: Visit, head: StaffMember, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=1))
    await run(units, visit.house.hospital.id)
    actor = staff(head)
    async with units.of(actor) as unit:
        [item] = await worklist(unit, actor)
        await open_report(unit, unit.today - timedelta(days=1))
    assert item["href"].startswith("/staff/daily-reports/")
    async with units.of(actor) as unit:
        assert await worklist(unit, actor) == []


async def test_a_hospital_that_was_not_live_has_no_days_to_report(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    async with units.hospital(visit.house.hospital.id, HOUSE) as unit:
        found = await missing_days(unit, visit.house.hospital.id)
    # Live since long: the first report ever is of yesterday only.
    assert len(found) == 1
