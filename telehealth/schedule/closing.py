"""Stop a clinic: no new seat is sold, and whoever is booked is looked after by the features above."""

from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.directory import DoctorReinstated, DoctorSuspended
from telehealth.schedule import queries
from telehealth.schedule.events import ClinicClosed
from telehealth.schedule.models import Clinic
from telehealth.schedule.states import CLINIC, ClinicEvent

#: Also the mark by which a reinstated doctor's clinics are found again.
SUSPENDED = "医生暂停线上出诊"


async def close_clinic(unit: Unit, clinic_id: UUID, *, reason: str) -> Clinic:
    """Close and tell, in one unit. Raises ClinicNotFound, TransitionRefused when it is closed already."""
    clinic = await queries.lock_clinic_with_slots(unit, clinic_id)
    clinic.state = CLINIC.after(clinic.state, ClinicEvent.CLOSE)
    clinic.closed_at, clinic.closed_reason = unit.now, reason
    unit.audit("clinic.closed", clinic, reason=reason)
    await unit.publish(ClinicClosed(clinic.id, clinic.hospital_id, reason))
    return clinic


async def on_doctor_suspended(unit: Unit, event: DoctorSuspended) -> None:
    """A doctor without valid papers sits no online clinic: the coming ones close."""
    for clinic_id in await queries.coming_online_clinics(unit, event.doctor_id, closed_reason=None):
        await close_clinic(unit, clinic_id, reason=SUSPENDED)


async def on_doctor_reinstated(unit: Unit, event: DoctorReinstated) -> None:
    """What only the suspension closed opens again, empty; those who lost their seats book anew."""
    for clinic_id in await queries.coming_online_clinics(unit, event.doctor_id, closed_reason=SUSPENDED):
        clinic = await queries.lock_clinic_with_slots(unit, clinic_id)
        clinic.state = CLINIC.after(clinic.state, ClinicEvent.REOPEN)
        clinic.closed_at = clinic.closed_reason = None
        unit.audit("clinic.reopened", clinic)
