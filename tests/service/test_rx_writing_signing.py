"""Signing, taking back, mending: REG 18-29, XY11, XY13."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from prescriptions.errors import ChecksFailed, PrescriptionFixed, PrescriptionNotFound
from prescriptions.models import Check, Prescription, SheetFile
from prescriptions.queries import last_check, sheet_file
from prescriptions.reviewing.models import PharmacistDuty
from prescriptions.sheet.content import digest, restore
from prescriptions.states import CheckStage, RxEvent, RxState, SheetKind, SheetStage
from prescriptions.writing import copying, resigning, revising, signing, splitting, voiding
from prescriptions.writing.errors import (
    CredentialExpired,
    FindingGone,
    LineNotConfirmed,
    NothingToSplit,
    NotVoidable,
    PadClosed,
    PadIncomplete,
    PadOutdated,
    PrescriptionStands,
)
from prescriptions.writing.showing import pad_view
from telehealth.accounts import StepUpNeeded
from telehealth.bookings.states import BookingState
from telehealth.consultations.withdrawing import find_unsuitable
from telehealth.core.clock import FixedClock, day_end
from telehealth.core.unit import Units
from telehealth.directory.models import Credential
from telehealth.web.house import House
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.consulting import sign_note, write_note
from tests.support.factories.rooms import messages
from tests.support.factories.writing import (
    LONG,
    PILL,
    PRESS,
    TCM,
    WARFARIN,
    Desk,
    lines_now,
    looked_at,
    open_desk,
    open_sheet,
    sign_sheet,
    signed,
    type_sheet,
    written,
    written_herbs,
)

TODAY = date(2026, 11, 21)


@pytest.fixture
async def desk(units: Units) -> Desk:
    return await open_desk(units)


async def cards(units: Units, desk: Desk) -> list[str]:
    return [row.facts["state"] for row in await messages(units, desk.visit) if row.kind == "card"]


async def stored(units: Units, rx: Prescription) -> Prescription:
    async with units.system("test") as unit:
        return await unit.session.get_one(Prescription, rx.id)


async def send_back(units: Units, rx: Prescription) -> None:
    """As a pharmacist does."""
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, rx.id)
        row.apply(RxEvent.RETURN, at=unit.now)
        await revising.expect_answer(unit, row)


async def test_a_signed_sheet_is_fixed_priced_dated_and_on_file(
    units: Units, desk: Desk, house: House
) -> None:
    rx = await signed(units, desk)
    assert (rx.state, rx.issue, rx.total, rx.may_travel) == (RxState.SIGNED, 1, 1680, True)
    # Day of issue is day 1, three days in all (XY30).
    assert rx.valid_until == day_end(TODAY + timedelta(days=2))
    assert rx.answer_by == units.clock.business() + timedelta(minutes=30)
    async with units.system("test") as unit:
        file = await sheet_file(unit, rx.id, 1, SheetStage.DOCTOR)
        check = await last_check(unit, rx.id, CheckStage.SIGNING)
    assert file is not None and check is not None and check.book_id == rx.book_id
    content = restore(file.content.encode())
    assert digest(content) == file.content_digest
    assert (content.number, content.total, content.lines[0].dose_words) == (rx.number, 1680, "1 片")
    assert content.verification_url == f"http://testserver/rx/{rx.verify_code}"
    pdf = await house.blobs.read(file.key, 10_000_000)
    assert pdf.startswith(b"%PDF") and len(pdf) == file.size
    assert await cards(units, desk) == ["signed"]
    with pytest.raises(PrescriptionFixed):
        await type_sheet(units, desk, rx, [])


async def test_signing_again_changes_nothing(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    again = await sign_sheet(units, desk, rx)
    assert (again.issue, again.signed_at) == (1, rx.signed_at)
    assert await cards(units, desk) == ["signed"]


async def test_a_herb_sheet_names_disease_and_syndrome(units: Units, desk: Desk) -> None:
    rx = await written_herbs(units, desk)
    rx = await sign_sheet(units, desk, rx)
    async with units.system("test") as unit:
        file = await sheet_file(unit, rx.id, 1, SheetStage.DOCTOR)
    assert file is not None
    content = restore(file.content.encode())
    assert content.tcm_disease is not None and content.tcm_syndrome is not None
    assert [herb.role for herb in content.herbs_by_role] == ["jun", "chen", "zuo", "shi"]


@pytest.mark.parametrize(
    ("lines", "facts", "field"),
    [
        ([], {}, "lines"),
        ([{"drug_code": "W001"}], {}, "lines.0.dose"),
        ([PILL | {"frequency": ""}], {}, "lines.0.frequency"),
        ([PILL], {"diagnoses": []}, "facts.diagnoses"),
        ([PILL], {"allergies_reviewed": False}, "facts.allergies_reviewed"),
        ([PILL | {"days": 28}], {}, "facts.supply_reason"),
        ([PILL | {"days": 28}], {"supply_reason": "样例理由"}, "facts.assessment"),
        ([PILL | {"days": 56}], LONG | {"stable": False}, "facts.stable"),
    ],
)
async def test_REG21_REG25_REG27_a_sheet_says_all_it_must(
    units: Units, desk: Desk, lines: list[dict[str, object]], facts: Mapping[str, object], field: str
) -> None:
    rx = await open_sheet(units, desk)
    rx = await type_sheet(units, desk, rx, lines, **facts)
    with pytest.raises(PadIncomplete) as refused:
        await sign_sheet(units, desk, rx)
    assert field in refused.value.fields


@pytest.mark.parametrize("left_out", ["tcm_disease", "tcm_syndrome"])
async def test_REG35_a_herb_sheet_needs_disease_and_syndrome(units: Units, desk: Desk, left_out: str) -> None:
    rx = await written_herbs(units, desk, **(TCM | {left_out: ""}))
    with pytest.raises(PadIncomplete) as refused:
        await sign_sheet(units, desk, rx)
    assert set(refused.value.fields) == {f"facts.{left_out}"}


async def test_REG22_a_long_supply_is_signed_with_its_assessment(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk, PILL | {"days": 84}, **LONG)
    assert (rx.state, [line.quantity for line in await lines_now(units, rx)]) == (RxState.SIGNED, [3])


async def test_REG23_insulin_is_no_long_prescription(units: Units, desk: Desk) -> None:
    insulin = {"drug_code": "W017", "dose": "20", "frequency": "qd", "days": 28}
    rx = await written(units, desk, insulin, **(LONG | {"diagnoses": ["E11.9"]}))
    with pytest.raises(ChecksFailed) as refused:
        await sign_sheet(units, desk, rx)
    assert "QTY_DAYS" in {each["code"] for each in refused.value.facts["findings"]}
    # What was found is kept, though nothing was signed.
    async with units.system("test") as unit:
        check = await last_check(unit, rx.id, CheckStage.SIGNING)
    assert check is not None and check.outcome == "block"


async def test_REG26_no_more_than_five_medicines(units: Units, desk: Desk) -> None:
    codes = ["W001", "W005", "W011", "W013", "W015", "W016"]
    many = [PILL | {"drug_code": code} for code in codes]
    rx = await written(units, desk, *many)
    with pytest.raises(ChecksFailed) as refused:
        await sign_sheet(units, desk, rx)
    assert "ITEM_COUNT" in {each["code"] for each in refused.value.facts["findings"]}


async def test_REG29_a_line_is_signed_again_with_a_reason_for_exactly_this(units: Units, desk: Desk) -> None:
    rx = await written(units, desk, PILL | {"dose": "20"})
    with pytest.raises(ChecksFailed):
        await sign_sheet(units, desk, rx)
    rx = await give_reasons(units, desk, rx)
    signed_now = await sign_sheet(units, desk, rx)
    [line] = await lines_now(units, signed_now)
    assert (line.resign_reason, line.resigned_at is not None) == ("样例：耐受良好，家庭血压仍高", True)


async def test_REG29_another_dose_needs_another_reason(units: Units, desk: Desk) -> None:
    rx = await written(units, desk, PILL | {"dose": "20"})
    rx = await give_reasons(units, desk, rx)
    [line] = await lines_now(units, rx)
    rx = await type_sheet(units, desk, rx, [PILL | {"id": str(line.id), "dose": "30"}])
    with pytest.raises(ChecksFailed):
        await sign_sheet(units, desk, rx)


async def give_reasons(units: Units, desk: Desk, rx: Prescription) -> Prescription:
    for finding in (await looked_at(units, desk, rx)).checked.verdict.resigns:
        rx = await resigning.resign(
            units, desk.doctor, rx.id, finding.key, reason="样例：耐受良好，家庭血压仍高", version=rx.version
        )
    return rx


async def test_a_block_is_not_signed_away(units: Units, desk: Desk) -> None:
    amoxicillin = {"drug_code": "W021", "dose": "500", "frequency": "tid", "days": 5}
    rx = await written(units, desk, amoxicillin, allergy_classes=["penicillin"])
    [block, *_] = (await looked_at(units, desk, rx)).checked.verdict.blocks
    with pytest.raises(FindingGone):
        await resigning.resign(
            units, desk.doctor, rx.id, block.key, reason="样例：一定要用", version=rx.version
        )


async def test_REG47_without_consent_the_check_is_incomplete_and_says_so(units: Units) -> None:
    desk = await open_desk(units, permitted=False)
    rx = await written(units, desk)
    pad = pad_view(await looked_at(units, desk, rx), "zh-CN")
    assert ("CHECK_INCOMPLETE", "resign") in {(each.code, each.severity) for each in pad.findings}
    assert (pad.foreign_known, pad.can_sign) == (False, False)
    rx = await give_reasons(units, desk, rx)
    assert (await sign_sheet(units, desk, rx)).state is RxState.SIGNED


async def test_REG7_an_expired_credential_signs_nothing(units: Units, desk: Desk, clock: FixedClock) -> None:
    rx = await written(units, desk)
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(Credential)
            .where(Credential.doctor_id == desk.visit.house.doctor.id)
            .values(valid_from=TODAY - timedelta(days=9), valid_until=TODAY - timedelta(days=1))
        )
    with pytest.raises(CredentialExpired) as refused:
        await sign_sheet(units, desk, rx)
    assert refused.value.facts["missing"]
    assert (await stored(units, rx)).state is RxState.DRAFT


async def test_signing_needs_the_version_that_was_seen_and_a_fresh_second_factor(
    units: Units, desk: Desk
) -> None:
    rx = await written(units, desk)
    with pytest.raises(PadOutdated):
        await sign_sheet(units, desk, rx, version=rx.version + 1)
    with pytest.raises(StepUpNeeded):
        await signing.sign(units, desk.visit.doctor, rx.id, version=rx.version, press=PRESS)


async def test_a_sheet_is_nobody_elses(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    stranger = replace(desk.doctor, hospital_id=desk.visit.house.doctor.id)
    for who in (stranger, desk.visit.patient):
        with pytest.raises(PrescriptionNotFound):
            await signing.sign(units, who, rx.id, version=rx.version, press=PRESS)


async def test_REG40_lines_that_must_not_travel_get_a_sheet_of_their_own(units: Units, desk: Desk) -> None:
    rx = await written(units, desk, PILL, WARFARIN, diagnoses=["I10", "I48"])
    assert pad_view(await looked_at(units, desk, rx), "zh-CN").split == 1
    async with units.of(desk.doctor) as unit:
        kept, other = await splitting.split(unit, rx.id, version=rx.version)
    rest = await stored(units, rx)
    new = await stored(units, await stored_by_id(units, other))
    assert [line.drug_code for line in await lines_now(units, rest)] == ["W001"]
    assert [line.drug_code for line in await lines_now(units, new)] == ["W010"]
    assert (new.state, new.kind, kept) == (RxState.DRAFT, SheetKind.WESTERN, rx.id)
    async with units.of(desk.doctor) as unit:
        with pytest.raises(NothingToSplit):
            await splitting.split(unit, rest.id, version=rest.version)
    assert (await sign_sheet(units, desk, rest)).may_travel is True
    assert (await sign_sheet(units, desk, await give_reasons(units, desk, new))).may_travel is False


async def stored_by_id(units: Units, prescription_id: object) -> Prescription:
    async with units.system("test") as unit:
        return await unit.session.get_one(Prescription, prescription_id)


async def test_medicines_of_another_sheet_are_seen(units: Units, desk: Desk) -> None:
    await signed(units, desk, PILL)
    rx = await written(units, desk, PILL | {"drug_code": "W002", "dose": "30"})
    pad = await looked_at(units, desk, rx)
    assert [each.code for each in pad.active.taken] == ["W001"]
    assert "DUP_CLASS" in pad.checked.verdict.codes


async def test_XY11_a_visit_with_a_signed_sheet_is_not_found_unsuitable(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    async with units.of(desk.doctor) as unit:
        with pytest.raises(PrescriptionStands) as stands:
            await find_unsuitable(unit, desk.visit.room, reason="样例", advice="样例：请到线下门诊")
    assert stands.value.facts["number"] == rx.number
    assert (await booking_of(units, desk.visit.booking)).state is BookingState.PAID
    async with units.of(desk.doctor) as unit:
        await voiding.void(unit, rx.id)
    async with units.of(desk.doctor) as unit:
        await find_unsuitable(unit, desk.visit.room, reason="样例", advice="样例：请到线下门诊")
    assert (await booking_of(units, desk.visit.booking)).state is BookingState.WITHDRAWN
    assert await cards(units, desk) == ["signed", "voided"]


async def test_XY11_a_draft_does_not_stand_in_the_way(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    async with units.of(desk.doctor) as unit:
        await find_unsuitable(unit, desk.visit.room, reason="样例", advice="样例：请到线下门诊")
    with pytest.raises(PadClosed):
        await sign_sheet(units, desk, rx)


async def test_a_paid_sheet_is_not_taken_back(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, rx.id)
        row.apply(RxEvent.PASS, at=unit.now)
        row.apply(RxEvent.SPEND, at=unit.now)
    async with units.of(desk.doctor) as unit:
        with pytest.raises(NotVoidable):
            await voiding.void(unit, rx.id)


async def test_a_returned_sheet_is_mended_and_signed_again(units: Units, desk: Desk) -> None:
    rx = await signed(units, desk)
    await send_back(units, rx)
    async with units.of(desk.doctor) as unit:
        rx = await revising.revise(unit, rx.id)
    assert rx.state is RxState.DRAFT
    rx = await type_sheet(units, desk, rx, [PILL | {"days": 5}])
    rx = await sign_sheet(units, desk, rx)
    assert (rx.state, rx.issue) == (RxState.SIGNED, 2)
    async with units.system("test") as unit:
        files = await unit.session.scalars(
            sa.select(SheetFile.issue).where(SheetFile.prescription_id == rx.id).order_by(SheetFile.issue)
        )
        assert [*files] == [1, 2]


@pytest.mark.parametrize("revised", [False, True])
async def test_XY13_a_return_nobody_answers_ends_sheet_and_unfinished_visit(
    units: Units, desk: Desk, house: House, clock: FixedClock, revised: bool
) -> None:
    rx = await signed(units, desk)
    await send_back(units, rx)
    if revised:
        async with units.of(desk.doctor) as unit:
            await revising.revise(unit, rx.id)
    clock.advance(timedelta(minutes=121))
    await house.sweeper.sweep()
    after = await stored(units, rx)
    assert (after.state, after.reason) == (RxState.VOIDED, "unanswered")
    assert (await booking_of(units, desk.visit.booking)).state is BookingState.UNFINISHED
    await house.sweeper.sweep()


async def test_XY13_a_visit_whose_note_is_signed_keeps_its_fee(
    units: Units, desk: Desk, house: House, clock: FixedClock
) -> None:
    rx = await signed(units, desk)
    await write_note(units, desk.visit)
    await sign_note(units, desk.visit)
    await send_back(units, rx)
    clock.advance(timedelta(minutes=121))
    await house.sweeper.sweep()
    assert (await stored(units, rx)).state is RxState.VOIDED
    assert (await booking_of(units, desk.visit.booking)).state is BookingState.PAID


async def test_REG19_the_doctor_is_warned_when_nobody_will_review_in_time(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    assert pad_view(await looked_at(units, desk, rx), "zh-CN").no_pharmacist
    async with units.system("test") as unit:
        unit.session.add(
            PharmacistDuty(
                hospital_id=rx.hospital_id, account_id=desk.doctor.account,
                starts_at=unit.now + timedelta(hours=1), ends_at=unit.now + timedelta(hours=9),
            )
        )  # fmt: skip
    assert not pad_view(await looked_at(units, desk, rx), "zh-CN").no_pharmacist


async def test_unconfirmed_copies_are_not_signed(units: Units, desk: Desk) -> None:
    await signed(units, desk, PILL)
    rx = await open_sheet(units, desk)
    rx = await type_sheet(units, desk, rx, [])
    async with units.of(desk.doctor) as unit:
        rx = await copying.copy_last(unit, rx.id, version=rx.version)
    with pytest.raises(LineNotConfirmed) as refused:
        await sign_sheet(units, desk, rx)
    assert len(refused.value.facts["lines"]) == 1


async def test_findings_that_are_kept_name_no_person(units: Units, desk: Desk) -> None:
    rx = await written(units, desk, PILL | {"dose": "20"}, allergies="样例：海鲜")
    await looked_at(units, desk, rx)
    async with units.system("test") as unit:
        row = (await unit.session.scalars(sa.select(Check).where(Check.prescription_id == rx.id))).first()
    assert row is not None and "海鲜" not in json.dumps(row.findings, ensure_ascii=False)
