"""The hospital's information system over FHIR R4 (POST `_search`).

Servers may ignore what they do not support, so every resource that comes back is checked
again here: class, status, period, provider, subject. What fails the check is dropped and
counted, never believed.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from telehealth.core.clock import SHANGHAI, Clock, HospitalDay, hospital_day
from telehealth.core.settings import HIS
from telehealth.hospital.adapters.resources import Condition, Contact, Encounter, Patient
from telehealth.hospital.adapters.transport import FHIRServer
from telehealth.hospital.errors import HISUnavailable
from telehealth.hospital.ports import (
    ContactPerson,
    Diagnosis,
    Evidence,
    FetchedVisits,
    PatientMatch,
    PatientSearch,
    VisitEvidence,
)
from telehealth.hospital.states import DocumentSystem, VisitKind, VisitStatus

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=BaseModel)

CLASSES = {
    "AMB": VisitKind.OUTPATIENT,
    "VR": VisitKind.ONLINE,
    "IMP": VisitKind.INPATIENT,
    "EMER": VisitKind.EMERGENCY,
}
_MERGES_FOLLOWED = 3


class FHIRGateway:
    """`HISGateway` over one FHIR server a hospital; picks it by the hospital's code."""

    def __init__(self, settings: Mapping[str, HIS], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._servers = {code: FHIRServer(code, his) for code, his in settings.items()}

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    async def find_patients(
        self, hospital: str, system: DocumentSystem, number: str, *, birth_date: date | None = None
    ) -> PatientSearch:
        server, settings = self._server(hospital)
        form = {"identifier": f"{_uri(settings, system)}|{_escaped(number)}"}
        if birth_date is not None:
            form["birthdate"] = birth_date.isoformat()
        found: dict[str, tuple[Patient, str]] = {}
        for entry in await server.search("Patient", form):
            patient = _read(Patient, entry.resource)
            if patient is None or not _answers(patient, _uri(settings, system), number, birth_date):
                log.warning("his.unasked_resource", hospital=hospital, kind="Patient")
                continue
            found[patient.id] = (patient, _digest(entry.resource))
        current = await self._current(server, found)
        return PatientSearch(tuple(self._match(settings, *pair) for pair in current.values()))

    async def visits(
        self,
        hospital: str,
        his_patient_id: str,
        *,
        since: HospitalDay,
        kinds: Collection[VisitKind] = (VisitKind.OUTPATIENT,),
    ) -> FetchedVisits:
        server, settings = self._server(hospital)
        organization = f"Organization/{settings.organization.rpartition('/')[2]}"
        asked = _Asked(f"Patient/{his_patient_id}", organization, since, frozenset(kinds))
        fetched_at = self._clock.business()
        visits: dict[str, VisitEvidence] = {}
        conditions: dict[str, Diagnosis] = {}
        dropped = 0
        for entry in await server.search("Encounter", asked.form()):
            if entry.search.mode == "include":
                if condition := _read(Condition, entry.resource):
                    conditions[condition.id] = _diagnosis(condition)
                continue
            visit = self._visit(asked, entry.resource, fetched_at)
            if visit is None:
                dropped += 1
                continue
            visits[visit.resource_id] = visit
        if dropped:
            log.warning("his.unasked_resource", hospital=hospital, kind="Encounter", dropped=dropped)
        newest_first = sorted(visits.values(), key=lambda visit: (visit.on, visit.resource_id), reverse=True)
        named = tuple(_with_names(visit, conditions) for visit in newest_first)
        return FetchedVisits(his_patient_id, since, asked.kinds, fetched_at, named, dropped)

    async def diagnoses(self, hospital: str, his_patient_id: str) -> tuple[Diagnosis, ...]:
        server, _ = self._server(hospital)
        subject = f"Patient/{his_patient_id}"
        found: list[Diagnosis] = []
        for entry in await server.search("Condition", {"patient": subject, "_count": "50"}):
            condition = _read(Condition, entry.resource)
            if condition is not None and condition.subject.reference == subject and _stands(condition):
                found.append(_diagnosis(condition))
        return tuple(found)

    def _server(self, hospital: str) -> tuple[FHIRServer, HIS]:
        try:
            return self._servers[hospital], self._settings[hospital]
        except KeyError:
            log.error("his.not_configured", hospital=hospital)
            raise HISUnavailable(reason="not_configured") from None

    async def _current(
        self, server: FHIRServer, found: dict[str, tuple[Patient, str]]
    ) -> dict[str, tuple[Patient, str]]:
        """Retired records answer as the one they were merged into; others that are inactive drop out."""
        current: dict[str, tuple[Patient, str]] = {}
        for patient, digest in found.values():
            for _ in range(_MERGES_FOLLOWED):
                if not patient.replaced_by:
                    break
                raw = await server.read("Patient", patient.replaced_by)
                if raw is None or (heir := _read(Patient, raw)) is None:
                    break
                patient, digest = heir, _digest(raw)
            if patient.active and not patient.replaced_by:
                current[patient.id] = (patient, digest)
        return current

    def _match(self, settings: HIS, patient: Patient, digest: str) -> PatientMatch:
        kinds = {_uri(settings, system): system for system in DocumentSystem}
        return PatientMatch(
            his_patient_id=patient.id,
            name=next((name.whole for name in _official_first(patient) if name.whole), ""),
            birth_date=_day(patient.birth_date),
            sex=patient.gender,
            documents=tuple(
                (kinds[item.system], item.value)
                for item in patient.identifier
                if item.system in kinds and item.use != "old"
            ),
            phones=tuple(point.value for point in patient.telecom if point.system == "phone" and point.value),
            contacts=tuple(_contact(contact) for contact in patient.contact),
            evidence=Evidence(patient.id, patient.meta.version_id, self._clock.business(), digest),
        )

    def _visit(self, asked: "_Asked", raw: dict[str, Any], fetched_at: datetime) -> VisitEvidence | None:
        encounter = _read(Encounter, raw)
        if encounter is None:
            return None
        day = _started_on(encounter)
        kind = CLASSES.get(encounter.classed.code, VisitKind.OTHER)
        asked_for = (
            encounter.status == "finished"
            and kind in asked.kinds
            and encounter.subject.reference == asked.subject
            and encounter.provider.reference == asked.organization
        )
        if not asked_for or day is None or not asked.since <= day <= hospital_day(fetched_at):
            return None
        return VisitEvidence(
            resource_id=encounter.id,
            version_id=encounter.meta.version_id,
            kind=kind,
            status=VisitStatus.FINISHED,
            on=day,
            organization=encounter.provider.reference.rpartition("/")[2],
            campus=next((place.location.reference.rpartition("/")[2] for place in encounter.location), ""),
            fetched_at=fetched_at,
            digest=_digest(raw),
            diagnoses=tuple(
                Diagnosis("", "", item.condition.reference.rpartition("/")[2])
                for item in encounter.diagnosis
                if item.condition.reference
            ),
        )


class _Asked:
    """What an Encounter search wants, once as parameters and once to check the answers against."""

    def __init__(
        self, subject: str, organization: str, since: HospitalDay, kinds: frozenset[VisitKind]
    ) -> None:
        self.subject = subject
        self.organization = organization
        self.since = since
        self.kinds = kinds

    def form(self) -> dict[str, str | list[str]]:
        codes = sorted(code for code, kind in CLASSES.items() if kind in self.kinds)
        return {
            "patient": self.subject,
            "class": ",".join(codes),
            "status": "finished",
            "date": f"ge{self.since.isoformat()}",
            "service-provider": self.organization,
            "_sort": "-date",
            "_count": "50",
            "_include": ["Encounter:service-provider", "Encounter:diagnosis"],
        }


def _uri(settings: HIS, system: DocumentSystem) -> str:
    return {
        DocumentSystem.RESIDENT_ID: settings.resident_id_system,
        DocumentSystem.PASSPORT: settings.passport_system,
        DocumentSystem.PERMIT: settings.permit_system,
        DocumentSystem.CARD: settings.card_system,
        DocumentSystem.INSURANCE_CARD: settings.insurance_card_system,
    }[system]


def _escaped(value: str) -> str:
    """A token value: FHIR reads `,` as "or" and `|` as the end of the system."""
    return "".join(f"\\{char}" if char in ",|$\\" else char for char in value)


def _answers(patient: Patient, uri: str, number: str, birth_date: date | None) -> bool:
    held = {item.value.upper() for item in patient.identifier if item.system == uri}
    born = birth_date is None or _day(patient.birth_date) == birth_date
    return number.upper() in held and born


def _read(model: type[M], raw: dict[str, Any]) -> M | None:
    """A resource we cannot read is one we do not believe."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _digest(raw: Mapping[str, Any]) -> str:
    """SHA-256 over the resource's canonical JSON, as the wire wraps it in a bundle."""
    text = json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _started_on(encounter: Encounter) -> HospitalDay | None:
    """The day in Asia/Shanghai. A period known only to the month or year proves no day."""
    text = encounter.period.start or encounter.period.end
    if len(text) == 10:
        return _day(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return hospital_day(instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI))


def _official_first(patient: Patient) -> list[Any]:
    return sorted(patient.name, key=lambda name: name.use != "official")


def _contact(contact: Contact) -> ContactPerson:
    codes = [coding.code for concept in contact.relationship for coding in concept.coding]
    phones = tuple(point.value for point in contact.telecom if point.system == "phone" and point.value)
    return ContactPerson(contact.name.whole, phones, codes[0] if codes else "")


def _diagnosis(condition: Condition) -> Diagnosis:
    code = next((coding.code for coding in condition.code.coding if coding.code), "")
    named = next((coding.display for coding in condition.code.coding if coding.display), "")
    return Diagnosis(code, condition.code.text or named, condition.encounter.reference.rpartition("/")[2])


def _stands(condition: Condition) -> bool:
    return not any(coding.code in ("refuted", "entered-in-error") for coding in condition.verification.coding)


def _with_names(visit: VisitEvidence, conditions: Mapping[str, Diagnosis]) -> VisitEvidence:
    """Diagnoses were noted by the id of their Condition; put in what that says."""
    named = tuple(
        Diagnosis(conditions[item.visit_id].code, conditions[item.visit_id].text, visit.resource_id)
        for item in visit.diagnoses
        if item.visit_id in conditions
    )
    return VisitEvidence(
        visit.resource_id, visit.version_id, visit.kind, visit.status, visit.on, visit.organization,
        visit.campus, visit.fetched_at, visit.digest, named,
    )  # fmt: skip
