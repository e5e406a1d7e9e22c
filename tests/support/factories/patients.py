"""People as the platform knows them, written past the outside parties."""

from datetime import date, timedelta
from uuid import UUID

from telehealth.accounts.models import Account
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.hospital.models import VisitFetch, VisitRecord
from telehealth.hospital.states import VisitKind, VisitStatus
from telehealth.patients import queries
from telehealth.patients.adding import register_verified
from telehealth.patients.models import HospitalPatient, PatientCard, PatientLink, Person
from telehealth.patients.rules import Document, DocumentKind, Relation, Sex
from telehealth.patients.states import CardKind, CardState, LinkState, Verifier
from tests.support.outside import stranger


async def add_person(
    units: Units,
    account: Account,
    *,
    name: str = "样例乙",
    relation: Relation = Relation.SELF,
    born: date = date(1980, 3, 4),
    number: str = "",
    state: LinkState = LinkState.ACTIVE,
    missing: tuple[str, ...] = (),
) -> Person:
    """A verified person whom `account` may act for."""
    number = number or stranger(born).number
    async with units.system("test") as unit:
        document = Document(DocumentKind.RESIDENT_ID, number)
        person_id = await register_verified(
            unit, document, name=name, birth_date=born, sex=Sex.FEMALE, by=Verifier.AUTHORITY
        )
        unit.session.add(
            PatientLink(
                account_id=account.id,
                person_id=person_id,
                relation=relation,
                state=state,
                name=name,
                document_kind=document.kind,
                document_number=number,
                missing=list(missing),
                created_at=unit.now,
                activated_at=unit.now,
                ended_by="",
            )
        )
        await unit.session.flush()
        return await queries.person(unit, person_id)


async def add_card(
    units: Units,
    hospital_id: UUID,
    account: Account,
    person: Person,
    *,
    his_patient_id: str = "",
    number: str = "",
    insurance_linked: bool = True,
) -> HospitalPatient:
    """`account` holds a visit card of the person at the hospital."""
    number = number or f"T{person.id.hex[:8].upper()}"
    async with units.system("test") as unit:
        patient = await queries.hospital_patient(unit, hospital_id, person.id)
        if patient is None:
            patient = HospitalPatient(
                hospital_id=hospital_id,
                person_id=person.id,
                his_patient_id=his_patient_id or f"his-{person.id.hex}",
                card_kind=CardKind.VISIT,
                card_number=number,
                card_index=queries.card_index(number),
                state=CardState.BOUND,
                insurance_linked=insurance_linked,
                evidence={},
                fetched_at=unit.now,
                bound_at=unit.now,
            )
            unit.session.add(patient)
            await unit.session.flush()
        unit.session.add(
            PatientCard(
                hospital_id=hospital_id,
                account_id=account.id,
                person_id=person.id,
                hospital_patient_id=patient.id,
                kind=CardKind.VISIT,
                number=number,
                state=CardState.BOUND,
                bound_at=unit.now,
            )
        )
        return patient


async def add_visit(
    units: Units,
    hospital_id: UUID,
    person: Person,
    *,
    on: date | None = None,
    days_ago: int = 21,
    campus: str = "",
    kind: VisitKind = VisitKind.OUTPATIENT,
) -> VisitRecord:
    """Evidence of a visit, as if the hospital's system had answered just now."""
    async with units.system("test") as unit:
        row = VisitRecord(
            hospital_id=hospital_id,
            person_id=person.id,
            resource_id=f"visit-{new_id().hex}",
            version_id="1",
            kind=kind,
            status=VisitStatus.FINISHED,
            visited_on=on or unit.today - timedelta(days=days_ago),
            organization="yunan",
            campus=campus,
            diagnoses="[]",
            fetched_at=unit.now,
            digest="0" * 64,
        )
        unit.session.add(row)
        fetch = await unit.session.get(VisitFetch, (hospital_id, person.id))
        if fetch is None:
            unit.session.add(
                VisitFetch(
                    hospital_id=hospital_id,
                    person_id=person.id,
                    his_patient_id=f"his-{person.id.hex}",
                    since=unit.today - timedelta(days=365),
                    fetched_at=unit.now,
                )
            )
        return row
