"""From *passed* to *paid*: which way the medicine goes, by when it is paid, what goes back."""

from prescriptions.settling.address import Address
from prescriptions.settling.errors import CodeUnknown, OrderNotCancellable
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.policy import may_see, visible_to
from prescriptions.settling.queries import Sheet, fulfilment, fulfilments_of, last_address, lock_sheet

__all__ = [
    "Address", "CodeUnknown", "Fulfilment", "OrderNotCancellable", "Sheet", "fulfilment", "fulfilments_of",
    "last_address", "lock_sheet", "may_see", "visible_to",
]  # fmt: skip
