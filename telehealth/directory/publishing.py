"""What a hospital tells the public of itself: its row, campuses, departments, doctors and fees."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel

from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit
from telehealth.directory import calendaring, credentialing, queries
from telehealth.directory.errors import CodeTaken
from telehealth.directory.models import Campus, Department, Doctor, Hospital
from telehealth.directory.schemas import CampusDetails, DepartmentDetails, DoctorDetails, HospitalDetails
from telehealth.directory.states import HospitalSwitch, Suspension


async def add_hospital(unit: Unit, code: str, details: HospitalDetails) -> Hospital:
    """Open a hospital's books, with its calendar of this year and the next. In a system unit.

    Raises CodeTaken.
    """
    row = Hospital(code=code, **_values(details))
    unit.session.add(row)
    await _flush_or_taken(unit)
    unit.audit("hospital.added", row, hospital_id=row.id, code=code)
    await calendaring.fill_calendar(unit, row.id, (unit.today.year, unit.today.year + 1))
    return row


async def edit_hospital(unit: Unit, hospital_id: UUID, details: HospitalDetails) -> Hospital:
    """Also its go-live day and feature flags (SJ12). Raises HospitalNotFound."""
    row = await queries.hospital(unit, hospital_id)
    changed = _apply(row, _values(details))
    unit.audit("hospital.edited", row, hospital_id=row.id, changed=changed)
    return row


async def add_campus(unit: Unit, hospital_id: UUID, details: CampusDetails) -> Campus:
    """Raises CodeTaken."""
    row = Campus(hospital_id=hospital_id, **_values(details))
    unit.session.add(row)
    await _flush_or_taken(unit)
    unit.audit("campus.added", row, code=row.code)
    return row


async def edit_campus(unit: Unit, campus_id: UUID, details: CampusDetails) -> Campus:
    """Raises CampusNotFound, CodeTaken."""
    row = await queries.campus(unit, campus_id)
    changed = _apply(row, _values(details))
    await _flush_or_taken(unit)
    unit.audit("campus.edited", row, changed=changed)
    return row


async def add_department(unit: Unit, hospital_id: UUID, details: DepartmentDetails) -> Department:
    """Raises FieldsInvalid for a campus of another hospital, CodeTaken."""
    await _own_campuses(unit, hospital_id, details.campus_ids)
    row = Department(hospital_id=hospital_id, **_values(details))
    unit.session.add(row)
    await _flush_or_taken(unit)
    unit.audit("department.added", row, code=row.code, online=row.online)
    return row


async def edit_department(unit: Unit, department_id: UUID, details: DepartmentDetails) -> Department:
    """Raises DepartmentNotFound, FieldsInvalid, CodeTaken."""
    row = await queries.department(unit, department_id)
    await _own_campuses(unit, row.hospital_id, details.campus_ids)
    changed = _apply(row, _values(details))
    await _flush_or_taken(unit)
    unit.audit("department.edited", row, changed=changed, online=row.online, open=row.open)
    return row


async def add_doctor(
    unit: Unit, hospital_id: UUID, details: DoctorDetails, *, account_id: UUID | None = None
) -> Doctor:
    """A new doctor sits nowhere online until their credentials are recorded and they are let in.

    Raises FieldsInvalid for a department or campus of another hospital.
    """
    await _own_places(unit, hospital_id, details)
    row = Doctor(
        hospital_id=hospital_id,
        account_id=account_id,
        online=False,
        suspension=Suspension.NONE,
        **_values(details),
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("doctor.added", row, department=row.department_id)
    return row


async def edit_doctor(unit: Unit, doctor_id: UUID, details: DoctorDetails) -> Doctor:
    """Fees count for bookings made from now on. Raises DoctorNotFound, FieldsInvalid."""
    row = await queries.doctor(unit, doctor_id)
    await _own_places(unit, row.hospital_id, details)
    changed = _apply(row, _values(details))
    unit.audit("doctor.edited", row, changed=changed, fee_online=row.fee_online, fee_offline=row.fee_offline)
    await credentialing.reconsider(unit, row.id)
    return row


async def let_doctor_leave(unit: Unit, doctor_id: UUID, last_day: date) -> Doctor:
    """`last_day` is the last day they see patients here. Raises DoctorNotFound."""
    row = await queries.doctor(unit, doctor_id)
    row.left_on = last_day
    unit.audit("doctor.left", row, left_on=last_day)
    return row


async def join_account(unit: Unit, doctor_id: UUID, account_id: UUID) -> Doctor:
    """Say which sign-in is this doctor's. Raises DoctorNotFound."""
    row = await queries.doctor(unit, doctor_id)
    row.account_id = account_id
    unit.audit("doctor.account_joined", row)
    return row


async def _own_places(unit: Unit, hospital_id: UUID, details: DoctorDetails) -> None:
    await _own_campuses(unit, hospital_id, details.campus_ids)
    departments = await queries.departments(unit, hospital_id, include_closed=True)
    if details.department_id not in {row.id for row in departments}:
        raise FieldsInvalid({"department_id": "请从给出的选项中选择"})


async def _own_campuses(unit: Unit, hospital_id: UUID, campus_ids: Collection[UUID]) -> None:
    own = {row.id for row in await queries.campuses(unit, hospital_id, live_only=False)}
    if not own.issuperset(campus_ids):
        raise FieldsInvalid({"campus_ids": "请从给出的选项中选择"})


def _values(details: BaseModel) -> dict[str, Any]:
    values = details.model_dump()
    if "switches" in values:
        values["switches"] = _switches(values["switches"])
    return values


def _switches(chosen: Iterable[HospitalSwitch]) -> dict[str, bool]:
    return {switch.value: True for switch in HospitalSwitch if switch in chosen}


def _apply(row: Any, values: dict[str, Any]) -> list[str]:
    """Set what differs and say which columns did."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


async def _flush_or_taken(unit: Unit) -> None:
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise CodeTaken() from error
