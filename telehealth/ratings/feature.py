from telehealth.bookings.events import BookingCompleted
from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.ratings import api, models, pages
from telehealth.ratings.asking import on_completed
from telehealth.ratings.audit_words import WORDS
from telehealth.ratings.contributing import booking_actions, doctor_scores, patient_home, worklist
from telehealth.ratings.tallying import MIDNIGHT, count_anew, tally

__all__ = ["feature", "models"]

feature = Feature(
    name="ratings",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    tasks=(tally,),
    deadlines=(DeadlineKind(MIDNIGHT, count_anew),),
    templates="telehealth.ratings",
    subscriptions=((BookingCompleted, on_completed),),
    rail=(
        RailLink("/staff/ratings", "star", N_("我的评价"), Permission.CONSULT, 90),
        RailLink("/staff/rating-words", "star", N_("评价留言"), Permission.HANDLE_COMPLAINTS, 69),
    ),
    contributions=(
        ("audit_words", WORDS),
        ("patient_home", patient_home),
        ("booking_actions", booking_actions),
        ("doctor_scores", doctor_scores),
        ("worklist", worklist),
    ),
)
