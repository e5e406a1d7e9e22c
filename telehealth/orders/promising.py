"""Rows of bookings and payments as the facts that promises are made of."""

from collections.abc import Sequence
from datetime import datetime

from telehealth.bookings import Booking
from telehealth.core.promises import Part, Promise
from telehealth.orders.rules import RefundFacts, VisitFacts, refund_promises
from telehealth.payments import LegState, RefundLeg, RefundReason, RefundState, RefundSteps
from telehealth.payments.wording import HAND_OUT, LEG_KINDS, LEG_STATES, REFUND_REASONS
from telehealth.rulebook.rules import Channel, ClinicKind


def visit_facts(booking: Booking, *, paid_at: datetime | None) -> VisitFacts:
    """`paid_at` is when its charge was settled."""
    return VisitFacts(
        state=booking.state,
        is_online=booking.kind is ClinicKind.INTERNET,
        at_desk=booking.channel is not Channel.ONLINE,
        is_pending=booking.pending_verification,
        day=booking.day,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        hold_until=booking.hold_until,
        fee=booking.fee,
        paid_at=paid_at,
        attended_at=booking.attended_at,
        ended_at=booking.ended_at,
        reason=booking.reason or "",
        is_calling=booking.call_since is not None,
    )


def refunds_promised(refunds: Sequence[RefundSteps], now: datetime, *, submit_minutes: int) -> list[Promise]:
    """GD05, for whoever shows money that goes back."""
    return refund_promises([_facts(steps) for steps in refunds], now, submit_minutes=submit_minutes)


def _facts(steps: RefundSteps) -> RefundFacts:
    refund = steps.refund
    return RefundFacts(
        why=REFUND_REASONS[refund.reason],
        amount=refund.amount,
        requested_at=refund.requested_at,
        submitted_at=refund.submitted_at,
        settled_at=refund.settled_at,
        expected_by=refund.expected_by,
        is_parked=refund.state is RefundState.PARKED,
        is_automatic=refund.reason is RefundReason.UNATTENDED,
        parts=tuple(_part(leg) for leg in steps.legs),
        href=f"/refunds/{refund.id}",
    )


def _part(leg: RefundLeg) -> Part:
    label = HAND_OUT if leg.party == "desk" else LEG_KINDS[leg.kind]
    return Part(
        label, LEG_STATES[leg.state], leg.amount, leg.state is LegState.SETTLED, leg.settled_at or leg.sent_at
    )
