"""Whose money is it? As SQL for lists and as a boolean for one row; they must agree."""

import sqlalchemy as sa

from telehealth.core.access import Actor, Permission
from telehealth.payments.models import Charge, PayOrder, Refund

#: Staff who may see what somebody paid: finance, its head, and whoever takes the money.
_MONEY = (Permission.SEE_MONEY, Permission.TAKE_CASH)


def visible_to(
    actor: Actor, kind: type[Charge] | type[PayOrder] | type[Refund] = Charge
) -> sa.ColumnElement[bool]:
    if actor.is_staff:
        if any(actor.may(permission) for permission in _MONEY):
            return kind.hospital_id == actor.hospital
        return sa.false()
    if actor.account_id is not None:
        return kind.account_id == actor.account_id
    return sa.false()


def may_see(actor: Actor, row: Charge | PayOrder | Refund) -> bool:
    if actor.is_staff:
        allowed = any(actor.may(permission) for permission in _MONEY)
        return allowed and row.hospital_id == actor.hospital_id
    return actor.account_id is not None and row.account_id == actor.account_id
