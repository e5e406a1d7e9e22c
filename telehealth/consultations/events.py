"""What a visit tells those above, in the same unit of work."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class WithdrawalAsked(Event):
    """Its doctor is about to find a visit unsuitable online (XY11). A handler that raises keeps it as it is.

    The booking is locked: nothing of this visit is signed meanwhile.
    """

    visit_id: UUID
