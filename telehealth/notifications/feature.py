"""What notifications offer: the inbox, the text messages, the carrier's reports."""

from telehealth.core.access import Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.notifications import api, pages
from telehealth.notifications.delivering import deliver_notice
from telehealth.notifications.reading import unread
from telehealth.notifications.receiving_receipts import forget_receipts

feature = Feature(
    name="notifications",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    tasks=(deliver_notice,),
    periodic=(Periodic("notifications.forget_receipts", 86400, forget_receipts),),
    templates="telehealth.notifications",
    rail=(RailLink("/staff/messages", "bell", N_("消息"), Permission.STAFF_HOME, order=980),),
    contributions=(("unread", unread),),
)
