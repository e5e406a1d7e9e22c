from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class RefundParked(Event):
    """A refund waits for a person."""

    hospital_id: UUID
    refund_id: UUID
    word: str
