"""What payments measure of a day: how soon money that goes back is sent, and is there.

Clock: business time. A refund counts on the day it was asked for, so that one that never ends is seen.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Shape, seconds
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit
from telehealth.payments.models import Refund

#: A machine sends a refund; what takes it longer is not a lag but a failure.
SENT_WITHIN = timedelta(minutes=10)

METRICS = (
    Metric(
        "refund_submit",
        N_("退款提交"),
        N_("从应退款到提交给支付渠道或医保"),
        Shape.LAG,
        owner=N_("系统"),
        is_promise=True,
    ),
    Metric(
        "refund_done",
        N_("退款到账"),
        N_("从应退款到渠道确认已退回；超过告知患者的日期算逾期"),
        Shape.LAG,
        owner=N_("财务"),
        is_promise=True,
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    rows = (
        await unit.session.execute(
            sa.select(Refund.requested_at, Refund.submitted_at, Refund.settled_at, Refund.expected_by).where(
                Refund.hospital_id == hospital_id,
                Refund.requested_at >= day_start(day),
                Refund.requested_at < day_end(day),
            )
        )
    ).all()
    if not rows:
        return []
    sent_late = sum((row.submitted_at or unit.now) - row.requested_at > SENT_WITHIN for row in rows)
    done_late = sum((row.settled_at or unit.now) >= day_end(row.expected_by) for row in rows)
    return [
        Figure(
            "refund_submit", total=len(rows), late=sent_late,
            values=seconds(
                (row.submitted_at - row.requested_at).total_seconds() for row in rows if row.submitted_at
            ),
        ),
        Figure(
            "refund_done", total=len(rows), late=done_late,
            values=seconds(
                (row.settled_at - row.requested_at).total_seconds() for row in rows if row.settled_at
            ),
        ),
    ]  # fmt: skip


MEASURING = Measuring(METRICS, measure)
