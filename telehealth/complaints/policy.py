"""Whose complaint is it? As SQL for lists and as a boolean for one row; they must agree."""

import sqlalchemy as sa

from telehealth.complaints.models import Complaint
from telehealth.core.access import Actor, Permission


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.is_staff:
        if actor.may(Permission.HANDLE_COMPLAINTS):
            return Complaint.hospital_id == actor.hospital
        return sa.false()
    if actor.account_id is not None:
        return Complaint.account_id == actor.account_id
    return sa.false()


def may_see(actor: Actor, row: Complaint) -> bool:
    if actor.is_staff:
        return actor.may(Permission.HANDLE_COMPLAINTS) and row.hospital_id == actor.hospital_id
    return actor.account_id is not None and row.account_id == actor.account_id
