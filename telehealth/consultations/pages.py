"""The patient's room and its record. Everything but calls works without script."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.bookings import named
from telehealth.consultations import chatting, consenting, drawing, recordings, worsening
from telehealth.consultations.alerting import card_of_worsening
from telehealth.consultations.doctor_queries import follow_up_of
from telehealth.consultations.errors import (
    RoomClosed,
    RoomNotFound,
)
from telehealth.consultations.gate import GATE, find_patient_seat, find_seat
from telehealth.consultations.models import Consultation
from telehealth.consultations.policy import acting
from telehealth.consultations.queries import consultation
from telehealth.consultations.showing import Overview, overview, page_of, views_for
from telehealth.consultations.wording import room_texts
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, Invalid, Refused
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, Seat, Side
from telehealth.core.unit import Unit, Units
from telehealth.directory import department, doctor, emergency_advice, hospital, said
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language

NEEDS = Permission.OWN_ACCOUNT
#: Drawn by the server at most; the script reads on from wherever it is.
MOST_DRAWN = 2_000


class SayForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    client_id: UUID = Field(default_factory=new_id)
    text: str = Field("", max_length=4_000)


class ConsentForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    agreed: str = Field(pattern="^(yes|no)$")


@page(needs=NEEDS)
async def room_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    seat = await find_seat(units, actor, room_id)
    if seat.role.side is Side.DOCTOR:
        return redirect(f"/staff/rooms/{room_id}")
    found = await overview(units, seat)
    say, lang = words(request), language(request)
    scene = await _scene(request, units, seat)
    visit = drawing.visit_of(found.terms, say, lang)
    here = f"/rooms/{room_id}"
    return render(
        request,
        "consultations/room.html",
        **scene,
        here=here,
        room=options(request, seat, other=scene["doctor"]["name"]),
        said=drawing.lines(await _talk(units, seat), seat, say, language(request)),
        visit=visit,
        consent=drawing.consent_of(found.terms, seat),
        is_principal=seat.role is Role.PATIENT,
        worse=bool(request.query_params.get("worse")) and visit.is_open,
        talk=talk_of(found, seat, here)
        | {"before": "consultations/_before.html", "above": "consultations/_above.html"},
    )


def options(request: Request, seat: Seat, *, other: str) -> dict[str, Any]:
    """What the room's scripts are told; `static/js/room/mount.js` says what each is."""
    api = f"/api/v1/rooms/{seat.room}"
    return {
        "room": str(seat.room),
        "me": str(seat.actor.account),
        "role": str(seat.role),
        "lang": language(request),
        "api_url": api,
        "ticket_url": f"{api}/ticket",
        "messages_url": f"{api}/messages",
        "files_url": drawing.FILES,
        "names": {"other": other},
        "texts": room_texts(words(request)),
    }


def talk_of(found: Overview, seat: Seat, here: str) -> dict[str, Any]:
    """What `_room.html` expects; `why_not` is a message id."""
    return {
        "post": f"{here}/messages",
        "client_id": new_id(),
        "may_write": found.terms.may_write,
        "why_not": drawing.why_not(found.terms),
        "is_patient_side": seat.role.side is Side.PATIENT,
        "before": "",
        "above": "",
    }


@page(needs=NEEDS, limit="60/minute")
async def say_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    """From a browser without script; sent twice it is said once."""
    form = await read_form(request, SayForm)
    here = f"/rooms/{room_id}"
    if form.model is None:
        return redirect(f"{here}#end", flash=N_("内容太长，请分几次发送"), kind="warn")
    seat = await find_seat(units, actor, room_id)
    try:
        stored = await chatting.say(
            units, seat, client_id=form.model.client_id, kind="text", text=form.model.text
        )
    except (Refused, Invalid, Conflict) as error:
        return redirect(f"{here}#end", flash=error.detail, kind="warn")
    return redirect(f"{here}?worse=1" if stored.alert else f"{here}#end")


@page(needs=NEEDS, limit="30/minute")
async def feel_worse_page(units: Units, actor: Actor, room_id: UUID) -> Response:
    try:
        await worsening.feel_worse(units, actor, room_id)
    except RoomClosed as error:
        return redirect(f"/rooms/{room_id}", flash=error.detail, kind="warn")
    return redirect(f"/rooms/{room_id}?worse=1")


@page(needs=NEEDS)
async def consent_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    seat = await find_patient_seat(units, actor, room_id)
    found = await overview(units, seat)
    async with units.system(GATE) as unit:
        place = await hospital(unit, seat.hospital_id)
    return render(
        request,
        "consultations/consent.html",
        here=f"/rooms/{room_id}",
        hospital=said(place, "name", language(request)),
        consent=drawing.consent_of(found.terms, seat),
    )


@page(needs=NEEDS, limit="30/minute")
async def answer_consent_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, ConsentForm)
    here = f"/rooms/{room_id}"
    await find_seat(units, actor, room_id)
    if form.model is None:
        return redirect(here, flash=N_("请从给出的选项中选择"), kind="warn")
    agreed = form.model.agreed == "yes"
    try:
        await consenting.answer(units, actor, room_id, agreed=agreed)
    except RoomClosed as error:
        return redirect(here, flash=error.detail, kind="warn")
    return redirect(here, flash=_THANKS[agreed])


_THANKS = {
    True: N_("已记下：同意通话时录音录像，随时可以更改"),
    False: N_("已记下：不录音录像。用文字继续就诊，不影响就诊，也不计爽约"),
}


@page(needs=NEEDS)
async def record_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    """What was said and advised, what was recorded, and who looked at it."""
    seat = await find_seat(units, actor, room_id)
    if seat.role.side is Side.DOCTOR:
        return redirect(f"/staff/rooms/{room_id}/record")
    found = await overview(units, seat)
    say = words(request)
    is_own = seat.role is Role.PATIENT
    shown: list[dict[str, Any]] = []
    if is_own:
        async with units.of(actor) as unit:
            shown = drawing.recordings((await recordings.playlist(unit, room_id)).segments, say)
    return render(
        request,
        "consultations/record.html",
        **await _scene(request, units, seat),
        here=f"/rooms/{room_id}",
        visit=drawing.visit_of(found.terms, say, language(request)),
        said=drawing.lines(await _talk(units, seat), seat, say, language(request)),
        recordings=shown,
        is_own=is_own,
        views=drawing.views(await views_for(units, actor, room_id)) if is_own else [],
    )


@page(needs=NEEDS)
async def own_recording_page(units: Units, actor: Actor, segment_id: UUID) -> Response:
    """Leads to the file, by an address that works for five minutes."""
    return RedirectResponse(
        await recordings.link(units, actor, segment_id), 307, {"cache-control": "no-store"}
    )


async def _talk(units: Units, seat: Seat) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    more = True
    while more and len(items) < MOST_DRAWN:
        found, more = await page_of(units, seat, items[-1]["seq"] if items else 0)
        items += found
    return items


async def _scene(request: Request, units: Units, seat: Seat) -> dict[str, Any]:
    """What both pages of a visit name: doctor, hospital, patient, numbers for an emergency, its end."""
    say, lang = words(request), language(request)
    async with acting(units, seat) as unit:
        row = await consultation(unit, seat.room)
        follow_up = await follow_up_of(unit, seat.room)
    async with units.system(GATE) as unit:
        place = await named(unit, seat.room)
        if place is None:
            raise RoomNotFound()
        people = await people_by_id(unit, [row.person_id])
        scene = await _who(unit, row, lang)
        advice = await emergency_advice(unit, row.hospital_id)
        card = await card_of_worsening(unit, row.hospital_id)
    who = people.get(row.person_id)
    is_own = seat.role is Role.PATIENT
    return scene | {
        "emergency": {
            "numbers": card["numbers"],
            "sentence": _in(card["sentence"], lang),
            "places": [
                {"name": said(one, "name", lang), "address": said(one, "address", lang), "phone": one.phone}
                for one in advice.places
            ],
        },
        "patient": "" if who is None else who.name if is_own else mask_name(who.name),
        "visit_row": {"day": row.day, "starts_at": row.starts_at, "ends_at": row.ends_at},
        "admitted_at": row.admitted_at,
        "ending": drawing.ending_of(row, place.booking, follow_up, say, is_own=is_own),
        "booking_href": f"/bookings/{row.id}" if is_own else "/",
    }


async def _who(unit: Unit, row: Consultation, lang: str) -> dict[str, Any]:
    person = await doctor(unit, row.doctor_id)
    return {
        "doctor": {
            "name": said(person, "name", lang),
            "title": said(person, "title", lang),
            "department": said(await department(unit, row.department_id), "name", lang),
        },
        "hospital": said(await hospital(unit, row.hospital_id), "name", lang),
    }


def _in(said_: Mapping[str, str], lang: str) -> str:
    return said_.get(lang[:2]) or said_["zh"]


routes = [
    Route("/rooms/{room_id:uuid}", room_page),
    Route("/rooms/{room_id:uuid}/messages", say_page, methods=["POST"]),
    Route("/rooms/{room_id:uuid}/worsening", feel_worse_page, methods=["POST"]),
    Route("/rooms/{room_id:uuid}/recording-consent", consent_page),
    Route("/rooms/{room_id:uuid}/recording-consent", answer_consent_page, methods=["POST"]),
    Route("/rooms/{room_id:uuid}/record", record_page),
    Route("/rooms/recordings/{segment_id:uuid}", own_recording_page),
]
