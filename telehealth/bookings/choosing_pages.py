"""Whom, where, with whom and when: the steps before the seat. Each answers None once it is settled."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from telehealth.bookings import queries
from telehealth.bookings.choice import Choice
from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import DomainError
from telehealth.core.i18n import format_day
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, HospitalSwitch, said
from telehealth.patients import Person
from telehealth.rulebook.rules import Channel, ClinicKind, PolicySet
from telehealth.schedule import ClinicOffer, clinic_offers, slots_of
from telehealth.schedule.wording import HALF_LABELS, WEEKDAY_LABELS
from telehealth.web.house import house_of
from telehealth.web.pages import render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence


@dataclass(slots=True)
class Scene:
    """Where a booking in the making stands; a step that has only one answer writes it into `choice`."""

    hospital: Hospital
    choice: Choice
    person: Person
    policy: PolicySet
    #: What features above tell of how soon a department answers, in each language.
    response_times: Mapping[UUID, Mapping[str, str]] = field(default_factory=dict)

    @property
    def step(self) -> dict[str, Any]:
        """What every page of the road shows."""
        return {
            "choice": self.choice,
            "is_online": self.choice.kind is ClinicKind.INTERNET,
            "person": self.person.name,
            "change_person": self.choice.href(person=None, check=None, slot=None, form=None),
            "complaint_phone": self.hospital.complaint_phone,
        }


def person_step(request: Request, hospital: Hospital, choice: Choice, people: Iterable[Person]) -> Response:
    return render(
        request,
        "bookings/person.html",
        choice=choice,
        is_online=choice.kind is ClinicKind.INTERNET,
        hospital_name=said(hospital, "name", language(request)),
        people=[{"name": row.name, "href": choice.href(person=row.id, check=None)} for row in people],
        home=f"/h/{hospital.code}",
    )


async def campus_step(request: Request, unit: Unit, scene: Scene) -> Response | None:
    """BJ05: the campus comes first, unless there is one, or a department or doctor was asked for."""
    if scene.choice.campus is not None or scene.choice.doctor is not None:
        return None
    offers = await _offers(unit, scene)
    campuses = {offer.campus.id: offer.campus for offer in offers}
    if len(campuses) == 1:
        scene.choice = scene.choice.but(campus=next(iter(campuses)))
        return None
    lang = language(request)
    last = await queries.last_campus(unit, scene.hospital.id, scene.person.id)
    seats = _seats(offers, lambda offer: offer.campus.id)
    rows = sorted(campuses.values(), key=lambda row: (row.order, row.name))
    return render(
        request,
        "bookings/campus.html",
        **scene.step,
        back=scene.choice.href(person=None, check=None),
        campuses=[
            {
                "name": said(row, "name", lang),
                "address": said(row, "address", lang),
                "href": scene.choice.href(campus=row.id),
                "left": seats[row.id],
                "is_last": last is not None and last.id == row.id,
            }
            for row in rows
        ],
        other=_other_door(scene),
    )


async def department_step(request: Request, unit: Unit, scene: Scene) -> Response | None:
    if scene.choice.department is not None or scene.choice.doctor is not None:
        return None
    offers = await _offers(unit, scene)
    lang = language(request)
    seats = _seats(offers, lambda offer: offer.department.id)
    rows = {offer.department.id: offer.department for offer in offers}
    return render(
        request,
        "bookings/department.html",
        **scene.step,
        back=scene.choice.href(campus=None),
        campus=_campus_name(offers, lang),
        departments=[
            {
                "name": said(row, "name", lang),
                "about": said(row, "about", lang),
                "href": scene.choice.href(department=row.id),
                "left": seats[row.id],
            }
            for row in sorted(rows.values(), key=lambda row: (row.order, row.name))
        ],
        other=_other_door(scene),
    )


async def doctor_step(request: Request, unit: Unit, scene: Scene) -> Response | None:
    if scene.choice.doctor is not None:
        return None
    offers = await _offers(unit, scene)
    lang = language(request)
    seats = _seats(offers, lambda offer: offer.doctor.id)
    first: dict[UUID, ClinicOffer] = {}
    for offer in offers:
        known = first.get(offer.doctor.id)
        if known is None or (not known.left and offer.left):
            first[offer.doctor.id] = offer
    rows = sorted(first.values(), key=lambda offer: (not seats[offer.doctor.id], offer.clinic.starts_at))
    scores = await _scores(request, unit, list(first))
    return render(
        request,
        "bookings/doctor.html",
        **scene.step,
        back=scene.choice.href(department=None),
        campus=_campus_name(offers, lang) if scene.choice.campus else "",
        department=said(rows[0].department, "name", lang) if rows else "",
        doctors=[
            {
                "name": said(offer.doctor, "name", lang),
                "title": said(offer.doctor, "title", lang),
                "department": said(offer.department, "name", lang),
                "about": said(offer.doctor, "good_at", lang),
                "score": scores.get(offer.doctor.id, {}).get(lang, ""),
                "fee": offer.clinic.fee,
                "left": seats[offer.doctor.id],
                "first_day": format_day(offer.clinic.day, lang, "short") if offer.left else "",
                "href": scene.choice.href(doctor=offer.doctor.id),
            }
            for offer in rows
        ],
        other=_other_door(scene),
    )


async def _scores(request: Request, unit: Unit, doctor_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """What features above tell of a doctor, in each language."""
    told: dict[UUID, dict[str, str]] = {}
    for part in house_of(request).contributions.get("doctor_scores", []):
        told |= await part(unit, doctor_ids)
    return told


async def response_times(
    request: Request, units: Units, actor: Actor, code: str
) -> dict[UUID, dict[str, str]]:
    """By department, before a unit is open: a hospital's figures are read as the hospital."""
    told: dict[UUID, dict[str, str]] = {}
    for part in house_of(request).contributions.get("response_times", []):
        told |= await part(units, actor, code)
    return told


async def slot_step(
    request: Request,
    unit: Unit,
    scene: Scene,
    *,
    problem: DomainError | None = None,
    status: int = 200,
) -> Response:
    """Days, half-days and arrival times of one doctor, with fee and what is left (XY20)."""
    lang = language(request)
    offers = await _offers(unit, scene)
    by_day: dict[HospitalDay, list[ClinicOffer]] = defaultdict(list)
    for offer in offers:
        by_day[offer.clinic.day].append(offer)
    day = scene.choice.day if scene.choice.day in by_day else _first_day(by_day)
    shown = by_day.get(day, []) if day else []
    slots = await slots_of(unit, [offer.clinic for offer in shown], Channel.ONLINE)
    last = await queries.last_campus(unit, scene.hospital.id, scene.person.id)
    elsewhere = last is not None and any(offer.campus.id != last.id for offer in shown)
    return render(
        request,
        "bookings/slot.html",
        status,
        **scene.step,
        back=scene.choice.href(doctor=None, day=None),
        doctor=said(offers[0].doctor, "name", lang) if offers else "",
        title=said(offers[0].doctor, "title", lang) if offers else "",
        department=said(offers[0].department, "name", lang) if offers else "",
        days=_days(unit.today, scene, by_day, day),
        clinics=[
            {
                "half": HALF_LABELS[offer.clinic.half],
                "starts_at": offer.clinic.starts_at,
                "ends_at": offer.clinic.ends_at,
                "campus": said(offer.campus, "name", lang),
                "fee": offer.clinic.fee,
                "left": offer.left,
                "slots": [
                    {
                        "time": slot.slot.starts_at,
                        "remaining": slot.left,
                        "href": scene.choice.href(slot=slot.slot.id, day=offer.clinic.day),
                    }
                    for slot in slots
                    if slot.clinic.id == offer.clinic.id
                ],
            }
            for offer in shown
        ],
        is_full=not any(offer.left for offer in offers),
        problem=sentence(problem, lang) if problem else "",
        alternatives=_alternatives(scene, problem),
        last_campus=said(last, "name", lang) if last is not None and elsewhere else "",
        other=_other_door(scene),
    )


async def _offers(unit: Unit, scene: Scene) -> list[ClinicOffer]:
    choice = scene.choice
    return await clinic_offers(
        unit,
        scene.hospital.id,
        choice.kind,
        first=unit.today,
        last=unit.today + timedelta(days=scene.policy.schedule.horizon_days),
        campus_id=choice.campus,
        department_id=choice.department,
        doctor_id=choice.doctor,
    )


def _seats(offers: Iterable[ClinicOffer], key: Any) -> dict[UUID, int]:
    seats: dict[UUID, int] = defaultdict(int)
    for offer in offers:
        seats[key(offer)] += offer.left
    return seats


def _campus_name(offers: Sequence[ClinicOffer], lang: str) -> str:
    return said(offers[0].campus, "name", lang) if offers else ""


def _first_day(by_day: dict[HospitalDay, list[ClinicOffer]]) -> HospitalDay | None:
    free = (day for day in sorted(by_day) if any(offer.left for offer in by_day[day]))
    return next(free, min(by_day, default=None))


def _days(
    today: HospitalDay,
    scene: Scene,
    by_day: dict[HospitalDay, list[ClinicOffer]],
    current: HospitalDay | None,
) -> list[dict[str, Any]]:
    """Every day that may be booked; `href` only where the doctor sits."""
    every = [today + timedelta(days=n) for n in range(scene.policy.schedule.horizon_days + 1)]
    return [
        {
            "href": scene.choice.href(day=day, slot=None) if day in by_day else "",
            "weekday": WEEKDAY_LABELS[day.weekday()],
            "day": f"{day.month}-{day.day}",
            "open": any(offer.left for offer in by_day.get(day, [])),
            "current": day == current,
        }
        for day in every
        if by_day
    ]


def _alternatives(scene: Scene, problem: DomainError | None) -> list[dict[str, Any]]:
    found = problem.facts.get("alternatives", []) if problem else []
    return [
        {"when": datetime.fromisoformat(row["starts_at"]), "href": scene.choice.href(slot=row["slot_id"])}
        for row in found
    ]


def _other_door(scene: Scene) -> str:
    """SJ01: where nothing is left, the hospital may still be visited in person."""
    is_online = scene.choice.kind is ClinicKind.INTERNET
    has_other = is_online and scene.hospital.has(HospitalSwitch.OFFLINE_REGISTRATION)
    return scene.choice.other_kind.href() if has_other else ""
