"""The doctor's side over HTTP: from the line to the follow-up, and who is kept out."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from signaling.models import Call, RecordingSegment
from signaling.states import CallState, RecordingState
from telehealth.consultations.models import RecordView
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web.sessions import Session
from tests.support.factories.accounts import add_staff, bearer, staff, totp_at
from tests.support.factories.consulting import ADVICE, NOTE
from tests.support.factories.directory import add_doctor
from tests.support.factories.rooms import Visit, add_room, admit, say

Client = httpx2.AsyncClient
API = "/api/v1"


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


@pytest.fixture
async def doctor(units: Units, visit: Visit) -> dict[str, str]:
    return await bearer(units, visit.doctor)


def path(visit: Visit, *parts: str) -> str:
    return "/".join((API, "rooms", str(visit.room), *parts))


async def staff_of(units: Units, visit: Visit, role: Role, **facts: Any) -> Actor:
    return staff(await add_staff(units, visit.house.hospital.id, [role], login=f"m.{role}", **facts))


async def test_a_visit_from_the_line_to_its_follow_up(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    await say(units, visit, visit.patient, "样例：最近偶尔头晕")
    [waiting] = (await client.get(f"{API}/line", headers=doctor)).json()
    assert (waiting["position"], waiting["unread"], waiting["before_admission"]) == (1, 1, 1)
    assert waiting["name"] == "样**" and "text" not in waiting

    file = (await client.get(path(visit, "file"), headers=doctor)).json()
    assert next(iter(file)) == "allergies" and file["form"]["complaint"] == "复诊配药" and file["evidence"]

    admitted = await client.post(path(visit, "admission"), json={"fit": True}, headers=doctor)
    assert (admitted.status_code, admitted.json()["state"]) == (200, "admitted")

    draft = await client.put(path(visit, "note"), json=NOTE | {"version": 0, "page": "p1"}, headers=doctor)
    assert draft.json()["version"] == 1
    signed = await client.post(path(visit, "note", "signature"), json={"version": 1}, headers=doctor)
    assert signed.json()["state"] == "signed" and signed.json()["is_genuine"] is True

    ending = {"advice": ADVICE, "follow_up_day": "2026-12-19", "follow_up_reason": "样例：复查"}
    over = await client.post(path(visit, "conclusion"), json=ending, headers=doctor)
    assert (over.json()["state"], over.json()["advice"]) == ("concluded", ADVICE)
    [task] = (await client.get(f"{API}/follow-ups", headers=doctor)).json()
    assert (task["due_day"], task["name"]) == ("2026-12-19", "样**")
    done = await client.post(
        f"{API}/follow-ups/{task['id']}/completion", json={"outcome": "样例：平稳"}, headers=doctor
    )
    assert done.json()["state"] == "done"
    assert (await client.get(f"{API}/follow-ups", headers=doctor)).json() == []


async def test_REG6_the_step_up_is_asked_and_given(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str], clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=29))
    # A Bearer token lives as long as a fresh second factor; the one it is renewed into has an older one.
    member = visit.doctor
    late = await bearer(units, member)
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(Session)
            .where(Session.account_id == member.account_id)
            .values(stepped_up_at=unit.wall - timedelta(minutes=31))
        )
    refused = await client.post(path(visit, "admission"), json={"fit": True}, headers=late)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
    wrong = await client.post(f"{API}/staff/step-up", json={"code": "000000"}, headers=late)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "second_factor_wrong")
    given = await client.post(f"{API}/staff/step-up", json={"code": totp_at(units)}, headers=late)
    assert given.status_code == 204
    assert (await client.post(path(visit, "admission"), json={"fit": True}, headers=late)).status_code == 200


async def test_a_conflict_shows_what_the_other_page_saved(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    await admit(units, visit)
    await client.put(path(visit, "note"), json=NOTE | {"version": 0, "page": "desk"}, headers=doctor)
    mine = {"version": 0, "page": "phone", "plan": "样例：另一页写的"}
    refused = await client.put(path(visit, "note"), json=mine, headers=doctor)
    assert (refused.status_code, refused.json()["code"]) == (409, "note_outdated")
    assert refused.json()["current"]["content"]["plan"] == NOTE["plan"]
    assert refused.json()["current"]["version"] == 1


async def test_SJ07_a_refusal_names_what_is_missing(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    await admit(units, visit)
    assert (await client.post(path(visit, "reminder"), headers=doctor)).status_code == 204
    refused = await client.post(path(visit, "absence"), headers=doctor)
    assert refused.status_code == 409
    assert set(refused.json()["facts"]["reasons"]) == {"slot_not_started", "too_few_rings", "not_reminded"}


async def test_XY11_unsuitable_online_needs_reason_and_advice(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    await admit(units, visit)
    lacking = await client.post(path(visit, "withdrawal"), json={"reason": "样例"}, headers=doctor)
    assert lacking.status_code == 422
    body = {"reason": "样例：出现新症状", "advice": ADVICE}
    ended = await client.post(path(visit, "withdrawal"), json=body, headers=doctor)
    assert ended.json() == {"room": str(visit.room), "booking_state": "withdrawn"}


async def test_a_colleague_comes_and_goes(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    await admit(units, visit)
    other = await add_doctor(units, visit.house.department, name="样例会诊医生")
    second = await bearer(units, await staff_of(units, visit, Role.DOCTOR, doctor_id=other.id))
    assert (await client.get(path(visit, "file"), headers=second)).status_code == 404
    body = {"doctor_id": str(other.id), "reason": "样例：会诊"}
    seat = await client.post(path(visit, "colleagues"), json=body, headers=doctor)
    assert seat.status_code == 201
    assert (await client.get(path(visit, "file"), headers=second)).status_code == 200
    gone = await client.delete(path(visit, "colleagues", seat.json()["seat"]), headers=doctor)
    assert gone.status_code == 204
    assert (await client.get(path(visit, "file"), headers=second)).status_code == 404


async def test_an_alarm_is_answered_by_the_doctor_or_the_duty_desk(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    desk = await bearer(units, await staff_of(units, visit, Role.DESK))
    for headers in (desk, doctor):
        async with units.system("test") as unit:
            await unit.session.execute(
                sa.text("update consultations set urgent_at = now(), urgent_by = 'worse'")
            )
        answer = await client.post(path(visit, "urgency", "acknowledgement"), headers=headers)
        assert answer.status_code == 204
        [row] = (await client.get(f"{API}/line", headers=doctor)).json()
        assert row["urgent_at"] is None


async def test_alarms_name_the_patient_to_whoever_can_help_and_to_nobody_else(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    assert (await client.get(f"{API}/alarms", headers=doctor)).json() == []
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.text("update consultations set urgent_at = now(), urgent_by = 'red_flag'")
        )
    named = visit.who.person.name
    desk, head = [await bearer(units, await staff_of(units, visit, role)) for role in (Role.DESK, Role.HEAD)]
    for headers, name in ((doctor, named), (desk, named), (head, f"{named[0]}**")):
        [alarm] = (await client.get(f"{API}/alarms", headers=headers)).json()
        assert (alarm["room"], alarm["urgent_by"]) == (str(visit.room), "red_flag")
        assert alarm["name"] == name


async def add_segment(units: Units, visit: Visit) -> RecordingSegment:
    async with units.system("test") as unit:
        owner = {"hospital_id": visit.house.hospital.id, "account_id": visit.who.account.id}
        call = Call(
            id=new_id(), room=visit.room, state=CallState.ENDED, media="video", version=1, members={},
            started_by={}, rang_at=unit.wall, rings_until=unit.wall, recording=RecordingState.NONE,
            reason="hung_up", attends_after_s=30, **owner,
        )  # fmt: skip
        unit.session.add(call)
        await unit.session.flush()
        row = RecordingSegment(
            id=new_id(), room=visit.room, call_id=call.id, leg="peer-1", role="doctor", number=0,
            content_type="video/webm", key=f"recordings/{visit.room}/0.webm", size=9, sha256="0" * 64,
            chain="0" * 64, begun_at=unit.wall, duration_ms=60_000, offset_ms=0, cause="start",
            stored_at=unit.wall, **owner,
        )  # fmt: skip
        unit.session.add(row)
    return row


async def test_REG50_recordings_are_played_by_few_and_each_view_is_written_down(
    client: Client, units: Units, visit: Visit, doctor: dict[str, str]
) -> None:
    segment = await add_segment(units, visit)
    head = await bearer(units, await staff_of(units, visit, Role.HEAD))
    desk = await bearer(units, await staff_of(units, visit, Role.DESK))
    patient = await bearer(units, visit.patient)
    link = f"{API}/recordings/{segment.id}/link"
    for headers in (doctor, head, patient):
        shown = (await client.get(path(visit, "recordings"), headers=headers)).json()
        assert [part["link_url"] for part in shown["segments"]] == [link]
        played = await client.get(link, headers=headers)
        assert played.json().get("url"), played.text
    assert (await client.get(path(visit, "recordings"), headers=desk)).status_code == 404
    assert (await client.get(link, headers=desk)).status_code == 404
    async with units.system("test") as unit:
        rows = list(await unit.session.scalars(sa.select(RecordView).order_by(RecordView.at, RecordView.id)))
    assert [(row.role, row.what, row.ref) for row in rows] == [
        ("doctor", "recording", str(segment.id)), ("head", "recording", str(segment.id)),
    ]  # fmt: skip
