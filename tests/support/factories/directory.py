"""Hospitals, doctors and notices as tests need them; the sample hospitals when it does not matter."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from telehealth.core.unit import Units
from telehealth.directory import accepting, credentialing, publishing, queries
from telehealth.directory.models import Campus, Credential, Department, Doctor, Hospital, ServiceNotice
from telehealth.directory.samples import open_sample_hospital
from telehealth.directory.schemas import (
    CampusDetails,
    CredentialDetails,
    DepartmentDetails,
    DoctorDetails,
    HospitalDetails,
)
from telehealth.directory.states import CredentialKind, DepartmentKind, HospitalSwitch

NEEDED = (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT)


async def add_sample_hospital(units: Units, code: str = "yunan") -> Hospital:
    """云安医院 or 江滨医院 with everything in it."""
    async with units.system("test") as unit:
        return await open_sample_hospital(unit, code)


async def add_hospital(
    units: Units,
    code: str = "yunan",
    *,
    name: str = "云安医院",
    live_from: date | None = date(2026, 6, 1),
    switches: Collection[HospitalSwitch] = tuple(HospitalSwitch),
) -> Hospital:
    """A hospital with nothing in it but its calendar."""
    details = HospitalDetails(
        name=name,
        name_en=f"Hospital {code}",
        phone="0571-5550-1000",
        complaint_phone="0571-5550-1999",
        emergency_phone="120",
        emergency_text="请立即拨打急救电话。",
        emergency_text_en="Call the emergency number at once.",
        live_from=live_from,
        switches=list(switches),
    )
    async with units.system("test") as unit:
        return await publishing.add_hospital(unit, code, details)


async def add_campus(
    units: Units,
    hospital_id: UUID,
    code: str = "main",
    *,
    name: str = "本部院区",
    live_from: date | None = date(2026, 6, 1),
    emergency_phone: str = "",
) -> Campus:
    details = CampusDetails(
        code=code,
        name=name,
        name_en=f"Campus {code}",
        address="清河路 18 号",
        address_en="18 Qinghe Road",
        phone="0571-5550-2000",
        emergency_phone=emergency_phone,
        live_from=live_from,
        switches=list(HospitalSwitch),
    )
    async with units.system("test") as unit:
        return await publishing.add_campus(unit, hospital_id, details)


async def add_department(
    units: Units,
    hospital_id: UUID,
    campus_ids: Sequence[UUID],
    code: str = "cardiology",
    *,
    name: str = "心血管内科",
    kind: DepartmentKind = DepartmentKind.WESTERN,
    online: bool = True,
    tongue_required: bool = False,
) -> Department:
    details = DepartmentDetails(
        code=code,
        name=name,
        name_en=f"Department {code}",
        kind=kind,
        campus_ids=list(campus_ids),
        online=online,
        open=True,
        tongue_required=tongue_required,
    )
    async with units.system("test") as unit:
        return await publishing.add_department(unit, hospital_id, details)


async def add_doctor(
    units: Units,
    department: Department,
    *,
    name: str = "沈若川",
    valid_for: timedelta | None = timedelta(days=900),
    online: bool = True,
    **changes: Any,
) -> Doctor:
    """Sits online with credentials valid for `valid_for` from today; None records none."""
    facts: dict[str, Any] = {
        "department_id": department.id,
        "campus_ids": department.campus_ids,
        "name": name,
        "name_en": "Sample Doctor",
        "title": "主任医师",
        "title_en": "Chief Physician",
        "practising_since": date(2014, 7, 1),
        "fee_online": 5000,
        "fee_offline": 6000,
    }
    async with units.system("test") as unit:
        details = DoctorDetails(**{**facts, **changes})
        row = await publishing.add_doctor(unit, department.hospital_id, details)
        if valid_for is not None:
            for kind in NEEDED:
                held = _credential(kind, unit.today, unit.today + valid_for)
                await credentialing.record_credential(unit, row.hospital_id, held, doctor_id=row.id)
            if online:
                await credentialing.let_sit_online(unit, row.id)
        await unit.session.flush()
        return row


async def add_credential(
    units: Units,
    doctor: Doctor,
    kind: CredentialKind = CredentialKind.PRACTISING,
    *,
    valid_from: date,
    valid_until: date,
) -> Credential:
    async with units.system("test") as unit:
        details = _credential(kind, valid_from, valid_until)
        return await credentialing.record_credential(unit, doctor.hospital_id, details, doctor_id=doctor.id)


async def add_notice(
    units: Units, hospital_id: UUID, body: str = "请如实填写病情。", *, title: str = "服务须知"
) -> ServiceNotice:
    async with units.system("test") as unit:
        return await accepting.publish_notice(
            unit, hospital_id, title=title, title_en="Notice", body=body, body_en="Describe truthfully."
        )


async def reread_doctor(units: Units, doctor_id: UUID) -> Doctor:
    async with units.system("test") as unit:
        return await queries.doctor(unit, doctor_id)


def _credential(kind: CredentialKind, valid_from: date, valid_until: date) -> CredentialDetails:
    return CredentialDetails(kind=kind, number="样例-001", valid_from=valid_from, valid_until=valid_until)
