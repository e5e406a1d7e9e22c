"""The queues of today's offline clinics: who is next, who came, who did not."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, DomainError, Refused
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.outpatient import arriving, calling, queue_showing
from telehealth.outpatient import queue_queries as queries
from telehealth.outpatient.errors import TicketNotFound
from telehealth.outpatient.models import QueueTicket
from telehealth.outpatient.queue_queries import Standing
from telehealth.outpatient.rules import number_shown
from telehealth.outpatient.schemas import RoomForm
from telehealth.patients.masking import mask_name
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

QUEUES = "/staff/queue"
NEEDS = Permission.CALL_QUEUE


@page(needs=NEEDS)
async def queues_page(request: Request, unit: Unit) -> Response:
    lang = language(request)
    return render(
        request,
        "outpatient/queues.html",
        rows=[
            {
                "href": f"{QUEUES}/{row.place.clinic.id}",
                "doctor": said(row.place.doctor, "name", lang),
                "department": said(row.place.department, "name", lang),
                "campus": said(row.place.campus, "name", lang),
                "starts_at": row.place.clinic.starts_at,
                "ends_at": row.place.clinic.ends_at,
                "waiting": row.waiting,
                "called": row.called,
                "seen": row.seen,
            }
            for row in await queue_showing.today(unit)
        ],
    )


@page(needs=NEEDS)
async def queue_page(request: Request, unit: Unit, clinic_id: UUID) -> Response:
    place = await calling.own_clinic(unit, clinic_id)
    await queries.lock_line(unit, place.clinic)
    board = await queue_showing.board(unit, clinic_id)
    lang = language(request)
    return render(
        request,
        "outpatient/desk_queue.html",
        clinic=place.clinic,
        doctor=said(place.doctor, "name", lang),
        department=said(place.department, "name", lang),
        campus=said(place.campus, "name", lang),
        room=board.line.room if board.line else "",
        screen=f"/screens/{board.line.screen_token}" if board.line else "",
        # Whoever is called is opened: the wrong patient is the worst mistake.
        called=[_row(each, masked=False) for each in board.called],
        waiting=[_row(each) for each in board.waiting],
        missed=[_row(each) for each in board.missed],
        seen=board.seen,
        expected=[
            {
                "id": booking.id,
                "number": booking.number,
                "name": mask_name(person.name),
                "starts_at": booking.starts_at,
            }
            for booking, person in board.expected
        ],
    )


@page(needs=NEEDS, limit="240/minute")
async def call_next_page(request: Request, units: Units, actor: Actor, clinic_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await calling.call_next(unit, clinic_id)
    except (Refused, Conflict) as error:
        return _back(request, clinic_id, error)
    return redirect(f"{QUEUES}/{clinic_id}")


@page(needs=NEEDS, limit="60/minute")
async def name_room_page(request: Request, units: Units, actor: Actor, clinic_id: UUID) -> Response:
    form = await read_form(request, RoomForm)
    async with units.of(actor) as unit:
        await calling.own_clinic(unit, clinic_id)
        if form.model is not None:
            await calling.name_room(unit, clinic_id, form.model.room)
    if form.model is None:
        return redirect(f"{QUEUES}/{clinic_id}", flash=N_("诊室名称最多 20 个字"), kind="warn")
    return redirect(f"{QUEUES}/{clinic_id}", flash=N_("诊室已更新"))


@page(needs=NEEDS, limit="30/minute")
async def renew_screen_page(request: Request, unit: Unit, clinic_id: UUID) -> Response:
    await calling.renew_screen(unit, clinic_id)
    return redirect(f"{QUEUES}/{clinic_id}", flash=N_("大屏地址已更换，旧地址已失效，请在大屏上重新打开"))


@page(needs=NEEDS, limit="120/minute")
async def check_in_at_desk_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    try:
        ticket = await arriving.check_in(units, actor, booking_id)
    except (Refused, Conflict) as error:
        return redirect(QUEUES, flash=sentence(error, language(request)), kind="warn")
    return redirect(f"{QUEUES}/{ticket.clinic_id}", flash=N_("已签到"))


@page(needs=NEEDS, limit="240/minute")
async def move_ticket_page(
    request: Request, units: Units, actor: Actor, ticket_id: UUID, verb: str
) -> Response:
    """Seen, not there, or back in line."""
    async with units.of(actor) as unit:
        clinic_id = (await queries.ticket_of(unit, ticket_id)).clinic_id
    move = VERBS.get(verb)
    if move is None:
        raise TicketNotFound()
    try:
        async with units.of(actor) as unit:
            await move(unit, ticket_id)
    except (Refused, Conflict) as error:
        return _back(request, clinic_id, error)
    return redirect(f"{QUEUES}/{clinic_id}")


VERBS: dict[str, Callable[[Unit, UUID], Awaitable[QueueTicket]]] = {
    "visit": calling.see,
    "missed": calling.miss,
    "return": calling.rejoin,
}


def _back(request: Request, clinic_id: UUID, error: DomainError) -> Response:
    return redirect(f"{QUEUES}/{clinic_id}", flash=sentence(error, language(request)), kind="warn")


def _row(standing: Standing, *, masked: bool = True) -> dict[str, Any]:
    ticket, name = standing.ticket, standing.person.name
    return {
        "id": ticket.id,
        "number": number_shown(ticket.number),
        "name": mask_name(name) if masked else name,
        "place": ticket.place,
        "starts_at": ticket.starts_at,
        "checked_in_at": ticket.checked_in_at,
        "called_at": ticket.called_at,
        "missed": ticket.missed_calls,
        "is_late": ticket.is_late and not ticket.missed_calls,
    }


_ONE = f"{QUEUES}/{{clinic_id:uuid}}"
routes = [
    Route(QUEUES, queues_page),
    Route(_ONE, queue_page),
    Route(f"{_ONE}/calls", call_next_page, methods=["POST"]),
    Route(f"{_ONE}/room", name_room_page, methods=["POST"]),
    Route(f"{_ONE}/screen", renew_screen_page, methods=["POST"]),
    Route("/staff/arrivals/{booking_id:uuid}", check_in_at_desk_page, methods=["POST"]),
    Route("/staff/tickets/{ticket_id:uuid}/{verb}", move_ticket_page, methods=["POST"]),
]
