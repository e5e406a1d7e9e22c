"""XY11: a visit with a signed sheet is not found unsuitable unless the sheet is voided first."""

from prescriptions.queries import sheets_of_visit
from prescriptions.states import STANDING
from prescriptions.writing.errors import PrescriptionStands
from telehealth.consultations.events import WithdrawalAsked
from telehealth.core.unit import Unit


async def on_withdrawal_asked(unit: Unit, event: WithdrawalAsked) -> None:
    """The booking is locked, and signing locks it too. Raises PrescriptionStands."""
    for sheet in await sheets_of_visit(unit, event.visit_id):
        if sheet.state in STANDING:
            raise PrescriptionStands(number=sheet.number)
