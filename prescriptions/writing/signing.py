"""The doctor signs: what is checked is what is drawn, what is drawn is what is signed, byte by byte.

Three steps, as no row stays locked while an authority is asked: the sheet is frozen in our hands, drawn and
signed outside, and kept only if it is still the same. A crash in between leaves a file that nothing names;
pressing again is safe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prescriptions.errors import ChecksFailed
from prescriptions.events import PrescriptionSigned
from prescriptions.formulary import Published, published_book
from prescriptions.models import Line, Prescription, SheetFile
from prescriptions.ports import Credential, SheetField, SheetSigner
from prescriptions.queries import lines_of
from prescriptions.rules import valid_until
from prescriptions.safety.facts import Item, Numbers, Severity
from prescriptions.safety.fulfilment import capabilities
from prescriptions.sheet.content import SheetContent, canonical
from prescriptions.sheet.content import digest as content_digest
from prescriptions.sheet.signing import blank_sheet, reason_for
from prescriptions.states import CheckStage, RxEvent, RxState, SheetStage
from prescriptions.writing.active import ActiveMedicines, active_medicines
from prescriptions.writing.carding import announce_state
from prescriptions.writing.checking import Checked, run_check
from prescriptions.writing.completing import lacking, unconfirmed
from prescriptions.writing.content import PadContent, read_body
from prescriptions.writing.drafting import price, require_version
from prescriptions.writing.errors import CredentialExpired, LineNotConfirmed, NoDiagnosisOnFile, PadIncomplete
from prescriptions.writing.own import lock_own_draft, own_sheet, require_spoken
from prescriptions.writing.sheeting import Press, sheet_content
from prescriptions.writing.shelving import Kept, keep_signed
from telehealth.accounts import require_step_up
from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import doctor, hospital
from telehealth.directory.credentialing import missing_today
from telehealth.rulebook import current_policy

UNANSWERED = "prescriptions.unanswered"


@dataclass(frozen=True, slots=True)
class Prepared:
    content: SheetContent
    credential: Credential
    issue: int
    policy_version: int
    book_id: UUID
    may_travel: bool
    needs_cold_chain: bool


async def sign(
    units: Units, actor: Actor, prescription_id: UUID, *, version: int, press: Press
) -> Prescription:
    """Sign what this version says, and send it to the pharmacist.

    Calling it again once it is signed changes nothing. `version` is the one the doctor looks at.

    Raises PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated, StepUpNeeded, CredentialExpired,
    NoDiagnosisOnFile, NothingSaid, PadIncomplete, LineNotConfirmed, ChecksFailed with `findings`, and
    whatever keeps the authority from signing.
    """
    async with units.of(actor) as unit:
        rx, _ = await own_sheet(unit, prescription_id)
        if rx.state is RxState.SIGNED and rx.version == version:
            return rx
        published = await published_book(unit, rx.hospital_id)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        made, refused = await _prepare(unit, prescription_id, version, active, press)
    # Raised only now: that the check was run, and what it found, is kept.
    if refused or made is None:
        raise ChecksFailed(findings=refused)
    kept = await _outside(units, actor, prescription_id, made)
    async with units.of(actor) as unit:
        return await _keep(unit, prescription_id, version, made, kept)


async def _prepare(
    unit: Unit, prescription_id: UUID, version: int, active: ActiveMedicines, press: Press
) -> tuple[Prepared | None, list[dict[str, object]]]:
    rx, visit = await lock_own_draft(unit, prescription_id)
    require_version(rx, version)
    await require_step_up(unit)
    if not visit.diagnoses:
        raise NoDiagnosisOnFile()
    await require_spoken(unit, rx.visit_id)
    credential = await _credential(unit, rx)
    published = await published_book(unit, rx.hospital_id)
    policy = await current_policy(unit, rx.hospital_id)
    lines, content = await lines_of(unit, rx.id), read_body(rx.body)
    if missing := lacking(rx, lines, content, policy.policy):
        raise PadIncomplete(missing)
    if ids := unconfirmed(lines):
        raise LineNotConfirmed(lines=ids)
    _fix_prices(rx, lines, content, published)
    checked = await run_check(unit, rx, lines, CheckStage.SIGNING, active, published)
    if refused := refusals(checked, content):
        return None, refused
    fix_reasons(lines, checked, content)
    numbers = Numbers.of(policy.policy)
    can = [capabilities(Item(ref=line.drug_code), published.book, numbers) for line in lines]
    until = valid_until(unit.now, policy.policy.prescription.valid_days_online)
    printed = await sheet_content(
        unit, rx, lines, published.book, press, issued_at=unit.now, valid_until=until
    )
    made = Prepared(
        content=printed,
        credential=credential,
        issue=rx.issue + 1,
        policy_version=policy.number,
        book_id=published.id,
        may_travel=all(each.courier for each in can),
        needs_cold_chain=any(each.cold_chain for each in can),
    )
    return made, []


async def _outside(units: Units, actor: Actor, prescription_id: UUID, made: Prepared) -> Kept:
    """Draw, sign, store."""
    signer = units.port(SheetSigner)  # type: ignore[type-abstract]
    at = made.content.issued_at
    blank = await blank_sheet(made.content)
    signed = await signer.sign(
        blank, field=SheetField.DOCTOR, credential=made.credential,
        reason=reason_for(SheetField.DOCTOR, made.content), at=at,
    )  # fmt: skip
    return await keep_signed(
        units, prescription_id, issue=made.issue, stage=SheetStage.DOCTOR, signed=signed,
        signer_id=actor.account, at=at,
    )  # fmt: skip


async def _keep(unit: Unit, prescription_id: UUID, version: int, made: Prepared, kept: Kept) -> Prescription:
    """The same version, still a draft, of a visit that still stands: only then it is signed."""
    rx, _ = await lock_own_draft(unit, prescription_id)
    require_version(rx, version)
    policy = (await current_policy(unit, rx.hospital_id)).policy
    printed = made.content
    rx.book_id, rx.policy_version, rx.total = made.book_id, made.policy_version, printed.total
    rx.may_travel, rx.needs_cold_chain, rx.issue = made.may_travel, made.needs_cold_chain, made.issue
    rx.signed_at, rx.signed_by, rx.valid_until = printed.issued_at, unit.actor.account, printed.valid_until
    rx.reviewed_at = rx.reviewed_by = None
    rx.apply(RxEvent.SIGN, at=unit.now)
    rx.answer_by = unit.now + timedelta(minutes=policy.dispensing.review_minutes)
    unit.session.add(_file(unit, rx, made, kept))
    unit.step("rx.sign")
    unit.audit(
        "prescription.signed", rx, number=rx.number, issue=rx.issue, version=version, total=rx.total,
        sha256=kept.sha256,
    )  # fmt: skip
    await unit.session.flush()
    await clear_deadline(unit, UNANSWERED, rx.id)
    await announce_state(unit, rx)
    await unit.publish(PrescriptionSigned(rx.id))
    return rx


def _file(unit: Unit, rx: Prescription, made: Prepared, kept: Kept) -> SheetFile:
    return SheetFile(
        id=new_id(),
        prescription_id=rx.id,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        issue=rx.issue,
        stage=SheetStage.DOCTOR,
        key=kept.key,
        size=kept.size,
        sha256=kept.sha256,
        content_digest=content_digest(made.content),
        content=canonical(made.content).decode(),
        certificate=kept.certificate,
        evidence=kept.evidence,
        evidence_until=kept.evidence_until,
        at=unit.now,
    )


def refusals(checked: Checked, content: PadContent) -> list[dict[str, object]]:
    """What keeps the sheet from being signed, as everybody may be told: codes and lines."""
    return [
        {
            "key": finding.key, "code": str(finding.code), "severity": str(finding.severity),
            "lines": list(finding.items),
        }
        for finding in checked.open_findings(content)
    ]  # fmt: skip


def fix_reasons(lines: Sequence[Line], checked: Checked, content: PadContent) -> None:
    """Reasons given for findings that still stand go to their lines (REG 29, 37), and onto the sheet."""
    for line in lines:
        line.resign_reason, line.resigned_at = "", None
    for finding in checked.verdict.findings:
        given = content.resigned.get(finding.key)
        if finding.severity is not Severity.RESIGN or given is None:
            continue
        for place in finding.items[:1]:
            line = lines[place]
            if given.reason not in line.resign_reason.split("；"):
                line.resign_reason = "；".join(part for part in (line.resign_reason, given.reason) if part)
            line.resigned_at = given.at


async def _credential(unit: Unit, rx: Prescription) -> Credential:
    """Raises CredentialExpired."""
    row = await doctor(unit, rx.doctor_id)
    missing = await missing_today(unit, row)
    if missing or row.suspended:
        raise CredentialExpired(missing=list(missing))
    return Credential(
        person_id=unit.actor.account,
        name=row.name,
        title=row.title,
        hospital=(await hospital(unit, rx.hospital_id)).name,
    )


def _fix_prices(rx: Prescription, lines: Sequence[Line], content: PadContent, published: Published) -> None:
    for line in lines:
        own = line.quantity if content.words_of(line.id).is_quantity_own else None
        price(published, line, content.decoction, own=own)
    rx.total = sum(line.amount for line in lines)
