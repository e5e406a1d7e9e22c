"""Whose bill is it, whose place in a queue? As SQL for lists and as a boolean for one row: they agree."""

import sqlalchemy as sa

from telehealth.core.access import Actor, Permission
from telehealth.outpatient.models import OutpatientBill, QueueTicket
from telehealth.patients import LinkState, PatientLink


def visible_bills(actor: Actor) -> sa.ColumnElement[bool]:
    """Of everybody the account acts for; to staff who answer for the money."""
    if actor.is_staff:
        if actor.may(Permission.SEE_MONEY):
            return OutpatientBill.hospital_id == actor.hospital
        return sa.false()
    if actor.account_id is None:
        return sa.false()
    family = sa.select(PatientLink.person_id).where(
        PatientLink.account_id == actor.account_id, PatientLink.state == LinkState.ACTIVE
    )
    return OutpatientBill.person_id.in_(family)


def visible_tickets(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.is_staff:
        if actor.may(Permission.SEE_CLINICS):
            return QueueTicket.hospital_id == actor.hospital
        return sa.false()
    if actor.account_id is not None:
        return QueueTicket.account_id == actor.account_id
    return sa.false()


def may_see_ticket(actor: Actor, ticket: QueueTicket) -> bool:
    if actor.is_staff:
        return actor.may(Permission.SEE_CLINICS) and ticket.hospital_id == actor.hospital_id
    return actor.account_id is not None and ticket.account_id == actor.account_id
