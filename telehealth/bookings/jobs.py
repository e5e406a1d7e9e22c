"""Deadlines, tasks and housekeeping of bookings."""

from telehealth.bookings.releasing import HOLD, lapse_hold
from telehealth.bookings.returning import give_back_to_payer
from telehealth.bookings.sweeping import sweep_at_midnight
from telehealth.bookings.verifying import verify_booking, verify_pending
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Periodic

deadlines = (DeadlineKind(HOLD, lapse_hold),)
tasks = (verify_booking, give_back_to_payer)
periodic = (
    Periodic("bookings.verify_pending", 60, verify_pending),
    # Every process looks; a batch that another works on is skipped.
    Periodic("bookings.sweep_unattended", 20, sweep_at_midnight),
)
