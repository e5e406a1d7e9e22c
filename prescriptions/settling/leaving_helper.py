"""A sheet a helper was about to pay for, once they may no longer act for the patient (docs/family.md)."""

import sqlalchemy as sa

from prescriptions.settling.models import Fulfilment
from prescriptions.settling.queries import lock_sheet
from prescriptions.states import FulfilmentState
from telehealth.core.unit import Unit
from telehealth.patients import LinkEnded
from telehealth.payments.settling import close_charge


async def on_link_ended(unit: Unit, event: LinkEnded) -> None:
    """Their payment is stopped, and what they pay nevertheless goes back; whoever takes over opens another.

    Called by `LinkEnded`, in its system unit, before the sheet itself is passed on.
    """
    found = sa.select(Fulfilment.id).where(
        Fulfilment.account_id == event.account_id,
        Fulfilment.person_id == event.person_id,
        Fulfilment.state == FulfilmentState.OPEN,
        Fulfilment.charge_id.is_not(None),
    )
    for prescription_id in (await unit.session.scalars(found.order_by(Fulfilment.id))).all():
        row = (await lock_sheet(unit, prescription_id)).fulfilment
        if row is None or row.state is not FulfilmentState.OPEN or row.charge_id is None:
            continue
        if await close_charge(unit, row.charge_id):
            row.charge_id = None
