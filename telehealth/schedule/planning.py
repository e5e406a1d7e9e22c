"""Weekly templates → clinics and slots, as far ahead as patients may book."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import HOUSE
from telehealth.core.clock import HospitalDay
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import Doctor, DoctorNotFound, doctors_by_id, hospitals, working_calendar
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind, PolicySet
from telehealth.schedule import queries, rules
from telehealth.schedule.errors import PlanTooFar, TemplateInvalid, TemplateTaken
from telehealth.schedule.models import Clinic, ClinicTemplate, Slot
from telehealth.schedule.states import ClinicState

#: No plan reaches further; fees and people change before.
FARTHEST = timedelta(days=180)


async def add_template(
    unit: Unit, hospital_id: UUID, row: rules.TemplateRow, *, doctor: Doctor, campus_id: UUID
) -> ClinicTemplate:
    """One line of a doctor's week. Raises TemplateTaken, TemplateInvalid."""
    policy = (await current_policy(unit, hospital_id)).policy
    _check_hours(row, policy)
    if doctor.hospital_id != hospital_id:
        raise DoctorNotFound()
    if campus_id not in doctor.campus_ids:
        raise TemplateInvalid({"campus_id": N_("这位医生不在这个院区出诊")})
    if row.kind is ClinicKind.OFFLINE and await queries.sits_elsewhere(unit, row, doctor.id, campus_id):
        raise TemplateInvalid({"campus_id": N_("这位医生同一半天已排在另一个院区")})
    values = {
        "id": new_id(), "hospital_id": hospital_id, "campus_id": campus_id,
        "department_id": doctor.department_id, "doctor_id": doctor.id, "weekday": row.weekday,
        "half": row.half, "kind": row.kind, "capacity": row.capacity, "slot_minutes": row.slot_minutes,
        "starts": row.starts, "ends": row.ends, "runs_on_holidays": row.runs_on_holidays, "active": True,
    }  # fmt: skip
    added = await unit.session.scalars(
        insert(ClinicTemplate).values(values).on_conflict_do_nothing().returning(ClinicTemplate)
    )
    template = added.first()
    if template is None:
        raise TemplateTaken()
    unit.audit("clinic_template.added", template, weekday=row.weekday, kind=row.kind)
    return template


async def drop_template(unit: Unit, template_id: UUID) -> None:
    """No clinic is planned from it any more; clinics already planned stay. Raises TemplateNotFound."""
    template = await queries.template(unit, template_id)
    await unit.session.delete(template)
    unit.audit("clinic_template.dropped", template)


async def plan_clinics(
    unit: Unit, hospital_id: UUID, *, first: HospitalDay, last: HospitalDay
) -> Sequence[Clinic]:
    """Make the clinics of the active templates for these days, both included, that do not exist yet.

    Running it again adds nothing: the doctor, campus, day, half and kind are one clinic. A doctor
    who may not sit online gets no internet clinics. Capacity and fee of planned clinics stay.

    Raises PlanTooFar beyond what a plan may reach.
    """
    if last > unit.today + FARTHEST:
        raise PlanTooFar(last=unit.today + FARTHEST)
    policy = (await current_policy(unit, hospital_id)).policy
    is_open = await working_calendar(unit, hospital_id, first, last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    templates = await queries.templates(unit, hospital_id)
    people = await doctors_by_id(unit, list({template.doctor_id for template in templates}))
    known = await queries.planned_already(unit, hospital_id, first, last)
    made: list[Clinic] = []
    ordered = sorted(templates, key=lambda x: (x.doctor_id.bytes, x.campus_id.bytes))
    for (doctor_id, campus_id), rows in groupby(ordered, key=lambda x: (x.doctor_id, x.campus_id)):
        doctor = people[doctor_id]
        wanted = [_row(row) for row in rows if row.kind is not ClinicKind.INTERNET or doctor.sits_online]
        for planned in rules.plan(wanted, days, is_open, policy):
            key = (doctor_id, campus_id, planned.day, planned.row.half, planned.row.kind)
            if key in known or not doctor.works_on(planned.day):
                continue
            clinic = await _make(unit, planned, doctor, campus_id, policy)
            if clinic is not None:
                made.append(clinic)
    if made:
        unit.audit(
            "clinics.planned", f"hospitals:{hospital_id}", hospital_id=hospital_id,
            clinics=len(made), first=first, last=last,
        )  # fmt: skip
    return made


async def plan_ahead(units: Units) -> int:
    """Housekeeping: the clinics of every live hospital, as far ahead as its patients may book."""
    made = 0
    async with units.public() as unit:
        places = [row.id for row in await hospitals(unit)]
    for hospital_id in places:
        async with units.hospital(hospital_id, HOUSE) as unit:
            horizon = (await current_policy(unit, hospital_id)).policy.schedule.horizon_days
            last = unit.today + timedelta(days=horizon)
            made += len(await plan_clinics(unit, hospital_id, first=unit.today, last=last))
    return made


async def _make(
    unit: Unit, planned: rules.PlannedClinic, doctor: Doctor, campus_id: UUID, policy: PolicySet
) -> Clinic | None:
    row = planned.row
    values = {
        "id": new_id(), "hospital_id": doctor.hospital_id, "campus_id": campus_id,
        "department_id": doctor.department_id, "doctor_id": doctor.id, "kind": row.kind,
        "day": planned.day, "half": row.half, "starts_at": planned.starts_at, "ends_at": planned.ends_at,
        "capacity": row.capacity, "quota_online": planned.quotas.online,
        "quota_desk": planned.quotas.desk, "quota_phone": planned.quotas.phone,
        "released_at": rules.released_at(planned.day, policy),
        "fee": doctor.fee_online if row.kind is ClinicKind.INTERNET else doctor.fee_offline,
        "state": ClinicState.OPEN,
    }  # fmt: skip
    added = await unit.session.scalars(
        insert(Clinic).values(values).on_conflict_do_nothing().returning(Clinic)
    )
    clinic = added.first()
    if clinic is not None:
        seats = [
            {
                "id": new_id(), "hospital_id": clinic.hospital_id, "clinic_id": clinic.id,
                "starts_at": slot.starts_at, "ends_at": slot.ends_at, "seats": slot.seats,
            }
            for slot in planned.slots
        ]  # fmt: skip
        await unit.session.execute(sa.insert(Slot), seats)
    return clinic


def _check_hours(row: rules.TemplateRow, policy: PolicySet) -> None:
    opens, closes = rules.half_hours(row.half, policy)
    begins, ends = row.starts or opens, row.ends or closes
    minutes = (ends.hour * 60 + ends.minute) - (begins.hour * 60 + begins.minute)
    if minutes < (row.slot_minutes or policy.schedule.slot_minutes):
        raise TemplateInvalid({"ends": N_("结束时间太早，排不下一个时段")})


def _row(template: ClinicTemplate) -> rules.TemplateRow:
    return rules.TemplateRow(
        weekday=template.weekday,
        half=template.half,
        kind=template.kind,
        capacity=template.capacity,
        slot_minutes=template.slot_minutes,
        starts=template.starts,
        ends=template.ends,
        runs_on_holidays=template.runs_on_holidays,
    )
