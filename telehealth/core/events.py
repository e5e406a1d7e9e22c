"""Publish up: a lower feature tells higher ones, inside the same unit of work."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, named in the past tense. Handlers touch the database only."""


E = TypeVar("E", bound=Event)
Handler = Callable[["Unit", Any], Awaitable[None]]


class Events:
    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Handler]] = defaultdict(list)

    def subscribe(self, kind: type[Event], handler: Handler) -> None:
        self._handlers[kind].append(handler)

    async def publish(self, unit: "Unit", event: Event) -> None:
        """Handlers run in the order they subscribed; the first that raises undoes the whole unit."""
        for handler in self._handlers[type(event)]:
            await handler(unit, event)
