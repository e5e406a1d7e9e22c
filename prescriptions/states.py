"""Lives of a prescription, its path, the pharmacy's work, a recall, a book (docs/prescriptions.md §2)."""

from enum import StrEnum

from telehealth.core.machine import Machine


class SheetKind(StrEnum):
    """Decoction pieces stand on a sheet of their own (REG 26)."""

    WESTERN = "western"
    HERB = "herb"


class RxState(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    PASSED = "passed"
    SPENT = "spent"
    RETURNED = "returned"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOIDED = "voided"


class RxEvent(StrEnum):
    SIGN = "sign"
    PASS = "pass"  # noqa: S105 - what a pharmacist does
    RETURN = "return"
    REFUSE = "refuse"
    REVISE = "revise"
    SPEND = "spend"
    EXPIRE = "expire"
    VOID = "void"
    #: Paid, not packed: the hospital cannot deliver and gives the money back.
    UNDO = "undo"


S, E = RxState, RxEvent

PRESCRIPTION = Machine(
    "prescription",
    S.DRAFT,
    {
        (S.DRAFT, E.SIGN): S.SIGNED,
        (S.SIGNED, E.PASS): S.PASSED,
        (S.SIGNED, E.RETURN): S.RETURNED,
        (S.SIGNED, E.REFUSE): S.REFUSED,
        (S.RETURNED, E.REVISE): S.DRAFT,
        (S.PASSED, E.SPEND): S.SPENT,
        # Nobody reviewed, or nobody paid, by 24:00 of the last day.
        (S.SIGNED, E.EXPIRE): S.EXPIRED,
        (S.RETURNED, E.EXPIRE): S.EXPIRED,
        (S.PASSED, E.EXPIRE): S.EXPIRED,
        (S.DRAFT, E.VOID): S.VOIDED,
        (S.SIGNED, E.VOID): S.VOIDED,
        (S.RETURNED, E.VOID): S.VOIDED,
        (S.PASSED, E.VOID): S.VOIDED,
        (S.SPENT, E.UNDO): S.VOIDED,
    },
)
#: The doctor has put a name under it and it may still reach a patient.
STANDING = frozenset({S.SIGNED, S.RETURNED, S.PASSED, S.SPENT})


class Path(StrEnum):
    COURIER = "courier"
    WINDOW = "window"


class FulfilmentState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    DISPENSED = "dispensed"
    UNDONE = "undone"
    LAPSED = "lapsed"


class FulfilmentEvent(StrEnum):
    PAY = "pay"
    DISPENSE = "dispense"
    UNDO = "undo"
    LAPSE = "lapse"


FULFILMENT = Machine(
    "fulfilment",
    FulfilmentState.OPEN,
    {
        (FulfilmentState.OPEN, FulfilmentEvent.PAY): FulfilmentState.PAID,
        (FulfilmentState.PAID, FulfilmentEvent.DISPENSE): FulfilmentState.DISPENSED,
        (FulfilmentState.PAID, FulfilmentEvent.UNDO): FulfilmentState.UNDONE,
        (FulfilmentState.OPEN, FulfilmentEvent.LAPSE): FulfilmentState.LAPSED,
    },
)


class DispatchState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    PICKED = "picked"
    DECOCTING = "decocting"
    DECOCTED = "decocted"
    CHECKED = "checked"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    LOST = "lost"


class DispatchEvent(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    PICK = "pick"
    START_DECOCTING = "start_decocting"
    FINISH_DECOCTING = "finish_decocting"
    CHECK = "check"
    #: The second person found something wrong: picked anew.
    REJECT = "reject"
    PACK = "pack"
    HAND_OVER = "hand_over"
    COLLECT = "collect"
    DELIVER = "deliver"
    RETURN = "return"
    LOSE = "lose"
    #: By the house itself, and only before decocting and packing.
    CANCEL = "cancel"
    #: By a person who decides what is given back.
    ABANDON = "abandon"
    SEND_AGAIN = "send_again"


D, V = DispatchState, DispatchEvent

DISPATCH = Machine(
    "dispatch_order",
    D.WAITING,
    {
        (D.WAITING, V.CLAIM): D.CLAIMED,
        (D.CLAIMED, V.RELEASE): D.WAITING,
        (D.CLAIMED, V.PICK): D.PICKED,
        (D.PICKED, V.START_DECOCTING): D.DECOCTING,
        (D.DECOCTING, V.FINISH_DECOCTING): D.DECOCTED,
        (D.PICKED, V.CHECK): D.CHECKED,
        (D.DECOCTED, V.CHECK): D.CHECKED,
        (D.PICKED, V.REJECT): D.CLAIMED,
        (D.CHECKED, V.PACK): D.PACKED,
        (D.PACKED, V.HAND_OVER): D.HANDED_OVER,
        (D.PACKED, V.COLLECT): D.COLLECTED,
        (D.HANDED_OVER, V.DELIVER): D.DELIVERED,
        (D.HANDED_OVER, V.RETURN): D.RETURNED,
        (D.HANDED_OVER, V.LOSE): D.LOST,
        # A parcel said to be delivered came back after all.
        (D.DELIVERED, V.RETURN): D.RETURNED,
        # A lost one turned up.
        (D.LOST, V.DELIVER): D.DELIVERED,
        (D.LOST, V.RETURN): D.RETURNED,
        (D.RETURNED, V.SEND_AGAIN): D.PACKED,
        (D.WAITING, V.CANCEL): D.CANCELLED,
        (D.CLAIMED, V.CANCEL): D.CANCELLED,
        (D.PICKED, V.CANCEL): D.CANCELLED,
        (D.CHECKED, V.CANCEL): D.CANCELLED,
        (D.DECOCTING, V.ABANDON): D.CANCELLED,
        (D.DECOCTED, V.ABANDON): D.CANCELLED,
        (D.CHECKED, V.ABANDON): D.CANCELLED,
        (D.PACKED, V.ABANDON): D.CANCELLED,
        (D.RETURNED, V.ABANDON): D.CANCELLED,
        (D.LOST, V.ABANDON): D.CANCELLED,
    },
)
#: Still on somebody's table.
AT_PHARMACY = frozenset({D.WAITING, D.CLAIMED, D.PICKED, D.DECOCTING, D.DECOCTED, D.CHECKED, D.PACKED})


class ReservationState(StrEnum):
    HELD = "held"
    TAKEN = "taken"
    FREED = "freed"


class ReservationEvent(StrEnum):
    TAKE = "take"
    FREE = "free"
    #: Picked, and put back on the shelf.
    PUT_BACK = "put_back"


RESERVATION = Machine(
    "stock_reservation",
    ReservationState.HELD,
    {
        (ReservationState.HELD, ReservationEvent.TAKE): ReservationState.TAKEN,
        (ReservationState.HELD, ReservationEvent.FREE): ReservationState.FREED,
        (ReservationState.TAKEN, ReservationEvent.PUT_BACK): ReservationState.HELD,
    },
)


class RecallState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class RecallEvent(StrEnum):
    CLOSE = "close"


RECALL = Machine("recall", RecallState.OPEN, {(RecallState.OPEN, RecallEvent.CLOSE): RecallState.CLOSED})


class BookState(StrEnum):
    """Of one version of a hospital's formulary."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"
    DISCARDED = "discarded"


class BookEvent(StrEnum):
    PUBLISH = "publish"
    RETIRE = "retire"
    DISCARD = "discard"


FORMULARY = Machine(
    "formulary_version",
    BookState.DRAFT,
    {
        (BookState.DRAFT, BookEvent.PUBLISH): BookState.PUBLISHED,
        (BookState.DRAFT, BookEvent.DISCARD): BookState.DISCARDED,
        (BookState.PUBLISHED, BookEvent.RETIRE): BookState.RETIRED,
    },
)


class CheckStage(StrEnum):
    WRITING = "writing"
    SIGNING = "signing"
    REVIEW = "review"
    DISPENSING = "dispensing"


class Outcome(StrEnum):
    """What a pharmacist said."""

    PASSED = "passed"
    RETURNED = "returned"
    REFUSED = "refused"


class SheetStage(StrEnum):
    """Whose signatures a stored PDF carries."""

    DOCTOR = "doctor"
    BOTH = "both"
