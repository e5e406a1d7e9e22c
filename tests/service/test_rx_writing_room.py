"""Around the pad: the room's part, the doctor's home, the card both sides see, the consent behind a check."""

from datetime import timedelta
from typing import Any

import pytest

from prescriptions.models import Prescription
from prescriptions.states import RxEvent
from prescriptions.writing import revising, tooling
from prescriptions.writing.active import active_medicines
from prescriptions.writing.carding import announce_state
from telehealth.consultations.wording import PATIENT_DOOR, STAFF_DOOR, card_of
from telehealth.core.i18n import translator
from telehealth.core.unit import Units
from telehealth.patients.linking_family import withdraw_consent
from telehealth.patients.permitting import permit_medicine_check, permits_medicine_check
from telehealth.patients.queries import consents_of, links_of
from tests.support.factories.rooms import messages
from tests.support.factories.writing import Desk, looked_at, open_desk, signed, written

SAY = translator("zh-CN")


@pytest.fixture
async def desk(units: Units) -> Desk:
    return await open_desk(units)


async def tools(units: Units, desk: Desk) -> dict[str, Any] | None:
    async with units.of(desk.doctor) as unit:
        return await tooling.room_tools(unit, desk.visit.room, "zh-CN")


async def test_the_room_lists_its_sheets_and_offers_new_ones(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    shown = await tools(units, desk)
    assert shown is not None
    assert [(row["sub"], row["tag"]) for row in shown["rows"]] == [(rx.number, "药师审核中")]
    assert [act["fields"]["kind"] for act in shown["acts"]] == ["western", "herb"]
    async with units.of(desk.visit.patient) as unit:
        assert await tooling.room_tools(unit, desk.visit.room, "zh-CN") is None


async def test_XY05_the_room_says_why_there_is_no_pad(units: Units) -> None:
    shown = await tools(units, await open_desk(units, diagnosed=False))
    assert shown is not None and shown["acts"] == [] and "既往诊断" in shown["why"]


async def test_a_returned_sheet_is_a_task_of_its_doctor(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, rx.id)
        row.apply(RxEvent.RETURN, at=unit.now)
        await revising.expect_answer(unit, row)
        assert row.answer_by == unit.now + timedelta(minutes=120)
    async with units.of(desk.doctor) as unit:
        [task] = await tooling.worklist(unit, desk.doctor)
        assert task["href"] == f"/staff/prescriptions/{rx.id}" and rx.number in task["text"]["en"]
        assert await tooling.worklist(unit, desk.visit.patient) == []


async def test_XY29_a_card_says_what_became_of_a_sheet_and_leads_to_ones_own_page(
    units: Units, desk: Desk
) -> None:
    rx = await signed(units, desk)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, rx.id)
        row.apply(RxEvent.PASS, at=unit.now)
        await announce_state(unit, row)
        await announce_state(unit, row, "sent")
    facts = [line.facts for line in await messages(units, desk.visit) if line.kind == "card"]
    drawn = [card_of(each, SAY, door=PATIENT_DOOR) for each in facts]
    assert [card["text"] for card in drawn if card] == ["药师审核中", "审核通过，待缴费", "已寄出"]
    assert [card["label"] for card in drawn if card][1] == "选择取药方式并缴费"
    doctors = card_of(facts[1], SAY, door=STAFF_DOOR)
    assert doctors is not None and doctors["href"] == f"/staff/prescriptions/{rx.id}"
    helpers = card_of(facts[0], SAY, door="")
    assert helpers is not None and helpers["href"] == ""
    assert all("drug" not in key for each in facts for key in each)


async def test_REG56_the_consent_for_other_hospitals_is_given_once_and_withdrawn(units: Units) -> None:
    desk = await open_desk(units, permitted=False)
    patient, person = desk.visit.patient, desk.visit.who.person
    for _ in range(2):
        async with units.of(patient) as unit:
            await permit_medicine_check(unit, person.id)
    async with units.of(patient) as unit:
        [link] = await links_of(unit, patient.account)
        given = [row for row in await consents_of(unit, link.id) if row.purpose == "medicine_check"]
    assert len(given) == 1
    rx = await written(units, desk)
    assert (await looked_at(units, desk, rx)).active.foreign_known is True
    assert await withdraw_consent(units, patient, person.id, given[0].id) is False
    async with units.system("test") as unit:
        assert await permits_medicine_check(unit, person.id) is False
    assert (await looked_at(units, desk, rx)).active.foreign_known is False


async def test_REG47_other_hospitals_sheets_count_with_consent_only(units: Units) -> None:
    """The same sheet as another hospital would have it."""
    desk = await open_desk(units, permitted=False)
    taken = await written(units, desk)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, taken.id)
        elsewhere = row.hospital_id
        book = (await looked_at(units, desk, taken)).published
        row.book_id, row.signed_at = book.id, unit.now
        row.apply(RxEvent.SIGN, at=unit.now)
        row.hospital_id = desk.visit.house.doctor.id
    rx = await written(units, desk)
    assert rx.hospital_id == elsewhere
    assert (await active_medicines(units, rx, book.book)).taken == ()
    async with units.of(desk.visit.patient) as unit:
        await permit_medicine_check(unit, desk.visit.who.person.id)
    [known] = (await active_medicines(units, rx, book.book)).taken
    assert (known.code, known.is_foreign, known.days_left) == ("W001", True, 7)
