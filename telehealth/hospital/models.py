"""What a hospital's system told us, kept so that a decision can be shown and an outage survived."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy
from telehealth.hospital.states import VisitKind, VisitStatus


def _known_patients(table: str) -> str:
    """Whoever may see that the hospital knows the person may see what it knows of their visits."""
    same = f"h.person_id = {table}.person_id and h.hospital_id = {table}.hospital_id"
    return f"exists (select 1 from hospital_patients h where {same})"  # noqa: S608 - our own table names


class VisitRecord(Base):
    """Evidence of one visit. Rows outlive an outage; a visit the system stops confirming is *withdrawn*."""

    __tablename__ = "visit_evidence"
    __tenancy__ = Tenancy(hospital=True, when=_known_patients("visit_evidence"))
    __table_args__ = (sa.UniqueConstraint("hospital_id", "person_id", "resource_id"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID]
    resource_id: Mapped[str]
    version_id: Mapped[str]
    kind: Mapped[VisitKind]
    status: Mapped[VisitStatus]
    visited_on: Mapped[date]
    organization: Mapped[str]
    campus: Mapped[str]
    #: JSON list of {code, text}; health text, so sealed.
    diagnoses: Mapped[str] = mapped_column(Sealed("visit_evidence.diagnoses"))
    #: Business time of the answer that last confirmed it.
    fetched_at: Mapped[datetime]
    #: SHA-256 of the resource as received.
    digest: Mapped[str]


class VisitFetch(Base):
    """When the hospital's system last answered about somebody's visits, also if it knew of none."""

    __tablename__ = "visit_fetches"
    __tenancy__ = Tenancy(hospital=True, when=_known_patients("visit_fetches"))

    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    his_patient_id: Mapped[str]
    #: Visits before this day were not asked for.
    since: Mapped[date]
    #: Business time.
    fetched_at: Mapped[datetime]


class SystemKey(Base):
    """By this another system of the hospital reads its records (FHIR R4). The key itself is shown once."""

    __tablename__ = "hospital_system_keys"
    __tenancy__ = Tenancy(hospital=True)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    name: Mapped[str]
    #: SHA-256 in hex of the key.
    digest: Mapped[str] = mapped_column(unique=True)
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
