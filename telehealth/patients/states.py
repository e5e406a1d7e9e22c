"""Links, reviews and face checks: their states, and the words people read for them."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class LinkState(StrEnum):
    #: Added, but a consent or a proof is missing: nothing of the person is shown yet.
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class LinkEvent(StrEnum):
    CONSENT = "consent"
    END = "end"


LINK: Machine[LinkState, LinkEvent] = Machine(
    "patient_link",
    LinkState.PENDING,
    {
        (LinkState.PENDING, LinkEvent.CONSENT): LinkState.ACTIVE,
        (LinkState.PENDING, LinkEvent.END): LinkState.ENDED,
        (LinkState.ACTIVE, LinkEvent.END): LinkState.ENDED,
    },
)


class CardState(StrEnum):
    BOUND = "bound"
    UNBOUND = "unbound"


class CardKind(StrEnum):
    VISIT = "visit"
    INSURANCE = "insurance"


CARD_LABELS = {CardKind.VISIT: N_("就诊卡"), CardKind.INSURANCE: N_("医保卡（社保卡）")}


class Verifier(StrEnum):
    """Who vouched that name and document belong together."""

    AUTHORITY = "authority"
    HIS = "his"
    COUNTER = "counter"


class Purpose(StrEnum):
    """What a consent is for; each has a text of its own."""

    IDENTITY_CHECK = "identity_check"
    FACE_CHECK = "face_check"
    ACT_FOR_ADULT = "act_for_adult"
    GUARDIANSHIP = "guardianship"
    CHILD_DATA = "child_data"
    #: Other hospitals may be asked for medicines in use when a sheet is written (REG 47, 56).
    MEDICINE_CHECK = "medicine_check"
    #: Somebody's insured account may pay for this person (GS01).
    FAMILY_PAYING = "family_paying"
    #: Below 14: the guardian's own word for what the family account keeps of the child (GS05).
    FAMILY_CHILD = "family_child"
    #: Whoever pays may read what was dispensed, not only what it cost (GS01).
    BILL_DETAILS = "bill_details"


class ReviewKind(StrEnum):
    #: The paper itself: a passport or permit that no authority answers for.
    DOCUMENT = "document"
    #: An adult's consent, given at the counter.
    ADULT_CONSENT = "adult_consent"
    GUARDIANSHIP = "guardianship"
    #: The hospital has several records under one card, or the card's owner is in doubt.
    CARD = "card"


REVIEW_LABELS = {
    ReviewKind.DOCUMENT: N_("证件核验"),
    ReviewKind.ADULT_CONSENT: N_("本人同意（窗口）"),
    ReviewKind.GUARDIANSHIP: N_("监护关系核验"),
    ReviewKind.CARD: N_("就诊卡人工核对"),
}


class ReviewState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    #: The account gave the person up before anybody decided.
    DROPPED = "dropped"


class ReviewEvent(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    DROP = "drop"


REVIEW: Machine[ReviewState, ReviewEvent] = Machine(
    "identity_review",
    ReviewState.OPEN,
    {
        (ReviewState.OPEN, ReviewEvent.APPROVE): ReviewState.APPROVED,
        (ReviewState.OPEN, ReviewEvent.REFUSE): ReviewState.REFUSED,
        (ReviewState.OPEN, ReviewEvent.DROP): ReviewState.DROPPED,
    },
)


class FaceState(StrEnum):
    STARTED = "started"
    PASSED = "passed"
    FAILED = "failed"


class Looked(StrEnum):
    """What of a person somebody of the hospital looked at."""

    FILE = "file"
    PRESCRIPTION = "prescription"
    DISPATCH = "dispatch"
    BOOKING = "booking"
    IDENTITY = "identity"


class Recipient(StrEnum):
    """Who outside the hospital is told something of a person (REG57)."""

    COURIER = "courier"
    PHARMACY = "pharmacy"
    INSURER = "insurer"
    IDENTITY_CHECKER = "identity_checker"
    #: The vendor of the face check, where the picture goes from the phone.
    FACE_CHECKER = "face_checker"
    #: The bank, by way of whoever asks it.
    BANK_CHECKER = "bank_checker"
    #: A hospital's own record system, when it is asked whether it knows somebody.
    RECORD_SYSTEM = "record_system"


class DataKind(StrEnum):
    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    DOCUMENT = "document"
    SHEET = "sheet"
    COSTS = "costs"
    DIAGNOSIS = "diagnosis"
    FACE = "face"
    BANK_CARD = "bank_card"


#: What each is told, and not a word more (REG57): a courier never learns what is in the parcel.
TOLD: dict[Recipient, tuple[DataKind, ...]] = {
    Recipient.COURIER: (DataKind.NAME, DataKind.PHONE, DataKind.ADDRESS),
    Recipient.PHARMACY: (DataKind.NAME, DataKind.SHEET),
    Recipient.INSURER: (DataKind.NAME, DataKind.DOCUMENT, DataKind.COSTS, DataKind.DIAGNOSIS),
    Recipient.IDENTITY_CHECKER: (DataKind.NAME, DataKind.DOCUMENT),
    Recipient.FACE_CHECKER: (DataKind.NAME, DataKind.DOCUMENT, DataKind.FACE),
    Recipient.BANK_CHECKER: (DataKind.NAME, DataKind.DOCUMENT, DataKind.BANK_CARD, DataKind.PHONE),
    Recipient.RECORD_SYSTEM: (DataKind.NAME, DataKind.DOCUMENT),
}
