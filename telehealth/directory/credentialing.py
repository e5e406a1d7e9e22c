"""What doctors must hold to sit online: recording it, and taking them off the day it runs out."""

from datetime import timedelta
from uuid import UUID

from telehealth.core.clock import day_end
from telehealth.core.deadlines import set_deadline
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import queries
from telehealth.directory.errors import CredentialsMissing
from telehealth.directory.events import DoctorReinstated, DoctorSuspended
from telehealth.directory.models import Credential, Doctor
from telehealth.directory.rules import Held, missing_for_online
from telehealth.directory.schemas import CredentialDetails
from telehealth.directory.states import Suspension
from telehealth.directory.telling import tell_expired, tell_expiring

EXPIRY = "directory.credential"
REMINDER = "directory.credential_reminder"
REMIND_BEFORE = timedelta(days=30)


async def record_credential(
    unit: Unit,
    hospital_id: UUID,
    details: CredentialDetails,
    *,
    doctor_id: UUID | None = None,
    member_id: UUID | None = None,
) -> Credential:
    """Keep a new credential or a renewal of an old one, which stays on file.

    Its expiry is a deadline at 24:00 of the last valid day. A doctor taken off for lack of it
    is given back. Raises FieldsInvalid, DoctorNotFound.
    """
    if details.valid_until < details.valid_from:
        raise FieldsInvalid({"valid_until": N_("截止日期不能早于起始日期")})
    if doctor_id is not None:
        await queries.doctor(unit, doctor_id)
    row = Credential(
        hospital_id=hospital_id,
        doctor_id=doctor_id,
        member_id=member_id,
        recorded_at=unit.now,
        **details.model_dump(),
    )
    unit.session.add(row)
    await unit.session.flush()
    expires_at = day_end(row.valid_until)
    await set_deadline(unit, EXPIRY, row.id, expires_at, hospital_id=hospital_id)
    if expires_at - REMIND_BEFORE > unit.now:
        await set_deadline(unit, REMINDER, row.id, expires_at - REMIND_BEFORE, hospital_id=hospital_id)
    unit.audit("credential.recorded", row, kind=row.kind, valid_until=row.valid_until, doctor=doctor_id)
    if doctor_id is not None:
        await reconsider(unit, doctor_id)
    return row


async def revoke_credential(unit: Unit, credential_id: UUID, *, reason: str) -> Credential:
    """End a credential before its day. Raises CredentialNotFound."""
    row = await queries.credential(unit, credential_id)
    if row.revoked_at is None:
        row.revoked_at = unit.now
        unit.audit("credential.revoked", row, kind=row.kind, reason=reason)
        await unit.session.flush()
        if row.doctor_id is not None:
            await reconsider(unit, row.doctor_id)
    return row


async def expire_credential(unit: Unit, credential_id: UUID) -> None:
    """Deadline `directory.credential`: the last valid day is over. Calling it again changes nothing."""
    row = await queries.credential(unit, credential_id)
    if row.doctor_id is None:
        return
    was_suspended = (await queries.doctor(unit, row.doctor_id)).suspended
    doctor = await reconsider(unit, row.doctor_id)
    if doctor.suspended and not was_suspended:
        await tell_expired(unit, doctor, row)


async def remind_of_expiry(unit: Unit, credential_id: UUID) -> None:
    """Deadline `directory.credential_reminder`: say so while there is time, unless it was renewed."""
    row = await queries.credential(unit, credential_id)
    if row.doctor_id is None or row.revoked_at is not None:
        return
    others = await queries.credentials(unit, row.hospital_id, doctor_id=row.doctor_id)
    is_renewed = any(
        other.kind is row.kind and other.valid_until > row.valid_until and other.revoked_at is None
        for other in others
    )
    if not is_renewed:
        await tell_expiring(unit, await queries.doctor(unit, row.doctor_id), row)


async def reconsider(unit: Unit, doctor_id: UUID) -> Doctor:
    """Take a doctor off the online clinics when something needed is missing today, or give them back.

    Only a suspension for credentials is lifted by credentials. Raises DoctorNotFound.
    """
    doctor = await queries.lock_doctor(unit, doctor_id)
    missing = await missing_today(unit, doctor)
    if missing and doctor.online and not doctor.suspended:
        doctor.suspension, doctor.suspended_at = Suspension.CREDENTIAL, unit.now
        unit.audit("doctor.suspended", doctor, missing=missing)
        await unit.publish(DoctorSuspended(doctor.hospital_id, doctor.id))
    elif not missing and doctor.suspension is Suspension.CREDENTIAL:
        await _reinstate(unit, doctor)
    return doctor


async def missing_today(unit: Unit, doctor: Doctor) -> tuple[str, ...]:
    rows = await queries.credentials(unit, doctor.hospital_id, doctor_id=doctor.id)
    held = [Held(row.kind, row.valid_from, row.valid_until, row.revoked_at is not None) for row in rows]
    return missing_for_online(
        held, practising_since=doctor.practising_since, multi_site=doctor.multi_site, day=unit.today
    )


async def let_sit_online(unit: Unit, doctor_id: UUID) -> Doctor:
    """Open online clinics to a doctor (XY20). Raises CredentialsMissing naming what is lacking."""
    doctor = await queries.lock_doctor(unit, doctor_id)
    missing = await missing_today(unit, doctor)
    if missing:
        raise CredentialsMissing(missing=list(missing))
    doctor.online = True
    if doctor.suspended:
        await _reinstate(unit, doctor)
    unit.audit("doctor.online", doctor)
    return doctor


async def suspend_doctor(unit: Unit, doctor_id: UUID, *, reason: str) -> Doctor:
    """Take a doctor off the online clinics by hand; only a person gives them back."""
    doctor = await queries.lock_doctor(unit, doctor_id)
    if doctor.suspension is not Suspension.BY_HAND:
        was_suspended = doctor.suspended
        doctor.suspension, doctor.suspended_at = Suspension.BY_HAND, unit.now
        unit.audit("doctor.suspended", doctor, reason=reason)
        if not was_suspended:
            await unit.publish(DoctorSuspended(doctor.hospital_id, doctor.id))
    return doctor


async def _reinstate(unit: Unit, doctor: Doctor) -> None:
    doctor.suspension, doctor.suspended_at = Suspension.NONE, None
    unit.audit("doctor.reinstated", doctor)
    await unit.publish(DoctorReinstated(doctor.hospital_id, doctor.id))
