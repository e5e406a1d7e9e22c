"""What happens unasked: telling hospitals, asking them, and the clocks of bills."""

from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Periodic
from telehealth.outpatient import arriving, asking, paying, telling
from telehealth.outpatient.noting import REMINDER

tasks = (telling.tell_hospital, asking.remind, arriving.leave_queue)
periodic = (
    Periodic("outpatient.tell", 10, telling.tell_round),
    Periodic("outpatient.pharmacies", 30, asking.ask_pharmacies),
    Periodic("outpatient.after_visits", 120, asking.ask_after_visits),
    Periodic("outpatient.called_off", 300, asking.ask_after_confirmed),
)
deadlines = (
    DeadlineKind(REMINDER, asking.on_reminder),
    DeadlineKind(paying.PAY_BY, paying.on_pay_by),
)
