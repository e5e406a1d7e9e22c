"""A consent that opens nothing by itself: other hospitals may be asked for medicines in use (REG 47, 56)."""

from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.patients import queries
from telehealth.patients.errors import LinkPending
from telehealth.patients.linking_family import record_consent
from telehealth.patients.models import Consent, HospitalPatient
from telehealth.patients.states import LinkState, Purpose


async def permit_medicine_check(unit: Unit, person_id: UUID) -> None:
    """Whoever acts for this person agrees. Again changes nothing. Raises PersonNotFound, LinkPending."""
    link = await queries.link_for(unit, unit.actor.account, person_id, lock=True)
    if link.state is not LinkState.ACTIVE:
        raise LinkPending()
    given = await queries.consents_of(unit, link.id)
    if any(row.purpose is Purpose.MEDICINE_CHECK and row.withdrawn_at is None for row in given):
        return
    record_consent(unit, link, Purpose.MEDICINE_CHECK, given_by="holder")


async def permits_medicine_check(unit: Unit, person_id: UUID) -> bool:
    """Whether anybody who may has agreed and nobody withdrew. A system unit sees them."""
    found = sa.select(Consent.id).where(
        Consent.person_id == person_id,
        Consent.purpose == Purpose.MEDICINE_CHECK,
        Consent.withdrawn_at.is_(None),
        # REG59: where one hospital may only keep, no other hears of it.
        ~sa.exists().where(
            HospitalPatient.person_id == person_id, HospitalPatient.restricted_at.is_not(None)
        ),
    )
    return await unit.session.scalar(found.limit(1)) is not None
