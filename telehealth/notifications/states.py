"""What a notice is about, and how far it got on its way to a phone."""

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


class Channel(StrEnum):
    """A way to somebody's phone. The inbox is none: it always has everything."""

    #: A message of the mini-program: one for each time its reader agreed to one.
    SUBSCRIBE = "subscribe"
    #: A message of the service account, to those who follow it.
    TEMPLATE = "template"
    SMS = "sms"


#: The deadline of a delivery: go on climbing then.
CLIMB = "notifications.climb"

#: Both arrive in the same app: who does not see the one does not see the other.
WECHAT = frozenset({Channel.SUBSCRIBE, Channel.TEMPLATE})

CHANNEL_LABELS = {
    Channel.SUBSCRIBE: N_("微信订阅消息"),
    Channel.TEMPLATE: N_("微信服务号消息"),
    Channel.SMS: N_("短信"),
}


class DeliveryState(StrEnum):
    """How far a notice got towards a phone, over all channels."""

    OPEN = "open"
    #: A channel confirmed it, or its reader opened it in the inbox meanwhile.
    ARRIVED = "arrived"
    #: Every channel there was refused it or failed.
    UNREACHED = "unreached"
    #: Not wanted, no phone, or no approved template.
    SKIPPED = "skipped"


class DeliveryEvent(StrEnum):
    CONFIRM = "confirm"
    EXHAUST = "exhaust"
    SKIP = "skip"


S, E = DeliveryState, DeliveryEvent

DELIVERY = Machine(
    "delivery",
    S.OPEN,
    {
        (S.OPEN, E.CONFIRM): S.ARRIVED,
        (S.OPEN, E.EXHAUST): S.UNREACHED,
        (S.OPEN, E.SKIP): S.SKIPPED,
        # A report that comes after we gave up.
        (S.UNREACHED, E.CONFIRM): S.ARRIVED,
    },
)


class RungState(StrEnum):
    """How far one channel got."""

    QUEUED = "queued"
    #: Somebody hands it over this moment, or died doing so: it may be out.
    SENDING = "sending"
    #: The carrier has it; whether it arrived comes later, if ever.
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    #: This reader gets none there: blocked, wrong, no consent left, or over a limit.
    REFUSED = "refused"
    #: Nothing was heard in time, so the next channel was asked.
    SILENT = "silent"


class RungEvent(StrEnum):
    CLAIM = "claim"
    PUT_BACK = "put_back"
    ACCEPT = "accept"
    REFUSE = "refuse"
    ARRIVE = "arrive"
    FAIL = "fail"
    GIVE_UP = "give_up"


R, V = RungState, RungEvent

RUNG = Machine(
    "rung",
    R.QUEUED,
    {
        (R.QUEUED, V.CLAIM): R.SENDING,
        (R.SENDING, V.CLAIM): R.SENDING,
        (R.SENDING, V.PUT_BACK): R.QUEUED,
        (R.SENDING, V.ACCEPT): R.ACCEPTED,
        (R.SENDING, V.REFUSE): R.REFUSED,
        (R.SENDING, V.GIVE_UP): R.SILENT,
        (R.ACCEPTED, V.ARRIVE): R.DELIVERED,
        (R.ACCEPTED, V.FAIL): R.UNDELIVERED,
        (R.ACCEPTED, V.GIVE_UP): R.SILENT,
        # Its answer comes after all.
        (R.SILENT, V.ACCEPT): R.SILENT,
        (R.SILENT, V.ARRIVE): R.DELIVERED,
        (R.SILENT, V.FAIL): R.UNDELIVERED,
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
    COMES_OF_AGE = "comes_of_age"
    CAME_OF_AGE = "came_of_age"
    VISITS_PASSED_ON = "visits_passed_on"
    EXPORT_READY = "export_ready"
    DATA_REQUEST_ANSWERED = "data_request_answered"
    FAMILY_BOUND = "family_bound"
    FAMILY_PAYER_BOUND = "family_payer_bound"
    FAMILY_REFUSED = "family_refused"
    FAMILY_LATE = "family_late"
    FAMILY_LAPSED = "family_lapsed"
    FAMILY_ENDED = "family_ended"
    FAMILY_PAYER_ENDED = "family_payer_ended"
    IDENTITY_REFUSED = "identity_refused"
    STRIKE_GIVEN = "strike_given"
    STRIKE_LIFTED = "strike_lifted"
    BAN_STARTED = "ban_started"
    APPEAL_DECLINED = "appeal_declined"
    CREDENTIAL_EXPIRING = "credential_expiring"
    CREDENTIAL_EXPIRED = "credential_expired"
    DAILY_REPORT = "daily_report"
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
    RATING_ASKED = "rating_asked"
    COMPLAINT_RECEIVED = "complaint_received"
    COMPLAINT_TAKEN = "complaint_taken"
    COMPLAINT_REPLIED = "complaint_replied"
    COMPLAINT_ANSWERED = "complaint_answered"
    COMPLAINT_LATE = "complaint_late"
    RX_REACTION_RECEIVED = "rx_reaction_received"
    RX_REACTION_TO_ASSESS = "rx_reaction_to_assess"
    RX_REACTION_REPORTED = "rx_reaction_reported"
    RX_REACTION_LATE = "rx_reaction_late"
    RX_REACTION_ASSESSED = "rx_reaction_assessed"
    BILL_READY = "bill_ready"
    BILL_REMINDED = "bill_reminded"
    BILL_PAID = "bill_paid"
    BILL_WINDOW = "bill_window"
    BILL_MEDICINE_READY = "bill_medicine_ready"
    BILL_RETURNED = "bill_returned"
    QUEUE_NEAR = "queue_near"
    QUEUE_CALLED = "queue_called"
    QUEUE_REQUEUED = "queue_requeued"
    QUEUE_MISSED = "queue_missed"
