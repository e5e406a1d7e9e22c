"""The pad: who may write, what is kept, what a line costs (XY05, REG 8, 18, 25, 33)."""

from decimal import Decimal

import pytest

from prescriptions.errors import PrescriptionFixed, PrescriptionNotFound
from prescriptions.formulary import NoFormulary
from prescriptions.queries import last_check, sheets_of_visit
from prescriptions.states import CheckStage, RxState, SheetKind
from prescriptions.writing import copying, drafting, voiding
from prescriptions.writing.content import read_body
from prescriptions.writing.errors import NoDiagnosisOnFile, NothingSaid, NothingToCopy, PadClosed, PadOutdated
from telehealth.accounts import StepUpNeeded
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.models import Consultation
from telehealth.consultations.states import ConsultationState
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from tests.support.factories.rooms import say
from tests.support.factories.writing import (
    HERBS,
    PILL,
    TCM,
    Desk,
    another_doctor,
    edit,
    lines_now,
    looked_at,
    open_desk,
    open_sheet,
    publish_book,
    signed,
    type_sheet,
    written,
    written_herbs,
)


@pytest.fixture
async def desk(units: Units) -> Desk:
    return await open_desk(units)


async def test_XY05_without_a_diagnosis_on_file_there_is_no_pad(units: Units) -> None:
    desk = await open_desk(units, diagnosed=False)
    with pytest.raises(NoDiagnosisOnFile):
        await open_sheet(units, desk)


async def test_XY05_only_the_hospitals_own_diagnoses_stand_on_a_sheet(units: Units, desk: Desk) -> None:
    rx = await open_sheet(units, desk)
    with pytest.raises(FieldsInvalid) as refused:
        await type_sheet(units, desk, rx, [PILL], diagnoses=["Z99"])
    assert set(refused.value.fields) == {"facts.diagnoses"}


async def test_REG8_nothing_is_prescribed_before_a_word_was_said(units: Units) -> None:
    desk = await open_desk(units, spoken=False)
    with pytest.raises(NothingSaid):
        await open_sheet(units, desk)
    await say(units, desk.visit, desk.visit.patient, "样例：我在")
    with pytest.raises(NothingSaid):
        await open_sheet(units, desk)
    await say(units, desk.visit, desk.visit.doctor, "样例：您好")
    assert (await open_sheet(units, desk)).state is RxState.DRAFT


async def test_a_pad_opens_for_the_admitted_visits_own_doctor_only(units: Units, desk: Desk) -> None:
    for stranger in (desk.visit.patient, await another_doctor(units, desk)):
        async with units.of(stranger) as unit:
            with pytest.raises(RoomNotFound):
                await drafting.open_pad(unit, desk.visit.room, SheetKind.WESTERN)
    rx = await open_sheet(units, desk)
    async with units.of(desk.visit.patient) as unit:
        with pytest.raises(PrescriptionNotFound):
            await drafting.save(unit, rx.id, edit([PILL]))


async def test_a_pad_needs_a_fresh_second_factor(units: Units, desk: Desk) -> None:
    async with units.of(desk.visit.doctor) as unit:
        with pytest.raises(StepUpNeeded):
            await drafting.open_pad(unit, desk.visit.room, SheetKind.WESTERN)


async def test_a_visit_that_waits_gets_no_sheet(units: Units) -> None:
    desk = await open_desk(units)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Consultation, desk.visit.room)
        row.state = ConsultationState.CONCLUDED
    with pytest.raises(PadClosed):
        await open_sheet(units, desk)


async def test_without_a_published_book_nothing_is_written(units: Units) -> None:
    desk = await open_desk(units, book=False)
    with pytest.raises(NoFormulary):
        await open_sheet(units, desk)
    await publish_book(units, desk.visit.house.hospital.id)
    await open_sheet(units, desk)


async def test_an_empty_sheet_is_given_back_and_each_kind_has_its_own(units: Units, desk: Desk) -> None:
    first = await open_sheet(units, desk)
    assert (await open_sheet(units, desk)).id == first.id
    assert (await open_sheet(units, desk, SheetKind.HERB)).id != first.id


async def test_REG18_an_opened_sheet_is_blank(units: Units, desk: Desk) -> None:
    rx = await open_sheet(units, desk)
    assert await lines_now(units, rx) == []
    assert read_body(rx.body).diagnoses == ()


async def test_packs_and_price_are_the_servers(units: Units, desk: Desk) -> None:
    rx = await written(units, desk, PILL | {"days": 28})
    [line] = await lines_now(units, rx)
    assert (line.quantity, line.amount, rx.total) == (Decimal(1), 1680, 1680)
    rx = await type_sheet(units, desk, rx, [PILL | {"days": 29}])
    [line] = await lines_now(units, rx)
    assert (line.quantity, line.amount) == (Decimal(2), 3360)
    # The doctor's own word on packs is kept; the check says what it thinks of it.
    rx = await type_sheet(units, desk, rx, [PILL | {"days": 29, "quantity": "3"}])
    [line] = await lines_now(units, rx)
    assert (line.quantity, line.amount) == (Decimal(3), 5040)
    assert "QTY_PACKS" in (await looked_at(units, desk, rx)).checked.verdict.codes


async def test_grams_of_all_doses_are_priced_and_rounded_once(units: Units, desk: Desk) -> None:
    rx = await written_herbs(units, desk)
    lines = await lines_now(units, rx)
    assert [line.quantity for line in lines] == [105, 84, 84, 42]
    assert lines[0].amount == 1260
    assert rx.total == sum(line.amount for line in lines)
    assert {line.days for line in lines} == {7}


@pytest.mark.parametrize(
    "line",
    [
        PILL | {"dose": "-5"}, PILL | {"dose": "0"}, PILL | {"dose": "1e9"}, PILL | {"dose": "NaN"},
        PILL | {"days": 0}, PILL | {"days": 4000}, PILL | {"quantity": "-1"}, PILL | {"quantity": "100000"},
        PILL | {"dose": "abc"}, {"drug_code": "H001", "grams": "-1"}, {"drug_code": "H001", "grams": "9999"},
        {"drug_code": ""},
    ],
)  # fmt: skip
def test_REG25_what_makes_no_sense_is_refused_at_the_door(line: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        edit([line])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"drug_code": "X999"}, "lines.0.drug_code"),
        ({"drug_code": "H001", "grams": "9"}, "lines.0.drug_code"),
        (PILL | {"frequency": "often"}, "lines.0.frequency"),
        (PILL | {"quantity": "1.5"}, "lines.0.quantity"),
    ],
)
async def test_unknown_drugs_and_terms_are_refused(
    units: Units, desk: Desk, line: dict[str, object], field: str
) -> None:
    rx = await open_sheet(units, desk)
    with pytest.raises(FieldsInvalid) as refused:
        await type_sheet(units, desk, rx, [line])
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("code", ["W035", "W036", "W037"])
async def test_REG33_what_is_never_prescribed_online_does_not_get_onto_the_sheet(
    units: Units, desk: Desk, code: str
) -> None:
    rx = await open_sheet(units, desk)
    with pytest.raises(FieldsInvalid):
        await type_sheet(units, desk, rx, [{"drug_code": code, "dose": "10", "frequency": "qn", "days": 3}])
    assert await lines_now(units, rx) == []


async def test_a_page_never_saves_over_anothers_lines(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    await type_sheet(units, desk, rx, [PILL], page="page-1", version=1)
    with pytest.raises(PadOutdated) as outdated:
        await type_sheet(units, desk, rx, [], page="other", version=1)
    assert outdated.value.facts["version"] == 3
    assert len(await lines_now(units, rx)) == 1


async def test_lines_keep_their_order_and_may_be_moved(units: Units, desk: Desk) -> None:
    rx = await written_herbs(units, desk)
    before = await lines_now(units, rx)
    moved = [
        {"id": str(line.id), "drug_code": line.drug_code, "grams": str(line.grams), "role": line.role}
        for line in reversed(before)
    ]
    await type_sheet(units, desk, rx, moved, **TCM)
    assert [line.id for line in await lines_now(units, rx)] == [line.id for line in reversed(before)]


async def test_an_id_of_another_sheet_is_refused(units: Units, desk: Desk) -> None:
    [line] = await lines_now(units, await written(units, desk))
    herbs = await open_sheet(units, desk, SheetKind.HERB)
    with pytest.raises(FieldsInvalid):
        await type_sheet(units, desk, herbs, [HERBS[0] | {"id": str(line.id)}])


async def test_equal_checks_at_writing_are_kept_once(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    first = (await looked_at(units, desk, rx)).checked.row
    again = (await looked_at(units, desk, rx)).checked.row
    assert first is not None and again is not None and first.id == again.id
    await type_sheet(units, desk, rx, [PILL | {"dose": "10"}])
    again = (await looked_at(units, desk, rx)).checked.row
    assert again is not None and again.id != first.id
    async with units.system("test") as unit:
        last = await last_check(unit, rx.id, CheckStage.WRITING)
    assert last is not None and last.digest == again.digest


async def test_REG18_copied_lines_are_marked_and_confirmed_one_by_one(units: Units, desk: Desk) -> None:
    await signed(units, desk, PILL)
    rx = await open_sheet(units, desk)
    async with units.of(desk.doctor) as unit:
        rx = await copying.copy_last(unit, rx.id, version=rx.version)
    [line] = await lines_now(units, rx)
    assert (line.drug_code, line.copied, line.confirmed) == ("W001", True, False)
    async with units.of(desk.doctor) as unit:
        with pytest.raises(NothingToCopy):
            await copying.copy_last(unit, rx.id, version=rx.version)
    # Saving is no confirmation.
    kept = PILL | {"id": str(line.id)}
    rx = await type_sheet(units, desk, rx, [kept])
    assert [row.confirmed for row in await lines_now(units, rx)] == [False]
    async with units.of(desk.doctor) as unit:
        rx = await copying.confirm(unit, rx.id, line.id, version=rx.version)
    rx = await type_sheet(units, desk, rx, [kept])
    assert [(row.copied, row.confirmed) for row in await lines_now(units, rx)] == [(True, True)]


async def test_a_discarded_draft_is_void_and_says_nothing(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    async with units.of(desk.doctor) as unit:
        assert (await voiding.void(unit, rx.id)).state is RxState.VOIDED
    async with units.of(desk.doctor) as unit:
        with pytest.raises(PrescriptionFixed):
            await drafting.save(unit, rx.id, edit([PILL]))
        assert [row.state for row in await sheets_of_visit(unit, desk.visit.room)] == [RxState.VOIDED]
