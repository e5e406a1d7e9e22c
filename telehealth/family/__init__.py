"""The family's insurance account: who may pay for whom, and what a payer may read."""

from telehealth.family.errors import PaymentCheckNeeded
from telehealth.family.events import Unbound
from telehealth.family.models import Binding
from telehealth.family.rules import MayPay

__all__ = ["Binding", "MayPay", "PaymentCheckNeeded", "Unbound"]
