"""One tap to the same doctor: the proposal, the tap, and whatever stands in between (BJ09)."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import live_booking
from telehealth.bookings.booking_pages import form_href
from telehealth.bookings.choosing_pages import response_times
from telehealth.bookings.errors import (
    AlreadyBooked,
    ChannelFull,
    ClinicNotOpen,
    SlotNotFound,
    SlotOver,
    SlotTaken,
    TooLateToVerify,
)
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_, format_day
from telehealth.core.unit import Units
from telehealth.directory import said
from telehealth.eligibility import NotEligible
from telehealth.eligibility.doors import CHECKS, book_of
from telehealth.eligibility.explaining import explain_all
from telehealth.intake.errors import RedFlagRaised
from telehealth.orders import rebooking
from telehealth.orders.errors import FormToBeWritten, NotRebookable
from telehealth.orders.rebooking import Proposal, Taking
from telehealth.orders.schemas import TakeSeat
from telehealth.patients import LinkPending
from telehealth.schedule import slot_place
from telehealth.schedule.wording import KIND_LABELS
from telehealth.web.contract import field_sentences, page
from telehealth.web.forms import collect
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import door_of, language, preferences
from telehealth.web.problems import sentence, status_of

#: The seat is gone, another one may be free: it is proposed at once.
_ANOTHER_SEAT = (SlotTaken, ChannelFull, SlotOver, ClinicNotOpen, SlotNotFound, TooLateToVerify)
_PREFIX = "answers."


@page(needs=Permission.BOOK, limit=CHECKS)
async def rebooking_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    try:
        made = await rebooking.propose(units, actor, book_of(request), booking_id)
        told = await response_times(request, units, actor, made.last.hospital.code)
    except NotRebookable as error:
        return redirect(f"/orders/bookings/{booking_id}", flash=error.detail, kind="info")
    except LinkPending as error:
        return redirect("/people", flash=error.detail, kind="warn")
    return _show(request, made, told=told)


@page(needs=Permission.BOOK, limit=CHECKS)
async def take_rebooking_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    values = collect(await request.form(max_fields=100, max_files=0))
    try:
        asked = _read(values)
    except ValidationError as error:
        return await _again(request, units, actor, booking_id, values, errors=field_sentences(error))
    taking = Taking(
        asked.slot_id, asked.stable, asked.answers, asked.complaint,
        assisted=preferences(request).elder, door=door_of(request),
    )  # fmt: skip
    try:
        held = await rebooking.take(units, actor, book_of(request), booking_id, taking)
    except AlreadyBooked as error:
        return await _to_the_other(units, actor, booking_id, taking.slot_id, error)
    except FormToBeWritten as error:
        return await _to_the_form(units, actor, booking_id, error)
    except LinkPending as error:
        return redirect("/people", flash=error.detail, kind="warn")
    except NotRebookable as error:
        return redirect(f"/orders/bookings/{booking_id}", flash=error.detail, kind="info")
    except FieldsInvalid as error:
        return await _again(request, units, actor, booking_id, values, errors=dict(error.fields))
    except (*_ANOTHER_SEAT, NotEligible, RedFlagRaised) as error:
        return await _again(request, units, actor, booking_id, values, problem=error)
    return redirect(f"/bookings/{held.id}", flash="号源已保留")


def _read(values: dict[str, Any]) -> TakeSeat:
    """One tick says "stable, and none of these"; what it stands beside is sent with it, each as a no."""
    agrees = bool(values.get("agrees"))
    shown = [name.removeprefix(_PREFIX) for name in values if name.startswith(_PREFIX)]
    return TakeSeat.model_validate(
        {
            "slot_id": values.get("slot_id", ""),
            "complaint": values.get("complaint", ""),
            "stable": True if agrees else None,
            "answers": dict.fromkeys(shown, False) if agrees else {},
        }
    )


async def _again(
    request: Request,
    units: Units,
    actor: Actor,
    booking_id: UUID,
    values: dict[str, Any],
    *,
    errors: dict[str, str] | None = None,
    problem: DomainError | None = None,
) -> Response:
    """The page once more with what was typed, and what is to be mended."""
    typed = str(values.get("complaint", ""))[:1000]
    made = await rebooking.propose(units, actor, book_of(request), booking_id, complaint=typed)
    found = dict(errors or {})
    if any(name == "stable" or name.startswith(_PREFIX) for name in found):
        ticked = bool(values.get("agrees"))
        found = {name: text for name, text in found.items() if not name.startswith(_PREFIX)}
        found.pop("stable", None)
        found["agrees"] = N_("请看完新增的情况，再勾选一次") if ticked else N_("请确认后勾选")
    return _show(request, made, errors=found, problem=problem, status=status_of(problem) if problem else 422)


def _show(
    request: Request,
    made: Proposal,
    *,
    errors: dict[str, str] | None = None,
    problem: DomainError | None = None,
    status: int = 200,
    told: Mapping[UUID, Mapping[str, str]] | None = None,
) -> Response:
    lang, _ = language(request), words(request)
    day = partial(format_day, lang=lang)
    last, seat = made.last, made.seat
    other = made.choice.other_kind
    offers_other = made.decision.offer_offline_registration
    return render(
        request,
        "orders/again.html",
        status,
        booking=last.booking,
        is_online=made.is_online,
        kind=KIND_LABELS[last.booking.kind],
        person=made.person.name,
        doctor=said(last.doctor, "name", lang),
        title=said(last.doctor, "title", lang),
        department=said(last.department, "name", lang),
        hospital=said(last.hospital, "name", lang),
        hospital_code=last.hospital.code,
        seat=seat,
        campus=said(seat.campus, "name", lang) if seat else "",
        address=said(seat.campus, "address", lang) if seat else "",
        last_campus=said(last.campus, "name", lang) if made.other_campus else "",
        response=(told or {}).get(last.booking.department_id, {}).get(lang, "") if made.is_online else "",
        due_on=made.due_on,
        is_allowed=made.is_allowed,
        pending=made.decision.pending_verification,
        rules=[
            {
                "title": each.title.said(_, day),
                "seen": each.seen.said(_, day),
                "remedy": each.remedy.said(_, day),
            }
            for each in explain_all(made.decision)
        ],
        offline=other.href() if offers_other else "",
        notice_href=f"/notices/{made.notice_id}?{urlencode({'next': request.url.path})}"
        if made.notice_id
        else "",
        complaint=made.complaint,
        # There is no box to mend it in: it is shown, so that it can be used elsewhere.
        kept=made.complaint if status != 200 and not made.has_form else "",
        questions=[(each.id, each.en if lang == "en" else each.zh) for each in made.questions],
        other_time=made.choice.href(),
        ordinary=made.choice.check_href,
        errors={name: _(text) for name, text in (errors or {}).items()},
        problem=sentence(problem, lang) if problem is not None else "",
        complaint_phone=last.hospital.complaint_phone,
    )


def _notice(request: Request, notice_id: UUID | None) -> str:
    """It leads back here once accepted."""
    return f"/notices/{notice_id}?{urlencode({'next': request.url.path})}" if notice_id else ""


async def _to_the_other(
    units: Units, actor: Actor, booking_id: UUID, slot_id: UUID, error: DomainError
) -> Response:
    """A form sent twice leads to the booking it made."""
    async with units.of(actor) as unit:
        last = await rebooking.last_of(unit, booking_id)
        place = await slot_place(unit, slot_id)
        other = await live_booking(unit, place.clinic.id, last.booking.person_id) if place else None
    if other is None:
        return redirect(f"/bookings/{booking_id}/rebooking", flash=error.detail, kind="warn")
    return redirect(f"/bookings/{other.id}", flash=error.detail, kind="info")


async def _to_the_form(units: Units, actor: Actor, booking_id: UUID, error: FormToBeWritten) -> Response:
    """What is lacking is written on the form's own page; it leads on to the same seat."""
    async with units.of(actor) as unit:
        last = await rebooking.last_of(unit, booking_id)
    facts = error.facts
    onward = rebooking.choice_of(
        last, check=UUID(facts["check_id"]), slot=UUID(facts["slot_id"]), form=UUID(facts["form_id"])
    )
    return redirect(form_href(onward), flash=error.detail, kind="warn")


routes = [
    Route("/bookings/{booking_id:uuid}/rebooking", rebooking_page),
    Route("/bookings/{booking_id:uuid}/rebooking", take_rebooking_page, methods=["POST"]),
]
