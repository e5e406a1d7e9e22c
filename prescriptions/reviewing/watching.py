"""A sheet waits for a pharmacist: those on duty hear of it, and the hospital when the promise is broken."""

from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import PrescriptionSigned
from prescriptions.models import Prescription
from prescriptions.queries import lock_prescription, prescription
from prescriptions.reactions import Reaction
from prescriptions.reactions.events import ReactionOverdue, ReactionReported
from prescriptions.reviewing.telling import tell_of_reaction, tell_those_on_duty
from prescriptions.states import RxState
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice

#: The deadline at which a pharmacist should have answered.
LATE = "prescriptions.review_late"


async def on_signed(unit: Unit, event: PrescriptionSigned) -> None:
    rx = await prescription(unit, event.prescription_id)
    if rx.answer_by is None:
        return
    await tell_those_on_duty(unit, rx, Notice.RX_TO_REVIEW, answer_by=rx.answer_by)
    await set_deadline(unit, LATE, rx.id, rx.answer_by, hospital_id=rx.hospital_id, account_id=rx.account_id)


async def alarm(unit: Unit, prescription_id: UUID) -> None:
    """Deadline `prescriptions.review_late`: nobody answered in time. The sheet keeps waiting, in red."""
    rx = await _waiting(unit, prescription_id)
    if rx is None or rx.answer_by is None or rx.answer_by > unit.now:
        return
    told = await tell_those_on_duty(unit, rx, Notice.RX_REVIEW_LATE)
    unit.audit("prescription.review_late", rx, number=rx.number, told=told)


async def on_reaction(unit: Unit, event: ReactionReported) -> None:
    await _tell_of_reaction(unit, event.reaction_id, Notice.RX_REACTION_TO_ASSESS)


async def on_reaction_overdue(unit: Unit, event: ReactionOverdue) -> None:
    await _tell_of_reaction(unit, event.reaction_id, Notice.RX_REACTION_LATE)


async def _tell_of_reaction(unit: Unit, reaction_id: UUID, notice: Notice) -> None:
    row = await unit.session.get_one(Reaction, reaction_id)
    await unit.defer(tell_of_reaction, hospital_id=row.hospital_id, reaction_id=row.id, notice=str(notice))


async def _waiting(unit: Unit, prescription_id: UUID) -> Prescription | None:
    try:
        rx = await lock_prescription(unit, prescription_id)
    except PrescriptionNotFound:
        return None
    return rx if rx.state is RxState.SIGNED else None
