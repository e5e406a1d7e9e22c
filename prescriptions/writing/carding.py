"""The card of a sheet in the conversation: the room itself says what became of it (XY29)."""

from typing import Literal

from prescriptions.models import Prescription
from telehealth.consultations.writing import announce
from telehealth.core.unit import Unit

#: Beyond the sheet's own state: what happened to it after it was paid.
Later = Literal["paid", "packing", "ready", "sent", "delivered", "collected", "undone"]


async def announce_state(unit: Unit, rx: Prescription, later: Later | None = None) -> None:
    """Called by whoever changes the state, in the same unit. Ids and codes only."""
    state = later or str(rx.state)
    await announce(
        unit, rx.visit_id, "prescription", kind="card",
        prescription=str(rx.id), number=rx.number, state=state,
    )  # fmt: skip
