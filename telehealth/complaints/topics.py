"""What can be complained of. A feature above registers its kind; complaints never import it.

`app.py` collects the contributions named `complaint_topic` and joins them as one `Topics`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.complaints.errors import TopicNotFound
from telehealth.core.access import Actor
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Found:
    hospital_id: UUID
    #: What people call it; never a name or an illness.
    number: str


@dataclass(frozen=True, slots=True)
class Topic:
    """`find(unit, actor, id)` answers None for whatever the actor may not see."""

    kind: str
    #: A message id.
    label: str
    find: Callable[[Unit, Actor, UUID], Awaitable[Found | None]]
    href: Callable[[UUID], str]
    #: Where staff look at it; empty when they have no page of it.
    staff_href: Callable[[UUID], str] = lambda _: ""
    #: What the system decided, as the patient was told: (title, what it saw) in a language (REG58).
    explain: Callable[[Unit, UUID, str], Awaitable[Sequence[tuple[str, str]]]] | None = None
    #: Where the rules are asked again, once what they go by has been mended.
    again: Callable[[Unit, UUID], Awaitable[str]] | None = None

    @property
    def is_decision(self) -> bool:
        return self.explain is not None


class Topics:
    def __init__(self, topics: Iterable[Topic]) -> None:
        self._by_kind = {topic.kind: topic for topic in topics}

    def of(self, kind: str) -> Topic:
        """Raises TopicNotFound."""
        if kind not in self._by_kind:
            raise TopicNotFound()
        return self._by_kind[kind]

    def known(self, kind: str) -> Topic | None:
        return self._by_kind.get(kind)
