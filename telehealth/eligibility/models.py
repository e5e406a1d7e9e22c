"""Every decision of the gate, with the policy version, the inputs and the result."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy
from telehealth.eligibility.facts import Stage
from telehealth.rulebook.rules import ClinicKind


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the patient said of themselves; None is "not asked"."""

    stable: bool | None = None
    red_flags: tuple[str, ...] | None = None


class GateDecision(Base):
    """Written once, never changed. What the patient declared is health data, so it is sealed."""

    __tablename__ = "gate_decisions"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=OF_PERSON)
    __table_args__ = (sa.Index("ix_gate_decisions_person", "person_id", "hospital_id", "decided_at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    policy_id: Mapped[UUID]
    policy_number: Mapped[int]
    stage: Mapped[Stage]
    clinic_kind: Mapped[ClinicKind]
    slot_date: Mapped[date | None]
    #: JSON of {stable, red_flags}; null while nobody asked.
    declaration: Mapped[str | None] = mapped_column(Sealed("gate_decisions.declaration"))
    #: The facts, without the declaration.
    inputs: Mapped[dict[str, Any]]
    allowed: Mapped[bool]
    pending: Mapped[bool]
    result: Mapped[dict[str, Any]]
    #: Which records of the hospital's system stood behind it: id, version, fetched at.
    evidence: Mapped[list[dict[str, Any]]]
    #: Business time.
    decided_at: Mapped[datetime]

    @property
    def declared(self) -> Declaration:
        said = json.loads(self.declaration) if self.declaration else {}
        flags = said.get("red_flags")
        return Declaration(said.get("stable"), None if flags is None else tuple(flags))
