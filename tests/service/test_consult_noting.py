"""The note: kept as it is typed, never over another page's words, fixed by signing, evidence of the visit."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.states import Evidence
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.doctor_errors import (
    NoteFixed,
    NoteIncomplete,
    NoteNotFound,
    NoteOutdated,
    VisitOver,
)
from telehealth.consultations.errors import NotAdmitted, RoomNotFound
from telehealth.consultations.models import VisitNote
from telehealth.consultations.note_content import read_content
from telehealth.consultations.noting import SaveNote, is_genuine, save
from telehealth.consultations.states import NoteState
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.consulting import NOTE, sign_note, write_note
from tests.support.factories.rooms import Visit, add_room, events

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


async def stored(units: Units, visit: Visit) -> VisitNote:
    async with units.system("test") as unit:
        row = await unit.session.get(VisitNote, visit.room)
    assert row is not None
    return row


async def test_a_note_is_kept_as_it_is_typed_and_sealed(units: Units, visit: Visit) -> None:
    assert (await write_note(units, visit, plan="样")).version == 1
    assert (await write_note(units, visit, version=1)).version == 2
    assert read_content((await stored(units, visit)).body).plan == NOTE["plan"]
    async with units.system("test") as unit:
        raw = await unit.session.scalar(sa.text("select body from visit_notes"))
    assert isinstance(raw, bytes) and "样例".encode() not in raw


async def test_a_page_never_saves_over_anothers_words(units: Units, visit: Visit) -> None:
    await write_note(units, visit, page="desk")
    await write_note(units, visit, version=1, page="desk")
    # Its own saves may overtake each other on the way.
    await write_note(units, visit, version=1, page="desk")
    with pytest.raises(NoteOutdated) as outdated:
        await write_note(units, visit, version=1, page="phone", plan="样例：另一页")
    assert outdated.value.facts["version"] == 3
    await write_note(units, visit, version=3, page="phone")


async def test_nothing_is_noted_before_admission_nor_by_others(units: Units) -> None:
    waiting = await add_room(units)
    with pytest.raises(NotAdmitted):
        await write_note(units, waiting)
    async with units.of(waiting.patient) as unit:
        with pytest.raises(RoomNotFound):
            await save(unit, waiting.room, SaveNote.model_validate(NOTE | {"version": 0}))


async def test_XY13_a_signed_note_is_evidence_and_fixed(units: Units, visit: Visit) -> None:
    await write_note(units, visit)
    note = await sign_note(units, visit)
    assert note.state is NoteState.SIGNED and note.digest is not None and len(note.digest) == 64
    after = await booking_of(units, visit.booking)
    assert (after.attended_by, after.attended_ref) == (Evidence.NOTE, f"note:{visit.room}")
    assert [facts["event"] for facts in await events(units, visit)] == ["note_signed"]
    with pytest.raises(NoteFixed):
        await write_note(units, visit, version=1)
    # Signing again is the same signature.
    assert (await sign_note(units, visit, version=7)).digest == note.digest


async def test_a_signature_covers_person_doctor_time_and_every_word(units: Units, visit: Visit) -> None:
    await write_note(units, visit)
    await sign_note(units, visit)
    note = await stored(units, visit)
    assert is_genuine(note)
    note.body = note.body.replace("稳定", "危重")
    assert not is_genuine(note)


async def test_XY13_a_note_below_the_minimum_is_not_signed(units: Units, visit: Visit) -> None:
    with pytest.raises(NoteNotFound):
        await sign_note(units, visit, version=0)
    await write_note(units, visit, findings="一 二 三 四 五 六 七 八 九", allergies_reviewed=False)
    with pytest.raises(NoteIncomplete) as refused:
        await sign_note(units, visit)
    assert set(refused.value.fields) == {"findings", "allergies_reviewed"}
    assert (await booking_of(units, visit.booking)).attended_at is None


async def test_a_diagnosis_is_one_the_hospital_made(units: Units, visit: Visit) -> None:
    await write_note(units, visit, diagnosis_code="Z99.9", diagnosis_text="样例诊断")
    with pytest.raises(NoteIncomplete) as refused:
        await sign_note(units, visit)
    assert set(refused.value.fields) == {"diagnosis_code"}


async def test_only_what_was_read_is_signed(units: Units, visit: Visit) -> None:
    await write_note(units, visit)
    await write_note(units, visit, version=1)
    with pytest.raises(NoteOutdated):
        await sign_note(units, visit, version=1)


async def test_XY14_what_midnight_ended_is_not_signed(units: Units, visit: Visit, clock: FixedClock) -> None:
    await write_note(units, visit)
    clock.move_business_to(at_local(TODAY + timedelta(days=1), time(0, 1)))
    assert await sweep_unattended(units) == 1
    with pytest.raises(VisitOver):
        await sign_note(units, visit)
