"""Giving people work, and saying which doctor they are: accounts and directory in one deed."""

from uuid import UUID

from telehealth.accounts import StaffMember, enrolling_staff
from telehealth.admin.schemas import ChangeStaff, EnrolStaff
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit
from telehealth.directory import DoctorNotFound, doctor, publishing


async def enrol(unit: Unit, wanted: EnrolStaff) -> enrolling_staff.Enrolled:
    """Raises FieldsInvalid, LoginTaken."""
    await _own_doctor(unit, wanted.doctor_id)
    enrolled = await enrolling_staff.enrol(
        unit,
        login=wanted.login,
        name=wanted.name,
        name_en=wanted.name_en,
        roles=wanted.roles,
        phone=wanted.phone or None,
        doctor_id=wanted.doctor_id,
    )
    await _join(unit, enrolled.member)
    return enrolled


async def change(unit: Unit, member_id: UUID, wanted: ChangeStaff) -> StaffMember:
    """Raises MemberNotFound, LastAdministrator, FieldsInvalid."""
    await _own_doctor(unit, wanted.doctor_id)
    member = await enrolling_staff.change_work(
        unit,
        member_id,
        name=wanted.name,
        name_en=wanted.name_en,
        roles=wanted.roles,
        doctor_id=wanted.doctor_id,
    )
    await _join(unit, member)
    return member


async def _own_doctor(unit: Unit, doctor_id: UUID | None) -> None:
    if doctor_id is None:
        return
    try:
        row = await doctor(unit, doctor_id)
    except DoctorNotFound:
        row = None
    if row is None or row.hospital_id != unit.hospital_id:
        raise FieldsInvalid({"doctor_id": "请从给出的选项中选择"})


async def _join(unit: Unit, member: StaffMember) -> None:
    if member.doctor_id is not None:
        await publishing.join_account(unit, member.doctor_id, member.account_id)
