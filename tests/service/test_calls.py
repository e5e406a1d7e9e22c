"""A call from the first ring to its end, as its row and the visit's journal have it."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from signaling import calls
from signaling.calls import CallView
from signaling.errors import CallOver, CallRefused, NotAllowed, NotAMember, RoomClosed, UnknownCall
from signaling.models import Call, RecorderLease
from signaling.protocol import CallMedia, Media
from signaling.timers import run_timers
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.rooms import Seat, Side, Terms
from telehealth.core.unit import Units
from tests.support.factories.calls import NOT_AGREED, OPEN, OVER, RECORDED, Room, add_room, row_of

SECOND = timedelta(seconds=1)


@pytest.fixture
def room(units: Units) -> Room:
    return add_room(units)


async def rung(units: Units, room: Room, *, by: Seat | None = None, terms: Terms = OPEN) -> CallView:
    by = by or room.doctor
    return await calls.start(units, by, f"{by.role}-page", Media.VIDEO, terms)


async def talking(units: Units, room: Room, terms: Terms = OPEN) -> CallView:
    """The doctor rang, the patient accepted."""
    call = await rung(units, room, terms=terms)
    return await calls.accept(units, room.patient, "patient-page", call.id, Media.VIDEO, terms)


async def says(units: Units, seat: Seat, call: CallView, **said: Any) -> CallView | None:
    media = {"connected": True, "audio": True, "video": True, **said}
    return await calls.media(
        units, seat, f"{seat.role}-page", CallMedia(type="call.media", call=call.id, **media)
    )


async def test_XY28_a_call_is_shown_as_the_protocol_writes_it(units: Units, room: Room) -> None:
    call = await talking(units, room)
    account = {seat.role: str(seat.actor.account_id) for seat in (room.doctor, room.patient)}
    assert call.body == {
        "id": str(call.id),
        "state": "active",
        "media": "video",
        "reason": None,
        "started_by": {"peer": "doctor-page", "account": account[room.doctor.role], "role": "doctor"},
        "members": [
            {"peer": f"{role}-page", "account": account[role], "role": str(role), "media": "video",
             "connected": False}
            for role in (room.doctor.role, room.patient.role)
        ],
        "recording": "none",
        "rings_until": None,
        "record_by": None,
        "active_at": "2026-11-21T02:00:00.000Z",
        "ended_at": None,
        "version": 2,
    }  # fmt: skip


async def test_the_journal_hears_of_ring_connection_and_end(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room)
    clock.advance(timedelta(minutes=7))
    await calls.hang_up(units, room.patient, "patient-page", call.id)
    assert room.notebook.told == [
        ("rang", "doctor", "video"), ("connected",), ("ended", "hung_up", "doctor", 420)
    ]  # fmt: skip
    async with units.system("test") as unit:
        told = sa.select(AuditRecord.name).where(AuditRecord.subject_id == str(call.id))
        names = list(await unit.session.scalars(told.order_by(AuditRecord.id)))
    assert names == ["call.rang", "call.active", "call.ended"]


async def test_a_patient_may_ring_the_doctor(units: Units, room: Room) -> None:
    call = await rung(units, room, by=room.patient)
    with pytest.raises(NotAllowed):
        await calls.accept(units, room.helper, "helper-page", call.id, Media.AUDIO, OPEN)
    taken = await calls.accept(units, room.doctor, "doctor-page", call.id, Media.AUDIO, OPEN)
    assert taken.body["state"] == "active"


async def test_a_second_start_answers_with_the_call_that_is_there(units: Units, room: Room) -> None:
    first = await rung(units, room)
    second = await rung(units, room, by=room.patient)
    assert second == first
    assert room.notebook.told == [("rang", "doctor", "video")]


async def test_helper_and_colleague_join_but_do_not_ring(units: Units, room: Room) -> None:
    for seat in (room.helper, room.colleague):
        with pytest.raises(NotAllowed):
            await rung(units, room, by=seat)
    call = await talking(units, room)
    for seat in (room.helper, room.colleague):
        call = await calls.accept(units, seat, f"{seat.role}-page", call.id, Media.AUDIO, OPEN)
    assert len(call.body["members"]) == 4
    with pytest.raises(CallRefused) as refused:
        await calls.accept(units, room.patient, "tablet", call.id, Media.AUDIO, OPEN)
    assert refused.value.facts == {"refusal": "full"}


async def test_without_consent_nobody_is_rung(units: Units, room: Room) -> None:
    with pytest.raises(CallRefused) as refused:
        await rung(units, room, terms=NOT_AGREED)
    assert refused.value.facts == {"refusal": "not_agreed"}
    with pytest.raises(RoomClosed):
        await rung(units, room, terms=OVER)
    assert await calls.live(units, room.id) is None


async def test_a_helpers_no_does_not_end_the_patients_call(units: Units, room: Room) -> None:
    call = await rung(units, room)
    still = await calls.decline(units, room.helper, "helper-page", call.id)
    assert still.body["state"] == "ringing"
    over = await calls.decline(units, room.patient, "patient-page", call.id)
    assert (over.body["state"], over.body["reason"]) == ("ended", "declined")


async def test_nobody_declines_their_own_call_but_cancels_it(units: Units, room: Room) -> None:
    call = await rung(units, room)
    with pytest.raises(NotAllowed):
        await calls.decline(units, room.doctor, "doctor-page", call.id)
    over = await calls.hang_up(units, room.doctor, "doctor-page", call.id)
    assert over.body["reason"] == "cancelled"
    with pytest.raises(CallOver):
        await calls.accept(units, room.patient, "patient-page", call.id, Media.AUDIO, OPEN)


async def test_a_call_nobody_takes_rings_for_45_seconds(units: Units, room: Room, clock: FixedClock) -> None:
    call = await rung(units, room)
    clock.advance(44 * SECOND)
    assert await run_timers(units) == 0
    clock.advance(SECOND)
    assert await run_timers(units) == 1
    over = await calls.live(units, room.id)
    assert over is not None and over.body["reason"] == "unanswered" and over.version == call.version + 1
    assert room.notebook.told[-1] == ("ended", "unanswered", "doctor", 0)
    clock.advance(60 * SECOND)
    assert await calls.live(units, room.id) is None


async def test_an_accept_after_45_seconds_is_too_late_though_nobody_swept(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await rung(units, room)
    clock.advance(45 * SECOND)
    with pytest.raises(CallOver):
        await calls.accept(units, room.patient, "patient-page", call.id, Media.AUDIO, OPEN)
    assert (await row_of(units, call.id)).reason == "unanswered"


async def test_a_start_after_an_unanswered_call_rings_anew(
    units: Units, room: Room, clock: FixedClock
) -> None:
    first = await rung(units, room)
    clock.advance(45 * SECOND)
    second = await rung(units, room)
    assert second.id != first.id and second.body["state"] == "ringing"
    assert (await row_of(units, first.id)).reason == "unanswered"


async def test_a_recorded_call_ends_when_no_recorder_heard_both_sides_in_ten_seconds(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room, RECORDED)
    assert (call.body["recording"], call.body["record_by"]) == ("wanted", "2026-11-21T02:00:10.000Z")
    async with units.system("test") as unit:
        assert not await calls.recording_on(unit, call.id, {Side.DOCTOR})
    clock.advance(10 * SECOND)
    assert await run_timers(units) == 1
    assert (await row_of(units, call.id)).reason == "not_recorded"


async def test_a_recorder_that_dies_leaves_ten_seconds_for_the_next(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room, RECORDED)
    async with units.system("test") as unit:
        assert await calls.recording_on(unit, call.id, {Side.DOCTOR, Side.PATIENT})
        lease = RecorderLease(
            call_id=call.id, hospital_id=room.doctor.hospital_id, room=room.id, recorder="r1", turn=1,
            until=unit.wall + 10 * SECOND,
        )  # fmt: skip
        unit.session.add(lease)
    clock.advance(9 * SECOND)
    assert await run_timers(units) == 0
    clock.advance(SECOND)
    assert await run_timers(units) == 1
    wanted = await calls.live(units, room.id)
    assert wanted is not None and wanted.body["recording"] == "wanted"
    clock.advance(10 * SECOND)
    assert await run_timers(units) == 1
    assert (await row_of(units, call.id)).reason == "not_recorded"


async def test_a_side_that_stays_away_for_a_minute_loses_the_call(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room)
    await calls.peer_gone(units, room.id, "patient-page")
    clock.advance(59 * SECOND)
    assert await run_timers(units) == 0
    clock.advance(SECOND)
    assert await run_timers(units) == 1
    assert (await row_of(units, call.id)).reason == "lost"


async def test_a_page_that_comes_back_keeps_its_call(units: Units, room: Room, clock: FixedClock) -> None:
    call = await talking(units, room)
    await calls.peer_gone(units, room.id, "patient-page")
    clock.advance(59 * SECOND)
    back = await calls.peer_came(units, room.patient, "patient-page")
    assert back is not None and back.id == call.id
    clock.advance(60 * SECOND)
    assert await run_timers(units) == 0


async def test_a_reloaded_page_joins_without_being_rung(units: Units, room: Room) -> None:
    call = await talking(units, room)
    await calls.peer_gone(units, room.id, "patient-page")
    again = await calls.accept(units, room.patient, "reloaded", call.id, Media.VIDEO, OPEN)
    assert [member["peer"] for member in again.body["members"]] == ["doctor-page", "reloaded"]
    assert room.notebook.told.count(("connected",)) == 1


async def test_a_helper_leaves_and_the_call_goes_on(units: Units, room: Room) -> None:
    call = await talking(units, room)
    await calls.accept(units, room.helper, "helper-page", call.id, Media.AUDIO, OPEN)
    left = await calls.hang_up(units, room.helper, "helper-page", call.id)
    assert left.body["state"] == "active" and len(left.body["members"]) == 2
    over = await calls.hang_up(units, room.doctor, "doctor-page", call.id)
    assert over.body["reason"] == "hung_up"
    assert await calls.hang_up(units, room.patient, "patient-page", call.id) == over


async def test_a_stranger_to_the_call_can_do_nothing_to_it(units: Units, room: Room) -> None:
    call = await talking(units, room)
    with pytest.raises(NotAMember):
        await calls.hang_up(units, room.helper, "helper-page", call.id)
    with pytest.raises(NotAMember):
        await says(units, room.helper, call)
    elsewhere = add_room(units)
    with pytest.raises(UnknownCall):
        await calls.hang_up(units, elsewhere.doctor, "doctor-page", call.id)
    with pytest.raises(UnknownCall):
        await calls.decline(units, room.doctor, "doctor-page", new_id())


async def test_XY13_reported_media_of_both_sides_count_once_after_thirty_seconds(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room)
    await says(units, room.doctor, call)
    clock.advance(60 * SECOND)
    await says(units, room.patient, call)
    clock.advance(29 * SECOND)
    assert await run_timers(units) == 0
    clock.advance(SECOND)
    assert await run_timers(units) == 1
    assert await run_timers(units) == 0
    await calls.hang_up(units, room.doctor, "doctor-page", call.id)
    assert room.notebook.told.count(("had_media", "reported")) == 1


async def test_XY13_media_that_broke_off_begin_anew(units: Units, room: Room, clock: FixedClock) -> None:
    call = await talking(units, room)
    await says(units, room.doctor, call)
    await says(units, room.patient, call)
    clock.advance(20 * SECOND)
    await says(units, room.patient, call, connected=False)
    await says(units, room.patient, call)
    clock.advance(20 * SECOND)
    await calls.hang_up(units, room.doctor, "doctor-page", call.id)
    assert ("had_media", "reported") not in room.notebook.told


async def test_XY13_an_end_just_before_the_sweep_still_tells_the_evidence(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room)
    await says(units, room.doctor, call)
    await says(units, room.patient, call)
    clock.advance(30 * SECOND)
    await calls.hang_up(units, room.doctor, "doctor-page", call.id)
    assert room.notebook.told[-2:] == [("had_media", "reported"), ("ended", "hung_up", "doctor", 30)]


async def test_what_a_recorder_sees_is_not_told_from_reports(
    units: Units, room: Room, clock: FixedClock
) -> None:
    call = await talking(units, room, RECORDED)
    async with units.system("test") as unit:
        await calls.recording_on(unit, call.id, {Side.DOCTOR, Side.PATIENT})
    await says(units, room.doctor, call)
    await says(units, room.patient, call)
    clock.advance(60 * SECOND)
    assert await run_timers(units) == 0
    assert ("had_media", "reported") not in room.notebook.told


async def test_the_others_are_told_of_media_only_when_something_changed(units: Units, room: Room) -> None:
    call = await talking(units, room)
    first = await says(units, room.doctor, call)
    assert first is not None and first.body["members"][0]["connected"]
    assert await says(units, room.doctor, call) is None
    assert await says(units, room.doctor, call, relay=True) is None
    without_picture = await says(units, room.doctor, call, video=False)
    assert without_picture is not None and without_picture.body["members"][0]["media"] == "audio"


async def test_a_closed_room_ends_its_call(units: Units, room: Room) -> None:
    assert await calls.room_closed(units, room.id) is None
    call = await talking(units, room)
    over = await calls.room_closed(units, room.id)
    assert over is not None and over.body["reason"] == "room_closed"
    assert await calls.room_closed(units, room.id) is None
    assert (await row_of(units, call.id)).ended_at is not None


async def test_a_call_belongs_to_its_hospital_and_its_patient(units: Units, room: Room) -> None:
    await talking(units, room)
    for opening, seen in (
        (units.of(room.doctor.actor), 1), (units.of(room.patient.actor), 1), (units.of(room.helper.actor), 0)
    ):  # fmt: skip
        async with opening as unit:
            assert await unit.session.scalar(sa.select(sa.func.count()).select_from(Call)) == seen
