"""The condition form: kept while it is typed, complete when it goes, never another's to read (XY22, XY23)."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid, Forbidden, TransitionRefused
from telehealth.core.unit import Units
from telehealth.directory import DepartmentNotFound
from telehealth.directory.models import Department, Hospital
from telehealth.directory.states import DepartmentKind
from telehealth.intake import FormNotSubmitted, FormState, release_form, submitted_form, use_form
from telehealth.intake.errors import (
    DraftWaiting,
    FormFixed,
    FormIncomplete,
    FormNotFound,
    FormOutdated,
    RedFlagRaised,
)
from telehealth.intake.filling import SaveForm, begin, content_of, read, revise, save
from telehealth.intake.models import IntakeForm
from telehealth.intake.rules import PhotoKind
from telehealth.intake.sending import overview, submit
from telehealth.intake.states import ATTACHMENT, FORM, AttachmentEvent, AttachmentState, FormEvent
from telehealth.patients.linking_family import end_link
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_campus, add_department, add_hospital
from tests.support.factories.eligibility import Follower, add_follower
from tests.support.factories.intake import COMPLETE, add_form, add_photo, add_sent_form
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def department(units: Units, hospital: Hospital) -> Department:
    campus = await add_campus(units, hospital.id)
    return await add_department(units, hospital.id, [campus.id])


@pytest.fixture
async def tcm(units: Units, hospital: Hospital, department: Department) -> Department:
    return await add_department(
        units, hospital.id, department.campus_ids, "tcm", kind=DepartmentKind.TCM, tongue_required=True
    )


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


def test_every_form_state_is_reachable_and_a_used_form_waits_for_its_booking() -> None:
    assert FORM.reachable == frozenset(FormState) and FORM.terminal == frozenset()
    for state in FormState:
        for event in FormEvent:
            if (state, event) not in FORM.table:
                with pytest.raises(TransitionRefused):
                    FORM.after(state, event)


def test_every_attachment_state_is_reachable_and_two_are_final() -> None:
    assert ATTACHMENT.reachable == frozenset(AttachmentState)
    assert ATTACHMENT.terminal == {AttachmentState.REFUSED, AttachmentState.REMOVED}
    assert not ATTACHMENT.allows(AttachmentState.REFUSED, AttachmentEvent.ACCEPT)


async def test_XY22_two_taps_at_once_begin_one_form(
    units: Units, known: Follower, department: Department
) -> None:
    async def tap() -> IntakeForm:
        async with units.of(known.actor) as unit:
            return await begin(
                unit, person_id=known.person.id, department_id=department.id, kind=ClinicKind.INTERNET
            )

    one, other = await asyncio.gather(tap(), tap())
    assert one.id == other.id


async def test_XY22_health_text_is_sealed_in_the_database(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(units, known.actor, known.person, department)
    async with units.system("test") as unit:
        raw = (await unit.session.execute(sa.text("select body from intake_forms"))).scalar_one()
    assert "血压".encode() not in bytes(raw)
    assert content_of(row).complaint == COMPLETE["complaint"]


async def test_a_page_that_saves_over_anothers_words_is_told_and_loses_nothing(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(units, known.actor, known.person, department)
    async with units.of(known.actor) as unit:
        await save(unit, row.id, SaveForm(version=row.version, editor="phone", complaint="手机上写的内容"))
    with pytest.raises(FormOutdated):
        async with units.of(known.actor) as unit:
            await save(unit, row.id, SaveForm(version=row.version, editor="desktop", complaint="电脑上写的"))
    async with units.of(known.actor) as unit:
        assert content_of(await read(unit, row.id)).complaint == "手机上写的内容"


async def test_a_page_never_quarrels_with_itself(
    units: Units, known: Follower, department: Department
) -> None:
    """Its saves may overtake the answer that would have told it the new version."""
    row = await add_form(units, known.actor, known.person, department)
    for words in ("第一次保存", "第二次保存"):
        async with units.of(known.actor) as unit:
            await save(unit, row.id, SaveForm(version=row.version, editor="phone", complaint=words))
    async with units.of(known.actor) as unit:
        assert content_of(await read(unit, row.id)).complaint == "第二次保存"


async def test_XY22_an_incomplete_form_says_field_by_field_what_is_missing(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(units, known.actor, known.person, department, complaint="", no_known_allergies=False)
    with pytest.raises(FormIncomplete) as refused:
        await submit(units, known.actor, row.id)
    assert set(refused.value.fields) == {"complaint", "allergies"}


async def test_XY22_a_minors_form_is_filled_in_by_a_guardian_who_says_who_they_are(
    units: Units, hospital: Hospital, department: Department
) -> None:
    teen = await add_follower(units, hospital.id, born=date(2012, 5, 1))
    row = await add_form(units, teen.actor, teen.person, department, filled_by="patient")
    with pytest.raises(FormIncomplete) as refused:
        await submit(units, teen.actor, row.id)
    assert set(refused.value.fields) == {"filled_by"}
    async with units.of(teen.actor) as unit:
        said = {**COMPLETE, "filled_by": "guardian", "filler_name": "样例甲", "filler_relation": "父母"}
        await save(unit, row.id, SaveForm(version=row.version, **said))
    sent = await submit(units, teen.actor, row.id)
    assert sent.state is FormState.SUBMITTED
    async with units.system("test") as unit:
        found = await unit.session.scalars(
            sa.select(AuditRecord.facts).where(AuditRecord.name == "intake.submitted")
        )
        [facts] = found.all()
    assert facts["filled_by"] == "guardian" and "样例甲" not in json.dumps(facts, ensure_ascii=False)


async def test_a_childs_form_asks_for_the_weight_in_kilograms(
    units: Units, hospital: Hospital, department: Department
) -> None:
    child = await add_follower(units, hospital.id, born=date(2018, 5, 1))
    said: dict[str, Any] = {"filled_by": "guardian", "filler_name": "样例甲", "filler_relation": "父母"}
    row = await add_form(units, child.actor, child.person, department, **said, weight_kg="很轻")
    with pytest.raises(FormIncomplete) as refused:
        await submit(units, child.actor, row.id)
    assert set(refused.value.fields) == {"weight_kg"}
    async with units.of(child.actor) as unit:
        row = await save(unit, row.id, SaveForm(version=row.version, **COMPLETE, **said, weight_kg="21.5 kg"))
    assert (await submit(units, child.actor, row.id)).state is FormState.SUBMITTED


async def test_XY23_traditional_medicine_asks_for_the_tongue(
    units: Units, known: Follower, tcm: Department
) -> None:
    row = await add_form(units, known.actor, known.person, tcm)
    with pytest.raises(FormIncomplete) as refused:
        await submit(units, known.actor, row.id)
    assert set(refused.value.fields) == {"photos.tongue"}
    await add_photo(units, known.actor, row.id, PhotoKind.TONGUE)
    assert (await submit(units, known.actor, row.id)).state is FormState.SUBMITTED


async def test_XY23_whoever_comes_in_person_needs_no_photo(
    units: Units, known: Follower, tcm: Department
) -> None:
    row = await add_form(units, known.actor, known.person, tcm, kind=ClinicKind.OFFLINE)
    assert (await submit(units, known.actor, row.id)).state is FormState.SUBMITTED


async def test_XY04_a_phrase_in_the_text_asks_its_question_before_the_form_goes(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(units, known.actor, known.person, department, complaint="这两天有点胸痛，想续药")
    async with units.of(known.actor) as unit:
        assert [asked.id for asked in (await overview(unit, row.id)).questions] == ["chest_pain"]
    with pytest.raises(FormIncomplete) as refused:
        await submit(units, known.actor, row.id)
    assert set(refused.value.fields) == {"answers.chest_pain"}
    said = {**COMPLETE, "complaint": "这两天有点胸痛，想续药", "answers": {"chest_pain": False}}
    async with units.of(known.actor) as unit:
        await save(unit, row.id, SaveForm(version=row.version, **said))
    assert (await submit(units, known.actor, row.id)).state is FormState.SUBMITTED


async def test_XY04_a_yes_ends_the_way_online_is_recorded_and_leaves_the_draft(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(
        units, known.actor, known.person, department, complaint="一直胸痛", answers={"chest_pain": True}
    )
    with pytest.raises(RedFlagRaised) as raised:
        await submit(units, known.actor, row.id)
    assert raised.value.facts == {"level": "emergency", "numbers": ["120"]}
    async with units.system("test") as unit:
        names = (await unit.session.scalars(sa.select(AuditRecord.name))).all()
        assert "intake.red_flag" in names
    async with units.of(known.actor) as unit:
        assert (await read(unit, row.id)).state is FormState.DRAFT


async def test_a_sent_form_changes_only_after_it_was_taken_back(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_sent_form(units, known.actor, known.person, department)
    assert (await submit(units, known.actor, row.id)).id == row.id
    with pytest.raises(FormFixed):
        async with units.of(known.actor) as unit:
            await save(unit, row.id, SaveForm(version=row.version, complaint="晚到的自动保存"))
    async with units.of(known.actor) as unit:
        assert (await revise(unit, row.id)).state is FormState.DRAFT
        with pytest.raises(FormNotSubmitted):
            await submitted_form(unit, row.id)


async def test_a_form_a_booking_uses_is_fixed_until_the_booking_lapses(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_sent_form(units, known.actor, known.person, department)
    async with units.of(known.actor) as unit:
        await use_form(unit, row.id)
        await use_form(unit, row.id)
    with pytest.raises(FormFixed):
        async with units.of(known.actor) as unit:
            await revise(unit, row.id)
    async with units.system("test") as unit:
        await release_form(unit, row.id)
        await release_form(unit, row.id)
    async with units.of(known.actor) as unit:
        assert (await submitted_form(unit, row.id)).id == row.id


async def test_a_form_whose_booking_lapsed_stays_sent_while_the_next_one_is_a_draft(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_sent_form(units, known.actor, known.person, department)
    async with units.of(known.actor) as unit:
        await use_form(unit, row.id)
    draft = await add_form(units, known.actor, known.person, department)
    async with units.system("test") as unit:
        await release_form(unit, row.id)
    with pytest.raises(DraftWaiting):
        async with units.of(known.actor) as unit:
            await revise(unit, row.id)
    async with units.of(known.actor) as unit:
        assert [(await read(unit, one)).state for one in (row.id, draft.id)] == [
            FormState.SUBMITTED,
            FormState.DRAFT,
        ]


async def test_the_next_form_begins_with_what_lasts(
    units: Units, known: Follower, department: Department, tcm: Department
) -> None:
    row = await add_sent_form(units, known.actor, known.person, department)
    async with units.of(known.actor) as unit:
        await use_form(unit, row.id)
        fresh = await begin(unit, person_id=known.person.id, department_id=tcm.id, kind=ClinicKind.INTERNET)
    content = content_of(fresh)
    assert (content.history, content.no_known_allergies) == (COMPLETE["history"], True)
    assert content.complaint == "" and content.answers == {}


async def test_XY20_no_online_form_for_a_department_without_the_licence(
    units: Units, known: Follower, department: Department
) -> None:
    desk = await add_department(units, department.hospital_id, department.campus_ids, "surgery", online=False)
    async with units.of(known.actor) as unit:
        with pytest.raises(DepartmentNotFound):
            await begin(unit, person_id=known.person.id, department_id=desk.id, kind=ClinicKind.INTERNET)


async def test_only_staff_fill_in_as_staff(units: Units, known: Follower, department: Department) -> None:
    with pytest.raises(FieldsInvalid):
        await add_form(units, known.actor, known.person, department, filled_by="staff")


async def test_XY17_a_form_closes_with_the_consent_to_act_for_its_person(
    units: Units, known: Follower, department: Department
) -> None:
    row = await add_form(units, known.actor, known.person, department)
    await end_link(units, known.actor, known.person.id)
    async with units.of(known.actor) as unit:
        with pytest.raises(FormNotFound):
            await read(unit, row.id)


async def test_staff_read_what_was_sent_never_what_is_being_typed(
    units: Units, hospital: Hospital, known: Follower, department: Department
) -> None:
    draft = await add_form(units, known.actor, known.person, department)
    doctor = staff(await add_staff(units, hospital.id, (Role.DOCTOR,), login="doctor"))
    finance = staff(
        await add_staff(units, hospital.id, (Role.FINANCE,), login="finance", phone="13800005555")
    )
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    there = staff(await add_staff(units, other.id, (Role.DOCTOR,), login="there", phone="13800006666"))
    async with units.of(doctor) as unit:
        with pytest.raises(FormNotFound):
            await read(unit, draft.id)
    sent = await submit(units, known.actor, draft.id)
    async with units.of(doctor) as unit:
        assert content_of(await read(unit, sent.id)).complaint == COMPLETE["complaint"]
        with pytest.raises(Forbidden):
            await begin(
                unit, person_id=known.person.id, department_id=department.id, kind=ClinicKind.INTERNET
            )
    for stranger in (finance, there, patient(await add_patient(units, "13800007777"))):
        async with units.of(stranger) as unit:
            with pytest.raises(FormNotFound):
                await read(unit, sent.id)


async def test_row_level_security_hides_forms_from_a_query_that_forgets_its_filter(
    units: Units, hospital: Hospital, known: Follower, department: Department
) -> None:
    await add_sent_form(units, known.actor, known.person, department)
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    there = staff(await add_staff(units, other.id, login="there"))
    stranger = patient(await add_patient(units, "13800007777"))
    for actor, seen in ((known.actor, 1), (there, 0), (stranger, 0)):
        async with units.of(actor) as unit:
            assert len((await unit.session.scalars(sa.select(IntakeForm))).all()) == seen


async def test_the_day_a_form_was_sent_is_the_hospitals(
    units: Units, known: Follower, department: Department, clock: FixedClock
) -> None:
    row = await add_form(units, known.actor, known.person, department)
    clock.advance(timedelta(minutes=5))
    assert (await submit(units, known.actor, row.id)).submitted_at == clock.business()
