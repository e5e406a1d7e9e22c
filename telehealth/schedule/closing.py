"""Stop a clinic: no new seat is sold, and whoever is booked is looked after by the features above."""

from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.schedule import queries
from telehealth.schedule.events import ClinicClosed
from telehealth.schedule.models import Clinic
from telehealth.schedule.states import CLINIC, ClinicEvent


async def close_clinic(unit: Unit, clinic_id: UUID, *, reason: str) -> Clinic:
    """Close and tell, in one unit. Raises ClinicNotFound, TransitionRefused when it is closed already."""
    clinic = await queries.lock_clinic_with_slots(unit, clinic_id)
    clinic.state = CLINIC.after(clinic.state, ClinicEvent.CLOSE)
    clinic.closed_at, clinic.closed_reason = unit.now, reason
    unit.audit("clinic.closed", clinic, reason=reason)
    await unit.publish(ClinicClosed(clinic.id, clinic.hospital_id, reason))
    return clinic
