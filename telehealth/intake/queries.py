"""Every SELECT of the condition form. Row-level security keeps other people's rows out of sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.intake.errors import AttachmentNotFound, FormNotFound, FormNotSubmitted
from telehealth.intake.models import IntakeAttachment, IntakeForm
from telehealth.intake.states import AttachmentState, FormState
from telehealth.rulebook.rules import ClinicKind


@dataclass(frozen=True, slots=True)
class Errand:
    """Whose phone, for whom, where to, by which door: one draft each."""

    account_id: UUID | None
    person_id: UUID
    department_id: UUID
    kind: ClinicKind


async def form(unit: Unit, form_id: UUID, *, lock: bool = False) -> IntakeForm:
    """One the unit may see. Raises FormNotFound."""
    found = sa.select(IntakeForm).where(IntakeForm.id == form_id, _visible(unit))
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise FormNotFound()
    return row


def _visible(unit: Unit) -> sa.ColumnElement[bool]:
    """The first wall; row-level security is the second."""
    if unit.hospital_id is not None:
        return IntakeForm.hospital_id == unit.hospital_id
    if unit.account_id is not None:
        return IntakeForm.account_id == unit.account_id
    return sa.true()


FORM = Hot(sa.select(IntakeForm).where(IntakeForm.id == sa.bindparam("form_id")))


async def submitted_form(unit: Unit, form_id: UUID) -> IntakeForm:
    """A form ready to go with a booking. Raises FormNotFound, FormNotSubmitted."""
    return ready_form(await seen_form(unit, form_id))


async def seen_form(unit: Unit, form_id: UUID) -> IntakeForm | None:
    """One the unit may see, in whatever state, to look at only."""
    found = await FORM.first(unit, form_id=form_id)
    return found[0] if found and _sees(unit, found[0]) else None


def ready_form(form: IntakeForm | None) -> IntakeForm:
    """Raises FormNotFound, FormNotSubmitted."""
    if form is None:
        raise FormNotFound()
    if form.state is not FormState.SUBMITTED:
        raise FormNotSubmitted()
    return form


def _sees(unit: Unit, row: IntakeForm) -> bool:
    """`_visible`, of a row."""
    if unit.hospital_id is not None:
        return row.hospital_id == unit.hospital_id
    return unit.account_id is None or row.account_id == unit.account_id


async def mark_used(unit: Unit, form_id: UUID) -> tuple[UUID, UUID | None] | None:
    """Use a submitted form; its hospital and account. None when it is none, or not submitted."""
    unit.ahead.clear()
    cursor = unit.cursor_for(_MARK_USED)
    await cursor.execute(_MARK_USED, (form_id,), prepare=True)
    whose: tuple[UUID, UUID | None] | None = await cursor.fetchone()
    return whose


_MARK_USED = b"""
update intake_forms set state = 'used' where id = $1 and state = 'submitted'
returning hospital_id, account_id
"""


async def mark_released(unit: Unit, form_ids: Sequence[UUID]) -> list[tuple[UUID, UUID, UUID | None]]:
    """Free the used ones among them; (form, hospital, account) of each."""
    connection = await unit.connection()
    cursor = await connection.execute(_MARK_RELEASED, (list(form_ids),), prepare=True)
    return await cursor.fetchall()


_MARK_RELEASED = """
update intake_forms set state = 'submitted' where id = any(%s) and state = 'used'
returning id, hospital_id, account_id
"""


async def unsent(unit: Unit, errand: Errand) -> IntakeForm | None:
    """The form of this errand that no booking uses yet, a draft before a submitted one."""
    found = (
        sa.select(IntakeForm)
        .where(IntakeForm.account_id == errand.account_id, IntakeForm.person_id == errand.person_id)
        .where(IntakeForm.department_id == errand.department_id, IntakeForm.kind == errand.kind)
        .where(IntakeForm.state.in_([FormState.DRAFT, FormState.SUBMITTED]))
        .order_by(IntakeForm.state != FormState.DRAFT, IntakeForm.saved_at.desc())
        .limit(1)
        .with_for_update()
    )
    return (await unit.session.scalars(found)).first()


async def latest_sent(unit: Unit, *, account_id: UUID | None, person_id: UUID) -> IntakeForm | None:
    """What this account last sent for this person, wherever."""
    found = (
        sa.select(IntakeForm)
        .where(IntakeForm.account_id == account_id, IntakeForm.person_id == person_id)
        .where(IntakeForm.submitted_at.is_not(None))
        .order_by(IntakeForm.submitted_at.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def attachment(unit: Unit, attachment_id: UUID, *, lock: bool = False) -> IntakeAttachment:
    """One of a form the unit may see, removed ones included. Raises AttachmentNotFound."""
    found = (
        sa.select(IntakeAttachment)
        .join(IntakeForm, IntakeForm.id == IntakeAttachment.form_id)
        .where(IntakeAttachment.id == attachment_id, _visible(unit))
    )
    if lock:
        found = found.with_for_update(of=IntakeAttachment).execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise AttachmentNotFound()
    return row


async def attachments(unit: Unit, form_id: UUID) -> Sequence[IntakeAttachment]:
    """Those that were checked and kept, oldest first."""
    found = sa.select(IntakeAttachment).where(
        IntakeAttachment.form_id == form_id, IntakeAttachment.state == AttachmentState.READY
    )
    return (await unit.session.scalars(found.order_by(IntakeAttachment.id))).all()


async def open_offers(unit: Unit, form_id: UUID, *, since: datetime) -> int:
    """Addresses given out since, that nothing has come of yet."""
    found = sa.select(sa.func.count()).where(
        IntakeAttachment.form_id == form_id,
        IntakeAttachment.state == AttachmentState.OFFERED,
        IntakeAttachment.offered_at >= since,
    )
    return await unit.session.scalar(found) or 0


async def unswept(unit: Unit, *, before: datetime, limit: int = 100) -> Sequence[UUID]:
    """Offered before, and its incoming place not cleared yet."""
    found = sa.select(IntakeAttachment.id).where(
        IntakeAttachment.swept_at.is_(None), IntakeAttachment.offered_at < before
    )
    return (await unit.session.scalars(found.order_by(IntakeAttachment.offered_at).limit(limit))).all()


async def lock_attachments(unit: Unit, attachment_ids: Sequence[UUID]) -> Sequence[IntakeAttachment]:
    found = sa.select(IntakeAttachment).where(IntakeAttachment.id.in_(attachment_ids))
    return (await unit.session.scalars(found.order_by(IntakeAttachment.id).with_for_update())).all()
