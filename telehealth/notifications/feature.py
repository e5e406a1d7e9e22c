"""What notifications offer: the inbox, the ways to a phone, the carriers' reports."""

from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.notifications import api, doors, pages
from telehealth.notifications.audit_words import WORDS
from telehealth.notifications.delivering import climb_on, deliver_notice
from telehealth.notifications.measuring import MEASURING
from telehealth.notifications.reading import unread
from telehealth.notifications.receiving_receipts import forget_receipts
from telehealth.notifications.states import CLIMB

feature = Feature(
    name="notifications",
    api=tuple(api.routes),
    pages=(*pages.routes, *doors.routes),
    tasks=(deliver_notice,),
    deadlines=(DeadlineKind(CLIMB, climb_on),),
    periodic=(Periodic("notifications.forget_receipts", 86400, forget_receipts),),
    templates="telehealth.notifications",
    rail=(
        RailLink("/staff/deliveries", "send", N_("发送记录"), Permission.TRACE_MESSAGES, order=280),
        RailLink("/staff/messages", "bell", N_("消息"), Permission.STAFF_HOME, order=980),
    ),
    contributions=(("audit_words", WORDS), ("unread", unread), ("metrics", MEASURING)),
)
