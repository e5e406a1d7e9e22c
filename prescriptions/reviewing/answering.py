"""A pharmacist answers a signed sheet: passes, returns or refuses it, and changes nothing (REG 19, 29, 30).

Passing takes three steps, as signing does: looked at, signed outside, and kept only if it is still the same
issue and its stock can be reserved. A crash in between leaves a file that nothing names.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from prescriptions.errors import ChecksFailed
from prescriptions.events import PrescriptionEnded, PrescriptionPassed
from prescriptions.formulary import Published, book_of
from prescriptions.models import Line, Prescription, Review, SheetFile
from prescriptions.ports import Credential, SheetField, SheetSigner
from prescriptions.queries import lines_of, lock_behind_visit, prescription, sheet_file
from prescriptions.reviewing.errors import (
    IssueOutdated,
    LinesNotAcknowledged,
    NotUnderReview,
    OwnSheet,
    ReasonNeeded,
    SheetDiffers,
)
from prescriptions.reviewing.telling import tell_doctor, tell_patient
from prescriptions.sheet.content import DecoctedBy, SheetContent, canonical, restore
from prescriptions.sheet.content import digest as content_digest
from prescriptions.sheet.signing import reason_for
from prescriptions.states import CheckStage, Outcome, Path, RxEvent, RxState, SheetKind, SheetStage
from prescriptions.stock import reserve
from prescriptions.writing.active import ActiveMedicines, active_medicines
from prescriptions.writing.carding import announce_state
from prescriptions.writing.checking import run_check
from prescriptions.writing.content import read_body
from prescriptions.writing.revising import expect_answer
from prescriptions.writing.sheeting import Press, sheet_content
from prescriptions.writing.shelving import Kept, keep_signed
from prescriptions.writing.signing import refusals
from telehealth.accounts import require_step_up
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.notifications import Notice

#: Ours have some two hundred kilobytes.
LARGEST_BYTES = 10 * 1024 * 1024
REFUSED = "refused"
TITLE = "药师"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the pharmacist is about to sign."""

    file: SheetFile
    content: SheetContent
    credential: Credential


async def pass_sheet(
    units: Units,
    actor: Actor,
    prescription_id: UUID,
    *,
    issue: int,
    acknowledged: Collection[int],
    press: Press,
) -> Prescription:
    """The second signature: stock is reserved, and the patient may pay. Again changes nothing.

    `acknowledged` are positions of lines the doctor signed again, each seen by the pharmacist.

    Raises PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, StepUpNeeded, LinesNotAcknowledged,
    ChecksFailed, SheetDiffers, OutOfStock, and whatever keeps the authority from signing.
    """
    async with units.of(actor) as unit:
        rx = await prescription(unit, prescription_id)
        if rx.state is RxState.PASSED and rx.reviewed_by == actor.account and rx.issue == issue:
            return rx
        _require_open(rx, actor, issue)
        published = await _book(unit, rx)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        looked, refused = await _look(unit, prescription_id, issue, acknowledged, active, published, press)
    # Raised only now: that the check was run, and what it found, is kept.
    if refused:
        raise ChecksFailed(findings=refused)
    kept = await _outside(units, actor, looked)
    async with units.of(actor) as unit:
        return await _keep(unit, prescription_id, issue, acknowledged, looked, kept)


async def return_sheet(unit: Unit, prescription_id: UUID, *, issue: int, reason: str) -> Prescription:
    """Back to its doctor, who mends it in time or loses it. Again changes nothing.

    Raises PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, ReasonNeeded.
    """
    rx = await lock_behind_visit(unit, prescription_id)
    if rx.state is RxState.RETURNED and rx.reviewed_by == unit.actor.account and rx.issue == issue:
        return rx
    _require_open(rx, unit.actor, issue)
    _answer(unit, rx, RxEvent.RETURN, Outcome.RETURNED, _said(reason))
    await expect_answer(unit, rx)
    unit.audit("prescription.returned", rx, number=rx.number, issue=rx.issue)
    await unit.session.flush()
    await announce_state(unit, rx)
    await tell_doctor(unit, rx, Notice.RX_RETURNED, answer_by=rx.answer_by)
    return rx


async def refuse_sheet(unit: Unit, prescription_id: UUID, *, issue: int, reason: str) -> Prescription:
    """It will not be dispensed. The doctor may write another while the visit lasts. Again changes nothing.

    Raises PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, ReasonNeeded.
    """
    rx = await lock_behind_visit(unit, prescription_id)
    if rx.state is RxState.REFUSED and rx.reviewed_by == unit.actor.account and rx.issue == issue:
        return rx
    _require_open(rx, unit.actor, issue)
    _answer(unit, rx, RxEvent.REFUSE, Outcome.REFUSED, _said(reason))
    unit.audit("prescription.refused", rx, number=rx.number, issue=rx.issue)
    await unit.session.flush()
    await unit.publish(PrescriptionEnded(rx.id, REFUSED))
    await announce_state(unit, rx)
    await tell_doctor(unit, rx, Notice.RX_REFUSED)
    await tell_patient(unit, rx, Notice.RX_NOT_PASSED)
    return rx


async def _look(
    unit: Unit,
    prescription_id: UUID,
    issue: int,
    acknowledged: Collection[int],
    active: ActiveMedicines,
    published: Published,
    press: Press,
) -> tuple[_Looked, list[dict[str, object]]]:
    rx = await lock_behind_visit(unit, prescription_id)
    _require_open(rx, unit.actor, issue)
    await require_step_up(unit)
    lines, file = await lines_of(unit, rx.id), await sheet_file(unit, rx.id, issue, SheetStage.DOCTOR)
    if file is None:
        raise SheetDiffers(what="file")
    signed = restore(file.content.encode())
    await _require_unchanged(unit, rx, lines, signed, file, published, press)
    if missing := sorted(
        line.position for line in lines if line.resigned_at and line.position not in acknowledged
    ):
        raise LinesNotAcknowledged(lines=missing)
    checked = await run_check(unit, rx, lines, CheckStage.REVIEW, active, published)
    credential = Credential(
        person_id=unit.actor.account,
        name=unit.actor.name,
        title=TITLE,
        hospital=(await hospital(unit, rx.hospital_id)).name,
    )
    return _Looked(file, signed, credential), refusals(checked, read_body(rx.body))


async def _require_unchanged(
    unit: Unit,
    rx: Prescription,
    lines: Sequence[Line],
    signed: SheetContent,
    file: SheetFile,
    published: Published,
    press: Press,
) -> None:
    """What the rows say now is what the doctor signed: medicines, amounts, price. Raises SheetDiffers."""
    if content_digest(signed) != file.content_digest or rx.signed_at is None or rx.valid_until is None:
        raise SheetDiffers(what="content")
    now = await sheet_content(
        unit, rx, lines, published.book, press, issued_at=rx.signed_at, valid_until=rx.valid_until
    )
    same = (now.lines, now.herbs, now.decoction, now.total) == (
        signed.lines, signed.herbs, signed.decoction, signed.total,
    )  # fmt: skip
    if not same or rx.total != signed.total:
        raise SheetDiffers(what="lines")


async def _outside(units: Units, actor: Actor, looked: _Looked) -> Kept:
    """The stored bytes, as they were, with one signature more."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    signer = units.port(SheetSigner)  # type: ignore[type-abstract]
    at = units.clock.business()
    pdf = await store.read(looked.file.key, LARGEST_BYTES)
    if hashlib.sha256(pdf).hexdigest() != looked.file.sha256:
        raise SheetDiffers(what="file")
    signed = await signer.sign(
        pdf, field=SheetField.PHARMACIST, credential=looked.credential,
        reason=reason_for(SheetField.PHARMACIST, looked.content), at=at,
    )  # fmt: skip
    return await keep_signed(
        units, looked.file.prescription_id, issue=looked.file.issue, stage=SheetStage.BOTH, signed=signed,
        signer_id=actor.account, at=at,
    )  # fmt: skip


async def _keep(
    unit: Unit,
    prescription_id: UUID,
    issue: int,
    acknowledged: Collection[int],
    looked: _Looked,
    kept: Kept,
) -> Prescription:
    rx = await lock_behind_visit(unit, prescription_id)
    _require_open(rx, unit.actor, issue)
    lines = await lines_of(unit, rx.id)
    needs: dict[str, Decimal] = {}
    for line in lines:
        needs[line.drug_code] = needs.get(line.drug_code, Decimal(0)) + line.quantity
    pharmacy = await reserve(
        unit, rx, needs, kind=rx.kind, needs_cold_chain=rx.needs_cold_chain, decocts=_decocts(rx),
        path=None if rx.may_travel else Path.WINDOW,
    )  # fmt: skip
    _answer(unit, rx, RxEvent.PASS, Outcome.PASSED, "", acknowledged)
    unit.session.add(_file(unit, rx, looked, kept))
    unit.step("rx.pass")
    unit.audit(
        "prescription.passed", rx, number=rx.number, issue=rx.issue, pharmacy=pharmacy.code,
        sha256=kept.sha256,
    )  # fmt: skip
    await unit.session.flush()
    await unit.publish(PrescriptionPassed(rx.id, pharmacy.id))
    await announce_state(unit, rx)
    return rx


def _require_open(rx: Prescription, actor: Actor, issue: int) -> None:
    if rx.signed_by == actor.account:
        raise OwnSheet()
    if rx.state is not RxState.SIGNED:
        raise NotUnderReview(state=str(rx.state))
    if rx.issue != issue:
        raise IssueOutdated(issue=rx.issue)


def _said(reason: str) -> str:
    said = reason.strip()
    if len("".join(said.split())) < 2:
        raise ReasonNeeded()
    return said


def _answer(
    unit: Unit,
    rx: Prescription,
    event: RxEvent,
    outcome: Outcome,
    reason: str,
    acknowledged: Collection[int] = (),
) -> None:
    rx.apply(event, at=unit.now, reason=REFUSED if outcome is Outcome.REFUSED else None)
    rx.reviewed_at, rx.reviewed_by = unit.now, unit.actor.account
    unit.session.add(
        Review(
            id=new_id(),
            prescription_id=rx.id,
            hospital_id=rx.hospital_id,
            account_id=rx.account_id,
            issue=rx.issue,
            pharmacist_id=unit.actor.account,
            outcome=outcome,
            reason=reason,
            acknowledged=[{"line": position} for position in sorted(acknowledged)],
            at=unit.now,
        )
    )


def _file(unit: Unit, rx: Prescription, looked: _Looked, kept: Kept) -> SheetFile:
    return SheetFile(
        id=new_id(),
        prescription_id=rx.id,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        issue=rx.issue,
        stage=SheetStage.BOTH,
        key=kept.key,
        size=kept.size,
        sha256=kept.sha256,
        content_digest=looked.file.content_digest,
        content=canonical(looked.content).decode(),
        certificate=kept.certificate,
        evidence=kept.evidence,
        evidence_until=kept.evidence_until,
        at=unit.now,
    )


def _decocts(rx: Prescription) -> bool:
    plan = read_body(rx.body).decoction
    return rx.kind is SheetKind.HERB and plan.decocted_by is DecoctedBy.PHARMACY


async def _book(unit: Unit, rx: Prescription) -> Published:
    """The version it was signed by: the names on the paper are its names."""
    if rx.book_id is None:
        raise SheetDiffers(what="book")
    return await book_of(unit, rx.book_id)
