"""Whose sheet is it? As SQL for lists and as a boolean for one row; they must agree."""

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.states import RxState
from telehealth.core.access import Actor, Permission

#: A draft is its doctor's alone, also once it was thrown away.
_SHOWN = tuple(state for state in RxState if state is not RxState.DRAFT)


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """To the patient's account, and to the desk that looks codes up and takes cash."""
    if actor.is_staff:
        if actor.may(Permission.COLLECT_PRESCRIPTIONS):
            return sa.and_(Prescription.hospital_id == actor.hospital, _is_shown())
        return sa.false()
    if actor.account_id is not None:
        return sa.and_(Prescription.account_id == actor.account_id, _is_shown())
    return sa.false()


def _is_shown() -> sa.ColumnElement[bool]:
    return sa.and_(Prescription.state.in_(_SHOWN), Prescription.signed_at.is_not(None))


def may_see(actor: Actor, rx: Prescription) -> bool:
    if rx.state is RxState.DRAFT or rx.signed_at is None:
        return False
    if actor.is_staff:
        return actor.may(Permission.COLLECT_PRESCRIPTIONS) and rx.hospital_id == actor.hospital_id
    return actor.account_id is not None and rx.account_id == actor.account_id


def may_choose(actor: Actor, rx: Prescription) -> None:
    """The patient themselves, or the desk for whoever stands before it.

    Raises PrescriptionNotFound: somebody else's does not exist for them.
    """
    if not may_see(actor, rx):
        raise PrescriptionNotFound()
