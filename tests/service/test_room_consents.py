"""Who agreed to be recorded, what a refusal leaves; feeling worse; and what a device check leaves behind."""

import pytest
import sqlalchemy as sa

from telehealth.bookings.cancelling import cancel
from telehealth.consultations.checking_devices import KEPT, note_check
from telehealth.consultations.consenting import answer
from telehealth.consultations.errors import RoomClosed, RoomNotFound
from telehealth.consultations.models import DeviceCheck, RecordingConsent
from telehealth.consultations.worsening import feel_worse
from telehealth.core.errors import Forbidden
from telehealth.core.unit import Units
from telehealth.strikes.models import StrikeRow
from tests.support.factories.bookings import add_booker, audited
from tests.support.factories.rooms import Visit, add_helper, add_room, events, messages, reread, say


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


async def test_REG50_both_sides_answer_and_the_last_answer_counts(units: Units, visit: Visit) -> None:
    first = await answer(units, visit.patient, visit.room, agreed=True)
    assert (first.may_call, first.refusal) == (False, "asked")
    both = await answer(units, visit.doctor, visit.room, agreed=True)
    assert (both.may_call, both.records) == (True, True)
    after = await answer(units, visit.patient, visit.room, agreed=False)
    assert (after.may_call, after.refusal) == (False, "not_agreed")
    async with units.system("test") as unit:
        kept = list(await unit.session.scalars(sa.select(RecordingConsent).order_by(RecordingConsent.id)))
    assert [(row.role, row.agreed) for row in kept] == [
        ("patient", True), ("doctor", True), ("patient", False),
    ]  # fmt: skip
    assert [(fact["role"], fact["agreed"]) for fact in await events(units, visit)] == [
        ("patient", True), ("doctor", True), ("patient", False),
    ]  # fmt: skip
    assert len(await audited(units, "room.recording_answered")) == 3


async def test_REG50_refusing_leaves_writing_and_is_never_a_strike(units: Units, visit: Visit) -> None:
    await answer(units, visit.patient, visit.room, agreed=False)
    assert (await say(units, visit, visit.patient, "那我们打字吧")).is_new
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(StrikeRow)) == 0


async def test_the_same_answer_again_is_not_said_twice(units: Units, visit: Visit) -> None:
    for _ in range(2):
        await answer(units, visit.patient, visit.room, agreed=True)
    assert len(await messages(units, visit)) == 1


async def test_nobody_outside_the_room_answers_and_nobody_once_it_closed(units: Units) -> None:
    visit = await add_room(units)
    stranger = await add_booker(units, visit.house, "13811112222")
    with pytest.raises(RoomNotFound):
        await answer(units, stranger.actor, visit.room, agreed=True)
    async with units.of(visit.patient) as unit:
        await cancel(unit, visit.room)
    with pytest.raises(RoomClosed):
        await answer(units, visit.patient, visit.room, agreed=True)
    with pytest.raises(RoomClosed):
        await feel_worse(units, visit.patient, visit.room)


async def test_XY04_feeling_worse_shows_the_card_and_alerts_once(units: Units, visit: Visit) -> None:
    helper = await add_helper(units, visit)
    card = await feel_worse(units, visit.patient, visit.room)
    assert (card["level"], card["numbers"]) == ("emergency", ["120"])
    assert await feel_worse(units, helper, visit.room) == card
    assert await events(units, visit) == [{"event": "urgent", "code": "worse"}]
    assert (await reread(units, visit)).urgent_by == "worse"
    with pytest.raises(Forbidden):
        await feel_worse(units, visit.doctor, visit.room)


async def test_the_last_device_checks_of_each_person_are_kept(units: Units, visit: Visit) -> None:
    for number in range(KEPT + 2):
        await note_check(
            units, visit.patient, visit.room,
            camera="good", microphone="denied", network="relay", facts={"relay_ms": number},
        )  # fmt: skip
    await note_check(
        units, visit.doctor, visit.room, camera="good", microphone="good", network="relay", facts={}
    )
    async with units.system("test") as unit:
        kept = list(await unit.session.scalars(sa.select(DeviceCheck)))
    assert len(kept) == KEPT + 1
    assert {row.microphone for row in kept} == {"good", "denied"}
