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


class FormularyImport(Base):
    """A file on its way into a draft: announced, sent, then read piece by piece by a job.

    What is counted is written in the transaction of the piece, so that a killed job goes on after it.
    """

    __tablename__ = "formulary_imports"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.Index("ix_formulary_imports_version_id_asked_at", "version_id", "asked_at"),
        sa.Index(
            "uq_formulary_imports_running",
            "version_id",
            unique=True,
            postgresql_where=sa.text("started_at is not null and ended_at is null"),
        ),
        sa.Index("ix_formulary_imports_unswept", "asked_at", postgresql_where=sa.text("swept_at is null")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("formulary_versions.id"))
    #: A name of `reading.TABLES`.
    table_name: Mapped[str]
    #: Drugs the file does not name leave the draft, once all of it is read.
    replaces: Mapped[bool]
    asked_by: Mapped[UUID | None]
    #: Wall times. Started once the file is there and is a table; swept once the file is deleted.
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]
    #: Somebody ended it before its last row.
    was_stopped: Mapped[bool] = mapped_column(server_default=sa.false())
    #: Rows of the file that are through, good or bad; the next piece begins after them.
    through: Mapped[int] = mapped_column(server_default="0")
    taken: Mapped[int] = mapped_column(server_default="0")
    added: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    bad_rows: Mapped[int] = mapped_column(server_default="0")
    #: The first of what is wrong: {number, field, kind, said}.
    bad: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.ended_at is None

    @property
    def incoming_key(self) -> str:
        """Where whoever announced it sends it."""
        return f"incoming/formulary/{self.id}"

    @property
    def key(self) -> str:
        """Where it is read from, out of the sender's reach."""
        return f"formulary/{self.id}"
