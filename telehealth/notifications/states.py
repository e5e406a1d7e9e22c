"""What a notice is about, and how far a text message got."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class Topic(StrEnum):
    """What a person may silence on their phone; the inbox always keeps everything."""

    BOOKINGS = "bookings"
    PEOPLE = "people"
    CONDUCT = "conduct"
    WORK = "work"


TOPIC_LABELS = {
    Topic.BOOKINGS: N_("预约与就诊"),
    Topic.PEOPLE: N_("就诊人与授权"),
    Topic.CONDUCT: N_("爽约与限制"),
    Topic.WORK: N_("工作事项"),
}


class DeliveryState(StrEnum):
    QUEUED = "queued"
    #: The carrier has it; whether it arrived comes later, if ever.
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    #: This number gets none: blocked, wrong, or over its limit of the day.
    REFUSED = "refused"
    #: Not wanted, no phone, or no approved template.
    SKIPPED = "skipped"


class DeliveryEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    SKIP = "skip"
    ARRIVE = "arrive"
    FAIL = "fail"


S, E = DeliveryState, DeliveryEvent

DELIVERY = Machine(
    "delivery",
    S.QUEUED,
    {
        (S.QUEUED, E.ACCEPT): S.ACCEPTED,
        (S.QUEUED, E.REFUSE): S.REFUSED,
        (S.QUEUED, E.SKIP): S.SKIPPED,
        (S.ACCEPTED, E.ARRIVE): S.DELIVERED,
        (S.ACCEPTED, E.FAIL): S.UNDELIVERED,
    },
)
