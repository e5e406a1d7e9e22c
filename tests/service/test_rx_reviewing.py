"""A pharmacist answers a signed sheet: nobody's own, unchanged, checked anew, with stock behind it."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from prescriptions.errors import ChecksFailed, PrescriptionNotFound
from prescriptions.models import Check, Line, Prescription, Review, SheetFile
from prescriptions.ports import SheetSigner
from prescriptions.reviewing import answering, planning
from prescriptions.reviewing.errors import (
    DutyRefused,
    IssueOutdated,
    LinesNotAcknowledged,
    NotUnderReview,
    OwnSheet,
    ReasonNeeded,
    SheetDiffers,
)
from prescriptions.reviewing.presenting import look, queue_view
from prescriptions.settling.models import Fulfilment
from prescriptions.sheet.authority import LocalAuthority
from prescriptions.sheet.errors import CertificateRevoked
from prescriptions.sheet.verifying import Trust, verify
from prescriptions.states import CheckStage, Outcome, RxState, SheetStage
from prescriptions.stock import OutOfStock
from prescriptions.writing import revising
from telehealth.accounts import StepUpNeeded
from telehealth.core.access import Role
from telehealth.core.blobs import BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Sweeper
from telehealth.core.unit import Units
from telehealth.notifications import Notice
from telehealth.notifications.models import InboxMessage
from telehealth.web.house import House
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.consulting import sign_in
from tests.support.factories.directory import add_hospital
from tests.support.factories.dispatch import item
from tests.support.factories.reviewing import Review as Place
from tests.support.factories.reviewing import add_pharmacist, open_review, passed, to_review
from tests.support.factories.rooms import messages
from tests.support.factories.writing import PRESS, sign_sheet, written


@pytest.fixture
async def place(units: Units) -> Place:
    return await open_review(units)


async def now(units: Units, rx: Prescription) -> Prescription:
    async with units.system("test") as unit:
        return await unit.session.get_one(Prescription, rx.id)


async def notices(units: Units, account_id: UUID) -> list[str]:
    async with units.system("test") as unit:
        rows = await unit.session.scalars(
            sa.select(InboxMessage.notice).where(InboxMessage.account_id == account_id)
        )
        return [str(row) for row in rows]


async def answer(
    units: Units, place: Place, rx: Prescription, verb: str, reason: str = "样例：剂量偏大"
) -> None:
    async with units.of(place.pharmacist) as unit:
        await getattr(answering, f"{verb}_sheet")(unit, rx.id, issue=rx.issue, reason=reason)


async def test_REG19_a_sheet_counts_only_after_a_pharmacist_passed_it(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    async with units.system("test") as unit:
        assert await unit.session.get(Fulfilment, rx.id) is None
    await passed(units, place, rx)
    assert (await now(units, rx)).state is RxState.PASSED
    async with units.system("test") as unit:
        assert (await unit.session.get_one(Fulfilment, rx.id)).pharmacy_id == place.pharmacy.id
    assert Notice.RX_PAYABLE in await notices(units, place.desk.visit.who.account.id)


async def test_REG38_the_second_signature_is_on_the_very_bytes_the_doctor_signed(
    units: Units, place: Place
) -> None:
    rx = await passed(units, place, await to_review(units, place))
    authority = units.port(SheetSigner)  # type: ignore[type-abstract]
    assert isinstance(authority, LocalAuthority)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    async with units.system("test") as unit:
        files = {
            file.stage: file
            for file in await unit.session.scalars(
                sa.select(SheetFile).where(SheetFile.prescription_id == rx.id)
            )
        }
    both = await store.read(files[SheetStage.BOTH].key, 10_000_000)
    first = await store.read(files[SheetStage.DOCTOR].key, 10_000_000)
    assert both.startswith(first)
    found = await verify(
        both,
        expected_sha256=files[SheetStage.BOTH].sha256,
        expected_digest=files[SheetStage.BOTH].content_digest,
        at=units.clock.business(),
        trust=Trust(roots=authority.roots(), revocations=authority.revocations(units.clock.business())),
    )
    assert found.genuine


async def test_XY29_passing_reserves_the_stock_it_needs(units: Units, place: Place) -> None:
    rx = await passed(units, place, await to_review(units, place))
    async with units.system("test") as unit:
        line = (await unit.session.scalars(sa.select(Line).where(Line.prescription_id == rx.id))).one()
    assert (await item(units, place.pharmacy, line.drug_code)).reserved == line.quantity


async def test_PAIN13_without_stock_it_is_not_passed_and_nothing_is_held(units: Units) -> None:
    place = await open_review(units, shelves=0)
    rx = await to_review(units, place)
    with pytest.raises(OutOfStock):
        await passed(units, place, rx)
    assert (await now(units, rx)).state is RxState.SIGNED


async def test_REG19_nobody_reviews_an_own_sheet(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    author = replace(place.pharmacist, account_id=place.desk.doctor.account_id)
    with pytest.raises(OwnSheet):
        await answering.pass_sheet(units, author, rx.id, issue=1, acknowledged=(), press=PRESS)
    async with units.of(author) as unit:
        with pytest.raises(OwnSheet):
            await answering.refuse_sheet(unit, rx.id, issue=1, reason="样例：理由")


async def test_REG38_a_second_signature_needs_a_fresh_second_factor(
    units: Units, place: Place, clock: FixedClock
) -> None:
    rx = await to_review(units, place)
    clock.advance(timedelta(minutes=31))
    with pytest.raises(StepUpNeeded):
        await passed(units, place, rx)


async def test_REG30_a_line_altered_behind_the_doctors_back_is_noticed(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(Line).where(Line.prescription_id == rx.id).values(dose=Decimal("10"))
        )
    with pytest.raises(SheetDiffers):
        await passed(units, place, rx)
    assert (await now(units, rx)).state is RxState.SIGNED


async def test_REG38_stored_bytes_that_were_swapped_get_no_second_signature(
    units: Units, place: Place, house: House
) -> None:
    rx = await to_review(units, place)
    async with units.system("test") as unit:
        file = (
            await unit.session.scalars(sa.select(SheetFile).where(SheetFile.prescription_id == rx.id))
        ).one()
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    await store.delete(file.key)
    await store.write(file.key, b"%PDF-1.7 another", "application/pdf")
    with pytest.raises(SheetDiffers):
        await passed(units, place, rx)


async def test_REG38_a_pharmacist_whose_certificate_was_revoked_signs_nothing(
    units: Units, place: Place
) -> None:
    first = await passed(units, place, await to_review(units, place))
    authority = units.port(SheetSigner)  # type: ignore[type-abstract]
    assert isinstance(authority, LocalAuthority)
    await authority.revoke(place.pharmacist.account, at=units.clock.business())
    rx = await to_review(units, place)
    assert first.id != rx.id
    with pytest.raises((CertificateRevoked, ChecksFailed)):
        await passed(units, place, rx)
    assert (await now(units, rx)).state is RxState.SIGNED


async def test_PAIN11_the_checks_run_again_at_review_and_are_kept(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    await look(units, place.pharmacist, rx.id)
    await look(units, place.pharmacist, rx.id)
    async with units.system("test") as unit:
        rows = (await unit.session.scalars(sa.select(Check).where(Check.prescription_id == rx.id))).all()
    assert [row.stage for row in rows].count(CheckStage.REVIEW) == 1
    assert CheckStage.SIGNING in [row.stage for row in rows]


async def test_XY29_a_returned_sheet_goes_back_with_its_reason_and_a_deadline(
    units: Units, place: Place
) -> None:
    rx = await to_review(units, place)
    await answer(units, place, rx, "return")
    back = await now(units, rx)
    assert back.state is RxState.RETURNED
    assert back.answer_by is not None
    assert Notice.RX_RETURNED in await notices(units, place.desk.doctor.account)
    async with units.system("test") as unit:
        review = (await unit.session.scalars(sa.select(Review).where(Review.prescription_id == rx.id))).one()
    assert (review.outcome, review.reason) == (Outcome.RETURNED, "样例：剂量偏大")
    cards = [row.facts["state"] for row in await messages(units, place.desk.visit) if row.kind == "card"]
    assert cards == ["signed", "returned"]


async def test_XY29_a_returned_sheet_nobody_mends_is_void(
    units: Units, place: Place, house: House, clock: FixedClock
) -> None:
    rx = await to_review(units, place)
    await answer(units, place, rx, "return")
    clock.advance(timedelta(minutes=121))
    await Sweeper(units, list(house.sweeper.kinds.values())).sweep()
    assert (await now(units, rx)).state is RxState.VOIDED


async def test_a_sheet_signed_anew_is_another_issue_and_answered_anew(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    await answer(units, place, rx, "return")
    async with units.of(place.desk.doctor) as unit:
        draft = await revising.revise(unit, rx.id)
    again = await sign_sheet(units, place.desk, draft)
    assert again.issue == 2
    with pytest.raises(IssueOutdated):
        await answering.pass_sheet(units, place.pharmacist, rx.id, issue=1, acknowledged=(), press=PRESS)
    assert (await passed(units, place, again)).state is RxState.PASSED


async def test_a_refused_sheet_is_over_and_both_are_told(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    await answer(units, place, rx, "refuse")
    assert (await now(units, rx)).state is RxState.REFUSED
    assert Notice.RX_REFUSED in await notices(units, place.desk.doctor.account)
    assert Notice.RX_NOT_PASSED in await notices(units, place.desk.visit.who.account.id)
    with pytest.raises(NotUnderReview):
        await passed(units, place, rx)


@pytest.mark.parametrize("reason", ["", "  ", "。 "])
async def test_who_returns_or_refuses_says_why(units: Units, place: Place, reason: str) -> None:
    rx = await to_review(units, place)
    for verb in ("return", "refuse"):
        with pytest.raises(ReasonNeeded):
            await answer(units, place, rx, verb, reason)


async def test_answering_twice_changes_nothing(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    await passed(units, place, rx)
    assert (await passed(units, place, rx)).state is RxState.PASSED
    async with units.system("test") as unit:
        assert len((await unit.session.scalars(sa.select(Review))).all()) == 1


async def test_REG29_each_line_signed_again_is_acknowledged(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(Line).where(Line.prescription_id == rx.id).values(resigned_at=units.clock.business())
        )
    with pytest.raises(LinesNotAcknowledged):
        await answering.pass_sheet(units, place.pharmacist, rx.id, issue=1, acknowledged=(), press=PRESS)


async def test_the_oldest_promise_comes_first_and_a_broken_one_is_red(
    units: Units, place: Place, clock: FixedClock
) -> None:
    first = await to_review(units, place)
    clock.advance(timedelta(minutes=5))
    second = await to_review(units, place)
    clock.advance(timedelta(minutes=26))
    async with units.of(place.pharmacist) as unit:
        shown = await queue_view(unit, unit.actor.hospital, "zh-CN")
    assert [row["number"] for row in shown["waiting"]] == [first.number, second.number]
    assert [row["promise"]["is_late"] for row in shown["waiting"]] == [True, False]


async def test_those_on_duty_hear_of_a_sheet_and_of_a_broken_promise(
    units: Units, place: Place, house: House, clock: FixedClock
) -> None:
    async with units.of(place.pharmacist) as unit:
        await planning.plan_duty(
            unit, unit.actor.hospital, place.pharmacist.account,
            starts_at=unit.now - timedelta(hours=1), ends_at=unit.now + timedelta(hours=8),
        )  # fmt: skip
    await to_review(units, place)
    assert Notice.RX_TO_REVIEW in await notices(units, place.pharmacist.account)
    clock.advance(timedelta(minutes=31))
    await Sweeper(units, list(house.sweeper.kinds.values())).sweep()
    assert Notice.RX_REVIEW_LATE in await notices(units, place.pharmacist.account)


async def test_duty_runs_forwards_and_ends_within_a_day(units: Units, place: Place) -> None:
    async with units.of(place.pharmacist) as unit:
        for starts, ends in ((2, 1), (1, 30), (-3, -1)):
            with pytest.raises(DutyRefused):
                await planning.plan_duty(
                    unit, unit.actor.hospital, place.pharmacist.account,
                    starts_at=unit.now + timedelta(hours=starts), ends_at=unit.now + timedelta(hours=ends),
                )  # fmt: skip


async def test_a_pharmacist_of_another_hospital_finds_no_such_sheet(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    other = await add_hospital(units, code="other")
    member = await add_staff(units, other.id, [Role.PHARMACIST], login="stranger")
    stranger = await sign_in(units, staff(member))
    with pytest.raises(PrescriptionNotFound):
        await look(units, stranger, rx.id)
    with pytest.raises(PrescriptionNotFound):
        await passed(units, place, rx, pharmacist=stranger)


async def test_a_draft_is_nobodys_business_but_its_doctors(units: Units, place: Place) -> None:
    rx = await written(units, place.desk)
    with pytest.raises(PrescriptionNotFound):
        await look(units, await add_pharmacist(units, place.desk, "second"), rx.id)


async def test_REG66_what_vouched_for_each_signature_is_kept_for_five_years_after_expiry(
    units: Units, place: Place
) -> None:
    rx = await passed(units, place, await to_review(units, place))
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    async with units.system("test") as unit:
        files = await unit.session.scalars(sa.select(SheetFile).where(SheetFile.prescription_id == rx.id))
        kept = [*files]
    assert len(kept) == 2
    for file in kept:
        told = json.loads(await store.read(file.evidence, 1_000_000))
        assert told["serial"] == file.certificate
        assert told["chain"] and told["revocations"]
        assert file.evidence_until >= units.clock.business() + timedelta(days=5 * 365)
