"""Somebody did badly on a medicine: pharmacist and doctor hear of it, by a clock set by how badly."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.queries import lines_of
from prescriptions.reactions import queries
from prescriptions.reactions.errors import ReactionNotFound, SheetNotReportable
from prescriptions.reactions.events import ReactionOverdue, ReactionReported
from prescriptions.reactions.models import NUMBERS, Reaction
from prescriptions.reactions.rules import assess_by, is_too_long
from prescriptions.reactions.states import ReactionState, Severity, Taking
from prescriptions.states import RxState
from telehealth.core.access import Actor
from telehealth.core.deadlines import set_deadline
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id, public_number
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify
from telehealth.rulebook import PolicyVersion, current_policy

LATE = "prescriptions.reaction_late"
TOO_LONG = N_("内容超过字数上限，请精简后提交，已写的内容都还在")


@dataclass(frozen=True, slots=True)
class Told:
    drug_codes: tuple[str, ...]
    what: str
    began_on: date
    severity: Severity
    taking: Taking
    #: Of the page it was written on: sent twice, it is one report.
    draft: UUID


async def report(unit: Unit, actor: Actor, prescription_id: UUID, told: Told) -> Reaction:
    """The report; the very same when the same page is sent again.

    Raises PrescriptionNotFound, SheetNotReportable, FieldsInvalid.
    """
    rx = await sheet_for_report(unit, prescription_id)
    version = await current_policy(unit, rx.hospital_id)
    await _check(unit, rx, told, version)
    made = await _insert(unit, actor, rx, told, version)
    row = await queries.by_draft(unit, actor.account, told.draft)
    if row is None:
        raise ReactionNotFound()
    if not made:
        return row
    await set_deadline(
        unit, LATE, row.id, row.assess_by, hospital_id=row.hospital_id, account_id=row.account_id
    )
    unit.audit("reaction.reported", row, severity=row.severity, policy=version.number)
    await notify(
        unit, Notice.RX_REACTION_RECEIVED, row.account_id, hospital_id=row.hospital_id,
        href=f"/reactions/{row.id}", number=row.rx_number, answer_by=row.assess_by,
    )  # fmt: skip
    if row.doctor_id is not None:
        await notify(
            unit, Notice.RX_REACTION_REPORTED, row.doctor_id, hospital_id=row.hospital_id,
            href=f"/staff/own-reactions/{row.id}", number=row.rx_number,
        )  # fmt: skip
    await unit.publish(ReactionReported(row.id))
    return row


async def sheet_for_report(unit: Unit, prescription_id: UUID) -> Prescription:
    """Raises PrescriptionNotFound, SheetNotReportable."""
    rx = await queries.own_sheet(unit, prescription_id)
    if rx is None:
        raise PrescriptionNotFound()
    if rx.signed_at is None or rx.state is RxState.DRAFT:
        raise SheetNotReportable()
    return rx


async def is_late(unit: Unit, reaction_id: UUID) -> None:
    """Deadline `prescriptions.reaction_late`: no pharmacist looked in time. It keeps waiting, in red."""
    row = await queries.lock_any(unit, reaction_id)
    if row is None or row.state is not ReactionState.REPORTED or row.assess_by > unit.now:
        return
    row.late_at = unit.now
    unit.audit("reaction.late", row)
    await unit.publish(ReactionOverdue(row.id))


async def _check(unit: Unit, rx: Prescription, told: Told, version: PolicyVersion) -> None:
    known = {line.drug_code for line in await lines_of(unit, rx.id)}
    wrong: dict[str, str] = {}
    if not told.drug_codes or not known.issuperset(told.drug_codes):
        wrong["drug_codes"] = N_("请从这张处方的药品中选择")
    if is_too_long(told.what, version.policy):
        wrong["what"] = TOO_LONG
    if told.began_on > unit.today:
        wrong["began_on"] = N_("请选择今天或以前的日期")
    if wrong:
        raise FieldsInvalid(wrong)


async def _insert(
    unit: Unit, actor: Actor, rx: Prescription, told: Told, version: PolicyVersion
) -> UUID | None:
    """None when the same page was sent before."""
    sequence = await unit.session.scalar(sa.select(NUMBERS.next_value()))
    row = insert(Reaction).values(
        id=new_id(),
        number=public_number("AR", unit.now, int(sequence or 0)),
        hospital_id=rx.hospital_id,
        account_id=actor.account,
        person_id=rx.person_id,
        prescription_id=rx.id,
        rx_number=rx.number,
        doctor_id=rx.signed_by,
        draft=told.draft,
        state=ReactionState.REPORTED,
        drug_codes=sorted(set(told.drug_codes)),
        what=told.what,
        began_on=told.began_on,
        severity=told.severity,
        taking=told.taking,
        made_at=unit.now,
        policy_number=version.number,
        assess_by=assess_by(unit.now, told.severity, version.policy),
        assessed_name="",
        advice="",
    )
    made = await unit.session.execute(
        row.on_conflict_do_nothing(index_elements=["account_id", "draft"]).returning(Reaction.id)
    )
    return made.scalar_one_or_none()
