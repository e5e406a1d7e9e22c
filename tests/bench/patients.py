"""Sample patients by the thousand, each ready to hold one seat: none of them exists.

One of them comes in through the product's own doors, the others are copies of their rows with
ids and numbers of their own.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import accepting, queries
from telehealth.directory.models import Doctor, NoticeAcceptance
from telehealth.directory.states import NoticeChannel
from telehealth.eligibility.checking import assess
from telehealth.eligibility.facts import Stage
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.recording import Question
from telehealth.hospital.models import VisitFetch, VisitRecord
from telehealth.intake.content import FormContent
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.patients.models import HospitalPatient, PatientCard, PatientLink, Person
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.sessions import Session, digest, open_session
from tests.bench.sample import Place
from tests.support.factories import accounts, directory, patients, rulebook
from tests.support.phones import fresh_number

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Errand:
    """What one patient sends: everything but the slot."""

    account_id: UUID
    token: str
    person_id: UUID
    check_id: UUID
    form_id: UUID


async def open_hospital(units: Units, *, doctors: int) -> Place:
    """A hospital with one department, a published policy and notice, and so many doctors online."""
    hospital = await directory.add_hospital(units)
    campus = await directory.add_campus(units, hospital.id)
    department = await directory.add_department(units, hospital.id, [campus.id])
    doctor = await directory.add_doctor(units, department)
    await directory.add_notice(units, hospital.id)
    await rulebook.publish_policy(units, hospital.id)
    copies = [_copy(doctor, id=new_id()) for _ in range(doctors)]
    async with units.system("sample") as unit:
        await unit.session.execute(sa.insert(Doctor), copies)
    return Place(hospital.id, campus.id, department.id, tuple(row["id"] for row in copies))


async def add_patients(units: Units, place: Place, *, count: int) -> list[Errand]:
    """Verified, with a card, a visit three weeks ago, the notice accepted, the form sent, signed in."""
    first = await _first_patient(units, place)
    errands = []
    while len(errands) < count:
        async with units.system("sample") as unit:
            errands += await _add_copies(unit, first, min(_BATCH, count - len(errands)))
    async with units.engine.connect() as connection:
        await connection.execute(sa.text("analyze"))
        await connection.commit()
    return errands


@dataclass(frozen=True, slots=True)
class _Rows:
    account: Account
    session: Session
    person: Person
    link: PatientLink
    patient: HospitalPatient
    card: PatientCard
    visit: VisitRecord
    fetch: VisitFetch
    acceptance: NoticeAcceptance
    check: GateDecision
    form: IntakeForm


async def _first_patient(units: Units, place: Place) -> _Rows:
    account = await accounts.add_patient(units)
    actor = accounts.patient(account)
    person = await patients.add_person(units, account, name="样例患者")
    patient = await patients.add_card(units, place.hospital_id, account, person)
    visit = await patients.add_visit(units, place.hospital_id, person)
    async with units.account(account.id, actor) as unit:
        notice = await queries.current_notice(unit, place.hospital_id)
        assert notice is not None
        await accepting.accept_notice(
            unit, place.hospital_id, notice.sha256, account_id=account.id, channel=NoticeChannel.APP
        )
    question = Question(place.hospital_id, person.id, stage=Stage.RED_FLAGS, stable=True, red_flags=())
    check = (await assess(units, actor, question)).row
    assert check.allowed
    async with units.system("sample") as unit:
        await open_session(unit, actor, channel="app")
        form = _form(unit, place, account, person)
        unit.session.add(form)
        await unit.session.flush()
        return _Rows(
            account=account,
            session=await _only(unit, Session),
            person=person,
            link=await _only(unit, PatientLink),
            patient=patient,
            card=await _only(unit, PatientCard),
            visit=visit,
            fetch=await _only(unit, VisitFetch),
            acceptance=await _only(unit, NoticeAcceptance),
            check=check,
            form=form,
        )


def _form(unit: Unit, place: Place, account: Account, person: Person) -> IntakeForm:
    said = FormContent(complaint="样例：血压平稳，来开药。", no_history=True, no_known_allergies=True)
    return IntakeForm(
        hospital_id=place.hospital_id,
        account_id=account.id,
        person_id=person.id,
        department_id=place.department_id,
        kind=ClinicKind.INTERNET,
        state=FormState.SUBMITTED,
        template="western",
        body=json.dumps(said.model_dump(mode="json"), ensure_ascii=False),
        version=1,
        saved_by="",
        started_at=unit.now,
        saved_at=unit.now,
        submitted_at=unit.now,
    )


async def _only(unit: Unit, kind: type[Any]) -> Any:
    return (await unit.session.scalars(sa.select(kind))).one()


async def _add_copies(unit: Unit, first: _Rows, count: int) -> list[Errand]:
    lasts = timedelta(hours=12)
    errands, rows = [], []
    for _ in range(count):
        account_id, person_id, patient_id, token = new_id(), uuid4(), new_id(), secrets.token_urlsafe(32)
        mark = account_id.bytes
        whose = {"account_id": account_id, "person_id": person_id}
        ends = {"expires_at": unit.wall + lasts, "refresh_by": unit.wall + lasts}
        check = _copy(first.check, id=new_id(), **whose, decided_at=unit.now)
        form = _copy(first.form, id=new_id(), **whose)
        rows.append(
            (
                _copy(first.account, id=account_id, phone_index=mark, phone=fresh_number()),
                _copy(
                    first.session, id=new_id(), account_id=account_id, token_hash=digest(token),
                    refresh_hash=mark, family_hash=mark, **ends,
                ),
                _copy(first.person, id=person_id, document_index=mark),
                _copy(first.link, id=new_id(), subject_account_id=account_id, **whose),
                _copy(
                    first.patient, id=patient_id, person_id=person_id,
                    his_patient_id=str(patient_id), card_index=mark,
                ),
                _copy(first.card, id=new_id(), hospital_patient_id=patient_id, **whose),
                _copy(first.visit, id=new_id(), person_id=person_id, resource_id=str(patient_id)),
                _copy(first.fetch, person_id=person_id, fetched_at=unit.now),
                _copy(first.acceptance, id=new_id(), account_id=account_id),
                check,
                form,
            )
        )  # fmt: skip
        errands.append(Errand(account_id, token, person_id, check["id"], form["id"]))
    kinds = (
        Account, Session, Person, PatientLink, HospitalPatient, PatientCard, VisitRecord, VisitFetch,
        NoticeAcceptance, GateDecision, IntakeForm,
    )  # fmt: skip
    for kind, values in zip(kinds, _columns(rows), strict=True):
        await unit.session.execute(sa.insert(kind), values)
    return errands


def _columns(rows: Iterable[tuple[dict[str, Any], ...]]) -> list[list[dict[str, Any]]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _copy(row: Any, **changes: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).column_attrs} | changes
