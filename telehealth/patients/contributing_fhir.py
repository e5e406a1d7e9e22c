"""A hospital's own patients as FHIR `Patient`: those whose record or card it holds, and nobody else."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.directory import Hospital, hospital
from telehealth.hospital.elements import coding, concept, identifier, local, logical, present
from telehealth.hospital.searching import Search, Token
from telehealth.hospital.serving import Body, Found, Hits, everywhere, page_of
from telehealth.patients.models import HospitalPatient, Person
from telehealth.patients.queries import card_index, document_index
from telehealth.patients.rules import DOCUMENT_LABELS, DocumentKind, normalise_number

#: GB 11643 as most hospitals name it; the others have no URI that everybody knows.
DOCUMENT_SYSTEMS: Mapping[DocumentKind, str] = {
    kind: f"urn:telehealth:document:{kind}" for kind in DocumentKind
} | {DocumentKind.RESIDENT_ID: "urn:oid:2.16.156.10011.1.3"}
_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_PAPERS = {DocumentKind.RESIDENT_ID: "NNCHN", DocumentKind.PASSPORT: "PPN"}

_UPDATED = sa.func.greatest(
    Person.created_at, Person.verified_at, HospitalPatient.bound_at, HospitalPatient.fetched_at
)
_ROWS = sa.select(Person, HospitalPatient, _UPDATED).join(
    HospitalPatient, HospitalPatient.person_id == Person.id
)


class Patients:
    params: Mapping[str, str] = {"identifier": "token"}
    is_searched = True

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        row = (await unit.session.execute(_own(unit).where(Person.id == resource_id))).first()
        return None if row is None else _found(await hospital(unit, row[1].hospital_id), row)

    async def search(self, unit: Unit, asked: Search) -> Hits:
        place = await hospital(unit, _hospital_id(unit))

        def bears(token: Token) -> sa.ColumnElement[bool]:
            return _bears(place, token)

        meanings = {**everywhere(_UPDATED, Person.id), "identifier": bears}
        wanted = _own(unit).where(*asked.conditions(meanings))
        rows, more, total = await page_of(unit, wanted, asked, updated=_UPDATED, key=Person.id)
        return Hits([_found(place, row) for row in rows], more, total)


def _hospital_id(unit: Unit) -> UUID:
    return unit.actor.hospital


def _own(unit: Unit) -> sa.Select[Any]:
    return _ROWS.where(HospitalPatient.hospital_id == _hospital_id(unit))


def _bears(place: Hospital, token: Token) -> sa.ColumnElement[bool]:
    """Sealed numbers are found by their keyed digest; the plain one never reaches the database."""
    number = normalise_number(token.value)
    found: list[sa.ColumnElement[bool]] = [sa.false()]
    if token.means(local(place.code, "record")):
        found.append(HospitalPatient.his_patient_id == token.value)
    if token.means(local(place.code, "card")):
        found.append(HospitalPatient.card_index == card_index(token.value))
    papers = [document_index(kind, number) for kind, name in DOCUMENT_SYSTEMS.items() if token.means(name)]
    if papers:
        found.append(Person.document_index.in_(papers))
    return sa.or_(*found)


def _found(place: Hospital, row: Sequence[Any]) -> Found:
    who, card, updated_at = row
    return Found(id=who.id, body=_body(place, who, card), updated_at=updated_at)


def _body(place: Hospital, who: Person, card: HospitalPatient) -> Body:
    return present(
        resourceType="Patient",
        identifier=[
            identifier(
                local(place.code, "record"), card.his_patient_id, use="usual", kind=_kind("MR", "病历号")
            ),
            identifier(local(place.code, "card"), card.card_number, kind=concept(text="就诊卡")),
            identifier(
                DOCUMENT_SYSTEMS[who.document_kind],
                who.document_number,
                use="official",
                kind=_kind(_PAPERS.get(who.document_kind, ""), DOCUMENT_LABELS[who.document_kind]),
            ),
        ],
        active=card.is_bound,
        name=[{"use": "official", "text": who.name}],
        gender=str(who.sex),
        birthDate=who.birth_date.isoformat(),
        managingOrganization=logical("Organization", "urn:telehealth:hospital", place.code, place.name),
    )


def _kind(code: str, text: str) -> dict[str, object]:
    return concept(*([coding(_TYPES, code)] if code else []), text=text)


RESOURCES = {"Patient": Patients()}
