from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.reactions.errors import ReactionNotFound
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import CLEARED, ReactionState
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The reporter's own; a hospital's to its pharmacists; a sheet's to whoever signed it."""
    if actor.is_staff:
        here = Reaction.hospital_id == actor.hospital
        if actor.may(Permission.REVIEW_PRESCRIPTIONS):
            return here
        return here & (Reaction.doctor_id == actor.account)
    if actor.account_id is not None:
        return Reaction.account_id == actor.account_id
    return sa.false()


async def own_sheet(unit: Unit, prescription_id: UUID) -> Prescription | None:
    """One of the account's."""
    found = sa.select(Prescription).where(
        Prescription.id == prescription_id, Prescription.account_id == unit.actor.account
    )
    return (await unit.session.scalars(found)).first()


async def reaction_of(unit: Unit, reaction_id: UUID, *, lock: bool = False) -> Reaction:
    """One the actor may see. Raises ReactionNotFound."""
    found = sa.select(Reaction).where(Reaction.id == reaction_id, visible_to(unit.actor))
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise ReactionNotFound()
    return row


async def lock_any(unit: Unit, reaction_id: UUID) -> Reaction | None:
    """For deadlines, which act as the house."""
    found = sa.select(Reaction).where(Reaction.id == reaction_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).first()


async def by_draft(unit: Unit, account_id: UUID, draft: UUID) -> Reaction | None:
    found = sa.select(Reaction).where(Reaction.account_id == account_id, Reaction.draft == draft)
    return (await unit.session.scalars(found)).first()


async def reactions_of(
    unit: Unit, *, before: tuple[datetime, UUID] | None = None, limit: int = 20
) -> Sequence[Reaction]:
    """Newest first, one more than `limit` if there are more."""
    found = sa.select(Reaction).where(visible_to(unit.actor))
    if before is not None:
        found = found.where(sa.tuple_(Reaction.made_at, Reaction.id) < sa.tuple_(*before))
    ordered = found.order_by(Reaction.made_at.desc(), Reaction.id.desc()).limit(limit + 1)
    return (await unit.session.scalars(ordered)).all()


async def waiting(unit: Unit, *, limit: int = 50) -> Sequence[Reaction]:
    """Not assessed yet, the oldest promise first."""
    found = sa.select(Reaction).where(visible_to(unit.actor), Reaction.state == ReactionState.REPORTED)
    return (await unit.session.scalars(found.order_by(Reaction.assess_by, Reaction.id).limit(limit))).all()


async def of_sheet(unit: Unit, prescription_id: UUID) -> Sequence[Reaction]:
    found = sa.select(Reaction).where(visible_to(unit.actor), Reaction.prescription_id == prescription_id)
    return (await unit.session.scalars(found.order_by(Reaction.made_at.desc()))).all()


async def reported_drugs(unit: Unit, hospital_id: UUID, person_id: UUID) -> tuple[str, ...]:
    """Codes of the medicines somebody did badly on, as far as no pharmacist cleared them."""
    rows = await unit.session.scalars(
        sa.select(Reaction.drug_codes).where(
            Reaction.hospital_id == hospital_id,
            Reaction.person_id == person_id,
            sa.or_(Reaction.causality.is_(None), Reaction.causality.not_in(sorted(CLEARED))),
        )
    )
    return tuple(sorted({code for codes in rows for code in codes}))
