"""What complaints measure of a day: how many came, and whether they were answered as promised.

Clock: business time. A complaint counts on the day it was made.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.complaints.models import Complaint
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Shape, seconds
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit

METRICS = (
    Metric(
        "complaints",
        N_("投诉答复"),
        N_("从投诉提交到书面答复；超过承诺的答复时间算逾期"),
        Shape.LAG,
        owner=N_("服务台"),
        is_promise=True,
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    rows = (
        await unit.session.execute(
            sa.select(Complaint.made_at, Complaint.answered_at, Complaint.answer_by).where(
                Complaint.hospital_id == hospital_id,
                Complaint.made_at >= day_start(day),
                Complaint.made_at < day_end(day),
            )
        )
    ).all()
    if not rows:
        return []
    return [
        Figure(
            "complaints", total=len(rows),
            late=sum((row.answered_at or unit.now) > row.answer_by for row in rows),
            values=seconds(
                (row.answered_at - row.made_at).total_seconds() for row in rows if row.answered_at
            ),
        )
    ]  # fmt: skip


MEASURING = Measuring(METRICS, measure)
