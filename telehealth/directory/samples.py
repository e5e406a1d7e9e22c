"""Two invented hospitals with invented doctors, for the demo house and tests. Nobody here exists.

Dates count from the unit's day, so the hospitals are open and one licence is about to run out.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from telehealth.core.clock import add_months
from telehealth.core.unit import Unit
from telehealth.directory import accepting, credentialing, publishing, queries
from telehealth.directory.errors import HospitalNotFound
from telehealth.directory.models import Doctor, Hospital
from telehealth.directory.schemas import (
    CampusDetails,
    CredentialDetails,
    DepartmentDetails,
    DoctorDetails,
    HospitalDetails,
)
from telehealth.directory.states import CredentialKind, DepartmentKind, HospitalSwitch

Sample = Mapping[str, Any]

OPEN_FOR = timedelta(days=180)
LICENCE_LEFT_DAYS = 900


@lru_cache(maxsize=1)
def sample_data() -> Sample:
    text = (files("telehealth.directory") / "data" / "sample_hospitals.json").read_text("utf-8")
    found: Sample = json.loads(text)
    return found


async def open_sample_hospitals(unit: Unit) -> list[Hospital]:
    """云安医院 (`yunan`, two campuses) and 江滨医院 (`jiangbin`, one). In a system unit.

    Calling it again changes nothing.
    """
    return [await open_sample_hospital(unit, sample["code"]) for sample in sample_data()["hospitals"]]


async def open_sample_hospital(unit: Unit, code: str) -> Hospital:
    """With campuses, departments, doctors who hold what they need, and a notice."""
    try:
        return await queries.hospital_by_code(unit, code)
    except HospitalNotFound:
        sample = next(x for x in sample_data()["hospitals"] if x["code"] == code)
    hospital = await publishing.add_hospital(unit, code, _hospital(unit, sample))
    places: dict[str, UUID] = {}
    for order, campus in enumerate(sample["campuses"]):
        row = await publishing.add_campus(unit, hospital.id, _campus(unit, campus, order))
        places[campus["code"]] = row.id
    rooms: dict[str, UUID] = {}
    for order, department in enumerate(sample["departments"]):
        details = _department(department, places, order)
        rooms[department["code"]] = (await publishing.add_department(unit, hospital.id, details)).id
    for number, doctor in enumerate(sample["doctors"], start=1):
        await _add_doctor(unit, hospital.id, doctor, rooms, places, number)
    await publish_sample_notice(unit, hospital.id)
    return hospital


async def publish_sample_notice(unit: Unit, hospital_id: UUID) -> None:
    text = sample_data()["notice"]
    await accepting.publish_notice(
        unit,
        hospital_id,
        title=text["title"],
        title_en=text["title_en"],
        body="\n".join(text["body"]),
        body_en="\n".join(text["body_en"]),
    )


async def sample_doctor(unit: Unit, hospital_id: UUID, name: str) -> Doctor:
    """One of the invented doctors, to give a sign-in to."""
    return next(row for row in await queries.doctors(unit, hospital_id) if row.name == name)


async def _add_doctor(
    unit: Unit,
    hospital_id: UUID,
    sample: Sample,
    rooms: Mapping[str, UUID],
    places: Mapping[str, UUID],
    number: int,
) -> None:
    row = await publishing.add_doctor(unit, hospital_id, _doctor(unit, sample, rooms, places))
    until = {
        CredentialKind.PRACTISING: sample.get("days_left", LICENCE_LEFT_DAYS),
        CredentialKind.INSTITUTION_CONSENT: LICENCE_LEFT_DAYS,
    }
    for kind, days in until.items():
        details = CredentialDetails(
            kind=kind,
            number=f"样例-{number:03d}",
            valid_from=add_months(unit.today, -24),
            valid_until=unit.today + timedelta(days=days),
        )
        await credentialing.record_credential(unit, hospital_id, details, doctor_id=row.id)
    if sample.get("online", True):
        await credentialing.let_sit_online(unit, row.id)


def _hospital(unit: Unit, sample: Sample) -> HospitalDetails:
    return HospitalDetails(
        **{name: sample[name] for name in HospitalDetails.model_fields if name in sample},
        live_from=unit.today - OPEN_FOR,
        switches=list(HospitalSwitch),
    )


def _campus(unit: Unit, sample: Sample, order: int) -> CampusDetails:
    return CampusDetails(
        **sample, live_from=unit.today - OPEN_FOR, switches=list(HospitalSwitch), order=order
    )


def _department(sample: Sample, places: Mapping[str, UUID], order: int) -> DepartmentDetails:
    return DepartmentDetails(
        code=sample["code"],
        name=sample["name"],
        name_en=sample["name_en"],
        kind=DepartmentKind(sample["kind"]),
        about=sample["about"],
        about_en=sample["about_en"],
        campus_ids=[places[code] for code in sample["campuses"]],
        tongue_required=sample.get("tongue", False),
        images_first=sample.get("images", False),
        online=sample.get("online", True),
        open=True,
        order=order,
    )


def _doctor(
    unit: Unit, sample: Sample, rooms: Mapping[str, UUID], places: Mapping[str, UUID]
) -> DoctorDetails:
    return DoctorDetails(
        department_id=rooms[sample["department"]],
        campus_ids=[places[code] for code in sample["campuses"]],
        **{name: sample[name] for name in DoctorDetails.model_fields if name in sample},
        practising_since=date(unit.today.year - 12, 7, 1),
    )
