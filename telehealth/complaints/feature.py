from telehealth.complaints import api, models, pages
from telehealth.complaints.audit_words import WORDS
from telehealth.complaints.contributing import booking_actions, me_links, patient_home, supervision, worklist
from telehealth.complaints.measuring import MEASURING
from telehealth.complaints.own_topics import TOPICS
from telehealth.complaints.photographing import sweep_photos
from telehealth.complaints.promising import order_promises
from telehealth.complaints.watching import ANSWER, LAPSE, REPLY, answer_is_late, lapse, reply_is_late
from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_

__all__ = ["feature", "models"]

feature = Feature(
    name="complaints",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.complaints",
    deadlines=(
        DeadlineKind(REPLY, reply_is_late),
        DeadlineKind(ANSWER, answer_is_late),
        DeadlineKind(LAPSE, lapse),
    ),
    periodic=(Periodic("complaints.sweep_photos", 3600, sweep_photos),),
    rail=(RailLink("/staff/complaints", "megaphone", N_("投诉"), Permission.HANDLE_COMPLAINTS, 68),),
    contributions=(
        ("audit_words", WORDS),
        *(("complaint_topic", topic) for topic in TOPICS),
        ("patient_home", patient_home),
        ("me", me_links),
        ("booking_actions", booking_actions),
        ("metrics", MEASURING),
        ("worklist", worklist),
        ("order_promises", order_promises),
        ("supervision", supervision),
    ),
)
