"""The answer to a complaint, among the promises of the order it is about."""

from collections.abc import Sequence
from uuid import UUID

from telehealth.complaints import queries
from telehealth.core.i18n import N_
from telehealth.core.promises import Owner, Promise, promise
from telehealth.core.unit import Unit

#: Kind of order → the topic it is complained of as.
ORDERS = {"bookings": "booking", "prescriptions": "prescription"}


async def order_promises(unit: Unit, kind: str, order_id: UUID) -> Sequence[Promise]:
    """The answer owed to what somebody complained of about this order."""
    topic = ORDERS.get(kind)
    row = await queries.open_about(unit, topic, order_id) if topic else None
    if row is None:
        return []
    return [
        promise(
            "complaint_answer", Owner.HOSPITAL, N_("医院答复您的投诉"), unit.now, due_at=row.answer_by,
            kept_at=row.answered_at or row.closed_at, otherwise=N_("超过这个时间，系统自动上报院领导"),
            href=f"/complaints/{row.id}",
        )
    ]  # fmt: skip
