"""When which pharmacist is there to review."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy


class PharmacistDuty(Base):
    """One stretch of duty. The pad warns a doctor when none begins before the sheet would expire."""

    __tablename__ = "pharmacist_duties"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="forwards"),
        sa.Index("ix_pharmacist_duties_ends", "hospital_id", "ends_at"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    planned_by: Mapped[UUID | None]
