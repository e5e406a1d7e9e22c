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


class Notice(StrEnum):
    """What a hospital tells people of its own accord; the words are in `notices`."""

    BOOKING_HELD = "booking_held"
    BOOKING_PENDING = "booking_pending"
    BOOKING_VERIFIED = "booking_verified"
    BOOKING_REFUSED = "booking_refused"
    BOOKING_RELEASED = "booking_released"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_UNATTENDED = "booking_unattended"
    BOOKING_WITHDRAWN = "booking_withdrawn"
    BOOKING_INELIGIBLE = "booking_ineligible"
    CLINIC_CLOSED = "clinic_closed"
    CHARGE_PAID = "charge_paid"
    CHARGE_SPLIT = "charge_split"
    REFUND_REQUESTED = "refund_requested"
    REFUND_SETTLED = "refund_settled"
    CARD_BOUND = "card_bound"
    IDENTITY_VERIFIED = "identity_verified"
    GUARDIANSHIP_ACCEPTED = "guardianship_accepted"
    GUARDIANSHIP_REFUSED = "guardianship_refused"
    CONSENT_ASKED = "consent_asked"
    CONSENT_GRANTED = "consent_granted"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PERSON_LINKED = "person_linked"
    LINK_ENDED = "link_ended"
    IDENTITY_REFUSED = "identity_refused"
    STRIKE_GIVEN = "strike_given"
    STRIKE_LIFTED = "strike_lifted"
    BAN_STARTED = "ban_started"
    APPEAL_DECLINED = "appeal_declined"
    CREDENTIAL_EXPIRING = "credential_expiring"
    CREDENTIAL_EXPIRED = "credential_expired"
    ROOM_URGENT = "room_urgent"
    DOCTOR_WROTE = "doctor_wrote"
    DOCTOR_ADMITTED = "doctor_admitted"
    PATIENT_REMINDED = "patient_reminded"
    VISIT_CONCLUDED = "visit_concluded"
    VISIT_UNFINISHED = "visit_unfinished"
    DOCTOR_NUDGED = "doctor_nudged"
    NOTE_OVERDUE = "note_overdue"
    COLLEAGUE_INVITED = "colleague_invited"
    FOLLOW_UP_DUE = "follow_up_due"
    RX_TO_REVIEW = "rx_to_review"
    RX_REVIEW_LATE = "rx_review_late"
    RX_RETURNED = "rx_returned"
    RX_REFUSED = "rx_refused"
    RX_NOT_PASSED = "rx_not_passed"
    RX_PAYABLE = "rx_payable"
    RX_REMINDED = "rx_reminded"
    RX_WINDOW = "rx_window"
    RX_EXPIRED = "rx_expired"
    RX_EXPIRED_UNPAID = "rx_expired_unpaid"
    RX_UNDONE = "rx_undone"
    RX_CANCELLED = "rx_cancelled"
    RX_READY = "rx_ready"
    RX_CALLED = "rx_called"
    RX_MOVED = "rx_moved"
    RX_HANDED_OVER = "rx_handed_over"
    RX_DELIVERED = "rx_delivered"
    RX_PARCEL_REFUSED = "rx_parcel_refused"
    RX_PARCEL_RETURNED = "rx_parcel_returned"
    RX_RECALLED = "rx_recalled"
