"""Whose booking is it? As SQL for lists and as a boolean for one row; they must agree."""

import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.core.access import Actor, Permission


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.is_staff:
        if actor.may(Permission.SEE_CLINICS):
            return Booking.hospital_id == actor.hospital
        return sa.false()
    if actor.account_id is not None:
        return Booking.account_id == actor.account_id
    return sa.false()


def may_see(actor: Actor, booking: Booking) -> bool:
    if actor.is_staff:
        return actor.may(Permission.SEE_CLINICS) and booking.hospital_id == actor.hospital_id
    return actor.account_id is not None and booking.account_id == actor.account_id
