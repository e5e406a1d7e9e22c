"""What is said in a room: numbered, sealed, never twice; and what it means."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from telehealth.accounts import keep_step_up
from telehealth.bookings.states import Evidence
from telehealth.consultations.alerting import alert_staff
from telehealth.consultations.errors import ClientIdTaken, FileNotReady, MessageEmpty, NotAdmitted, SeatEnded
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work
from telehealth.core.rooms import RoomChannel
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from telehealth.web.sessions import open_session
from tests.support.factories.accounts import add_staff
from tests.support.factories.bookings import reread as reread_booking
from tests.support.factories.bookings import told
from tests.support.factories.rooms import (
    Visit,
    add_helper,
    add_room,
    admit,
    events,
    messages,
    reread,
    say,
    seat,
)


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


def channel(units: Units) -> RoomChannel:
    return units.port(RoomChannel)  # type: ignore[type-abstract]


async def test_messages_are_numbered_from_one_and_read_back_as_they_were_said(
    units: Units, visit: Visit
) -> None:
    helper = await add_helper(units, visit)
    said = [
        await say(units, visit, visit.patient, "医生您好，血压 150/95"),
        await say(units, visit, visit.doctor, "请补充目前用药情况", kind="quick"),
        await say(units, visit, helper, "她在吃氨氯地平"),
    ]
    assert [one.seq for one in said] == [1, 2, 3]
    read = await channel(units).since(visit.room, 0, 100)
    assert list(read) == [one.body for one in said]
    assert [body["author"]["role"] for body in read] == ["patient", "doctor", "helper"]
    assert read[0]["author"]["name"] == "样**" and read[2]["author"]["name"] == "女儿"
    assert await channel(units).since(visit.room, 2, 100) == read[2:]
    assert await channel(units).since(visit.room, 0, 1) == read[:1]
    assert await channel(units).last([visit.room, new_id()]) == {visit.room: 3}


async def test_what_people_write_is_sealed(units: Units, visit: Visit) -> None:
    await say(units, visit, visit.patient, "样例病情")
    async with units.system("test") as unit:
        rows = await (await unit.connection()).execute("select text from room_messages")
        (text,) = await rows.fetchone() or (b"",)
    assert "样例病情".encode() not in bytes(text)


async def test_the_same_client_id_is_stored_once_under_its_first_number(units: Units, visit: Visit) -> None:
    client_id = new_id()
    first = await say(units, visit, visit.patient, "一次", client_id=client_id)
    again = await say(units, visit, visit.patient, "一次", client_id=client_id)
    assert (first.seq, first.is_new, again.seq, again.is_new) == (1, True, 1, False)
    assert len(await messages(units, visit)) == 1
    with pytest.raises(ClientIdTaken):
        await say(units, visit, visit.doctor, "别人的编号", client_id=client_id)


async def test_XY27_questions_before_admission_are_kept_and_marked(units: Units) -> None:
    visit = await add_room(units)
    await say(units, visit, visit.patient, "降压药吃完了")
    await admit(units, visit)
    await say(units, visit, visit.patient, "现在有些头晕")
    assert [row.facts for row in await messages(units, visit)] == [{"before_admission": True}, {}]
    assert (await reread_booking(units, visit.booking)).attended_at is None
    assert (await reread(units, visit)).last_patient_seq == 2


async def test_REG8_a_doctor_writes_after_admitting(units: Units) -> None:
    visit = await add_room(units)
    with pytest.raises(NotAdmitted):
        await say(units, visit, visit.doctor)
    assert await messages(units, visit) == []


async def test_XY13_the_doctors_own_words_are_evidence(units: Units, visit: Visit) -> None:
    await say(units, visit, visit.patient, "在吗")
    written = await say(units, visit, visit.doctor, "您最近血压怎么样")
    after = await reread_booking(units, visit.booking)
    assert (after.attended_by, after.attended_ref) == (
        Evidence.OWN_TEXT, f"message:{visit.room}:{written.seq}",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["您好！", "您好，请稍等。", "在的~", "OK", "。。。", "建议线下面诊", "一周后复诊。"]
)
async def test_XY13_a_greeting_or_a_quick_reply_is_none(units: Units, visit: Visit, text: str) -> None:
    await say(units, visit, visit.doctor, text)
    await say(units, visit, visit.doctor, "请上传近期检验报告", kind="quick")
    assert (await reread_booking(units, visit.booking)).attended_at is None


async def test_REG6_who_writes_is_at_work_and_keeps_the_step_up(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    async with units.system("test") as unit:
        opened = await open_session(unit, visit.doctor, channel="browser")
    doctor = replace(visit.doctor, session_id=opened.session_id)
    for _ in range(3):
        clock.advance(timedelta(minutes=20))
        for text in ("您最近血压怎么样", "请把记录发来"):
            await say(units, visit, doctor, text)
    clock.advance(timedelta(minutes=29))
    async with units.of(doctor) as unit:
        assert await keep_step_up(unit)
    # Half an hour of silence, and words do not bring it back.
    clock.advance(timedelta(minutes=31))
    await say(units, visit, doctor, "还在吗")
    async with units.of(doctor) as unit:
        assert not await keep_step_up(unit)


async def test_XY04_a_red_flag_shows_the_card_and_alerts_doctor_and_desk(
    units: Units, visit: Visit, house: RunningHouse
) -> None:
    desk = await add_staff(units, visit.house.hospital.id, [Role.DESK])
    stored = await say(units, visit, visit.patient, "我胸痛得厉害，喘不上气")
    assert stored.alert is not None and stored.alert["kind"] == "red_flag"
    card = stored.alert["card"]
    assert (card["level"], card["numbers"]) == ("emergency", ["120"]) and "急" in card["sentence"]["zh"]
    assert [row.kind for row in await messages(units, visit)] == ["text", "system"]
    assert await events(units, visit) == [{"event": "urgent", "code": "red_flag"}]
    row = await reread(units, visit)
    assert (row.urgent_at, row.urgent_by) == (units.clock.business(), "red_flag")
    await alert_staff.run(Work(units, 1, 0), room=str(visit.room))
    for member in (visit.member, desk):
        assert await inbox(units, member.account_id) == ["room_urgent"]


async def test_XY04_writing_goes_on_and_the_same_alarm_is_given_once(units: Units, visit: Visit) -> None:
    helper = await add_helper(units, visit)
    await say(units, visit, visit.patient, "胸痛")
    again = await say(units, visit, helper, "她胸痛，出冷汗")
    assert again.alert is not None
    assert len(await events(units, visit)) == 1


async def test_denied_or_by_the_doctor_a_red_flag_alerts_nobody(units: Units, visit: Visit) -> None:
    assert (await say(units, visit, visit.patient, "没有胸痛")).alert is None
    assert (await say(units, visit, visit.doctor, "有没有胸痛")).alert is None
    assert await events(units, visit) == []


async def test_a_patient_who_has_not_read_is_told_once_that_the_doctor_wrote(
    units: Units, visit: Visit, clock: FixedClock, house: RunningHouse
) -> None:
    before = len(await told(units, visit.who.account))
    for text in ("您最近血压怎么样", "请把记录发来"):
        await say(units, visit, visit.doctor, text)
    clock.advance(timedelta(minutes=4))
    await house.sweeper.sweep()
    assert (await told(units, visit.who.account))[before:] == ["doctor_wrote"]


async def test_a_patient_who_reads_along_is_not_told(
    units: Units, visit: Visit, clock: FixedClock, house: RunningHouse
) -> None:
    before = await told(units, visit.who.account)
    await say(units, visit, visit.doctor)
    await channel(units).read(await seat(units, visit, visit.patient), 1)
    clock.advance(timedelta(minutes=4))
    await house.sweeper.sweep()
    assert await told(units, visit.who.account) == before


async def test_read_marks_never_go_back_nor_beyond_what_was_said(units: Units, visit: Visit) -> None:
    for text in ("一", "二", "三"):
        await say(units, visit, visit.patient, text)
    doctor, patient = await seat(units, visit, visit.doctor), await seat(units, visit, visit.patient)
    assert await channel(units).read(doctor, 2) == {"doctor": 2}
    assert await channel(units).read(doctor, 1) == {"doctor": 2}
    assert await channel(units).read(patient, 99) == {"doctor": 2, "patient": 3}
    assert await channel(units).reads(doctor) == {"doctor": 2, "patient": 3}


async def test_a_helper_whose_seat_was_taken_away_writes_no_more(units: Units, visit: Visit) -> None:
    place = await seat(units, visit, await add_helper(units, visit))
    async with units.system("test") as unit:
        await (await unit.connection()).execute("update room_seats set state = 'ended'")
    with pytest.raises(SeatEnded):
        await channel(units).say(place, client_id=new_id(), kind="text", text="还在吗", file=None)


async def test_nothing_and_a_file_that_is_not_there_are_refused(units: Units, visit: Visit) -> None:
    with pytest.raises(MessageEmpty):
        await say(units, visit, visit.patient, "  ")
    with pytest.raises(FileNotReady):
        await say(units, visit, visit.patient, "", kind="file", file=new_id())
    assert await messages(units, visit) == []


async def inbox(units: Units, account_id: UUID) -> list[str]:
    async with units.system("test") as unit:
        rows = await (await unit.connection()).execute(
            "select notice from inbox_messages where account_id = %s order by id", (account_id,)
        )
        return [row[0] for row in await rows.fetchall()]
