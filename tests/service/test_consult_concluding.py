"""A visit ends: a signed note, advice, money earned, the next look planned; or it was unsuitable online."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.errors import NotWithdrawable
from telehealth.bookings.states import BookingState
from telehealth.consultations import inviting
from telehealth.consultations.concluding import conclude
from telehealth.consultations.doctor_errors import (
    ColleagueNotFound,
    ColleagueSeated,
    NoteNotSigned,
    VisitOver,
)
from telehealth.consultations.errors import NotAdmitted, RoomNotFound
from telehealth.consultations.filing import file_of
from telehealth.consultations.line import line_of
from telehealth.consultations.models import Consultation, RecordView
from telehealth.consultations.states import ConsultationState
from telehealth.consultations.withdrawing import find_unsuitable
from telehealth.core.access import Actor, Role
from telehealth.core.errors import FieldsInvalid
from telehealth.core.rooms import Role as RoomRole
from telehealth.core.unit import Units
from telehealth.payments.states import RefundReason
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.bookings import told
from tests.support.factories.consulting import ADVICE, sign_note, write_note
from tests.support.factories.directory import add_doctor
from tests.support.factories.rooms import Visit, add_helper, add_next, add_room, events, reread, say, seat
from tests.support.factories.visits import balances, refunds_of_booking

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


async def end(units: Units, visit: Visit, advice: str = ADVICE, on: date | None = None) -> Consultation:
    async with units.of(visit.doctor) as unit:
        return await conclude(unit, visit.room, advice=advice, follow_up_on=on, follow_up_reason="样例：复查")


async def test_XY13_a_visit_is_closed_with_a_signed_note_and_advice(units: Units, visit: Visit) -> None:
    with pytest.raises(NoteNotSigned):
        await end(units, visit)
    await write_note(units, visit)
    with pytest.raises(NoteNotSigned):
        await end(units, visit)
    await sign_note(units, visit)
    with pytest.raises(FieldsInvalid):
        await end(units, visit, advice=" ")
    for _ in range(2):
        row = await end(units, visit)
    assert (row.state, row.advice) == (ConsultationState.CONCLUDED, ADVICE)
    after = await booking_of(units, visit.booking)
    assert after.state is BookingState.COMPLETED
    assert await balances(units, visit.booking) == {"provider.desk": after.fee, "revenue.consult": -after.fee}
    assert [facts["event"] for facts in await events(units, visit)] == ["note_signed", "concluded"]
    assert (await told(units, visit.who.account)).count("visit_concluded") == 1


async def test_seats_of_guests_end_with_the_visit(units: Units, visit: Visit) -> None:
    helper = await add_helper(units, visit)
    await write_note(units, visit)
    await sign_note(units, visit)
    await end(units, visit)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, helper)


async def test_nothing_is_concluded_before_admission(units: Units) -> None:
    with pytest.raises(NotAdmitted):
        await end(units, await add_room(units))


async def test_a_follow_up_lies_ahead(units: Units, visit: Visit) -> None:
    await write_note(units, visit)
    await sign_note(units, visit)
    for day in (TODAY, TODAY + timedelta(days=400)):
        with pytest.raises(FieldsInvalid) as refused:
            await end(units, visit, on=day)
        assert set(refused.value.fields) == {"follow_up_day"}
    assert (await reread(units, visit)).state is ConsultationState.ADMITTED


async def test_XY11_unsuitable_online_closes_the_room_and_gives_all_back(units: Units, visit: Visit) -> None:
    for _ in range(2):
        async with units.of(visit.doctor) as unit:
            await find_unsuitable(unit, visit.room, reason="样例原因：出现新症状", advice=ADVICE)
    after = await booking_of(units, visit.booking)
    assert (after.state, after.advice) == (BookingState.WITHDRAWN, ADVICE)
    assert (await reread(units, visit)).state is ConsultationState.CLOSED
    [refund] = await refunds_of_booking(units, visit.booking)
    assert (refund.reason, refund.amount) == (RefundReason.WITHDRAWN, after.fee)
    with pytest.raises(VisitOver):
        await end(units, visit)


async def test_XY11_what_was_had_is_not_withdrawn(units: Units, visit: Visit) -> None:
    await write_note(units, visit)
    await sign_note(units, visit)
    await end(units, visit)
    with pytest.raises(NotWithdrawable) as refused:
        async with units.of(visit.doctor) as unit:
            await find_unsuitable(unit, visit.room, reason="样例原因：出现新症状", advice=ADVICE)
    assert refused.value.facts["state"] == "completed"


async def colleague_of(units: Units, visit: Visit, login: str = "second") -> Actor:
    other = await add_doctor(units, visit.house.department, name="样例会诊医生")
    return staff(
        await add_staff(
            units,
            visit.house.hospital.id,
            [Role.DOCTOR],
            login=login,
            name="样例会诊医生",
            doctor_id=other.id,
        )
    )


async def test_a_second_doctor_has_a_seat_until_it_is_taken_away(units: Units, visit: Visit) -> None:
    second = await colleague_of(units, visit)
    async with units.of(visit.doctor) as unit:
        row = await reread(units, visit)
        [found] = await inviting.colleagues(unit, row)
        assert found.account_id == second.account_id and found.doctor_id is not None
        with pytest.raises(ColleagueNotFound):
            await inviting.invite(unit, visit.room, doctor_id=visit.house.doctor.id, reason="样例：会诊")
        taken = await inviting.invite(unit, visit.room, doctor_id=found.doctor_id, reason="样例：会诊")
    assert (await seat(units, visit, second)).role is RoomRole.COLLEAGUE
    async with units.of(visit.doctor) as unit:
        with pytest.raises(ColleagueSeated):
            await inviting.invite(unit, visit.room, doctor_id=found.doctor_id, reason="样例：会诊")
        await inviting.dismiss(unit, visit.room, taken.id)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, second)
    said = [facts["event"] for facts in await events(units, visit)]
    assert said == ["colleague_joined", "colleague_left"]


async def test_REG50_reading_by_others_than_the_treating_doctor_is_written_down(
    units: Units, visit: Visit
) -> None:
    async with units.of(visit.doctor) as unit:
        found = await file_of(unit, visit.room)
    assert (found.role, found.person.id) == ("doctor", visit.who.person.id)
    assert found.evidence and found.content is not None and found.content.complaint == "复诊配药"
    head = staff(await add_staff(units, visit.house.hospital.id, [Role.HEAD], login="head", name="样例院长"))
    async with units.of(head) as unit:
        assert (await file_of(unit, visit.room)).role == "head"
    stranger = await colleague_of(units, visit)
    async with units.of(stranger) as unit:
        with pytest.raises(RoomNotFound):
            await file_of(unit, visit.room)
    async with units.system("test") as unit:
        views = list(await unit.session.scalars(sa.select(RecordView.role)))
    assert views == ["head"]


async def test_the_line_shows_the_urgent_first_and_no_name_in_full(units: Units) -> None:
    first = await add_room(units)
    second = await add_next(units, first, 1)
    await say(units, second, second.patient, "样例：昨晚开始有点咳嗽")
    async with units.system("test") as unit:
        row = await unit.session.get(Consultation, second.room)
        assert row is not None
        row.urgent_at, row.urgent_by = unit.now, "worse"
    async with units.of(first.doctor) as unit:
        line = await line_of(unit)
    assert [item.room for item in line] == [second.room, first.room]
    assert (line[0].unread, line[0].before_admission, line[0].last_is_patients) == (1, 1, True)
    assert line[0].waiting_since is not None and line[1].waiting_since is None
    assert line[0].name == "样**" and (line[1].unread, line[1].last_message_at) == (0, None)
    desk = staff(await add_staff(units, first.house.hospital.id, [Role.DESK], login="desk.three"))
    async with units.of(desk) as unit:
        assert await line_of(unit) == []
