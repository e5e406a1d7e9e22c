"""What clients of patients send and read. No view carries a whole document or card number of a list."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.core.text import Day, Line, OptionalLine, Paragraph
from telehealth.patients.adding import NewPerson
from telehealth.patients.consent_texts import ConsentText
from telehealth.patients.masking import mask_card, mask_number
from telehealth.patients.models import (
    Consent,
    FaceCheck,
    IdentityReview,
    PatientCard,
    PatientLink,
    Person,
)
from telehealth.patients.rules import ConsentKind, ConsentWay, DocumentKind, Relation, Sex
from telehealth.patients.states import CardKind, LinkState, Purpose, ReviewKind, ReviewState

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")]
HospitalCode = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9-]{1,30}$")]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AddPerson(Input):
    """`birth_date` and `sex` only for documents whose number does not tell them.

    `hospital` is where a guardian's proof would be looked at, and whose rules decide who is a child;
    children need it where there are several hospitals.
    """

    relation: Relation
    name: Line
    document_kind: DocumentKind
    document_number: Annotated[Line, Field(max_length=40, examples=["11010519491231002X"])]
    country: Annotated[OptionalLine, Field(max_length=3, description="ISO 3166, for a passport")] = ""
    birth_date: Day | None = None
    sex: Sex | None = None
    hospital: HospitalCode | None = None
    agree_identity: bool = False
    agree_guardianship: bool = False
    agree_child_data: bool = False

    def wanted(self) -> NewPerson:
        ticked = {
            Purpose.IDENTITY_CHECK: self.agree_identity,
            Purpose.GUARDIANSHIP: self.agree_guardianship,
            Purpose.CHILD_DATA: self.agree_child_data,
        }
        return NewPerson(
            relation=self.relation,
            name=self.name,
            document_kind=self.document_kind,
            document_number=self.document_number,
            country=self.country,
            birth_date=self.birth_date,
            sex=self.sex,
            hospital=self.hospital or "",
            agreed=frozenset(purpose for purpose, yes in ticked.items() if yes),
        )


class AskConsentCode(Input):
    hospital: HospitalCode


class GiveConsent(Input):
    code: Code


class StartFaceCheck(Input):
    agree_face: bool


class AskReview(Input):
    hospital: HospitalCode


class BindCard(Input):
    person_id: UUID
    kind: CardKind = CardKind.VISIT
    number: Annotated[Line, Field(max_length=60)]


class ApproveReview(Input):
    #: For a card: which of the hospital's records is the person's.
    his_patient_id: Annotated[Line, Field(max_length=80)] | None = None


class RefuseReview(Input):
    reason: Annotated[Paragraph, Field(max_length=300)]


class CardView(BaseModel):
    id: UUID
    hospital_id: UUID
    person_id: UUID
    kind: CardKind
    number_masked: str
    bound_at: datetime

    @classmethod
    def of(cls, row: PatientCard) -> "CardView":
        return cls(
            id=row.id,
            hospital_id=row.hospital_id,
            person_id=row.person_id,
            kind=row.kind,
            number_masked=mask_card(row.number),
            bound_at=row.bound_at,
        )


class PersonView(BaseModel):
    """`verified`, `birth_date` and `sex` are null while a consent or proof is missing."""

    id: UUID
    relation: Relation
    name: str
    document_kind: DocumentKind
    document_masked: str
    state: LinkState
    missing: list[ConsentKind]
    verified: bool | None
    birth_date: date | None
    sex: Sex | None

    @classmethod
    def of(cls, link: PatientLink, person: Person | None) -> "PersonView":
        shown = person if link.state is LinkState.ACTIVE else None
        return cls(
            id=link.person_id,
            relation=link.relation,
            name=link.name,
            document_kind=link.document_kind,
            document_masked=mask_number(link.document_number),
            state=link.state,
            missing=[ConsentKind(kind) for kind in link.missing],
            verified=shown.is_verified if shown else None,
            birth_date=shown.birth_date if shown else None,
            sex=shown.sex if shown else None,
        )


class PersonDetailView(PersonView):
    cards: list[CardView]


class ConsentView(BaseModel):
    id: UUID
    purpose: Purpose
    text_version: str
    text_sha256: str
    way: ConsentWay | None
    given_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, row: Consent) -> "ConsentView":
        return cls.model_validate(row, from_attributes=True)


class ConsentTextView(BaseModel):
    purpose: Purpose
    version: str
    title: str
    text: str
    sha256: str

    @classmethod
    def of(cls, text: ConsentText) -> "ConsentTextView":
        return cls.model_validate(text, from_attributes=True)


class FaceCheckView(BaseModel):
    """`url` is opened on the phone of whoever is checked; then ask for the result."""

    id: UUID
    url: str
    expires_at: datetime

    @classmethod
    def of(cls, row: FaceCheck, url: str) -> "FaceCheckView":
        return cls(id=row.id, url=url, expires_at=row.expires_at)


class ReviewView(BaseModel):
    """A request as its account sees it."""

    id: UUID
    hospital_id: UUID
    kind: ReviewKind
    state: ReviewState
    requested_at: datetime
    decided_at: datetime | None
    reason: str

    @classmethod
    def of(cls, row: IdentityReview) -> "ReviewView":
        return cls.model_validate(row, from_attributes=True)


class StaffReviewView(ReviewView):
    """As the reviewer sees it: the claim in full, to be held against the paper."""

    person_id: UUID
    relation: Relation
    name: str
    document_kind: DocumentKind
    document_number: str
    country: str
    birth_date: date
    sex: Sex
    holder_name: str
    card_kind: CardKind | None
    card_number: str | None
    candidates: list[str]

    @classmethod
    def of(cls, row: IdentityReview) -> "StaffReviewView":
        return cls.model_validate(row, from_attributes=True)


class RepresentativeView(BaseModel):
    """Another account that acts, or asks to act, for the person this account is."""

    id: UUID
    relation: Relation
    state: LinkState
    since: datetime

    @classmethod
    def of(cls, row: PatientLink) -> "RepresentativeView":
        return cls(id=row.id, relation=row.relation, state=row.state, since=row.created_at)
