"""A booking's life, and what may be done in each part of it."""

from enum import StrEnum

from telehealth.core.machine import Machine


class BookingState(StrEnum):
    HELD = "held"
    PAID = "paid"
    COMPLETED = "completed"
    RELEASED = "released"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    CLINIC_CLOSED = "clinic_closed"
    UNATTENDED = "unattended"
    INELIGIBLE_AT_ADMISSION = "ineligible_at_admission"
    PATIENT_ABSENT = "patient_absent"
    #: Attended, and no note was ever signed (XY13).
    UNFINISHED = "unfinished"


class BookingEvent(StrEnum):
    PAY = "pay"
    LAPSE = "lapse"
    CANCEL = "cancel"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"
    CLOSE_CLINIC = "close_clinic"
    FIND_UNATTENDED = "find_unattended"
    REFUSE_ADMISSION = "refuse_admission"
    MARK_ABSENT = "mark_absent"
    FIND_UNFINISHED = "find_unfinished"
    #: Paid too late, and the seat was still free.
    RESEAT = "reseat"


class Evidence(StrEnum):
    """What shows that a doctor attended (XY13). Pressing "accept" is none."""

    #: Written by the doctor: no quick reply, no greeting, no form.
    OWN_TEXT = "own_text"
    #: Media from both sides, for as long as the policy asks.
    CALL = "call"
    #: Signed.
    NOTE = "note"
    #: An offline registration, seen in person, as the service desk says.
    VISIT = "visit"


class Ending(StrEnum):
    """Why a held seat was released."""

    UNPAID = "unpaid"
    #: The hospital's system stayed silent until the last moment (XY24).
    UNVERIFIED = "unverified"
    NOT_ELIGIBLE = "not_eligible"
    #: Whoever booked may no longer act for the patient.
    HELPER_LEFT = "helper_left"


#: Why a doctor withdrew, as a code; in words it is health text and kept sealed.
UNSUITABLE = "unsuitable"
#: Why a visit ended that the patient, or the doctor's note, never came to.
ABSENT, NO_NOTE = "absent", "no_note"

S, E = BookingState, BookingEvent

BOOKING = Machine(
    "booking",
    S.HELD,
    {
        (S.HELD, E.PAY): S.PAID,
        (S.HELD, E.LAPSE): S.RELEASED,
        (S.HELD, E.CANCEL): S.CANCELLED,
        (S.HELD, E.CLOSE_CLINIC): S.CLINIC_CLOSED,
        (S.RELEASED, E.RESEAT): S.PAID,
        (S.PAID, E.COMPLETE): S.COMPLETED,
        (S.PAID, E.CANCEL): S.CANCELLED,
        (S.PAID, E.WITHDRAW): S.WITHDRAWN,
        (S.PAID, E.CLOSE_CLINIC): S.CLINIC_CLOSED,
        (S.PAID, E.FIND_UNATTENDED): S.UNATTENDED,
        (S.PAID, E.REFUSE_ADMISSION): S.INELIGIBLE_AT_ADMISSION,
        (S.PAID, E.MARK_ABSENT): S.PATIENT_ABSENT,
        (S.PAID, E.FIND_UNFINISHED): S.UNFINISHED,
    },
)

#: States that hold a seat. One such booking per clinic and patient.
LIVE = frozenset({S.HELD, S.PAID})
