"""The lives of a charge, of an order at a provider, of a refund and of its legs."""

from enum import StrEnum

from telehealth.core.machine import Machine


class OrderType(StrEnum):
    """What is paid for (SJ01)."""

    REGISTRATION = "registration"
    CONSULT = "consult"
    DRUG = "drug"
    EXAM = "exam"


class Way(StrEnum):
    """How the money comes in."""

    JSAPI = "jsapi"
    MINI_PROGRAM = "mini_program"
    H5 = "h5"
    NATIVE = "native"
    CASH = "cash"


class ChargeState(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    CLOSED = "closed"


class ChargeEvent(StrEnum):
    SUBMIT = "submit"
    SETTLE = "settle"
    CLOSE = "close"
    #: Paid after it was closed, and what was paid for could still be had.
    REVIVE = "revive"


CHARGE = Machine(
    "charge",
    ChargeState.CREATED,
    {
        (ChargeState.CREATED, ChargeEvent.SUBMIT): ChargeState.SUBMITTED,
        (ChargeState.SUBMITTED, ChargeEvent.SUBMIT): ChargeState.SUBMITTED,
        (ChargeState.CREATED, ChargeEvent.SETTLE): ChargeState.SETTLED,
        (ChargeState.SUBMITTED, ChargeEvent.SETTLE): ChargeState.SETTLED,
        (ChargeState.CREATED, ChargeEvent.CLOSE): ChargeState.CLOSED,
        (ChargeState.SUBMITTED, ChargeEvent.CLOSE): ChargeState.CLOSED,
        (ChargeState.CLOSED, ChargeEvent.REVIVE): ChargeState.SETTLED,
    },
)


class PayOrderState(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    PAID = "paid"
    CLOSED = "closed"


class PayOrderEvent(StrEnum):
    SUBMIT = "submit"
    PAY = "pay"
    CLOSE = "close"


#: Only what the provider says moves an order to `paid` or `closed`, also when we had thought otherwise.
PAY_ORDER = Machine(
    "pay_order",
    PayOrderState.CREATED,
    {
        (PayOrderState.CREATED, PayOrderEvent.SUBMIT): PayOrderState.SUBMITTED,
        (PayOrderState.CREATED, PayOrderEvent.PAY): PayOrderState.PAID,
        (PayOrderState.SUBMITTED, PayOrderEvent.PAY): PayOrderState.PAID,
        (PayOrderState.CLOSED, PayOrderEvent.PAY): PayOrderState.PAID,
        (PayOrderState.CREATED, PayOrderEvent.CLOSE): PayOrderState.CLOSED,
        (PayOrderState.SUBMITTED, PayOrderEvent.CLOSE): PayOrderState.CLOSED,
    },
)


class RefundReason(StrEnum):
    UNATTENDED = "unattended"
    CANCELLED = "cancelled"
    CLINIC_CLOSED = "clinic_closed"
    WITHDRAWN = "withdrawn"
    INELIGIBLE = "ineligible"
    UNFINISHED = "unfinished"
    #: Medicine the house could not prepare, or that its patient no longer wanted in time.
    NOT_PREPARED = "not_prepared"
    ORDER_CANCELLED = "order_cancelled"
    #: A bill of the hospital that its window took the money for first, or that it took back or changed.
    PAID_ELSEWHERE = "paid_elsewhere"
    BILL_WITHDRAWN = "bill_withdrawn"
    #: Paid after the order was closed, and nothing left to give for it.
    LATE_PAYMENT = "late_payment"
    #: A second payment for what was paid already.
    DOUBLE_PAYMENT = "double_payment"
    #: One half of a split payment failed.
    SPLIT_FAILED = "split_failed"
    #: Decided by a person of the hospital.
    STAFF = "staff"


class RefundState(StrEnum):
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    PARKED = "parked"


class RefundEvent(StrEnum):
    SUBMIT = "submit"
    SETTLE = "settle"
    PARK = "park"
    RETRY = "retry"


_REFUND = {
    (RefundState.REQUESTED, RefundEvent.SUBMIT): RefundState.SUBMITTED,
    (RefundState.REQUESTED, RefundEvent.PARK): RefundState.PARKED,
    (RefundState.SUBMITTED, RefundEvent.SETTLE): RefundState.SETTLED,
    (RefundState.SUBMITTED, RefundEvent.PARK): RefundState.PARKED,
    (RefundState.PARKED, RefundEvent.RETRY): RefundState.REQUESTED,
    #: A person found another way to give the money back.
    (RefundState.PARKED, RefundEvent.SETTLE): RefundState.SETTLED,
}

REFUND = Machine("refund", RefundState.REQUESTED, _REFUND)


class LegKind(StrEnum):
    """In the order in which they are walked."""

    INSURANCE = "insurance"
    CASH = "cash"
    #: Tell the channel of a split payment what the insurer gave back.
    TELL = "tell"


class LegState(StrEnum):
    #: An earlier leg is not settled yet.
    WAITING = "waiting"
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    PARKED = "parked"


class LegEvent(StrEnum):
    START = "start"
    SUBMIT = "submit"
    SETTLE = "settle"
    PARK = "park"
    RETRY = "retry"


REFUND_LEG = Machine(
    "refund_leg",
    LegState.WAITING,
    {
        (LegState.WAITING, LegEvent.START): LegState.REQUESTED,
        (LegState.REQUESTED, LegEvent.SUBMIT): LegState.SUBMITTED,
        (LegState.REQUESTED, LegEvent.PARK): LegState.PARKED,
        (LegState.SUBMITTED, LegEvent.SETTLE): LegState.SETTLED,
        (LegState.SUBMITTED, LegEvent.PARK): LegState.PARKED,
        (LegState.PARKED, LegEvent.RETRY): LegState.REQUESTED,
        (LegState.PARKED, LegEvent.SETTLE): LegState.SETTLED,
    },
)
