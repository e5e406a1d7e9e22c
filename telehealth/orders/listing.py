"""One list over everything a patient ordered, whoever offers it (XY26)."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from telehealth.core.orders import Group, Line, Opened, Source, Wanted
from telehealth.core.promises import Promise
from telehealth.core.unit import Unit
from telehealth.orders.errors import OrderNotFound

Promising = Callable[[Unit, str, UUID], Awaitable[Sequence[Promise]]]


class Orders:
    """The sources that features contributed; `app.py` joins it to the units.

    `promising` add what others promised about an order, as the answer to a complaint.
    """

    def __init__(self, sources: Iterable[Source], promising: Iterable[Promising] = ()) -> None:
        self._sources = {source.kind: source for source in sources}
        self._promising = tuple(promising)

    async def lines(self, unit: Unit, wanted: Wanted) -> list[Line]:
        """The newest of all sources, one more than asked for if there are more.

        Each source answers with its own newest after the same place, so no page is read past.
        """
        found: list[Line] = []
        for source in self._sources.values():
            found += await source.lines(unit, wanted)
        return sorted(found, key=lambda line: line.key, reverse=True)[: wanted.limit + 1]

    async def open(self, unit: Unit, kind: str, order_id: UUID) -> Opened:
        """Raises OrderNotFound, or what the source raises for somebody else's."""
        source = self._sources.get(kind)
        if source is None:
            raise OrderNotFound()
        found = await source.open(unit, order_id)
        more = [made for part in self._promising for made in await part(unit, kind, order_id)]
        return replace(found, promises=(*found.promises, *more)) if more else found


def orders_of(unit: Unit) -> Orders:
    return unit.port(Orders)


async def waiting(unit: Unit, group: Group, *, limit: int = 3) -> Sequence[Line]:
    """What wants something of the patient, or is on its way: the most pressing first."""
    found = await orders_of(unit).lines(unit, Wanted(group=group, limit=limit))
    return sorted(found[:limit], key=_pressing)


def _pressing(line: Line) -> tuple[bool, float]:
    """A clock that runs comes first, the shortest before the others; then the latest ordered."""
    if line.due_at is not None:
        return False, line.due_at.timestamp()
    return True, -line.ordered_at.timestamp()
