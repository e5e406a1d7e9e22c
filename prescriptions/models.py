"""A prescription: its lines, every check that was made, what pharmacists said, and the exact bytes signed."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.states import (
    PRESCRIPTION,
    CheckStage,
    Outcome,
    RxEvent,
    RxState,
    SheetKind,
    SheetStage,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy

#: Feeds the human number; gaps are fine.
NUMBERS = sa.Sequence("prescription_numbers", metadata=Base.metadata)

_OF_SHEET = "prescription_id in (select p.id from prescriptions p where p.person_id = {person})"


class Prescription(Base):
    __tablename__ = "prescriptions"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index("ix_prescriptions_visit", "visit_id"),
        sa.Index("ix_prescriptions_person", "person_id", "signed_at"),
        sa.Index("ix_prescriptions_account", "account_id", "created_at"),
        sa.Index(
            "ix_prescriptions_review",
            "hospital_id",
            "answer_by",
            postgresql_where=sa.text("state = 'signed'"),
        ),
        sa.Index("uq_prescriptions_verify_code", "verify_code", unique=True),
    )

    id: Mapped[PrimaryKey]
    #: `RX-261121-004217`, printed on the sheet.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID]
    #: The patient's; None when the desk booked for somebody without an account.
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    #: Booking, consultation and room.
    visit_id: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    doctor_id: Mapped[UUID]
    department_id: Mapped[UUID]
    campus_id: Mapped[UUID]
    kind: Mapped[SheetKind]
    state: Mapped[RxState]
    #: JSON of `writing.content.PadContent`: diagnoses, facts of the patient, decoction, reasons. Health text.
    body: Mapped[str] = mapped_column(Sealed("prescriptions.body"))
    version: Mapped[int]
    #: The open page that saved last.
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
    created_at: Mapped[datetime]
    #: The sheet its lines were copied from; each line says whether it was (REG 18).
    copied_from: Mapped[UUID | None]
    #: What the checks and prices at signing went by.
    book_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("formulary_versions.id"))
    policy_version: Mapped[int | None]
    #: Fen, fixed by signing; without freight, which is the courier's (XY31).
    total: Mapped[int]
    #: It has lines that must not travel, or that need the cold chain.
    may_travel: Mapped[bool]
    needs_cold_chain: Mapped[bool]
    #: How often it was signed: a returned sheet is signed again.
    issue: Mapped[int]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    #: First instant at which it is worth nothing any more: 24:00 of its last day.
    valid_until: Mapped[datetime | None]
    #: Whoever is to act next — pharmacist on *signed*, doctor on *returned* — promised to by then.
    answer_by: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    #: A code: "unpaid", "by_doctor", "unanswered", "out_of_stock", "not_packed", "refused_address", …
    reason: Mapped[str | None]
    #: In the QR of the sheet; opens the public page.
    verify_code: Mapped[str]

    def apply(self, event: RxEvent, *, at: datetime, reason: str | None = None) -> None:
        """Raises TransitionRefused."""
        self.state = PRESCRIPTION.after(self.state, event)
        if self.state in (RxState.REFUSED, RxState.EXPIRED, RxState.VOIDED):
            self.ended_at, self.reason = at, reason
        self.answer_by = None


class Line(Base):
    """One drug of a sheet, fixed once it is signed; codes and amounts only, the names are the book's."""

    __tablename__ = "prescription_lines"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.UniqueConstraint("prescription_id", "position"),
        sa.Index("ix_prescription_lines_drug", "hospital_id", "drug_code"),
    )

    id: Mapped[PrimaryKey]
    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id", ondelete="cascade"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    position: Mapped[int]
    drug_code: Mapped[str]
    #: Western and patent medicines: amount at a time in the drug's `amount_unit`, `frequencies`, days.
    dose: Mapped[Decimal | None]
    frequency: Mapped[str]
    days: Mapped[int]
    route: Mapped[str]
    #: Whole packs of a medicine; grams for all doses of a herb.
    quantity: Mapped[Decimal]
    #: Herbs: "jun", "chen", "zuo", "shi"; grams of one dose; special step as on the sheet.
    role: Mapped[str]
    grams: Mapped[Decimal | None]
    special: Mapped[str]
    #: Fen for the whole line.
    amount: Mapped[int]
    #: From an earlier sheet, and whether the doctor has confirmed this very line since.
    copied: Mapped[bool]
    confirmed: Mapped[bool]
    #: Why the doctor signs this line again (REG 29, 37), and when.
    resign_reason: Mapped[str] = mapped_column(Sealed("prescription_lines.resign_reason"))
    resigned_at: Mapped[datetime | None]


class Check(Base):
    """One run of the safety engine: by which versions, over what, with what result."""

    __tablename__ = "rx_checks"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_SHEET)
    __table_args__ = (sa.Index("ix_rx_checks_prescription", "prescription_id", "at"),)

    id: Mapped[PrimaryKey]
    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    stage: Mapped[CheckStage]
    at: Mapped[datetime]
    book_id: Mapped[UUID]
    policy_version: Mapped[int]
    #: SHA-256 in hex of the canonical inputs: sheet, patient, active medicines.
    digest: Mapped[str]
    #: "pass", "warn", "resign", "block".
    outcome: Mapped[str]
    #: Codes, severities and drug codes; never free text.
    findings: Mapped[list[dict[str, Any]]]
    #: Whether other hospitals could be asked for active medicines.
    is_complete: Mapped[bool]


class Review(Base):
    """A pharmacist's answer to one issue of a sheet. They may pass, return or refuse, and change nothing."""

    __tablename__ = "rx_reviews"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_SHEET)
    __table_args__ = (sa.UniqueConstraint("prescription_id", "issue"),)

    id: Mapped[PrimaryKey]
    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    issue: Mapped[int]
    pharmacist_id: Mapped[UUID]
    outcome: Mapped[Outcome]
    reason: Mapped[str] = mapped_column(Sealed("rx_reviews.reason"))
    #: Positions of re-signed lines the pharmacist acknowledged.
    acknowledged: Mapped[list[dict[str, Any]]]
    at: Mapped[datetime]


class SheetFile(Base):
    """The exact bytes that were signed, in the blob store (E-Signature Law art. 5-6); never written again."""

    __tablename__ = "rx_sheets"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_SHEET)
    __table_args__ = (sa.UniqueConstraint("prescription_id", "issue", "stage"),)

    id: Mapped[PrimaryKey]
    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    issue: Mapped[int]
    stage: Mapped[SheetStage]
    key: Mapped[str]
    size: Mapped[int]
    #: Of the bytes, and of the canonical content they show; both hex.
    sha256: Mapped[str]
    content_digest: Mapped[str]
    #: JSON of the `sheet.content.SheetContent` they show, to compare with the rows.
    content: Mapped[str] = mapped_column(Sealed("rx_sheets.content"))
    #: Serial number of the certificate that signed last.
    certificate: Mapped[str]
    #: The file with its chain and the revocation lists of that moment, and until when the law wants it.
    evidence: Mapped[str]
    evidence_until: Mapped[datetime]
    at: Mapped[datetime]
