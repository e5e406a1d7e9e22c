from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class ReactionReported(Event):
    """A pharmacist has to look at it."""

    reaction_id: UUID


@dataclass(frozen=True, slots=True)
class ReactionOverdue(Event):
    """Nobody did in time."""

    reaction_id: UUID
