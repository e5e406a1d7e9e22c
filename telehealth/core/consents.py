"""Every consent in one book: what was agreed to, by whom, when, and what follows from taking it back (REG56).

A feature contributes under "consents" a `ConsentSource` for each kind it asks for. The page that shows them
all knows none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.errors import NotFound
from telehealth.core.unit import Unit, Units

#: A message id, or what was said in each language.
Said = str | Mapping[str, str]


class ConsentGone(NotFound):
    code = "consent_not_found"
    detail = "没有找到这项同意"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """`purpose`, `text` and `follows` are message ids; `where` says at which hospital or in which visit."""

    kind: str
    id: UUID
    #: Whom it is about; None for the account itself.
    person_id: UUID | None
    purpose: str
    text: str
    given_at: datetime
    where: Said = ""
    #: When it was taken back or ran out; None while it stands.
    ended_at: datetime | None = None
    #: Taking it back is possible now; otherwise `follows` says why not.
    can_withdraw: bool = False
    follows: str = ""


class ConsentSource(Protocol):
    kind: str

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        """Of the account that asks, newest first."""
        ...

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        """Again changes nothing. Raises ConsentGone, or a refusal that says what to do instead."""
        ...


@dataclass(frozen=True, slots=True)
class ConsentBook:
    sources: Sequence[ConsentSource] = field(default_factory=tuple)

    async def listed(self, unit: Unit) -> list[ConsentEntry]:
        """Those that stand first, then what ended; each newest first."""
        found = [entry for source in self.sources for entry in await source.listed(unit)]
        found.sort(key=lambda entry: (entry.given_at, entry.id), reverse=True)
        return sorted(found, key=lambda entry: entry.ended_at is not None)

    async def withdraw(self, units: Units, actor: Actor, kind: str, consent_id: UUID) -> None:
        """Raises ConsentGone, and what the source raises."""
        source = next((each for each in self.sources if each.kind == kind), None)
        if source is None:
            raise ConsentGone()
        await source.withdraw(units, actor, consent_id)
