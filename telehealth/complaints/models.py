"""What somebody complains of, everything that was said about it since, and its photos."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.complaints.states import (
    COMPLAINT,
    PHOTO,
    ComplaintEvent,
    ComplaintKind,
    ComplaintState,
    PhotoEvent,
    PhotoState,
    ReviewOutcome,
    StepKind,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy

#: Feeds the human number; gaps are fine.
NUMBERS = sa.Sequence("complaint_numbers", metadata=Base.metadata)

#: Of a visit or a sheet that moved before; what is about money, or about nothing, stays.
_OF_TOPIC = "about_id = any({moved})"
_OF_COMPLAINT = "complaint_id in (select c.id from complaints c where c.about_id = any({moved}))"


class Complaint(Base):
    __tablename__ = "complaints"
    __tenancy__ = Tenancy(hospital=True, account=True, of=_OF_TOPIC)
    __table_args__ = (
        # The same form sent twice is one complaint.
        sa.UniqueConstraint("account_id", "draft"),
        sa.Index("ix_complaints_account_id", "account_id", "made_at"),
        sa.Index(
            "ix_complaints_owed",
            "hospital_id",
            "answer_by",
            postgresql_where=sa.text("state in ('received', 'in_hand', 'reopened')"),
        ),
    )

    id: Mapped[PrimaryKey]
    #: `CP-261121-000217`, read out on the phone.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    #: Of the page it was written on.
    draft: Mapped[UUID]
    kind: Mapped[ComplaintKind]
    state: Mapped[ComplaintState]
    #: A kind of topic and its id, and what people call it; empty without one.
    about: Mapped[str]
    about_id: Mapped[UUID | None]
    about_number: Mapped[str]
    #: People explain with their health: sealed.
    text: Mapped[str] = mapped_column(Sealed("complaints.text"))
    made_at: Mapped[datetime]
    #: By which numbers it was promised.
    policy_number: Mapped[int]
    reply_by: Mapped[datetime]
    answer_by: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    #: Who answers for it, an account of the hospital's staff.
    owner_id: Mapped[UUID | None]
    owner_name: Mapped[str]
    answered_at: Mapped[datetime | None]
    reopen_until: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: Of a request for review.
    outcome: Mapped[ReviewOutcome | None]

    def apply(self, event: ComplaintEvent) -> None:
        """Raises TransitionRefused."""
        self.state = COMPLAINT.after(self.state, event)


class ComplaintStep(Base):
    """One line of its timeline, as both sides read it."""

    __tablename__ = "complaint_steps"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_COMPLAINT)
    __table_args__ = (sa.Index("ix_complaint_steps_complaint_id", "complaint_id", "id"),)

    id: Mapped[PrimaryKey]
    complaint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("complaints.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    kind: Mapped[StepKind]
    at: Mapped[datetime]
    #: The member of staff; empty for the patient and for the house itself.
    by_name: Mapped[str]
    by_id: Mapped[UUID | None]
    text: Mapped[str] = mapped_column(Sealed("complaint_steps.text"))


class ComplaintPhoto(Base):
    """`key` names what was written anew by us, never what a stranger sent."""

    __tablename__ = "complaint_photos"
    __tenancy__ = Tenancy(hospital=True, account=True, of=_OF_COMPLAINT)
    __table_args__ = (
        sa.Index("ix_complaint_photos_complaint_id", "complaint_id"),
        sa.Index("ix_complaint_photos_unswept", "offered_at", postgresql_where=sa.text("swept_at is null")),
    )

    id: Mapped[PrimaryKey]
    complaint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("complaints.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    state: Mapped[PhotoState]
    key: Mapped[str | None]
    thumbnail_key: Mapped[str | None]
    size: Mapped[int]
    sha256: Mapped[str | None]
    #: Code of the refusal.
    refusal: Mapped[str]
    #: Wall time, as is the end of its upload address.
    offered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]

    @property
    def incoming_key(self) -> str:
        return f"incoming/{self.id}"

    def apply(self, event: PhotoEvent) -> None:
        """Raises TransitionRefused."""
        self.state = PHOTO.after(self.state, event)
