"""What a patient has chosen so far, carried in the address so that a reload loses nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from telehealth.rulebook.rules import Channel, ClinicKind

#: Other doors say "online" for the internet clinic.
_KINDS = {"internet": ClinicKind.INTERNET, "online": ClinicKind.INTERNET, "offline": ClinicKind.OFFLINE}


@dataclass(frozen=True, slots=True)
class Choice:
    """One booking in the making at one hospital. Nonsense in an address counts as not chosen."""

    code: str
    kind: ClinicKind = ClinicKind.INTERNET
    person: UUID | None = None
    check: UUID | None = None
    campus: UUID | None = None
    department: UUID | None = None
    doctor: UUID | None = None
    day: date | None = None
    slot: UUID | None = None
    form: UUID | None = None

    @classmethod
    def read(cls, code: str, given: Mapping[str, Any]) -> "Choice":
        return cls(
            code,
            _KINDS.get(str(given.get("kind", "")), ClinicKind.INTERNET),
            day=_day(str(given.get("day", ""))),
            **{name: _identity(str(given.get(name, ""))) for name in _IDS},
        )

    def but(self, **changes: Any) -> "Choice":
        return replace(self, **changes)

    def href(self, **changes: Any) -> str:
        """The address of this choice with `changes`."""
        return f"/h/{self.code}/book?{urlencode(self.but(**changes).fields())}"

    def fields(self) -> dict[str, str]:
        """As an address or hidden fields carry it."""
        chosen = {name: getattr(self, name) for name in (*_IDS, "day")}
        return {"kind": str(self.kind)} | {name: str(value) for name, value in chosen.items() if value}

    @property
    def check_href(self) -> str:
        """Where the gate is asked; it comes back here with `check` and what was chosen."""
        return f"/h/{self.code}/check?{urlencode(self.but(check=None).fields())}"

    @property
    def result_href(self) -> str:
        """What the gate said, and what it still asks."""
        return f"/h/{self.code}/check/{self.check}?{urlencode(self.but(check=None, person=None).fields())}"

    @property
    def other_kind(self) -> "Choice":
        """SJ01: the same person at the other door."""
        other = ClinicKind.OFFLINE if self.kind is ClinicKind.INTERNET else ClinicKind.INTERNET
        return Choice(self.code, other, person=self.person)


_IDS = ("person", "check", "campus", "department", "doctor", "slot", "form")


def _identity(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class DeskChoice:
    """The same at the desk: staff choose for a patient, out of one channel's share."""

    kind: ClinicKind = ClinicKind.OFFLINE
    channel: Channel = Channel.DESK
    person: UUID | None = None
    campus: UUID | None = None
    department: UUID | None = None
    day: date | None = None
    slot: UUID | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "DeskChoice":
        return cls(
            _KINDS.get(str(given.get("kind", "")), ClinicKind.OFFLINE),
            Channel.PHONE if given.get("channel") == "phone" else Channel.DESK,
            day=_day(str(given.get("day", ""))),
            **{name: _identity(str(given.get(name, ""))) for name in _DESK_IDS},
        )

    def but(self, **changes: Any) -> "DeskChoice":
        return replace(self, **changes)

    def href(self, **changes: Any) -> str:
        return f"/staff/bookings/new?{urlencode(self.but(**changes).fields())}"

    def fields(self) -> dict[str, str]:
        chosen = {name: getattr(self, name) for name in (*_DESK_IDS, "day")}
        named = {"kind": str(self.kind), "channel": str(self.channel)}
        return named | {name: str(value) for name, value in chosen.items() if value}


_DESK_IDS = ("person", "campus", "department", "slot")
