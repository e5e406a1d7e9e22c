from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event
from telehealth.patients.states import Purpose


@dataclass(frozen=True, slots=True)
class PersonVerified(Event):
    person_id: UUID


@dataclass(frozen=True, slots=True)
class LinkEnded(Event):
    """The account may no longer act for the person; what nobody can take over is the reader's to close."""

    account_id: UUID
    person_id: UUID
    #: "holder", "person", "review" or "age".
    by: str = "holder"
    #: Whether it could act at all, and not for itself: then its rows of the person are passed on next.
    acted: bool = False
    #: To whom; None: to nobody but the hospital.
    taker: UUID | None = None


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn(Event):
    """One consent alone was taken back; where a link ends, `LinkEnded` stands for all of its consents."""

    link_id: UUID
    purpose: Purpose
    by: str


@dataclass(frozen=True, slots=True)
class CardBound(Event):
    hospital_id: UUID
    account_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class CardUnbound(Event):
    hospital_id: UUID
    account_id: UUID
    person_id: UUID
