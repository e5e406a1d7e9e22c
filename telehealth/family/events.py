from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class Unbound(Event):
    """The account may no longer pay for the person: what it authorised and has not paid is to be revoked."""

    account_id: UUID
    person_id: UUID
