from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.reactions.states import (
    REACTION,
    Causality,
    Ending,
    ReactionEvent,
    ReactionState,
    Severity,
    Taking,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy

#: Feeds the human number; gaps are fine.
NUMBERS = sa.Sequence("reaction_numbers", metadata=Base.metadata)


class Reaction(Base):
    """One report about one sheet: which of its medicines, what happened, and what was made of it."""

    __tablename__ = "rx_reactions"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        # The same form sent twice is one report.
        sa.UniqueConstraint("account_id", "draft"),
        sa.Index("ix_rx_reactions_account_id", "account_id", "made_at"),
        sa.Index("ix_rx_reactions_person_id", "person_id", "hospital_id"),
        sa.Index("ix_rx_reactions_prescription_id", "prescription_id"),
        sa.Index(
            "ix_rx_reactions_waiting",
            "hospital_id",
            "assess_by",
            postgresql_where=sa.text("state = 'reported'"),
        ),
    )

    id: Mapped[PrimaryKey]
    #: `AR-261121-000017`.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"))
    rx_number: Mapped[str]
    #: Who signed the sheet.
    doctor_id: Mapped[UUID | None]
    draft: Mapped[UUID]
    state: Mapped[ReactionState]
    #: Of the sheet's lines, those it is put down to.
    drug_codes: Mapped[list[str]]
    #: Health text, so sealed.
    what: Mapped[str] = mapped_column(Sealed("rx_reactions.what"))
    began_on: Mapped[date]
    severity: Mapped[Severity]
    taking: Mapped[Taking]
    made_at: Mapped[datetime]
    policy_number: Mapped[int]
    assess_by: Mapped[datetime]
    late_at: Mapped[datetime | None]
    assessed_at: Mapped[datetime | None]
    assessed_by: Mapped[UUID | None]
    assessed_name: Mapped[str]
    causality: Mapped[Causality | None]
    ending: Mapped[Ending | None]
    #: To the patient.
    advice: Mapped[str] = mapped_column(Sealed("rx_reactions.advice"))

    def apply(self, event: ReactionEvent) -> None:
        """Raises TransitionRefused."""
        self.state = REACTION.after(self.state, event)
