from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.complaints.errors import ComplaintNotFound, ComplaintPhotoNotFound
from telehealth.complaints.models import Complaint, ComplaintPhoto, ComplaintStep
from telehealth.complaints.policy import visible_to
from telehealth.complaints.states import OPEN, ComplaintState, PhotoState
from telehealth.core.unit import Unit

_OPEN = Complaint.state.in_(sorted(OPEN))


async def complaint_of(unit: Unit, complaint_id: UUID, *, lock: bool = False) -> Complaint:
    """One the actor may see. Raises ComplaintNotFound."""
    found = sa.select(Complaint).where(Complaint.id == complaint_id, visible_to(unit.actor))
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise ComplaintNotFound()
    return row


async def lock_any(unit: Unit, complaint_id: UUID) -> Complaint | None:
    """For deadlines, which act as the house."""
    found = sa.select(Complaint).where(Complaint.id == complaint_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).first()


async def by_draft(unit: Unit, account_id: UUID, draft: UUID) -> Complaint | None:
    found = sa.select(Complaint).where(Complaint.account_id == account_id, Complaint.draft == draft)
    return (await unit.session.scalars(found)).first()


async def complaints_of(
    unit: Unit, *, before: tuple[datetime, UUID] | None = None, limit: int = 20
) -> Sequence[Complaint]:
    """One's own, newest first, one more than `limit` if there are more."""
    found = sa.select(Complaint).where(visible_to(unit.actor))
    if before is not None:
        found = found.where(sa.tuple_(Complaint.made_at, Complaint.id) < sa.tuple_(*before))
    ordered = found.order_by(Complaint.made_at.desc(), Complaint.id.desc()).limit(limit + 1)
    return (await unit.session.scalars(ordered)).all()


async def count_open(unit: Unit, account_id: UUID, hospital_id: UUID) -> int:
    found = sa.select(sa.func.count()).where(
        Complaint.account_id == account_id, Complaint.hospital_id == hospital_id, _OPEN
    )
    return int(await unit.session.scalar(found) or 0)


def next_promise() -> sa.ColumnElement[datetime]:
    """What the hospital owes next: to be taken up, then to be answered."""
    return sa.case((Complaint.taken_at.is_(None), Complaint.reply_by), else_=Complaint.answer_by)


async def owed(
    unit: Unit,
    *,
    after: tuple[datetime, UUID] | None = None,
    escalated_only: bool = False,
    limit: int = 50,
) -> Sequence[Complaint]:
    """What waits for this hospital's staff, the oldest promise first, one more than `limit` if there are."""
    due = next_promise()
    found = sa.select(Complaint).where(visible_to(unit.actor), _OPEN)
    if escalated_only:
        found = found.where(Complaint.escalated_at.is_not(None))
    if after is not None:
        found = found.where(sa.tuple_(due, Complaint.id) > sa.tuple_(*after))
    return (await unit.session.scalars(found.order_by(due, Complaint.id).limit(limit + 1))).all()


async def done(unit: Unit, *, limit: int = 50) -> Sequence[Complaint]:
    found = sa.select(Complaint).where(
        visible_to(unit.actor), Complaint.state.in_([ComplaintState.ANSWERED, ComplaintState.CLOSED])
    )
    newest = found.order_by(Complaint.made_at.desc(), Complaint.id.desc()).limit(limit)
    return (await unit.session.scalars(newest)).all()


async def count_owed(unit: Unit, *, escalated_only: bool = False) -> tuple[int, int, datetime | None]:
    """How many wait, how many of them late, and the oldest promise."""
    due = next_promise()
    found = sa.select(
        sa.func.count(), sa.func.count().filter(due <= unit.now), sa.func.min(due)
    ).where(visible_to(unit.actor), _OPEN)  # fmt: skip
    if escalated_only:
        found = found.where(Complaint.escalated_at.is_not(None))
    waiting, late, oldest = (await unit.session.execute(found)).one()
    return int(waiting), int(late), oldest


async def open_about(unit: Unit, kind: str, subject_id: UUID) -> Complaint | None:
    """The latest complaint about a thing that the actor may see."""
    found = sa.select(Complaint).where(
        visible_to(unit.actor), Complaint.about == kind, Complaint.about_id == subject_id
    )
    return (await unit.session.scalars(found.order_by(Complaint.made_at.desc()).limit(1))).first()


async def waiting_for_reader(unit: Unit, *, limit: int = 3) -> Sequence[Complaint]:
    """One's own that were answered and may still be reopened."""
    found = sa.select(Complaint).where(
        visible_to(unit.actor), Complaint.state == ComplaintState.ANSWERED, Complaint.reopen_until > unit.now
    )
    return (await unit.session.scalars(found.order_by(Complaint.answered_at.desc()).limit(limit))).all()


async def steps_of(unit: Unit, complaint_id: UUID) -> Sequence[ComplaintStep]:
    found = sa.select(ComplaintStep).where(ComplaintStep.complaint_id == complaint_id)
    return (await unit.session.scalars(found.order_by(ComplaintStep.id))).all()


async def photos_of(unit: Unit, complaint_id: UUID) -> Sequence[ComplaintPhoto]:
    found = sa.select(ComplaintPhoto).where(
        ComplaintPhoto.complaint_id == complaint_id, ComplaintPhoto.state == PhotoState.READY
    )
    return (await unit.session.scalars(found.order_by(ComplaintPhoto.id))).all()


async def photo(unit: Unit, photo_id: UUID, *, lock: bool = False) -> ComplaintPhoto:
    """Raises ComplaintPhotoNotFound."""
    found = sa.select(ComplaintPhoto).where(ComplaintPhoto.id == photo_id)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise ComplaintPhotoNotFound()
    return row


async def count_offers(unit: Unit, complaint_id: UUID, *, since: datetime) -> int:
    found = sa.select(sa.func.count()).where(
        ComplaintPhoto.complaint_id == complaint_id,
        ComplaintPhoto.state == PhotoState.OFFERED,
        ComplaintPhoto.offered_at > since,
    )
    return int(await unit.session.scalar(found) or 0)


async def unswept(unit: Unit, *, before: datetime, limit: int = 200) -> Sequence[ComplaintPhoto]:
    found = sa.select(ComplaintPhoto).where(
        ComplaintPhoto.swept_at.is_(None), ComplaintPhoto.offered_at < before
    )
    return (await unit.session.scalars(found.order_by(ComplaintPhoto.offered_at).limit(limit))).all()
