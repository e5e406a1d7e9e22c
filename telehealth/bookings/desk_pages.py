"""Booking for a patient at the desk or on the phone: find them, choose a seat, ask, book (SJ05, SJ11)."""

from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import assisting, queries
from telehealth.bookings.choice import DeskChoice
from telehealth.bookings.holding import sellable
from telehealth.bookings.pages import line
from telehealth.bookings.schemas import SearchBy
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay, completed_years
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_, format_day
from telehealth.core.text import Line
from telehealth.core.unit import Unit, Units
from telehealth.directory import campuses, departments, hospital, said
from telehealth.eligibility import NotEligible, screening
from telehealth.eligibility.explaining import explain_all
from telehealth.eligibility.facts import Decision
from telehealth.hospital import DocumentSystem
from telehealth.intake import red_flags
from telehealth.patients import Person, hospital_patient, person
from telehealth.patients.masking import mask_card, mask_name
from telehealth.patients.registering import register_at_desk
from telehealth.patients.wording import SEX_LABELS
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import ClinicOffer, SlotOffer, clinic_offers, offers_kind, slots_of
from telehealth.schedule.wording import CHANNEL_LABELS, HALF_LABELS, KIND_LABELS, WEEKDAY_LABELS
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, collect, read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

NEW = "/staff/bookings/new"
#: One rule of the gate that failed, and what would satisfy it.
_WHY = N_("%(rule)s（%(remedy)s）")


SEARCH_LABELS = {
    SearchBy.CARD: N_("就诊卡号"),
    SearchBy.RESIDENT_ID: N_("身份证号"),
    SearchBy.INSURANCE_CARD: N_("医保卡号"),
    SearchBy.PASSPORT: N_("护照号"),
    SearchBy.PERMIT: N_("通行证或居住证号"),
    SearchBy.PHONE: N_("手机号"),
}


class FindPatient(BaseModel):
    model_config = ConfigDict(extra="ignore")

    by: SearchBy
    number: Line


@page(needs=Permission.BOOK_FOR_PATIENT)
async def new_desk_booking_page(request: Request, unit: Unit) -> Response:
    """The first step that is still open."""
    choice = DeskChoice.read(request.query_params)
    if choice.person is None:
        return _find(request, choice, blank(by="card"))
    who = await person(unit, choice.person)
    if choice.slot is None:
        return await _seats(request, unit, choice, who)
    return await _ask(request, unit, choice, who, {}, {})


@page(needs=Permission.BOOK_FOR_PATIENT, limit="60/minute")
async def find_patient_page(request: Request, units: Units, actor: Actor) -> Response:
    """By number in the hospital's system, or by the phone of an account; numbers stay out of addresses."""
    form = await read_form(request, FindPatient)
    choice = DeskChoice.read(form.values)
    if form.model is None:
        return _find(request, choice, form, status=422)
    try:
        if form.model.by is SearchBy.PHONE:
            found = await assisting.patients_by_phone(units, actor, form.model.number)
            return _found_by_phone(request, choice, form, found)
        patient = await register_at_desk(
            units, actor, form.model.number, system=DocumentSystem(form.model.by.value)
        )
    except FieldsInvalid as error:
        form.errors["number"] = next(iter(error.fields.values()))
        return _find(request, choice, form, status=422)
    except DomainError as error:
        form.errors["number"] = sentence(error, language(request))
        return _find(request, choice, form, status=status_of(error))
    return redirect(choice.href(person=patient.person_id))


@page(needs=Permission.BOOK_FOR_PATIENT)
async def book_at_desk_page(request: Request, units: Units, actor: Actor) -> Response:
    values = collect(await request.form(max_fields=100, max_files=0))
    choice = DeskChoice.read(values)
    if choice.person is None or choice.slot is None:
        return redirect(choice.href())
    errors = _unanswered(choice, values)
    if not errors:
        try:
            booking = await assisting.book_at_desk(units, actor, _wish(choice, values))
            return redirect(f"/staff/bookings/{booking.id}", flash=N_("已为患者预约"))
        except NotEligible as error:
            errors["__all__"] = _why(request, error)
        except DomainError as error:
            errors["__all__"] = sentence(error, language(request))
    async with units.of(actor) as unit:
        who = await person(unit, choice.person)
        return await _ask(request, unit, choice, who, values, errors, status=422)


def _find(
    request: Request,
    choice: DeskChoice,
    form: Form[Any],
    *,
    people: list[dict[str, str]] | None = None,
    status: int = 200,
) -> Response:
    _ = words(request)
    return render(
        request,
        "bookings/desk_find.html",
        status,
        choice=choice,
        form=form,
        people=people or [],
        ways=[(by.value, _(label)) for by, label in SEARCH_LABELS.items()],
    )


def _found_by_phone(request: Request, choice: DeskChoice, form: Form[Any], found: list[Person]) -> Response:
    if len(found) == 1:
        return redirect(choice.href(person=found[0].id))
    if not found:
        form.errors["number"] = N_("这个手机号没有绑定过本院就诊卡的患者，请用卡号或证件号查找")
        return _find(request, choice, form, status=422)
    people = [{"name": mask_name(who.name), "href": choice.href(person=who.id)} for who in found]
    return _find(request, choice, form, people=people)


async def _seats(request: Request, unit: Unit, choice: DeskChoice, who: Person) -> Response:
    lang, _ = language(request), words(request)
    place = await hospital(unit, unit.actor.hospital)
    kinds = [kind for kind in ClinicKind if offers_kind(place, kind, unit.today)]
    if choice.kind not in kinds and kinds:
        choice = choice.but(kind=kinds[0])
    places = await campuses(unit, place.id)
    if choice.campus is None and places:
        choice = choice.but(campus=places[0].id)
    horizon = (await current_policy(unit, place.id)).policy.schedule.horizon_days
    offers: list[ClinicOffer] = []
    if kinds:
        offers = await clinic_offers(
            unit, place.id, choice.kind, first=unit.today, last=unit.today + timedelta(days=horizon),
            campus_id=choice.campus, department_id=choice.department, channel=choice.channel,
        )  # fmt: skip
    by_day: dict[HospitalDay, list[ClinicOffer]] = defaultdict(list)
    for offer in offers:
        by_day[offer.clinic.day].append(offer)
    day = choice.day if choice.day in by_day else min(by_day, default=None)
    shown = by_day.get(day, []) if day else []
    slots = await slots_of(unit, [offer.clinic for offer in shown], choice.channel)
    return render(
        request,
        "bookings/desk_seats.html",
        choice=choice,
        patient=await _patient(request, unit, who),
        kinds=[(kind.value, _(KIND_LABELS[kind])) for kind in kinds],
        channels=[(channel.value, _(CHANNEL_LABELS[channel])) for channel in (Channel.DESK, Channel.PHONE)],
        campuses=[(row.id, said(row, "name", lang)) for row in places],
        departments=[(row.id, said(row, "name", lang)) for row in await departments(unit, place.id)],
        days=[
            {
                "href": choice.href(day=each) if each in by_day else "",
                "weekday": WEEKDAY_LABELS[each.weekday()],
                "day": f"{each.month}-{each.day}",
                "left": sum(offer.left for offer in by_day.get(each, [])),
                "current": each == day,
            }
            for each in (unit.today + timedelta(days=n) for n in range(horizon + 1))
            if by_day
        ],
        clinics=[_clinic(offer, slots, choice, lang) for offer in shown],
        live=await _live(unit, who, lang),
    )


def _clinic(offer: ClinicOffer, slots: list[SlotOffer], choice: DeskChoice, lang: str) -> dict[str, Any]:
    return {
        "doctor": said(offer.doctor, "name", lang),
        "title": said(offer.doctor, "title", lang),
        "department": said(offer.department, "name", lang),
        "half": HALF_LABELS[offer.clinic.half],
        "starts_at": offer.clinic.starts_at,
        "ends_at": offer.clinic.ends_at,
        "fee": offer.clinic.fee,
        "left": offer.left,
        "slots": [
            {
                "time": slot.slot.starts_at,
                "remaining": slot.left,
                "href": choice.href(slot=slot.slot.id, day=offer.clinic.day),
            }
            for slot in slots
            if slot.clinic.id == offer.clinic.id
        ],
    }


async def _ask(
    request: Request,
    unit: Unit,
    choice: DeskChoice,
    who: Person,
    values: dict[str, Any],
    errors: dict[str, str],
    *,
    status: int = 200,
) -> Response:
    """What staff read out and ask before the seat is taken."""
    lang = language(request)
    assert choice.slot is not None  # noqa: S101 - the caller saw it
    place = await sellable(unit, choice.slot)
    choice = choice.but(kind=place.clinic.kind)
    last = await queries.last_campus(unit, place.hospital.id, who.id)
    return render(
        request,
        "bookings/desk_confirm.html",
        status,
        choice=choice,
        patient=await _patient(request, unit, who),
        clinic=place.clinic,
        slot=place.slot,
        kind=KIND_LABELS[place.clinic.kind],
        channel=CHANNEL_LABELS[choice.channel],
        campus=said(place.campus, "name", lang),
        department=said(place.department, "name", lang),
        doctor=said(place.doctor, "name", lang),
        title=said(place.doctor, "title", lang),
        last_campus=said(last, "name", lang) if last is not None and last.id != place.campus.id else "",
        questions=await _questions(unit, choice, who, lang),
        live=await _live(unit, who, lang),
        values=values,
        errors=errors,
        back=choice.href(slot=None),
    )


async def _questions(unit: Unit, choice: DeskChoice, who: Person, lang: str) -> list[tuple[str, str]]:
    if choice.kind is not ClinicKind.INTERNET:
        return []
    asked = await screening.questions(unit, red_flags, hospital_id=unit.actor.hospital, person_id=who.id)
    return [(item.id, item.en if lang == "en" else item.zh) for item in asked]


async def _patient(request: Request, unit: Unit, who: Person) -> dict[str, Any]:
    """An opened patient is shown by full name, sex and age: the wrong patient is the worst mistake."""
    card = await hospital_patient(unit, unit.actor.hospital, who.id)
    return {
        "name": who.name,
        "sex": SEX_LABELS[who.sex],
        "age": completed_years(who.birth_date, unit.today),
        "born": format_day(who.birth_date, language(request), "numeric"),
        "card": mask_card(card.card_number) if card else "",
    }


async def _live(unit: Unit, who: Person, lang: str) -> list[dict[str, Any]]:
    return [line(row, {who.id: who}, lang) for row in await queries.live_of_person(unit, who.id)]


def _unanswered(choice: DeskChoice, values: dict[str, Any]) -> dict[str, str]:
    errors = {}
    if values.get("told") != "true":
        errors["told"] = N_("请先向患者宣读服务须知")
    if choice.kind is ClinicKind.INTERNET:
        if values.get("stable") not in ("true", "false"):
            errors["stable"] = N_("请询问病情是否稳定")
        for name in _as_list(values.get("asked")):
            if values.get(f"answers.{name}") not in ("true", "false"):
                errors[f"answers.{name}"] = N_("请询问并记录回答")
    return errors


def _wish(choice: DeskChoice, values: dict[str, Any]) -> assisting.DeskWish:
    assert choice.person and choice.slot  # noqa: S101 - the caller saw both
    if choice.kind is ClinicKind.OFFLINE:
        return assisting.DeskWish(choice.slot, choice.person, choice.channel)
    yes = tuple(name for name in _as_list(values.get("asked")) if values[f"answers.{name}"] == "true")
    return assisting.DeskWish(
        choice.slot, choice.person, choice.channel, stable=values["stable"] == "true", red_flags=yes
    )


def _as_list(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _why(request: Request, error: NotEligible) -> str:
    """Every failed rule in one line, for staff to pass on."""
    _, day = words(request), partial(format_day, lang=language(request))
    failed = Decision.of_record({"checks": error.facts["findings"]})
    said_of = [
        _(_WHY) % {"rule": each.title.said(_, day), "remedy": each.remedy.said(_, day)}
        for each in explain_all(failed)
    ]
    return _("；").join(said_of)


routes = [
    Route(NEW, new_desk_booking_page),
    Route(NEW, book_at_desk_page, methods=["POST"]),
    Route(f"{NEW}/patient", find_patient_page, methods=["POST"]),
]
