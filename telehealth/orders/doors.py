"""What the API and the pages of the list share: which lines, from where on, and who is shown."""

from uuid import UUID

from starlette.requests import Request

from telehealth.core.errors import NotFound
from telehealth.core.orders import Line, Link, Opened, Wanted
from telehealth.core.unit import Unit
from telehealth.orders import visits
from telehealth.orders.errors import OrderNotFound
from telehealth.orders.listing import orders_of
from telehealth.orders.pricing import RefundTable
from telehealth.web.house import house_of
from telehealth.web.labels import APP, BROWSER, MINI_PROGRAM
from telehealth.web.pagination import cut
from telehealth.web.preferences import door_of


async def page_of(unit: Unit, wanted: Wanted) -> tuple[list[Line], str]:
    """One page of lines and the cursor of the next."""
    found = await orders_of(unit).lines(unit, wanted)
    return cut(found, wanted.limit, lambda line: (line.ordered_at.isoformat(), str(line.id)))


async def opened(unit: Unit, kind: str, order_id: UUID) -> Opened:
    """Raises OrderNotFound, for somebody else's too, whatever it is of."""
    try:
        return await orders_of(unit).open(unit, kind, order_id)
    except NotFound:
        raise OrderNotFound() from None


async def links_of(request: Request, unit: Unit, order: Opened) -> list[Link]:
    """What can be done about it; features above a visit add theirs: the room, the sheets."""
    if order.line.kind != visits.KIND:
        return list(order.links)
    added = [
        Link(row["href"], row["label"])
        for part in house_of(request).contributions.get("booking_actions", [])
        for row in await part(unit, unit.actor, order.subject)
    ]
    # A room that is open is where one goes now; the rest is there to be looked up.
    room = [link for link in added if link.href == f"/rooms/{order.line.id}"]
    return [*room, *order.links, *[link for link in added if link not in room]]


def channel_of(request: Request) -> str:
    """Where the answer is read (XY19): an app and a mini-program by the session they hold."""
    return {"app": APP, "mini_program": MINI_PROGRAM}.get(door_of(request), BROWSER)


def tables_of(request: Request) -> list[RefundTable]:
    """What comes back of each kind of thing that is paid for."""
    return list(house_of(request).contributions.get("refund_tables", []))
