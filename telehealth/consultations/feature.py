from telehealth.bookings.events import BookingPaid, BookingsLeft
from telehealth.consultations import models
from telehealth.consultations.alerting import alert_staff
from telehealth.consultations.chatting import UNREAD, tell_unread
from telehealth.consultations.contributing import worklist
from telehealth.consultations.gate import forget_tickets
from telehealth.consultations.opening import on_left, on_paid
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic

__all__ = ["feature", "models"]

feature = Feature(
    name="consultations",
    tasks=(alert_staff,),
    deadlines=(DeadlineKind(UNREAD, tell_unread),),
    periodic=(Periodic("consultations.forget_tickets", 600, forget_tickets),),
    subscriptions=((BookingPaid, on_paid), (BookingsLeft, on_left)),
    templates="telehealth.consultations",
    contributions=(("worklist", worklist),),
)
