"""The safety check of a sheet, run and kept: by which versions, over what, with what result.

The same at writing, signing, review and dispensing. `active` is gathered beforehand, outside the unit
(`active.active_medicines`), as it may ask other hospitals.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from prescriptions.formulary import Published
from prescriptions.models import Check, Line, Prescription
from prescriptions.queries import last_check
from prescriptions.reactions import reported_drugs
from prescriptions.safety.checking import check
from prescriptions.safety.facts import (
    Delivery,
    Finding,
    Item,
    Numbers,
    Patient,
    Severity,
    Sex,
    Sheet,
    Verdict,
)
from prescriptions.states import CheckStage, SheetKind
from prescriptions.writing.active import ActiveMedicines
from prescriptions.writing.content import PadContent, Resigned, read_body
from telehealth.core.clock import completed_years
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.hospital import stored_visits
from telehealth.patients import Person, person
from telehealth.patients.rules import Sex as PersonSex
from telehealth.rulebook import current_policy

#: Each look at the page runs the check.
LOOKED_AT_OFTEN = (CheckStage.WRITING, CheckStage.REVIEW)
SEXES = {PersonSex.MALE: Sex.MALE, PersonSex.FEMALE: Sex.FEMALE}
ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False}
#: What parts what a patient says they cannot take: "青霉素（皮疹）、海鲜".
_PARTS = re.compile(r"[、，,;；\n]")
_ASIDE = re.compile(r"[（(][^）)]*[）)]")


@dataclass(frozen=True, slots=True)
class Checked:
    verdict: Verdict
    #: None where it was only looked at.
    row: Check | None

    def open_findings(self, content: PadContent) -> tuple[Finding, ...]:
        """What still keeps the sheet from being signed: blocks, and what was not signed again."""
        return unanswered(self.verdict, content.resigned)


async def run_check(
    unit: Unit,
    rx: Prescription,
    lines: Sequence[Line],
    stage: CheckStage,
    active: ActiveMedicines,
    published: Published,
    *,
    delivery: Delivery | None = None,
    keeps_cold: bool = False,
) -> Checked:
    """Check as of now and keep the result; while somebody only looks, an equal one is not kept twice.

    `published` is the book the sheet is checked by: the current one while it is written, its own afterwards.
    """
    judged = await _judge(unit, rx, lines, active, published, delivery=delivery, keeps_cold=keeps_cold)
    verdict, digest = judged.verdict, judged.digest
    if stage in LOOKED_AT_OFTEN:
        last = await last_check(unit, rx.id, stage)
        if last is not None and (last.digest, last.book_id, last.policy_version) == (
            digest,
            published.id,
            judged.policy,
        ):
            return Checked(verdict, last)
    row = Check(
        id=new_id(),
        prescription_id=rx.id,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        stage=stage,
        at=unit.now,
        book_id=published.id,
        policy_version=judged.policy,
        digest=digest,
        outcome=str(verdict.outcome),
        findings=[_kept(finding) for finding in verdict.findings],
        is_complete=verdict.is_complete,
    )
    unit.session.add(row)
    await unit.session.flush()
    return Checked(verdict, row)


async def look_again(
    unit: Unit, rx: Prescription, lines: Sequence[Line], active: ActiveMedicines, published: Published
) -> Checked:
    """As of now, for whoever only reads a sheet: nothing is kept."""
    return Checked((await _judge(unit, rx, lines, active, published)).verdict, None)


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    digest: str
    policy: int


async def _judge(
    unit: Unit,
    rx: Prescription,
    lines: Sequence[Line],
    active: ActiveMedicines,
    published: Published,
    *,
    delivery: Delivery | None = None,
    keeps_cold: bool = False,
) -> _Judged:
    content = read_body(rx.body)
    policy = await current_policy(unit, rx.hospital_id)
    who = await person(unit, rx.person_id)
    sheet = sheet_of(rx, lines, content, delivery=delivery, keeps_cold=keeps_cold)
    known = patient_of(who, content, unit, await _conditions(unit, rx))
    patient = replace(known, reported=await reported_drugs(unit, rx.hospital_id, rx.person_id))
    verdict = check(
        sheet,
        patient,
        active.active,
        published.book,
        Numbers.of(policy.policy),
        foreign_known=active.foreign_known,
    )
    return _Judged(verdict, _digest(sheet, patient, active), policy.number)


def sheet_of(
    rx: Prescription,
    lines: Sequence[Line],
    content: PadContent,
    *,
    delivery: Delivery | None = None,
    keeps_cold: bool = False,
) -> Sheet:
    is_herb = rx.kind is SheetKind.HERB
    return Sheet(
        kind=rx.kind,
        items=tuple(
            Item(
                ref=line.drug_code,
                dose=line.dose,
                frequency=line.frequency,
                days=line.days or None,
                quantity=None if is_herb else line.quantity or None,
                grams=line.grams,
                special=line.special,
                role=line.role,
            )
            for line in lines
        ),
        delivery=delivery,
        doses=content.decoction.doses if is_herb else None,
        doses_per_day=Decimal(content.decoction.doses_per_day),
        courier_keeps_cold=keeps_cold,
    )


def patient_of(who: Person, content: PadContent, unit: Unit, conditions: Sequence[str]) -> Patient:
    sex = SEXES.get(who.sex)
    return Patient(
        age=completed_years(who.birth_date, unit.today),
        sex=sex,
        weight_kg=content.weight_kg,
        pregnant=False if sex is Sex.MALE else ANSWERS.get(content.pregnant),
        lactating=False if sex is Sex.MALE else ANSWERS.get(content.lactating),
        allergies=allergies_of(content),
        diagnoses=content.diagnoses or None,
        conditions=tuple(conditions),
        stable=content.stable,
        egfr=content.egfr,
    )


def allergies_of(content: PadContent) -> tuple[str, ...] | None:
    """None until the doctor has gone through them with the patient."""
    if not content.allergies_reviewed:
        return None
    said = (_ASIDE.sub("", part).strip() for part in _PARTS.split(content.allergies))
    return (*content.allergy_classes, *(part for part in said if part))


def unanswered(verdict: Verdict, resigned: Mapping[str, Resigned]) -> tuple[Finding, ...]:
    return tuple(
        finding
        for finding in verdict.findings
        if finding.severity is Severity.BLOCK
        or (finding.severity is Severity.RESIGN and finding.key not in resigned)
    )


async def _conditions(unit: Unit, rx: Prescription) -> tuple[str, ...]:
    """Everything the hospital diagnosed before, for what a medicine must not meet."""
    visits = await stored_visits(unit, rx.hospital_id, rx.person_id)
    return tuple(sorted({item.code for visit in visits for item in visit.diagnoses if item.code}))


def _kept(finding: Finding) -> dict[str, Any]:
    return {
        "key": finding.key, "code": str(finding.code), "severity": str(finding.severity),
        "source": finding.source, "needs": str(finding.needs), "lines": [item + 1 for item in finding.items],
        "refs": list(finding.refs), "others": list(finding.others),
    }  # fmt: skip


def _digest(sheet: Sheet, patient: Patient, active: ActiveMedicines) -> str:
    said = {
        "sheet": asdict(sheet),
        "patient": asdict(patient),
        "active": [asdict(each) for each in active.active],
        "foreign_known": active.foreign_known,
    }
    written = json.dumps(said, default=str, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


__all__ = ["Checked", "allergies_of", "patient_of", "run_check", "sheet_of", "unanswered"]
