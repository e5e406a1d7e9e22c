"""Send money whose own way back is blocked to another card of the payer's.

Staff ask for it; the provider keeps the same refund under the same number. Whoever dies in between
leaves a leg that is asked about a minute later: it is under way then, or parked as before.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.errors import Refused
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.payments import statements
from telehealth.payments.errors import RefundNotBlocked
from telehealth.payments.ports import BankCard, Providers
from telehealth.payments.states import LegEvent, LegKind, LegState
from telehealth.payments.submitting import look_at_refund
from telehealth.payments.walking import BLOCKED, follow_legs, lock_road

__all__ = ["send_elsewhere"]

#: Wall time until the sender asks about it by itself.
_LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Blocked:
    """What the provider must be told of a leg besides the card."""

    hospital: str
    party: str
    number: str
    party_number: str


async def send_elsewhere(units: Units, actor: Actor, refund_id: UUID, card: BankCard) -> None:
    """The cash of a refund that is parked as abnormal goes to this card, which nobody here keeps.

    Raises:
        RefundNotFound, RefundNotBlocked: nothing to send.
        ProviderRefused: not to this card; it is parked as before.
        ProviderDown, ProviderBusy: nothing is known; it is asked about soon.
    """
    async with units.of(actor) as unit:
        blocked = await _take_up(unit, refund_id)
    point("refund.sent.before_call")
    try:
        await units.port(Providers)[blocked.party].refund_elsewhere(
            blocked.hospital, blocked.number, blocked.party_number, card=card
        )
    except Refused:
        await look_at_refund(units, blocked.number)
        raise
    point("refund.sent.after_call")
    # What became of it is asked for, as always.
    await look_at_refund(units, blocked.number)


async def _take_up(unit: Unit, refund_id: UUID) -> _Blocked:
    road = await lock_road(unit, refund_id)
    blocked = [leg for leg in road.legs if leg.state is LegState.PARKED and leg.word == BLOCKED]
    leg = next((leg for leg in blocked if leg.kind is LegKind.CASH), None)
    if leg is None or leg.party_number is None:
        raise RefundNotBlocked()
    due = await statements.cash_leg(unit, road.refund.number)
    if due is None:
        raise RefundNotBlocked()
    leg.apply(LegEvent.RETRY)
    leg.next_at, leg.word = unit.wall + _LEASE, None
    follow_legs(unit, road.refund, road.legs)
    unit.audit("refund.sent_elsewhere", road.refund, number=road.refund.number, amount=leg.amount)
    unit.step("refund.retried")
    return _Blocked(due.hospital, leg.party, road.refund.number, leg.party_number)
