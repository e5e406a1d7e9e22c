"""Charges, the orders they are paid by, and refunds: money is nowhere else.

What features above may use; verbs are modules of their own (`charging`, `settling`, `refunding`, `desk`).
"""

from telehealth.payments.errors import ChargeClosed, ChargeNotFound, ChargeSettled
from telehealth.payments.models import Charge, PayOrder, Refund, RefundLeg
from telehealth.payments.ports import MixedChannel, PaymentProvider, Providers
from telehealth.payments.queries import (
    Receipt,
    RefundSteps,
    charge_of_subject,
    charges_of,
    orders_on,
    own_charge,
    receipt,
    refund_of,
    refunds_of,
    refunds_on_the_way,
)
from telehealth.payments.states import (
    ChargeState,
    LegState,
    OrderType,
    PayOrderState,
    RefundReason,
    RefundState,
    Way,
)
from telehealth.payments.subjects import Paid, PaySubject, Subjects

__all__ = [
    "Charge", "ChargeClosed", "ChargeNotFound", "ChargeSettled", "ChargeState", "LegState", "MixedChannel",
    "OrderType", "Paid", "PayOrder", "PayOrderState", "PaySubject", "PaymentProvider", "Providers", "Receipt",
    "Refund", "RefundLeg", "RefundReason", "RefundState", "RefundSteps", "Subjects", "Way",
    "charge_of_subject", "charges_of", "orders_on", "own_charge", "receipt", "refund_of", "refunds_of",
    "refunds_on_the_way",
]  # fmt: skip
