"""Clinics and seats for everybody; templates, plans and closures for the hospital's staff."""

from datetime import timedelta
from uuid import UUID

from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Unit
from telehealth.directory import DoctorNotFound, HospitalNotFound, HospitalNotLive, doctor, live_hospital
from telehealth.rulebook.rules import Channel
from telehealth.schedule import planning, queries
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.errors import (
    ClinicNotFound,
    KindNotOffered,
    PlanTooFar,
    TemplateInvalid,
    TemplateNotFound,
    TemplateTaken,
)
from telehealth.schedule.rules import TemplateRow
from telehealth.schedule.schemas import (
    AddTemplate,
    ClinicQuery,
    ClinicView,
    CloseClinic,
    ClosedClinicView,
    PlanClinics,
    PlannedQuery,
    PlanView,
    SlotView,
    TemplateView,
)
from telehealth.web.contract import operation


@operation(public=True, raises=(HospitalNotFound, HospitalNotLive, KindNotOffered))
async def list_clinics(unit: Unit, query: ClinicQuery) -> list[ClinicView]:
    """Clinics that patients may choose from, with fee and remaining seats, in order of time."""
    row = await live_hospital(unit, query.hospital)
    if not queries.offers_kind(row, query.kind, unit.today):
        raise KindNotOffered()
    first = query.first or unit.today
    offers = await queries.clinic_offers(
        unit,
        row.id,
        query.kind,
        first=first,
        last=first + timedelta(days=query.days - 1),
        campus_id=query.campus,
        department_id=query.department,
        doctor_id=query.doctor,
    )
    return [ClinicView.of(offer) for offer in offers]


@operation(public=True, raises=(ClinicNotFound,))
async def list_slots(unit: Unit, clinic_id: UUID) -> list[SlotView]:
    """The arrival times of a clinic that are not over; full ones have no remaining seat."""
    row = await queries.clinic(unit, clinic_id)
    return [SlotView.of(offer) for offer in await queries.slots_of(unit, [row], Channel.ONLINE)]


@operation(needs=Permission.SEE_CLINICS)
async def list_planned_clinics(unit: Unit, query: PlannedQuery) -> list[ClinicView]:
    """All that is planned at a campus of this hospital, closed clinics and both kinds too, by doctor."""
    first = query.first or unit.today
    last = first + timedelta(days=query.days - 1)
    offers = await queries.week_of_clinics(
        unit, unit.actor.hospital, campus_id=query.campus, first=first, last=last
    )
    return [ClinicView.of(offer) for offer in offers]


@operation(needs=Permission.PLAN_CLINICS)
async def list_clinic_templates(unit: Unit) -> list[TemplateView]:
    """The weekly templates of this hospital."""
    return [TemplateView.of(row) for row in await queries.templates(unit, unit.actor.hospital)]


@operation(
    needs=Permission.PLAN_CLINICS,
    status=201,
    raises=(TemplateTaken, TemplateInvalid, DoctorNotFound),
    idempotent=True,
)
async def add_clinic_template(unit: Unit, body: AddTemplate) -> TemplateView:
    """One line of a doctor's week. Own hours override those of the half-day."""
    who = await doctor(unit, body.doctor_id)
    template = await planning.add_template(
        unit, unit.actor.hospital, row_of(body), doctor=who, campus_id=body.campus_id
    )
    return TemplateView.of(template)


@operation(needs=Permission.PLAN_CLINICS, status=204, raises=(TemplateNotFound,))
async def drop_clinic_template(unit: Unit, template_id: UUID) -> None:
    """Plan no more clinics from it; those already planned stay."""
    await planning.drop_template(unit, template_id)


@operation(needs=Permission.PLAN_CLINICS, raises=(PlanTooFar,), idempotent=True)
async def record_clinic_plan(unit: Unit, body: PlanClinics) -> PlanView:
    """Make the clinics of the templates for these days; planning again adds only what is missing."""
    first = max(body.first, unit.today)
    made = await planning.plan_clinics(unit, unit.actor.hospital, first=first, last=body.last)
    return PlanView(clinics=len(made), first=first, last=body.last)


@operation(needs=Permission.PLAN_CLINICS, raises=(ClinicNotFound, TransitionRefused), idempotent=True)
async def record_clinic_closure(unit: Unit, clinic_id: UUID, body: CloseClinic) -> ClosedClinicView:
    """Stop a clinic. Everybody booked in it is told and loses nothing."""
    return ClosedClinicView.of(await close_clinic(unit, clinic_id, reason=body.reason))


def row_of(body: AddTemplate) -> TemplateRow:
    return TemplateRow(
        weekday=body.weekday,
        half=body.half,
        kind=body.kind,
        capacity=body.capacity,
        slot_minutes=body.slot_minutes,
        starts=body.starts,
        ends=body.ends,
        runs_on_holidays=body.runs_on_holidays,
    )


routes = [
    Route("/planned-clinics", list_planned_clinics),
    Route("/clinics", list_clinics),
    Route("/clinics/{clinic_id}/slots", list_slots),
    Route("/clinics/{clinic_id}/closure", record_clinic_closure, methods=["POST"]),
    Route("/clinic-templates", list_clinic_templates),
    Route("/clinic-templates", add_clinic_template, methods=["POST"]),
    Route("/clinic-templates/{template_id}", drop_clinic_template, methods=["DELETE"]),
    Route("/clinic-plans", record_clinic_plan, methods=["POST"]),
]
