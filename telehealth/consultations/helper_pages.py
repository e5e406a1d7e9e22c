"""A helper's seat: the patient gives and takes it, whoever is invited accepts it."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.consultations import drawing, helping
from telehealth.consultations.errors import HelpersFull, InvitationNotFound, OwnInvitation, RoomClosed
from telehealth.consultations.gate import GATE, find_patient_seat
from telehealth.consultations.schemas import HelperBody
from telehealth.consultations.showing import overview
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.rooms import Seat
from telehealth.core.unit import Units
from telehealth.directory import said
from telehealth.rulebook import current_policy
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language

NEEDS = Permission.OWN_ACCOUNT


@page(needs=NEEDS)
async def helpers_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    return await _helpers(request, units, await find_patient_seat(units, actor, room_id), blank())


@page(needs=NEEDS, limit="30/minute")
async def invite_helper_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    """The link is on this answer and nowhere else."""
    seat = await find_patient_seat(units, actor, room_id)
    form = await read_form(request, HelperBody)
    if form.model is None:
        return await _helpers(request, units, seat, form, status=422)
    try:
        made = await helping.invite(units, actor, room_id, name=form.model.name)
    except (RoomClosed, HelpersFull) as error:
        return redirect(f"/rooms/{room_id}/helpers", flash=error.detail, kind="warn")
    link = house_of(request).settings.public_url.rstrip("/") + made.link
    return await _helpers(request, units, seat, blank(), link=link)


@page(needs=NEEDS)
async def end_helper_page(units: Units, actor: Actor, room_id: UUID, seat_id: UUID) -> Response:
    await helping.end(units, actor, room_id, seat_id)
    return redirect(f"/rooms/{room_id}/helpers", flash=N_("席位已结束"))


@page(public=True, limit="60/minute")
async def help_seat_page(request: Request, units: Units, token: str) -> Response:
    """What the invited person sees before signing in."""
    try:
        found = await helping.invitation_of(units, token)
    except InvitationNotFound as error:
        return render(request, "web/error.html", 404, detail=words(request)(error.detail))
    lang = language(request)
    return render(
        request,
        "consultations/help_seat.html",
        invitation={
            "patient": found.patient,
            "hospital": said(found.hospital, "name", lang),
            "doctor": said(found.doctor, "name", lang),
            "starts_at": found.starts_at,
        },
    )


@page(needs=NEEDS, limit="30/minute")
async def take_seat_page(units: Units, actor: Actor, token: str) -> Response:
    try:
        room = await helping.accept(units, actor, token)
    except OwnInvitation as error:
        return redirect("/bookings", flash=error.detail, kind="warn")
    return redirect(f"/rooms/{room}", flash=N_("您已进入诊室，可以替患者写、参加通话"))


async def _helpers(
    request: Request, units: Units, seat: Seat, form: Form[Any], *, link: str = "", status: int = 200
) -> Response:
    found = await overview(units, seat)
    async with units.system(GATE) as unit:
        most = (await current_policy(unit, seat.hospital_id)).policy.room.helpers_most
    is_open = drawing.visit_of(found.terms, words(request), language(request)).is_open
    return render(
        request,
        "consultations/helpers.html",
        status,
        here=f"/rooms/{seat.room}",
        link=link,
        seats=drawing.seats(found.helpers),
        may_invite=is_open and len(found.helpers) < most,
        values=form.values,
        errors=form.errors,
    )


routes = [
    Route("/rooms/{room_id:uuid}/helpers", helpers_page),
    Route("/rooms/{room_id:uuid}/helpers", invite_helper_page, methods=["POST"]),
    Route("/rooms/{room_id:uuid}/helpers/{seat_id:uuid}/end", end_helper_page, methods=["POST"]),
    Route("/help-seat/{token}", help_seat_page),
    Route("/help-seat/{token}", take_seat_page, methods=["POST"]),
]
