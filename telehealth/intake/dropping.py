"""What a helper typed and never sent goes with their word to act (docs/family.md); what was sent moves on."""

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.intake.clearing import remove_files
from telehealth.intake.models import IntakeAttachment, IntakeForm
from telehealth.intake.states import FormState
from telehealth.patients import LinkEnded


async def on_link_ended(unit: Unit, event: LinkEnded) -> None:
    """Called by `LinkEnded`, in its system unit: neither they nor anybody else reads a half-told illness."""
    drafts = (
        await unit.session.scalars(
            sa.select(IntakeForm)
            .where(IntakeForm.account_id == event.account_id, IntakeForm.person_id == event.person_id)
            .where(IntakeForm.state == FormState.DRAFT)
            .with_for_update()
        )
    ).all()
    ids = [draft.id for draft in drafts]
    files = await unit.session.scalars(
        sa.delete(IntakeAttachment).where(IntakeAttachment.form_id.in_(ids)).returning(IntakeAttachment.id)
    )
    for attachment_id in files.all():
        await unit.defer(remove_files, attachment_id=attachment_id)
    for draft in drafts:
        unit.audit("intake.dropped", draft)
        await unit.session.delete(draft)
