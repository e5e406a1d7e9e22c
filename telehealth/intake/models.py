"""The condition form as it is typed, and its photos and reports."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy
from telehealth.intake.rules import PhotoKind
from telehealth.intake.states import (
    ATTACHMENT,
    FORM,
    AttachmentEvent,
    AttachmentState,
    FormEvent,
    FormState,
)
from telehealth.rulebook.rules import ClinicKind


def incoming_key(attachment_id: UUID) -> str:
    """Where a stranger's bytes land."""
    return f"incoming/{attachment_id}"


class IntakeForm(Base):
    """What the patient tells before the visit. At most one unsent draft for the same errand."""

    __tablename__ = "intake_forms"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index(
            "uq_intake_forms_draft", "account_id", "person_id", "department_id", "kind", unique=True,
            postgresql_where=sa.text("state = 'draft'"),
        ),
        sa.Index("ix_intake_forms_person", "person_id", "hospital_id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    #: Whose phone it is typed on; None when staff fill it in for somebody without an account.
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    department_id: Mapped[UUID] = mapped_column(sa.ForeignKey("departments.id"))
    kind: Mapped[ClinicKind]
    state: Mapped[FormState]
    #: Code of the questions asked (`rules.templates`), fixed when the form is begun.
    template: Mapped[str]
    #: JSON of `content.FormContent`: complaint, history, who filled it in, answers. Health text, so sealed.
    body: Mapped[str] = mapped_column(Sealed("intake_forms.body"))
    #: Counts every save, so that two open pages notice each other.
    version: Mapped[int]
    #: The open page that saved last; its own saves never conflict with each other.
    saved_by: Mapped[str]
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]

    def apply(self, event: FormEvent) -> None:
        """Raises TransitionRefused."""
        self.state = FORM.after(self.state, event)


class IntakeAttachment(Base):
    """A photo or report. `key` names what was written anew by us, never what a stranger sent."""

    __tablename__ = "intake_attachments"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        of="form_id in (select f.id from intake_forms f where f.person_id = {person})",
    )
    __table_args__ = (
        sa.Index("ix_intake_attachments_form_id", "form_id"),
        sa.Index("ix_intake_attachments_unswept", "offered_at", postgresql_where=sa.text("swept_at is null")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    form_id: Mapped[UUID] = mapped_column(sa.ForeignKey("intake_forms.id"))
    kind: Mapped[PhotoKind]
    state: Mapped[AttachmentState]
    #: As the sender called it; people name files after themselves and their illness.
    filename: Mapped[str] = mapped_column(Sealed("intake_attachments.filename"))
    #: As announced; once ready, what it truly is.
    content_type: Mapped[str]
    size: Mapped[int]
    key: Mapped[str | None]
    thumbnail_key: Mapped[str | None]
    #: SHA-256 in hex of what is kept.
    sha256: Mapped[str | None]
    pages: Mapped[int | None]
    #: Hints, never a refusal.
    looks_blurred: Mapped[bool]
    looks_dark: Mapped[bool]
    #: Code of the refusal.
    refusal: Mapped[str]
    #: Wall time, as are the ends of upload addresses.
    offered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: When whatever was still lying in the incoming folder was cleared away.
    swept_at: Mapped[datetime | None]

    @property
    def incoming_key(self) -> str:
        return incoming_key(self.id)

    def apply(self, event: AttachmentEvent) -> None:
        """Raises TransitionRefused."""
        self.state = ATTACHMENT.after(self.state, event)
