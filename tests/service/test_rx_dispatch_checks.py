"""What is looked at once more while a sheet is dispensed, and what its label says."""

import json
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from prescriptions.formulary.publishing import publish_sample
from prescriptions.models import Check, Prescription, SheetFile
from prescriptions.pharmacy import claiming, excepting, picking
from prescriptions.pharmacy.labelling import labels_of
from prescriptions.pharmacy.presenting import work
from prescriptions.pharmacy.rules import Resolution
from prescriptions.sheet.content import Line, Patient, SheetContent, SheetKind, canonical, digest
from prescriptions.sheet.drawing import labels
from prescriptions.states import CheckStage, DispatchState, SheetStage
from telehealth.core.money import Fen
from telehealth.core.unit import Units
from tests.support.factories.dispatch import (
    PILL,
    Dispensary,
    add_order,
    open_dispensary,
    order,
    stock,
    to_picked,
)
from tests.support.factories.writing import FACTS

#: Everything was asked; only that other hospitals may be is open, which is to be signed again.
ASKED = json.dumps(FACTS)


@pytest.fixture
async def place(units: Units) -> Dispensary:
    found = await open_dispensary(units)
    await stock(units, found.pharmacy, {PILL: 20})
    return found


async def with_book(units: Units, place: Dispensary, order_id: UUID, *, body: str = "{}") -> None:
    async with units.system("test") as unit:
        version = await publish_sample(unit, place.hospital_id)
        rx = await unit.session.get(Prescription, order_id)
        assert rx is not None
        rx.book_id, rx.body = version.id, body


async def basket(units: Units, place: Dispensary, order_id: UUID) -> None:
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, order_id)
    async with units.of(place.first) as unit:
        await picking.scan(unit, place.first, order_id, "L1")


async def checks(units: Units, order_id: UUID) -> list[Check]:
    async with units.system("test") as unit:
        rows = await unit.session.scalars(sa.select(Check).where(Check.prescription_id == order_id))
        return list(rows)


async def test_PAIN11_the_checks_run_again_while_the_sheet_is_picked(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    await with_book(units, place, row.id)
    await basket(units, place, row.id)
    await picking.finish_checked(units, place.first, row.id)
    [kept] = await checks(units, row.id)
    assert kept.stage is CheckStage.DISPENSING
    found = await order(units, row.id)
    blocked = any(finding["severity"] == "block" for finding in kept.findings)
    assert found.state is (DispatchState.CLAIMED if blocked else DispatchState.PICKED)
    assert (found.held_at is not None) is blocked


async def test_PAIN11_what_arose_since_the_review_waits_for_a_person(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    await with_book(units, place, row.id, body=ASKED)
    await basket(units, place, row.id)
    async with units.system("test") as unit:
        rx = await unit.session.get_one(Prescription, row.id)
        unit.session.add(
            Check(
                prescription_id=rx.id, hospital_id=rx.hospital_id, account_id=rx.account_id,
                stage=CheckStage.REVIEW, at=unit.now, book_id=rx.book_id, policy_version=1, digest="0" * 64,
                outcome="pass", findings=[], is_complete=True,
            )
        )  # fmt: skip
    await picking.finish_checked(units, place.first, row.id)
    found = await order(units, row.id)
    assert (found.state, found.held_at is not None) == (DispatchState.CLAIMED, True)
    async with units.of(place.first) as unit:
        await excepting.resolve(unit, place.first, row.id, Resolution.CONTINUED)
    await picking.finish_checked(units, place.first, row.id)
    assert (await order(units, row.id)).state is DispatchState.PICKED


async def sign(units: Units, order_id: UUID) -> SheetContent:
    """The signed sheet as it lies on file, without its bytes."""
    async with units.system("test") as unit:
        rx = await unit.session.get(Prescription, order_id)
        assert rx is not None and rx.signed_at is not None and rx.valid_until is not None
        line = Line(
            name="苯磺酸氨氯地平片", form="片剂", strength="5 mg", pack="28 片/盒", quantity=Decimal(1),
            quantity_unit="盒", dose=Decimal(5), dose_unit="mg", dose_words="1 片", route="口服",
            frequency="每日 1 次", days=7,
        )  # fmt: skip
        content = SheetContent(
            hospital="样例医院", kind=SheetKind.WESTERN, fee_class="自费", number=rx.number,
            patient=Patient(name="样例乙", sex="男", age="46岁"), department="心血管内科",
            issued_at=rx.signed_at, valid_until=rx.valid_until, lines=(line,), total=Fen(1200),
            doctor="样例医生", verification_url="http://testserver/rx/sample", is_sample=True,
        )  # fmt: skip
        unit.session.add(
            SheetFile(
                prescription_id=rx.id,
                hospital_id=rx.hospital_id,
                account_id=rx.account_id,
                issue=1,
                stage=SheetStage.BOTH,
                key="sample",
                size=1,
                sha256="0" * 64,
                content_digest=digest(content),
                content=canonical(content).decode(),
                certificate="1",
                evidence="sample",
                evidence_until=rx.valid_until,
                at=unit.now,
            )
        )
    return content


async def test_REG32_PAIN12_the_label_says_strength_and_amount_together(
    units: Units, place: Dispensary
) -> None:
    row = await to_picked(units, place, await add_order(units, place))
    await sign(units, row.id)
    async with units.of(place.first) as unit:
        [label] = await labels_of(unit, row)
    assert (label.strength, label.each) == ("5 mg", "每次 5 mg（1 片）")
    assert label.usage == "口服，每日 1 次，7 天"
    assert (label.lot, label.patient) == ("L1", "样例乙")
    assert (await labels([label, replace(label, lot="")])).startswith(b"%PDF")


async def test_REG31_the_second_person_sees_what_was_signed(units: Units, place: Dispensary) -> None:
    row = await to_picked(units, place, await add_order(units, place))
    content = await sign(units, row.id)
    async with units.of(place.second) as unit:
        seen = await work(unit, row)
    assert seen.content == content
    [item] = seen.items
    assert (item.form, item.each) == ("片剂", "每次 5 mg（1 片）")
