"""What we ask of a hospital's information system, in our own words."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from telehealth.core.clock import HospitalDay
from telehealth.hospital.states import DocumentSystem, Outcome, VisitKind, VisitStatus


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which record was seen, in which version and when; `digest` is the SHA-256 of its bytes as received."""

    resource_id: str
    version_id: str
    fetched_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    code: str
    text: str
    #: The visit it was made at; empty when the record does not say.
    visit_id: str = ""


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """Somebody the hospital knows to belong to the patient; `relation` is its v3-RoleCode."""

    name: str
    phones: tuple[str, ...]
    relation: str


@dataclass(frozen=True, slots=True)
class PatientMatch:
    """One current record of the hospital's index. `documents` are (what, number) pairs."""

    his_patient_id: str
    name: str
    birth_date: date | None
    sex: str
    documents: tuple[tuple[DocumentSystem, str], ...]
    phones: tuple[str, ...]
    contacts: tuple[ContactPerson, ...]
    evidence: Evidence

    def numbers(self, system: DocumentSystem) -> tuple[str, ...]:
        return tuple(number for kind, number in self.documents if kind is system)

    @property
    def is_insurance_linked(self) -> bool:
        """SJ02: the medical card is linked to the social-security card."""
        return bool(self.numbers(DocumentSystem.INSURANCE_CARD))


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """None, one or several are different answers; several is never narrowed by guessing."""

    matches: tuple[PatientMatch, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return {0: Outcome.NONE, 1: Outcome.ONE}.get(len(self.matches), Outcome.SEVERAL)

    @property
    def only(self) -> PatientMatch | None:
        return self.matches[0] if len(self.matches) == 1 else None


@dataclass(frozen=True, slots=True)
class VisitEvidence:
    """One visit the hospital's system confirmed. `on` is the day in Asia/Shanghai it began.

    `organization` and `campus` are the hospital's own ids of them.
    """

    resource_id: str
    version_id: str
    kind: VisitKind
    status: VisitStatus
    on: HospitalDay
    organization: str
    campus: str
    fetched_at: datetime
    digest: str
    diagnoses: tuple[Diagnosis, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedVisits:
    """Everything since `since` that was confirmed; `dropped` records came back that we had not asked for."""

    his_patient_id: str
    since: HospitalDay
    kinds: frozenset[VisitKind]
    fetched_at: datetime
    visits: tuple[VisitEvidence, ...] = field(default=())
    dropped: int = 0


class HISGateway(Protocol):
    """`hospital` is the hospital's code. Every method raises HISUnavailable or HISRejected."""

    async def find_patients(
        self, hospital: str, system: DocumentSystem, number: str, *, birth_date: date | None = None
    ) -> PatientSearch:
        """Current records under a number; a record that was merged away answers as the one it became."""
        ...

    async def visits(
        self,
        hospital: str,
        his_patient_id: str,
        *,
        since: HospitalDay,
        kinds: Collection[VisitKind] = (VisitKind.OUTPATIENT,),
    ) -> FetchedVisits:
        """Finished visits to this very hospital, newest first."""
        ...

    async def diagnoses(self, hospital: str, his_patient_id: str) -> tuple[Diagnosis, ...]: ...
