"""GD11: a follow-up is a task of the doctor's, and on its day a word to the patient (BJ09)."""

from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.consultations import following_up
from telehealth.consultations.concluding import conclude
from telehealth.consultations.doctor_errors import FollowUpNotFound
from telehealth.consultations.models import FollowUp
from telehealth.consultations.states import FollowUpState
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock, at_local, day_end
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import told
from tests.support.factories.consulting import ADVICE, sign_note, write_note
from tests.support.factories.directory import add_doctor
from tests.support.factories.rooms import Visit, add_room

DUE = date(2026, 12, 19)


@pytest.fixture
async def visit(units: Units) -> Visit:
    made = await add_room(units, admitted=True)
    await write_note(units, made)
    await sign_note(units, made)
    async with units.of(made.doctor) as unit:
        await conclude(unit, made.room, advice=ADVICE, follow_up_on=DUE, follow_up_reason="样例：复查血压")
    return made


async def the_task(units: Units) -> FollowUp:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(FollowUp))).one()


async def ids(units: Units, visit: Visit, *, ended: bool = False) -> list[UUID]:
    async with units.of(visit.doctor) as unit:
        return [task.row.id for task in await following_up.follow_ups(unit, ended=ended)]


async def test_GD11_a_conclusion_with_a_day_is_a_task_until_it_is_done(units: Units, visit: Visit) -> None:
    row = await the_task(units)
    assert (row.due_day, row.reason, row.state) == (DUE, "样例：复查血压", FollowUpState.OPEN)
    assert await ids(units, visit) == [row.id]
    async with units.of(visit.doctor) as unit:
        await following_up.finish(unit, row.id, outcome="样例：已电话随访，平稳")
    assert await ids(units, visit) == [] and await ids(units, visit, ended=True) == [row.id]
    with pytest.raises(TransitionRefused):
        async with units.of(visit.doctor) as unit:
            await following_up.drop(unit, row.id, outcome="样例")


async def test_GD11_the_doctor_reads_what_is_due_on_the_home_page(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    async def items() -> list[object]:
        async with units.of(visit.doctor) as unit:
            return [item["due_at"] for item in await following_up.worklist(unit, visit.doctor)]

    assert await items() == []
    clock.move_business_to(at_local(DUE, time(8)))
    assert await items() == [day_end(DUE)]


async def test_only_the_doctor_of_the_task_may_end_it(units: Units, visit: Visit) -> None:
    row = await the_task(units)
    other = await add_doctor(units, visit.house.department, name="样例医生戊")
    member = await add_staff(
        units, visit.house.hospital.id, [Role.DOCTOR], login="o.doctor", doctor_id=other.id
    )
    async with units.of(staff(member)) as unit:
        assert await following_up.follow_ups(unit) == []
        with pytest.raises(FollowUpNotFound):
            await following_up.finish(unit, row.id, outcome="样例")


async def test_BJ09_on_the_day_the_patient_is_one_tap_from_the_same_doctor(
    units: Units, house: RunningHouse, visit: Visit, clock: FixedClock
) -> None:
    clock.move_business_to(at_local(DUE - timedelta(days=1), time(23)))
    await house.sweeper.sweep()
    assert "follow_up_due" not in await told(units, visit.who.account)
    clock.move_business_to(at_local(DUE, time(9)))
    for _ in range(2):
        await house.sweeper.sweep()
    assert (await told(units, visit.who.account)).count("follow_up_due") == 1
    async with units.system("test") as unit:
        href = await unit.session.scalar(
            sa.select(InboxMessage.href).where(InboxMessage.notice == "follow_up_due")
        )
    assert href == f"/bookings/{visit.room}/rebooking"


async def test_a_task_that_is_done_reminds_nobody(
    units: Units, house: RunningHouse, visit: Visit, clock: FixedClock
) -> None:
    row = await the_task(units)
    async with units.of(visit.doctor) as unit:
        await following_up.drop(unit, row.id, outcome="样例：患者已线下就诊")
    clock.move_business_to(at_local(DUE, time(9)))
    await house.sweeper.sweep()
    assert "follow_up_due" not in await told(units, visit.who.account)
