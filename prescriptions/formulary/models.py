"""A hospital's drug book, version by version; a sheet names the version it was signed by."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.states import FORMULARY, BookEvent, BookState, SheetKind
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy


class FormularyVersion(Base):
    """`rules` holds what is no drug: interactions, allergies, decoction rules, diagnoses, frequencies."""

    __tablename__ = "formulary_versions"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (
        sa.UniqueConstraint("hospital_id", "number"),
        sa.Index(
            "uq_formulary_versions_published",
            "hospital_id",
            unique=True,
            postgresql_where=sa.text("state = 'published'"),
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    number: Mapped[int]
    state: Mapped[BookState]
    note: Mapped[str]
    rules: Mapped[dict[str, Any]]
    #: SHA-256 in hex over all of it, fixed by publishing.
    digest: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    def apply(self, event: BookEvent) -> None:
        """Raises TransitionRefused."""
        self.state = FORMULARY.after(self.state, event)


class Drug(Base):
    """One medicine or herb of one version; `row` is the whole of it (`formulary.rows`)."""

    __tablename__ = "formulary_drugs"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (sa.Index("ix_formulary_drugs_kind", "version_id", "kind", "code"),)

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("formulary_versions.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    #: Which pad finds it.
    kind: Mapped[SheetKind]
    name: Mapped[str]
    #: What a doctor may type (`naming.terms_of`).
    terms: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()))
    row: Mapped[dict[str, Any]]
