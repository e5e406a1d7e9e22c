"""Sheets in the one list of orders (XY26), each with what is promised about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.patient.presenting import KINDS
from prescriptions.patient.promising import SheetFacts, sheet_promises
from prescriptions.patient.stages import CAPABILITIES, Stage, stage_of
from prescriptions.pharmacy import DispatchOrder, Parcel
from prescriptions.settling import Fulfilment, visible_to
from prescriptions.states import DispatchState, FulfilmentState, Path, RxState
from telehealth.core.i18n import N_
from telehealth.core.orders import Group, Line, Link, Opened, Source, Wanted
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Department, Doctor, Hospital
from telehealth.orders.promising import refunds_promised
from telehealth.orders.visits import names
from telehealth.payments import Refund, RefundState, RefundSteps, refunds_of, refunds_on_the_way
from telehealth.rulebook import current_policy

KIND = "prescriptions"
#: Why the house took an order back by itself (`pharmacy.undoing`).
NOT_PACKED = "not_packed"
_OVER = (RxState.EXPIRED, RxState.REFUSED, RxState.VOIDED)
_RECEIVED = (DispatchState.DELIVERED, DispatchState.COLLECTED)


@dataclass(frozen=True, slots=True)
class _Row:
    """A sheet with its way to the patient and the names around it, in one read."""

    rx: Prescription
    way: Fulfilment | None
    order: DispatchOrder | None
    hospital: Hospital
    campus: Campus
    department: Department
    doctor: Doctor


async def lines(unit: Unit, wanted: Wanted) -> Sequence[Line]:
    if wanted.group is Group.COMING:
        # Nobody waits for a sheet as for a visit.
        return []
    found = _rows().where(visible_to(unit.actor))
    if wanted.group is not None:
        found = found.where(_conditions(unit)[wanted.group])
    if wanted.person_id is not None:
        found = found.where(Prescription.person_id == wanted.person_id)
    if wanted.before is not None:
        found = found.where(sa.tuple_(Prescription.created_at, Prescription.id) < sa.tuple_(*wanted.before))
    newest = found.order_by(Prescription.created_at.desc(), Prescription.id.desc()).limit(wanted.limit + 1)
    rows = [_Row(*row) for row in await unit.session.execute(newest)]
    parcels = await _parcels(unit, [row.order.id for row in rows if row.order is not None])
    charges = [row.way.charge_id for row in rows if row.way is not None and row.way.charge_id]
    refunds = await refunds_on_the_way(unit, charges) if charges else {}
    return [_line(unit, row, parcels.get(row.rx.id), refunds) for row in rows]


async def open_sheet(unit: Unit, prescription_id: UUID) -> Opened:
    """Raises PrescriptionNotFound."""
    found = _rows().where(Prescription.id == prescription_id, visible_to(unit.actor))
    read = (await unit.session.execute(found)).first()
    if read is None:
        raise PrescriptionNotFound()
    row = _Row(*read)
    parcel = (await _parcels(unit, [row.rx.id])).get(row.rx.id) if row.order is not None else None
    policy = (await current_policy(unit, row.rx.hospital_id)).policy
    refunds: list[RefundSteps] = []
    if row.way is not None and row.way.charge_id is not None:
        refunds = await refunds_of(unit, row.way.charge_id)
    facts = _facts(unit, row, parcel, review_minutes=policy.dispensing.review_minutes)
    under_way = {each.refund.charge_id: each.refund for each in refunds if each.refund.settled_at is None}
    return Opened(
        line=_line(unit, row, parcel, under_way),
        hospital=names(row.hospital),
        phone=row.hospital.phone,
        complaint_phone=row.hospital.complaint_phone,
        promises=[
            *sheet_promises(facts, unit.now),
            *refunds_promised(refunds, unit.now, submit_minutes=policy.unattended.refund_submit_minutes),
        ],
        links=[
            Link(f"/prescriptions/{row.rx.id}", _ACTIONS.get(facts.stage, N_("查看处方"))),
            Link(f"/orders/bookings/{row.rx.visit_id}", N_("查看这次就诊")),
        ],
        subject=row.rx,
    )


SOURCE = Source(KIND, lines, open_sheet)
_ACTIONS = {Stage.PAYABLE: N_("去缴费"), Stage.READY: N_("看取药码"), Stage.ON_THE_WAY: N_("看物流")}


def _rows() -> sa.Select[Prescription, Fulfilment, DispatchOrder, Hospital, Campus, Department, Doctor]:
    return (
        sa.select(Prescription, Fulfilment, DispatchOrder, Hospital, Campus, Department, Doctor)
        .outerjoin(Fulfilment, Fulfilment.id == Prescription.id)
        .outerjoin(DispatchOrder, DispatchOrder.id == Prescription.id)
        .join(Hospital, Hospital.id == Prescription.hospital_id)
        .join(Campus, Campus.id == Prescription.campus_id)
        .join(Department, Department.id == Prescription.department_id)
        .join(Doctor, Doctor.id == Prescription.doctor_id)
    )


def _conditions(unit: Unit) -> Mapping[Group, sa.ColumnElement[bool]]:
    """`_group`, as SQL; they must agree."""
    payable = sa.and_(Prescription.state == RxState.PASSED, Prescription.valid_until > unit.now)
    received = sa.func.coalesce(DispatchOrder.state.in_(_RECEIVED), False)
    ended = sa.or_(Prescription.state.in_(_OVER), received)
    returning = sa.exists().where(
        Refund.charge_id == Fulfilment.charge_id, Refund.state != RefundState.SETTLED
    )
    return {
        Group.TODO: payable,
        Group.COMING: sa.false(),
        Group.ON_THE_WAY: sa.and_(~payable, sa.or_(~ended, returning)),
        Group.OVER: sa.and_(ended, ~returning),
    }


def _group(stage: Stage, row: _Row, refund: Refund | None) -> Group:
    if stage is Stage.PAYABLE:
        return Group.TODO
    has_it = row.order is not None and row.order.state in _RECEIVED
    is_over = row.rx.state in _OVER or has_it
    return Group.OVER if is_over and refund is None else Group.ON_THE_WAY


def _line(unit: Unit, row: _Row, parcel: Parcel | None, refunds: Mapping[UUID, Refund]) -> Line:
    rx, way = row.rx, row.way
    stage = _stage(unit, row, parcel)
    can = CAPABILITIES[stage]
    refund = refunds.get(way.charge_id) if way is not None and way.charge_id else None
    doctor, department = _said(row.doctor), _said(row.department)
    hospital, campus = _said(row.hospital), _said(row.campus)
    shows_code = way is not None and way.path is Path.WINDOW and bool(way.code) and can.has_sheet
    is_open = way is not None and way.state in (FulfilmentState.OPEN, FulfilmentState.PAID)
    return Line(
        kind=KIND,
        id=rx.id,
        number=rx.number,
        ordered_at=rx.created_at,
        person_id=rx.person_id,
        group=_group(stage, row, refund),
        what=KINDS[rx.kind],
        icon="pill",
        title={lang: f"{doctor[lang]} · {department[lang]}" for lang in doctor},
        place={lang: f"{hospital[lang]} {campus[lang]}" for lang in hospital},
        label=can.label,
        tone=can.tone,
        href=f"/prescriptions/{rx.id}",
        action=_ACTIONS.get(stage, ""),
        amount=rx.total,
        due_at=_pay_by(row) if can.can_choose else None,
        due_words=N_("缴费截止") if can.can_choose else "",
        refund=refund.amount if refund else None,
        refund_on=refund.expected_by if refund else None,
        code=f"{way.code[:4]} {way.code[4:]}" if way and way.code and shows_code and is_open else "",
        window_number=str(way.window_number) if way and way.window_number and shows_code else "",
        waybill=parcel.waybill if parcel is not None and stage is Stage.ON_THE_WAY else "",
    )


def _facts(unit: Unit, row: _Row, parcel: Parcel | None, *, review_minutes: int) -> SheetFacts:
    rx, way, order = row.rx, row.way, row.order
    received = order is not None and order.state in _RECEIVED
    delivered_at = parcel.delivered_at if parcel is not None else None
    return SheetFacts(
        stage=_stage(unit, row, parcel),
        path=way.path if way is not None else None,
        total=rx.total,
        answer_by=rx.answer_by,
        review_by=rx.signed_at + timedelta(minutes=review_minutes) if rx.signed_at else None,
        reviewed_at=rx.reviewed_at,
        pay_by=_pay_by(row),
        paid_at=way.paid_at if way is not None else None,
        promised_at=order.promised_at if order is not None else None,
        packed_at=order.packed_at if order is not None else None,
        handed_at=order.handed_at if order is not None else None,
        received_at=(delivered_at or (order.ended_at if order else None)) if received else None,
        needs_decocting=order is not None and order.needs_decocting,
        was_not_packed=rx.reason == NOT_PACKED,
    )


def _pay_by(row: _Row) -> datetime | None:
    return row.way.pay_by if row.way is not None else row.rx.valid_until


def _stage(unit: Unit, row: _Row, parcel: Parcel | None) -> Stage:
    order = row.order
    asks_courier = order is not None and order.undo_reason is not None
    return stage_of(
        row.rx,
        row.way,
        now=unit.now,
        dispatch=order.state if order is not None else None,
        parcel=parcel.state if parcel is not None else None,
        is_cancelling=asks_courier and order is not None and order.state is not DispatchState.CANCELLED,
    )


async def _parcels(unit: Unit, order_ids: Sequence[UUID]) -> dict[UUID, Parcel]:
    """The last one of each order that was not cancelled."""
    if not order_ids:
        return {}
    found = sa.select(Parcel).where(Parcel.order_id.in_(order_ids), Parcel.cancelled_at.is_(None))
    rows = await unit.session.scalars(found.order_by(Parcel.created_at, Parcel.id))
    return {parcel.order_id: parcel for parcel in rows}


def _said(row: Hospital | Campus | Department | Doctor) -> dict[str, str]:
    return dict(names(row))
