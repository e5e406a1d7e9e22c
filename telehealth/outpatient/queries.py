"""Every SELECT about bills. Lock order: bill, then its charge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.bookings import Booking, BookingState
from telehealth.core.clock import day_start
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Hospital
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.errors import BillNotFound
from telehealth.outpatient.models import BillFetch, OutpatientBill, QueueTicket
from telehealth.outpatient.policy import visible_bills
from telehealth.outpatient.states import BillState, TicketState
from telehealth.patients import HospitalPatient, LinkState, PatientLink
from telehealth.rulebook.rules import ClinicKind

#: Bills of visits before that are looked up at the window.
KEPT = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Whom:
    """One person as one hospital knows them, whose bills may be asked for."""

    hospital_id: UUID
    hospital: str
    person_id: UUID
    his_patient_id: str


@dataclass(frozen=True, slots=True)
class BillPlace:
    """A bill with the names around it, in one read."""

    bill: OutpatientBill
    hospital: Hospital
    campus: Campus | None


async def whom_to_ask_for(unit: Unit, account_id: UUID, *, fresh_since: datetime) -> list[Whom]:
    """Everybody the account acts for who holds a card, and was not asked about since."""
    found = (
        _known()
        .join(PatientLink, PatientLink.person_id == HospitalPatient.person_id)
        .where(PatientLink.account_id == account_id, PatientLink.state == LinkState.ACTIVE)
        .where(sa.or_(BillFetch.fetched_at.is_(None), BillFetch.fetched_at < fresh_since))
    )
    rows = await unit.session.execute(found.order_by(HospitalPatient.id).distinct())
    return [Whom(*row[:4]) for row in rows]


async def whom_to_ask_after(unit: Unit, *, fresh_since: datetime, limit: int) -> list[Whom]:
    """Whoever was seen offline today, or may be: their doctors order things about now. System unit."""
    visits = sa.select(Booking.hospital_id, Booking.person_id).where(
        Booking.kind == ClinicKind.OFFLINE,
        Booking.day == unit.today,
        Booking.state.in_([BookingState.PAID, BookingState.COMPLETED]),
        Booking.starts_at <= unit.now,
    )
    seen = sa.select(QueueTicket.hospital_id, QueueTicket.person_id).where(
        QueueTicket.state == TicketState.SEEN, QueueTicket.ended_at >= day_start(unit.today)
    )
    today = sa.union(visits, seen).subquery()
    found = (
        _known()
        .join(
            today,
            sa.and_(
                today.c.hospital_id == HospitalPatient.hospital_id,
                today.c.person_id == HospitalPatient.person_id,
            ),
        )
        .where(sa.or_(BillFetch.fetched_at.is_(None), BillFetch.fetched_at < fresh_since))
        .order_by(BillFetch.fetched_at.asc().nulls_first(), HospitalPatient.id)
        .limit(limit)
    )
    return [Whom(*row[:4]) for row in await unit.session.execute(found)]


def _known() -> sa.Select[UUID, str, UUID, str, datetime, UUID]:
    here = sa.and_(
        BillFetch.hospital_id == HospitalPatient.hospital_id, BillFetch.person_id == HospitalPatient.person_id
    )
    return (
        sa.select(
            HospitalPatient.hospital_id,
            Hospital.code,
            HospitalPatient.person_id,
            HospitalPatient.his_patient_id,
            BillFetch.fetched_at,
            HospitalPatient.id,
        )
        .join(Hospital, Hospital.id == HospitalPatient.hospital_id)
        .outerjoin(BillFetch, here)
    )


async def last_asked(unit: Unit, account_id: UUID) -> datetime | None:
    """The oldest of the last answers about this account's people; None while one is missing."""
    rows = await unit.session.execute(
        _known()
        .join(PatientLink, PatientLink.person_id == HospitalPatient.person_id)
        .where(PatientLink.account_id == account_id, PatientLink.state == LinkState.ACTIVE)
    )
    answers = [row[4] for row in rows]
    return None if None in answers else min(answers, default=None)


async def lock_fetch(unit: Unit, whom: Whom) -> BillFetch | None:
    """Answers about one person are written one after the other; the last one written so far."""
    await unit.session.execute(_ONE_ANSWER, {"whom": f"{whom.hospital_id}/{whom.person_id}"})
    return await unit.session.get(BillFetch, (whom.hospital_id, whom.person_id), populate_existing=True)


_ONE_ANSWER = sa.text("select pg_advisory_xact_lock(hashtextextended('bills/' || :whom, 0))")


async def remember_fetch(unit: Unit, whom: Whom, at: datetime) -> None:
    row = insert(BillFetch).values(hospital_id=whom.hospital_id, person_id=whom.person_id, fetched_at=at)
    await unit.session.execute(
        row.on_conflict_do_update(
            index_elements=["hospital_id", "person_id"], set_={"fetched_at": row.excluded.fetched_at}
        )
    )


async def lock_bills(unit: Unit, whom: Whom) -> dict[str, OutpatientBill]:
    """Everything we know of one person's bills, by the hospital's id, locked in the order of their ids."""
    rows = await unit.session.scalars(
        sa.select(OutpatientBill)
        .where(OutpatientBill.hospital_id == whom.hospital_id, OutpatientBill.person_id == whom.person_id)
        .order_by(OutpatientBill.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.resource_id: row for row in rows}


async def due_ids(unit: Unit, whom: Whom) -> list[str]:
    """What we believe to be unpaid: an answer that lacks one of these has to be asked what became of it."""
    rows = await unit.session.scalars(
        sa.select(OutpatientBill.resource_id)
        .where(OutpatientBill.hospital_id == whom.hospital_id, OutpatientBill.person_id == whom.person_id)
        .where(OutpatientBill.state == BillState.DUE)
    )
    return list(rows)


async def lock_bill(unit: Unit, bill_id: UUID) -> OutpatientBill:
    """As it is once locked, for whoever may open the unit. Raises BillNotFound."""
    found = sa.select(OutpatientBill).where(OutpatientBill.id == bill_id).with_for_update()
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).first()
    if row is None:
        raise BillNotFound()
    return row


async def lock_attempt(unit: Unit, attempt_id: UUID) -> OutpatientBill | None:
    """The bill that is paid by this attempt, locked; None once its money went back."""
    found = sa.select(OutpatientBill).where(OutpatientBill.attempt_id == attempt_id).with_for_update()
    row: OutpatientBill | None = await unit.session.scalar(found.execution_options(populate_existing=True))
    return row


async def by_attempt(unit: Unit, attempt_id: UUID) -> OutpatientBill | None:
    found = sa.select(OutpatientBill).where(OutpatientBill.attempt_id == attempt_id)
    row: OutpatientBill | None = await unit.session.scalar(found)
    return row


def _is(bill_id: UUID) -> sa.ColumnElement[bool]:
    """A receipt leads back by what was paid for."""
    return sa.or_(OutpatientBill.id == bill_id, OutpatientBill.attempt_id == bill_id)


async def bill_of(unit: Unit, bill_id: UUID) -> BillPlace:
    """One the actor may see. Raises BillNotFound: somebody else's does not exist for them."""
    found = _placed().where(_is(bill_id), visible_bills(unit.actor))
    row = (await unit.session.execute(found)).first()
    if row is None:
        raise BillNotFound()
    return BillPlace(*row)


async def named(unit: Unit, bill_id: UUID) -> BillPlace:
    """The same for the payment page and the house's own notices. Raises BillNotFound."""
    row = (await unit.session.execute(_placed().where(_is(bill_id)))).first()
    if row is None:
        raise BillNotFound()
    return BillPlace(*row)


async def bills_of(
    unit: Unit,
    *,
    states: Sequence[BillState] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[BillPlace]:
    """Those the actor may see, latest first, one more than `limit` if there are more."""
    since = unit.today - KEPT
    found = _placed().where(visible_bills(unit.actor), OutpatientBill.visited_on >= since)
    if states is not None:
        found = found.where(OutpatientBill.state.in_(states))
    if before is not None:
        found = found.where(sa.tuple_(OutpatientBill.shown_until, OutpatientBill.id) < sa.tuple_(*before))
    rows = await unit.session.execute(
        found.order_by(OutpatientBill.shown_until.desc(), OutpatientBill.id.desc()).limit(limit + 1)
    )
    return [BillPlace(*row) for row in rows]


def _placed() -> sa.Select[OutpatientBill, Hospital, Campus]:
    return (
        sa.select(OutpatientBill, Hospital, Campus)
        .join(Hospital, Hospital.id == OutpatientBill.hospital_id)
        .outerjoin(Campus, Campus.id == OutpatientBill.campus_id)
    )


async def campus_by_code(unit: Unit, hospital_id: UUID, code: str) -> Campus | None:
    found = sa.select(Campus).where(Campus.hospital_id == hospital_id, Campus.code == code)
    return (await unit.session.scalars(found)).first()


async def last_visit_campus(
    unit: Unit, hospital_id: UUID, person_id: UUID, *, before: datetime
) -> Campus | None:
    """Where this person came, or was to come, last before that time at this hospital (BJ05)."""
    found = (
        sa.select(Campus)
        .join(Booking, Booking.campus_id == Campus.id)
        .where(Booking.hospital_id == hospital_id, Booking.person_id == person_id)
        .where(Booking.kind == ClinicKind.OFFLINE)
        .where(Booking.state.in_([BookingState.PAID, BookingState.COMPLETED]))
        .where(Booking.starts_at < before)
        .order_by(Booking.starts_at.desc(), Booking.id.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def to_be_told(unit: Unit, *, limit: int) -> list[UUID]:
    """Paid bills whose hospital is to be told (again) by now. System unit."""
    found = (
        sa.select(OutpatientBill.id)
        .where(OutpatientBill.state == BillState.PAID, OutpatientBill.tell_at <= unit.wall)
        .order_by(OutpatientBill.tell_at)
        .limit(limit)
    )
    return list(await unit.session.scalars(found))


async def to_be_called(unit: Unit, *, since: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Medicine that is paid for and whose number was not called yet, with its hospital. System unit."""
    found = (
        sa.select(OutpatientBill.id, OutpatientBill.hospital_id)
        .where(OutpatientBill.state == BillState.CONFIRMED, OutpatientBill.kind == BillKind.DRUG)
        .where(OutpatientBill.called_at.is_(None), OutpatientBill.pickup_number != "")
        .where(OutpatientBill.paid_at >= since)
        .order_by(OutpatientBill.paid_at)
        .limit(limit)
    )
    return [(row.id, row.hospital_id) for row in await unit.session.execute(found)]


async def kept_and_not_asked(
    unit: Unit, *, paid_since: datetime, asked_before: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Bills the hospital confirmed, with their hospital, the longest not asked about first. System unit."""
    found = (
        sa.select(OutpatientBill.id, OutpatientBill.hospital_id)
        .where(OutpatientBill.state == BillState.CONFIRMED, OutpatientBill.asked_at < asked_before)
        .where(OutpatientBill.paid_at >= paid_since)
        .order_by(OutpatientBill.asked_at)
        .limit(limit)
    )
    return [(row.id, row.hospital_id) for row in await unit.session.execute(found)]


async def unconfirmed(unit: Unit, *, limit: int = 100) -> list[BillPlace]:
    """Paid, and the hospital's system did not confirm it yet; those the actor may see, oldest first."""
    found = _placed().where(visible_bills(unit.actor), OutpatientBill.state == BillState.PAID)
    rows = await unit.session.execute(found.order_by(OutpatientBill.paid_at).limit(limit))
    return [BillPlace(*row) for row in rows]
