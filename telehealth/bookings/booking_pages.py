"""The road to a seat, one page a step: whom, where, with whom, when, then notice, form and the seat (XY06).

Every choice stands in the address, so a reload, a sign-in or a lost connection loses nothing.
"""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import holding, queries
from telehealth.bookings.choice import Choice
from telehealth.bookings.choosing_pages import (
    Scene,
    campus_step,
    department_step,
    doctor_step,
    person_step,
    response_times,
    slot_step,
)
from telehealth.bookings.errors import (
    AlreadyBooked,
    ChannelFull,
    ClinicNotOpen,
    FormMismatch,
    FormNeeded,
    SlotNotFound,
    SlotOver,
    SlotTaken,
    TooLateToVerify,
)
from telehealth.bookings.schemas import HoldSlot
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, DomainError, NotFound, Refused
from telehealth.core.i18n import format_day
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, current_notice, live_hospital, notice_accepted, said
from telehealth.eligibility import CheckNotFound, CheckOutdated, NotEligible
from telehealth.eligibility.checking import Question, preview_for_slot, stored_check
from telehealth.eligibility.explaining import explain_all, window_notice
from telehealth.eligibility.facts import Decision
from telehealth.intake import FormNotFound, FormNotSubmitted, FormState, submitted_form
from telehealth.intake.filling import begin
from telehealth.patients import people_of, person_for
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule import KindNotOffered, SlotPlace, offers_kind
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import door_of, language, preferences
from telehealth.web.problems import status_of

#: Errors that send back to the choice of a time; everything else chosen stays.
_ANOTHER_TIME = (SlotOver, ClinicNotOpen, SlotNotFound, TooLateToVerify)
_ANOTHER_FORM = (FormNeeded, FormMismatch, FormNotFound, FormNotSubmitted)


@page(needs=Permission.BOOK)
async def book_page(request: Request, units: Units, actor: Actor, code: str) -> Response:
    """The first step that is still open."""
    choice = Choice.read(code, request.query_params)
    told = await response_times(request, units, actor, code) if choice.slot is not None else {}
    async with units.of(actor) as unit:
        return await _first_open_step(request, unit, choice, told)


async def _first_open_step(
    request: Request, unit: Unit, choice: Choice, told: Mapping[UUID, Mapping[str, str]]
) -> Response:
    hospital = await _open_hospital(unit, choice)
    known = {person.id: person for _, person in await people_of(unit, unit.actor.account)}
    if choice.person is None and len(known) == 1:
        choice = choice.but(person=next(iter(known)))
    if choice.person not in known:
        return person_step(request, hospital, choice, known.values())
    at_gate = await _gate(unit, hospital, choice)
    if at_gate:
        return redirect(at_gate)
    policy = (await current_policy(unit, hospital.id)).policy
    scene = Scene(hospital, choice, known[choice.person], policy, told)
    return await _next_step(request, unit, scene)


class HoldForm(HoldSlot):
    """The last form repeats what was chosen; what is left out is asked for again."""

    model_config = {"extra": "ignore"}


@page(needs=Permission.BOOK)
async def hold_slot_page(request: Request, units: Units, actor: Actor, code: str) -> Response:
    form = await read_form(request, HoldForm)
    choice = Choice.read(code, form.values)
    if form.model is None:
        return redirect(choice.href(), flash="请从给出的选项中选择", kind="warn")
    asked = form.model
    wish = holding.Wish(
        asked.slot_id,
        asked.person_id,
        check_id=asked.check_id,
        form_id=asked.form_id,
        assisted=asked.assisted or preferences(request).elder,
        door=door_of(request),
    )
    try:
        async with units.of(actor) as unit:
            booking = await holding.hold(unit, wish)
    except (Conflict, Refused, NotFound) as error:
        return await _not_held(request, units, actor, choice, error)
    return redirect(f"/bookings/{booking.id}", flash="号源已保留")


@page(needs=Permission.BOOK)
async def begin_form_page(request: Request, unit: Unit, code: str) -> Response:
    """To the form of this errand; one that is sent already leads straight on."""
    choice = Choice.read(code, await request.form(max_files=0))
    if choice.person is None or choice.slot is None:
        return redirect(choice.href())
    place = await holding.sellable(unit, choice.slot)
    form = await begin(
        unit, person_id=choice.person, department_id=place.clinic.department_id, kind=choice.kind
    )
    onward = choice.but(form=form.id)
    if form.state is FormState.SUBMITTED:
        return redirect(onward.href())
    return redirect(form_href(onward))


def form_href(choice: Choice) -> str:
    """The form's page; it leads back here once sent."""
    return f"/h/{choice.code}/intake/{choice.form}?{_next(choice.href())}"


async def _open_hospital(unit: Unit, choice: Choice) -> Hospital:
    hospital = await live_hospital(unit, choice.code)
    if not offers_kind(hospital, choice.kind, unit.today):
        raise KindNotOffered()
    return hospital


async def _gate(unit: Unit, hospital: Hospital, choice: Choice) -> str:
    """Where to go first, or "" when the check carries on from here."""
    if choice.check is None or choice.person is None:
        return choice.check_href
    try:
        check = await stored_check(unit, choice.check, hospital_id=hospital.id, person_id=choice.person)
    except (CheckNotFound, CheckOutdated):
        return choice.check_href
    if check.clinic_kind is not choice.kind:
        return choice.check_href
    is_open = check.clinic_kind is ClinicKind.INTERNET and check.declared.stable is None
    return choice.result_href if is_open or not (check.allowed or check.pending) else ""


async def _next_step(request: Request, unit: Unit, scene: Scene) -> Response:
    choice = scene.choice
    if choice.slot is None:
        return await _where_and_when(request, unit, scene)
    try:
        place = await holding.sellable(unit, choice.slot)
    except _ANOTHER_TIME as error:
        return redirect(choice.href(slot=None), flash=error.detail, kind="warn")
    notice = await current_notice(unit, scene.hospital.id)
    if notice is None:
        raise NotEligible(findings=[])
    if not await notice_accepted(unit, unit.actor.account, scene.hospital.id):
        return redirect(f"/notices/{notice.id}?{_next(choice.href())}")
    decision = await _preview(unit, scene, place)
    if decision is None:
        return redirect(choice.check_href)
    if not decision.allowed and not decision.pending_verification:
        return refusal(request, scene, decision)
    if choice.kind is ClinicKind.INTERNET and not await _has_form(unit, scene, place):
        return await _confirm(request, unit, scene, place, decision, has_form=False)
    return await _confirm(request, unit, scene, place, decision, has_form=True)


async def _where_and_when(request: Request, unit: Unit, scene: Scene) -> Response:
    for step in (campus_step, department_step, doctor_step):
        open_step = await step(request, unit, scene)
        if open_step is not None:
            return open_step
    return await slot_step(request, unit, scene)


async def _preview(unit: Unit, scene: Scene, place: SlotPlace) -> Decision | None:
    """The gate for this very slot before anybody fills the long form (XY06). None: check again."""
    question = Question(
        scene.hospital.id, scene.person.id, kind=place.clinic.kind, slot_date=place.clinic.day
    )
    try:
        return await preview_for_slot(unit, scene.choice.check, question)
    except (CheckNotFound, CheckOutdated):
        return None


async def _has_form(unit: Unit, scene: Scene, place: SlotPlace) -> bool:
    if scene.choice.form is None:
        return False
    try:
        form = await submitted_form(unit, scene.choice.form)
    except (FormNotFound, FormNotSubmitted):
        return False
    return (form.person_id, form.department_id) == (scene.person.id, place.clinic.department_id)


async def _confirm(
    request: Request, unit: Unit, scene: Scene, place: SlotPlace, decision: Decision, *, has_form: bool
) -> Response:
    lang = language(request)
    last = await queries.last_campus(unit, scene.hospital.id, scene.person.id)
    numbers, elder = scene.policy.booking, preferences(request).elder
    window = window_notice(decision)
    return render(
        request,
        "bookings/confirm.html",
        choice=scene.choice,
        has_form=has_form,
        form_href=form_href(scene.choice) if scene.choice.form else "",
        is_online=scene.choice.kind is ClinicKind.INTERNET,
        person=scene.person.name,
        hospital=said(scene.hospital, "name", lang),
        campus=said(place.campus, "name", lang),
        address=said(place.campus, "address", lang),
        department=said(place.department, "name", lang),
        doctor=said(place.doctor, "name", lang),
        title=said(place.doctor, "title", lang),
        slot=place.slot,
        day=place.clinic.day,
        fee=place.clinic.fee,
        minutes=numbers.hold_minutes_assisted if elder else numbers.hold_minutes,
        elder=elder,
        pending=decision.pending_verification,
        window=window.said(words(request), partial(format_day, lang=lang)) if window else "",
        last_campus=said(last, "name", lang) if last is not None and last.id != place.campus.id else "",
        complaint_phone=scene.hospital.complaint_phone,
        response=scene.response_times.get(place.clinic.department_id, {}).get(lang, ""),
    )


def refusal(request: Request, scene: Scene, decision: Decision, *, status: int = 200) -> Response:
    """Every failed rule with what would satisfy it, and the other door where it helps (XY06, SJ01)."""
    _, day = words(request), partial(format_day, lang=language(request))
    other = scene.choice.other_kind
    offers_other = decision.offer_offline_registration and other.kind is ClinicKind.OFFLINE
    return render(
        request,
        "bookings/refused.html",
        status,
        person=scene.person.name,
        rules=[
            {
                "title": each.title.said(_, day),
                "seen": each.seen.said(_, day),
                "remedy": each.remedy.said(_, day),
                "until": each.until.said(_, day) if each.until else "",
            }
            for each in explain_all(decision)
        ],
        back=scene.choice.href(slot=None),
        offline=other.href() if offers_other else "",
    )


async def _not_held(
    request: Request, units: Units, actor: Actor, choice: Choice, error: DomainError
) -> Response:
    """Say why, and lead to the step that mends it with everything else still chosen."""
    if isinstance(error, (CheckNotFound, CheckOutdated)):
        return redirect(choice.check_href, flash=error.detail, kind="warn")
    if isinstance(error, _ANOTHER_TIME):
        return redirect(choice.href(slot=None), flash=error.detail, kind="warn")
    if choice.person is None or choice.slot is None:
        raise error
    async with units.of(actor) as unit:
        if isinstance(error, (AlreadyBooked, *_ANOTHER_FORM)):
            return await _to_the_other(unit, choice, error)
        hospital = await _open_hospital(unit, choice)
        policy = (await current_policy(unit, hospital.id)).policy
        person = await person_for(unit, actor.account, choice.person)
        scene = Scene(hospital, choice, person, policy)
        if isinstance(error, (SlotTaken, ChannelFull)):
            place = await holding.sellable(unit, choice.slot)
            there = {"campus": place.campus.id, "doctor": place.doctor.id, "day": place.clinic.day}
            scene = Scene(hospital, choice.but(slot=None, **there), person, policy)
            return await slot_step(request, unit, scene, problem=error, status=status_of(error))
        if isinstance(error, NotEligible):
            decision = await _preview(unit, scene, await holding.sellable(unit, choice.slot))
            if decision is not None and not decision.allowed:
                return refusal(request, scene, decision, status=status_of(error))
    raise error


async def _to_the_other(unit: Unit, choice: Choice, error: DomainError) -> Response:
    """A form sent twice leads to the booking it made: its condition form is in use by then."""
    assert choice.slot and choice.person  # noqa: S101 - the caller saw both
    place = await holding.sellable(unit, choice.slot)
    other = await queries.live_booking(unit, place.clinic.id, choice.person)
    if other is not None:
        return redirect(f"/bookings/{other.id}", flash=AlreadyBooked.detail, kind="info")
    # Otherwise the form is to be mended, or another account booked for the same person.
    again = choice.but(form=None) if isinstance(error, _ANOTHER_FORM) else choice.but(slot=None)
    return redirect(again.href(), flash=error.detail, kind="warn")


def _next(href: str) -> str:
    return urlencode({"next": href})


routes = [
    Route("/h/{code}/book", book_page),
    Route("/h/{code}/book", hold_slot_page, methods=["POST"]),
    Route("/h/{code}/book/form", begin_form_page, methods=["POST"]),
]
