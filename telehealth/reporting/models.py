"""What was counted of each day, and the report that was made of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy


class DailyFigure(Base):
    """One metric of one department on one day. Counted again, it is written anew."""

    __tablename__ = "daily_figures"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.UniqueConstraint(
            "hospital_id", "day", "metric", "department_id", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    day: Mapped[date]
    #: A name of `core.figures.Metric`.
    metric: Mapped[str]
    #: None: of the hospital as a whole.
    department_id: Mapped[UUID | None]
    hits: Mapped[int]
    total: Mapped[int]
    late: Mapped[int]
    #: Seconds in order, all of them: the median of a month is not the median of its days' medians.
    values: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer()))
    parts: Mapped[dict[str, Any]]
    #: Invented for the demo, and marked so wherever it is shown.
    is_sample: Mapped[bool]
    #: Wall time.
    counted_at: Mapped[datetime]


class DailyReport(Base):
    """What the head read of a day (GD19), as it was known when it was made; once a day and hospital."""

    __tablename__ = "daily_reports"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "day"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    day: Mapped[date]
    #: JSON of `rules.Report`: codes, ids and counts, never a name.
    body: Mapped[dict[str, Any]]
    is_sample: Mapped[bool]
    #: Business time.
    made_at: Mapped[datetime]
    #: Who of the heads opened it first.
    read_by: Mapped[UUID | None]
    read_at: Mapped[datetime | None]
