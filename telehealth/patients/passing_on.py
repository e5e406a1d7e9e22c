"""Who takes over from somebody who no longer acts for a person (docs/family.md, ADR 0008).

Rows of a person lie with the account that acts for them. When that ends they go, in one step and in
every table, to the person's own account; without one to whoever else acts for them, and otherwise to
the hospital alone. So no page, socket or file needs to ask again: they are not that account's any more.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.notifications.forgetting import forget_links
from telehealth.patients import queries
from telehealth.patients.masking import mask_name
from telehealth.patients.models import PatientLink
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState

#: What somebody was just writing when the link ended is passed on as late as this.
LATE_FOR = timedelta(days=2)
REASON = "ended family links"


async def taker_of(unit: Unit, person_id: UUID, former: UUID) -> UUID | None:
    """The person's own account, else the first of those who act for them; only in a system unit."""
    found = (
        sa.select(PatientLink.account_id)
        .where(PatientLink.person_id == person_id, PatientLink.account_id != former)
        .where(PatientLink.state == LinkState.ACTIVE)
        .order_by(PatientLink.relation != Relation.SELF, PatientLink.activated_at, PatientLink.id)
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def pass_on(unit: Unit, link: PatientLink, taker: UUID | None) -> int:
    """All that is the person's leaves the account of this ended link. Again changes nothing."""
    await unit.flush()
    moved: list[UUID] | None = await unit.session.scalar(
        sa.select(sa.func.pass_on(link.account_id, link.person_id, taker))
    )
    if not moved:
        return 0
    await forget_links(unit, link.account_id, moved)
    unit.audit("person.passed_on", link, to=taker, rows=len(moved))
    if taker is not None:
        person = mask_name(link.name)
        await notify(unit, Notice.VISITS_PASSED_ON, taker, href="/bookings", person=person)
    return len(moved)


async def pass_on_late(units: Units) -> int:
    """Housekeeping: a message or a sheet that was being written while a link ended goes the same way."""
    passed = 0
    async with units.system(REASON) as unit:
        ended = await unit.session.scalars(
            sa.select(PatientLink)
            .where(PatientLink.state == LinkState.ENDED, PatientLink.relation != Relation.SELF)
            .where(PatientLink.ended_at > unit.now - LATE_FOR)
            .order_by(PatientLink.ended_at)
            .limit(200)
        )
        for link in ended.all():
            if not await queries.acts_for(unit, link.account_id, link.person_id):
                passed += await pass_on(unit, link, await taker_of(unit, link.person_id, link.account_id))
    return passed
