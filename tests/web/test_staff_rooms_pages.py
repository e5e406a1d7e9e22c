"""The doctor's pages without script: the line, a visit from admission to its end, the record, others."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.bookings.states import BookingState
from telehealth.consultations.alerting import raise_alarm
from telehealth.consultations.states import ConsultationState
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.patients.models import HospitalPatient
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.consulting import ADVICE, NOTE, ring_unanswered, sign_note, write_note
from tests.support.factories.directory import add_doctor, add_hospital
from tests.support.factories.rooms import Visit, add_next, add_room, admit, events, messages, reread, say

Client = httpx2.AsyncClient

#: Behind the desk's glass: names of patients are said nowhere but in the room.
PATIENT = "样例乙"


class Desk:
    """Somebody of the hospital in a browser without script."""

    def __init__(self, client: Client, headers: dict[str, str], visit: Visit) -> None:
        self.client, self.headers, self.room = client, headers, f"/staff/rooms/{visit.room}"

    async def get(self, path: str = "", status: int = 200) -> str:
        answer = await self.client.get(self._at(path), headers=self.headers)
        assert answer.status_code == status, answer.text[:400]
        return answer.text

    async def post(self, path: str, status: int = 303, **fields: Any) -> httpx2.Response:
        answer = await self.client.post(self._at(path), headers=self.headers, data=fields)
        assert answer.status_code == status, answer.text[:400]
        return answer

    def _at(self, path: str) -> str:
        return path if path.startswith("/staff") else f"{self.room}{path}"


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def desk_of(client: Client, units: Units, visit: Visit, actor: Actor) -> Desk:
    return Desk(client, await cookie(units, actor), visit)


@pytest.fixture
async def doctor(client: Client, units: Units, visit: Visit) -> Desk:
    return await desk_of(client, units, visit, visit.doctor)


async def member(units: Units, visit: Visit, *roles: Role, **more: Any) -> Actor:
    login = more.pop("login", str(roles[0]))
    return staff(await add_staff(units, visit.house.hospital.id, roles, login=login, **more))


def note_fields(**changes: Any) -> dict[str, str]:
    fields = {name: str(value) for name, value in NOTE.items() if name != "allergies_reviewed"}
    return fields | {"allergies_reviewed": "true", "version": "0", "page": "a-page"} | changes


async def test_the_line_masks_names_and_says_midnight_in_words(
    doctor: Desk, units: Units, visit: Visit
) -> None:
    await say(units, visit, visit.patient, "早上头晕")
    page = await doctor.get("/staff/line")
    assert "样**" in page and PATIENT not in page and "早上头晕" not in page
    assert "接诊前留言 1 条" in page and "24:00" in page
    assert f'href="/staff/rooms/{visit.room}"' in page


async def test_urgent_visits_stand_first(doctor: Desk, units: Units, visit: Visit) -> None:
    other = await add_next(units, visit)
    async with units.system("test") as unit:
        await raise_alarm(unit, other.room, "worse")
    page = await doctor.get("/staff/line")
    assert page.index(str(other.room)) < page.index(str(visit.room))
    assert "患者说病情加重" in page


async def test_another_day_can_be_looked_at(doctor: Desk, visit: Visit) -> None:
    page = await doctor.get("/staff/line?day=2026-11-20")
    assert str(visit.room) not in page and "这一天没有线上复诊" in page
    await doctor.get("/staff/line?day=tomorrow&current=nobody")


async def test_an_opened_patient_is_shown_by_full_name_sex_and_age(doctor: Desk) -> None:
    page = await doctor.get()
    assert PATIENT in page and "46 岁" in page
    assert "复诊配药" in page and "复诊依据" in page
    assert page.index("过敏史") < page.index("病情表")


async def test_REG3_admission_needs_the_tick_and_opens_the_talk(
    doctor: Desk, units: Units, visit: Visit
) -> None:
    refused = await doctor.post("/admission", status=409)
    assert "确认患者适合线上复诊" in refused.text
    await doctor.post("/admission", fit="true")
    assert (await reread(units, visit)).state is ConsultationState.ADMITTED
    client_id = str(new_id())
    await doctor.post("/messages", client_id=client_id, text="血压最近怎么样")
    await doctor.post("/messages", client_id=client_id, text="血压最近怎么样")
    assert [row.text for row in await messages(units, visit) if row.role == "doctor"] == ["血压最近怎么样"]
    assert "血压最近怎么样" in await doctor.get()


async def test_REG6_a_stale_second_factor_leads_to_the_step_up_and_back(
    doctor: Desk, visit: Visit, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=31))
    answer = await doctor.post("/admission", fit="true")
    assert answer.headers["location"].startswith("/staff/step-up?next=%2Fstaff%2Frooms%2F")


async def test_a_prepared_sentence_is_no_attendance(doctor: Desk, units: Units, visit: Visit) -> None:
    await admit(units, visit)
    page = await doctor.get()
    words = re.findall(r'name="text" value="([^"]+)" data-quick', page)
    await doctor.post("/messages", client_id=str(new_id()), kind="quick", text=words[0])
    assert (await booking_of(units, visit.booking)).attended_at is None


async def test_XY13_note_signature_and_conclusion_without_script(
    doctor: Desk, units: Units, visit: Visit
) -> None:
    await admit(units, visit)
    short = await doctor.post("/note", status=422, **note_fields(plan="好", _do="sign"))
    assert "请补充，内容太短" in short.text and NOTE["findings"] in short.text
    await doctor.post("/note", **note_fields(version="1", _do="sign"))
    page = await doctor.get()
    assert "SHA-256" in page and "已签名" in page
    assert "请填写此项" in (await doctor.post("/conclusion", status=422, advice="")).text
    await doctor.post("/conclusion", advice=ADVICE, follow_up_day="2026-12-21", follow_up_reason="复查血压")
    assert (await booking_of(units, visit.booking)).state is BookingState.COMPLETED
    assert ADVICE in await doctor.get()
    tasks = await doctor.get("/staff/follow-ups")
    assert "复查血压" in tasks and PATIENT not in tasks


async def test_two_pages_of_one_note_notice_each_other(doctor: Desk, units: Units, visit: Visit) -> None:
    await admit(units, visit)
    await write_note(units, visit)
    answer = await doctor.post("/note", status=409, **note_fields())
    assert "另一个页面" in answer.text and NOTE["plan"] in answer.text


async def test_the_note_keeps_itself_as_a_page_sends_it(
    client: Client, doctor: Desk, units: Units, visit: Visit
) -> None:
    await admit(units, visit)
    body = note_fields() | {"allergies_reviewed": True}
    answer = await client.put(f"/api/v1/rooms/{visit.room}/note", headers=doctor.headers, json=body)
    assert answer.status_code == 200, answer.text


async def test_GD11_a_follow_up_is_done_with_its_outcome(doctor: Desk, units: Units, visit: Visit) -> None:
    await admit(units, visit)
    await write_note(units, visit)
    await sign_note(units, visit)
    await doctor.post("/conclusion", advice=ADVICE, follow_up_day="2026-11-28", follow_up_reason="复查")
    [task] = re.findall(r'action="(/staff/follow-ups/[^"]+)"', await doctor.get("/staff/follow-ups"))
    assert "请填写此项" in (await doctor.post(task, status=422, outcome="")).text
    await doctor.post(task, outcome="样例：已电话随访，血压平稳")
    assert "没有要随访的患者" in await doctor.get("/staff/follow-ups")


async def test_XY11_unsuitable_online_says_what_goes_back(doctor: Desk, units: Units, visit: Visit) -> None:
    await admit(units, visit)
    assert "¥" in (await doctor.get()).split("不适合线上")[1][:900]
    await doctor.post("/withdrawal", status=422, reason="", advice="")
    await doctor.post("/withdrawal", reason="样例：需要当面听诊", advice="样例：今天到门诊")
    assert (await booking_of(units, visit.booking)).state is BookingState.WITHDRAWN
    assert "不适合线上，已退费" in await doctor.get()


async def test_SJ07_absence_says_what_is_missing_until_nothing_is(
    doctor: Desk, units: Units, visit: Visit, clock: FixedClock
) -> None:
    await admit(units, visit)
    page = await doctor.get()
    assert "呼叫无人接听至少 2 次（已有 0 次）" in page
    assert re.search(r'type="submit" disabled>\s*记为未到', page)
    await doctor.post("/absence")
    assert (await booking_of(units, visit.booking)).state is BookingState.PAID
    clock.advance(timedelta(minutes=65))
    await doctor.post("/reminder")
    await ring_unanswered(units, visit, 2)
    assert not re.search(r'type="submit" disabled>\s*记为未到', await doctor.get())
    await doctor.post("/absence")
    assert (await booking_of(units, visit.booking)).state is BookingState.PATIENT_ABSENT


async def test_an_alarm_reaches_desk_and_doctor_and_is_seen_to(
    client: Client, doctor: Desk, units: Units, visit: Visit
) -> None:
    async with units.system("test") as unit:
        await raise_alarm(unit, visit.room, "red_flag")
    duty = await desk_of(client, units, visit, await member(units, visit, Role.DESK))
    assert "/staff/alarms" in await duty.get("/staff")
    assert PATIENT in await duty.get("/staff/alarms")
    assert "患者写到危险症状" in await doctor.get()
    await duty.post("/urgency")
    assert "没有紧急提醒" in await duty.get("/staff/alarms")
    assert {"event": "urgency_acknowledged"} in await events(units, visit)
    assert "part-urgent" not in await doctor.get()


async def test_a_second_doctor_is_asked_in_and_leaves(
    client: Client, doctor: Desk, units: Units, visit: Visit
) -> None:
    await admit(units, visit)
    second = await add_doctor(units, visit.house.department, name="样例会诊医生")
    guest = await member(units, visit, Role.DOCTOR, login="second", doctor_id=second.id)
    other = await desk_of(client, units, visit, guest)
    await other.get(status=404)
    await doctor.post("/colleagues", doctor_id=str(second.id), reason="样例：请看心电图")
    page = await other.get()
    assert PATIENT in page and "note-form" not in page and "由主诊医生结束就诊" in page
    [removal] = re.findall(r'action="([^"]+/removal)"', await doctor.get())
    await doctor.post(removal)
    await other.get(status=404)


async def test_REG59_every_staff_page_of_a_record_says_that_it_is_restricted(
    client: Client, doctor: Desk, units: Units, visit: Visit
) -> None:
    head = await desk_of(client, units, visit, await member(units, visit, Role.HEAD, name="样例院长"))
    mark = "资料已限制处理"
    assert mark not in await head.get("/record")
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(HospitalPatient)
            .where(HospitalPatient.person_id == visit.who.person.id)
            .values(restricted_at=unit.now)
        )
    assert mark in await head.get("/record")
    assert mark in await doctor.get() and mark in await doctor.get("/record")


async def test_whoever_reads_a_record_is_named_in_it(
    client: Client, doctor: Desk, units: Units, visit: Visit
) -> None:
    await say(units, visit, visit.patient, "请看我的报告")
    head = await desk_of(client, units, visit, await member(units, visit, Role.HEAD, name="样例院长"))
    await head.get(status=403)
    page = await head.get("/record")
    assert "请看我的报告" in page and "您这次查看已经记下" in page
    assert "样例院长" in await doctor.get("/record")


@pytest.mark.parametrize("path", ["", "/record"])
async def test_another_doctor_finds_no_such_room(
    client: Client, units: Units, visit: Visit, path: str
) -> None:
    second = await add_doctor(units, visit.house.department, name="样例别的医生")
    other = await member(units, visit, Role.DOCTOR, login="other", doctor_id=second.id)
    await (await desk_of(client, units, visit, other)).get(path, status=404)


async def test_another_hospital_finds_no_such_room(client: Client, units: Units, visit: Visit) -> None:
    elsewhere = await add_hospital(units, "jiangbin")
    for role, status in ((Role.DOCTOR, 404), (Role.HEAD, 404)):
        one = staff(await add_staff(units, elsewhere.id, [role], login=f"{role}.elsewhere"))
        there = await desk_of(client, units, visit, one)
        await there.get("/record", status=status)
        assert "没有紧急提醒" in await there.get("/staff/alarms")


async def test_the_desk_reads_no_room(client: Client, units: Units, visit: Visit) -> None:
    duty = await desk_of(client, units, visit, await member(units, visit, Role.DESK))
    await duty.get(status=403)
    await duty.get("/record", status=404)
    await duty.get("/staff/line", status=303)
