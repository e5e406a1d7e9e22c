"""The pharmacist's opinion: causality, how it ended, and what the patient should do. It may be amended."""

from dataclasses import dataclass
from uuid import UUID

from prescriptions.reactions import queries
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.reporting import LATE
from prescriptions.reactions.states import Causality, Ending, ReactionEvent
from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify


@dataclass(frozen=True, slots=True)
class Opinion:
    causality: Causality
    ending: Ending
    advice: str


async def assess(unit: Unit, actor: Actor, reaction_id: UUID, opinion: Opinion) -> Reaction:
    """Raises ReactionNotFound."""
    row = await queries.reaction_of(unit, reaction_id, lock=True)
    row.apply(ReactionEvent.ASSESS)
    row.causality, row.ending, row.advice = opinion.causality, opinion.ending, opinion.advice
    row.assessed_at, row.assessed_by, row.assessed_name = unit.now, actor.account, actor.name
    await clear_deadline(unit, LATE, row.id)
    unit.audit("reaction.assessed", row, causality=opinion.causality, ending=opinion.ending)
    await notify(
        unit, Notice.RX_REACTION_ASSESSED, row.account_id, hospital_id=row.hospital_id,
        href=f"/reactions/{row.id}", number=row.rx_number,
    )  # fmt: skip
    return row
