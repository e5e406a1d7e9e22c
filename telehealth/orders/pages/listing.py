"""The one list of orders, and each order as a timeline of promises."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.orders import Group, Wanted
from telehealth.core.unit import Unit
from telehealth.orders import doors, presenting
from telehealth.orders.rules import GROUPS
from telehealth.patients import people_by_id, people_of
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.pagination import moment_key

PAGE_SIZE = 20
#: What "my bookings" called its filters; links out there still say so.
_OLD_GROUPS = {"held": Group.TODO, "coming": Group.COMING, "past": Group.OVER}


@page(needs=Permission.BOOK)
async def orders_page(request: Request, unit: Unit) -> Response:
    asked = request.query_params.get("group", "")
    group = Group(asked) if asked in set(Group) else None
    people = {person.id: person for _, person in await people_of(unit, unit.actor.account)}
    who = next((p for p in people.values() if str(p.id) == request.query_params.get("person")), None)
    wanted = Wanted(group, who.id if who else None, _before(request), PAGE_SIZE)
    lines, following = await doors.page_of(unit, wanted)
    chosen = {"group": str(group) if group else "", "person": str(who.id) if who else ""}
    name = str(group) if group else "all"
    return render(
        request,
        "orders/list.html",
        groups=[
            {"href": _href(chosen, group="" if key == "all" else key), "label": text, "current": key == name}
            for key, text in GROUPS.items()
        ],
        people=[
            {
                "href": _href(chosen, person=str(person.id) if person else ""),
                "name": person.name if person else "",
                "current": person is who,
            }
            for person in [None, *people.values()]
        ]
        if len(people) > 1
        else [],
        rows=presenting.rows_of(lines, people),
        nothing=presenting.NOTHING[name],
        older=_href(chosen, after=following) if following else "",
        newest=_href(chosen) if request.query_params.get("after") else "",
    )


@page(needs=Permission.BOOK)
async def order_page(request: Request, unit: Unit, kind: str, order_id: UUID) -> Response:
    """What was promised, what became of it, and who must act now; the timeline refreshes itself."""
    order = await doors.opened(unit, kind, order_id)
    people = await people_by_id(unit, [order.line.person_id])
    who = people.get(order.line.person_id)
    return render(
        request,
        "orders/order.html",
        order=order,
        line=order.line,
        patient=who.name if who else "",
        steps=presenting.steps_of(order, unit.now),
        links=await doors.links_of(request, unit, order),
        complaint_phone=order.complaint_phone,
    )


@page(needs=Permission.BOOK)
async def old_list_page(request: Request) -> Response:
    """Links to "my bookings" of before lead into the one list, with what they filtered by."""
    old = request.query_params
    group = _OLD_GROUPS.get(old.get("group", ""))
    return redirect(_href({"group": str(group) if group else "", "person": old.get("person", "")[:40]}))


def _href(chosen: dict[str, str], **changes: str) -> str:
    query = {name: value for name, value in (chosen | changes).items() if value}
    return f"/orders?{urlencode(query)}" if query else "/orders"


def _before(request: Request) -> Any:
    """A page turned by a broken address begins at the top."""
    try:
        return moment_key(request.query_params.get("after", ""))
    except FieldsInvalid:
        return None


routes = [
    Route("/orders", orders_page),
    Route("/orders/{kind}/{order_id:uuid}", order_page),
    Route("/bookings", old_list_page),
]
