"""Tasks and housekeeping of payments. Whatever a crash left is found by one of these rounds."""

from telehealth.core.feature import Periodic
from telehealth.payments.preparing import forget_old, write_export
from telehealth.payments.settling import look_at_order, look_round
from telehealth.payments.submitting import release_waiting, submit_refunds, submit_round

tasks = (look_at_order, submit_refunds, write_export)
periodic = (
    Periodic("payments.look", 5, look_round),
    Periodic("payments.submit", 5, submit_round),
    Periodic("payments.release_waiting", 60, release_waiting),
    Periodic("payments.forget_exports", 3600, forget_old),
)
