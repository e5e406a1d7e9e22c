"""Waiting to be seen in person: check in, one's own place, and the screen everybody looks at."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, Refused
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.outpatient import arriving, queue_showing
from telehealth.outpatient.rules import number_shown
from telehealth.outpatient.states import TicketState
from telehealth.outpatient.wording import TICKET_STATES
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence


@page(needs=Permission.BOOK)
async def own_queue_page(request: Request, unit: Unit, booking_id: UUID) -> Response:
    mine = await queue_showing.mine(unit, booking_id)
    lang, ticket = language(request), mine.ticket
    state = ticket.state if ticket is not None else None
    return render(
        request,
        "outpatient/queue.html",
        booking=mine.booking,
        ticket=ticket,
        number=number_shown(ticket.number) if ticket else "",
        tag=TICKET_STATES[ticket.state] if ticket else None,
        is_waiting=state is TicketState.WAITING,
        is_called=state is TicketState.CALLED,
        is_missed=state is TicketState.MISSED,
        is_seen=state is TicketState.SEEN,
        is_left=state is TicketState.LEFT,
        is_live=state in (TicketState.WAITING, TicketState.CALLED, TicketState.MISSED),
        is_open=mine.is_open,
        is_over=mine.is_over,
        opens_at=mine.opens_at,
        campus=said(mine.place.campus, "name", lang),
        address=said(mine.place.campus, "address", lang),
        department=said(mine.place.department, "name", lang),
        doctor=said(mine.place.doctor, "name", lang),
        title=said(mine.place.doctor, "title", lang),
        room=mine.room,
        called_number=number_shown(mine.called_number) if mine.called_number else "",
        last_campus=said(mine.last_campus, "name", lang) if mine.last_campus else "",
    )


@page(needs=Permission.BOOK, limit="30/minute")
async def check_in_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    try:
        await arriving.check_in(units, actor, booking_id)
    except (Refused, Conflict) as error:
        return redirect(f"/queue/{booking_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"/queue/{booking_id}")


@page(public=True, limit="120/minute")
async def screen_page(request: Request, units: Units, screen_token: str) -> Response:
    """For the waiting room: big numbers, masked names, and nothing to press."""
    shown = await queue_showing.screen(units, screen_token)
    lang = language(request)
    return render(
        request,
        "outpatient/screen.html",
        screen=shown,
        campus=said(shown.place.campus, "name", lang),
        department=said(shown.place.department, "name", lang),
        doctor=said(shown.place.doctor, "name", lang),
    )


routes = [
    Route("/queue/{booking_id:uuid}", own_queue_page),
    Route("/queue/{booking_id:uuid}", check_in_page, methods=["POST"]),
    Route("/screens/{screen_token}", screen_page),
]
