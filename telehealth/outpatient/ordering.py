"""Bills of offline visits as the one list of orders asks for them (XY26)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from telehealth.core.clock import day_start
from telehealth.core.orders import Group, Wanted
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Hospital
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.policy import visible_bills
from telehealth.outpatient.queries import KEPT, BillPlace
from telehealth.outpatient.states import BillState
from telehealth.payments import Refund, RefundState

__all__ = ["BillPlace", "group_of", "ordered", "ordered_at", "waits_for_medicine"]

#: Nobody waits longer for medicine at a window.
COLLECTED = timedelta(hours=12)
#: A bill is as old as its visit; the hospital's system names no hour.
_SINCE = sa.func.timezone("Asia/Shanghai", sa.cast(OutpatientBill.visited_on, sa.DateTime()))


def ordered_at(bill: OutpatientBill) -> datetime:
    return day_start(bill.visited_on)


async def ordered(unit: Unit, wanted: Wanted) -> Sequence[BillPlace]:
    """Those the actor may see, the latest visit first, one more than asked for if there are more."""
    found = (
        sa.select(OutpatientBill, Hospital, Campus)
        .join(Hospital, Hospital.id == OutpatientBill.hospital_id)
        .outerjoin(Campus, Campus.id == OutpatientBill.campus_id)
        .where(visible_bills(unit.actor), OutpatientBill.visited_on >= unit.today - KEPT)
    )
    if wanted.group is not None:
        found = found.where(_conditions(unit)[wanted.group])
    if wanted.person_id is not None:
        found = found.where(OutpatientBill.person_id == wanted.person_id)
    if wanted.before is not None:
        found = found.where(sa.tuple_(_SINCE, OutpatientBill.id) < sa.tuple_(*wanted.before))
    newest = found.order_by(OutpatientBill.visited_on.desc(), OutpatientBill.id.desc())
    rows = await unit.session.execute(newest.limit(wanted.limit + 1))
    return [BillPlace(*row) for row in rows]


def group_of(unit: Unit, bill: OutpatientBill, refund: Refund | None) -> Group:
    if bill.state is BillState.DUE:
        return Group.TODO
    is_over = bill.state is not BillState.PAID and not waits_for_medicine(unit, bill)
    return Group.OVER if is_over and refund is None else Group.ON_THE_WAY


def waits_for_medicine(unit: Unit, bill: OutpatientBill) -> bool:
    return (
        bill.state is BillState.CONFIRMED
        and bill.kind is BillKind.DRUG
        and bill.pickup_number != ""
        and bill.paid_at is not None
        and bill.paid_at > unit.now - COLLECTED
    )


def _conditions(unit: Unit) -> Mapping[Group, sa.ColumnElement[bool]]:
    """`group_of`, as SQL; they must agree."""
    due = OutpatientBill.state == BillState.DUE
    waits = sa.and_(
        OutpatientBill.state == BillState.CONFIRMED,
        OutpatientBill.kind == BillKind.DRUG,
        OutpatientBill.pickup_number != "",
        sa.func.coalesce(OutpatientBill.paid_at > unit.now - COLLECTED, False),
    )
    returning = sa.exists().where(
        Refund.charge_id == OutpatientBill.charge_id, Refund.state != RefundState.SETTLED
    )
    moving = sa.or_(OutpatientBill.state == BillState.PAID, waits, returning)
    return {
        Group.TODO: due,
        Group.COMING: sa.false(),
        Group.ON_THE_WAY: sa.and_(~due, moving),
        Group.OVER: sa.and_(~due, ~moving),
    }
