"""Case files: JSON a hospital writes to see what a policy would decide, read into the gate's facts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from telehealth.eligibility.facts import THIS_HOSPITAL, Facts, GateCode, OfflineVisit, VisitStatus
from telehealth.rulebook.rules import Channel, ClinicKind, VisitKind
from telehealth.strikes.rules import Ban

Word = TypeVar("Word", bound=StrEnum)

_ONLINE = ("online", "internet", "wechat", "official_account", "mini_program", "app", "web")
_DESK = ("desk", "front_desk", "counter", "window", "kiosk", "walk_in", "walk-in", "on_site", "offline")
_CHANNELS = {
    **dict.fromkeys(_ONLINE, Channel.ONLINE),
    **dict.fromkeys(_DESK, Channel.DESK),
    **dict.fromkeys(("phone", "telephone"), Channel.PHONE),
}
_KINDS = {
    "internet": ClinicKind.INTERNET, "online": ClinicKind.INTERNET, "internet_clinic": ClinicKind.INTERNET,
    "offline": ClinicKind.OFFLINE, "offline_registration": ClinicKind.OFFLINE,
}  # fmt: skip
_UP = {"up", "ok", "available"}
_DOWN = {"down", "unavailable", "timeout", "error"}


class CaseFileUnusable(Exception):
    """The reason is for the person at the terminal: which case, which key, what is wrong."""


@dataclass(frozen=True)
class Expectation:
    """Only what a case states is compared. A date of None says: no date cures this."""

    allowed: bool | None
    must_include: frozenset[GateCode]
    must_not_include: frozenset[GateCode]
    satisfied_from: Mapping[GateCode, date | None]


@dataclass(frozen=True)
class Case:
    id: str
    facts: Facts
    expect: Expectation


def read_cases(path: str | Path) -> list[Case]:
    """Raises CaseFileUnusable: not readable, not JSON, not case rows, or a row we cannot understand."""
    try:
        raw = json.loads(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        raise CaseFileUnusable(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise CaseFileUnusable(f"{path} is not JSON: {error}") from None
    return cases_of(raw, named=str(path))


def cases_of(raw: Any, *, named: str = "the file") -> list[Case]:
    """Raises CaseFileUnusable."""
    rows = raw.get("rows") if isinstance(raw, dict) else raw
    if not isinstance(rows, list) or not rows:
        raise CaseFileUnusable(f"{named} has no rows of cases")
    if isinstance(raw, dict) and str(raw.get("format", "1")) != "1":
        raise CaseFileUnusable(f"{named} has format {raw['format']!r}; only format 1 is known")
    return [_Row(row, number).case() for number, row in enumerate(rows, start=1)]


class _Row:
    """One row, read strictly: a present key of the wrong type is an error, an absent one is not."""

    def __init__(self, row: Any, number: int) -> None:
        if not isinstance(row, dict):
            raise CaseFileUnusable(f"row {number} is not an object")
        self.row = row
        self.name = str(row.get("id", f"row {number}"))
        if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
            raise CaseFileUnusable(f"row {number} has no id")

    def case(self) -> Case:
        return Case(self.name, self._facts(), self._expectation())

    def _facts(self) -> Facts:
        slot_date = self._date(self.row, "slot_date")
        today = self._date(self.row, "today") or slot_date
        if today is None:
            raise self._unusable("today", "is missing, and there is no slot_date either")
        patient = self._object(self.row, "patient")
        declaration = self._object(self.row, "declaration")
        kind = self.row.get("clinic_kind", self.row.get("clinic", "internet"))
        return Facts(
            today=today,
            slot_date=slot_date or today,
            birth_date=self._date(patient, "birth_date"),
            identity_verified=self._truth(patient, "identity_verified"),
            card_bound=self._truth(patient, "card_bound"),
            card_linked=self._truth(patient, "card_linked"),
            visits=tuple(self._visit(visit) for visit in self._objects(self.row, "visits")),
            his_available=self._his(),
            stable=self._truth(declaration, "stable"),
            red_flags=self._flags(declaration),
            bans=tuple(self._ban(ban) for ban in self._objects(self.row, "bans")),
            notice_accepted=self._truth(self.row, "notice_accepted"),
            clinic_kind=self._alias(_KINDS, kind, "clinic_kind"),
            channel=self._channel(),
            campus=self._text(self.row, "campus"),
        )

    def _channel(self) -> Channel:
        return self._alias(_CHANNELS, self.row.get("channel", "online"), "channel")

    def _expectation(self) -> Expectation:
        expect = self._object(self.row, "expect")
        dates = self._object(expect, "satisfied_from")
        return Expectation(
            allowed=self._truth(expect, "allowed"),
            must_include=frozenset(self._codes(expect, "must_include")),
            must_not_include=frozenset(self._codes(expect, "must_not_include")),
            satisfied_from={self._code(key): self._date(dates, key) for key in dates},
        )

    def _visit(self, raw: Mapping[str, Any]) -> OfflineVisit:
        """A kind or status we do not know, or that is not told, is none that counts."""
        visited_on = self._date(raw, "date")
        if visited_on is None:
            raise self._unusable("visits", "has an entry without a date")
        status = "finished" if raw.get("status") == "completed" else raw.get("status")
        return OfflineVisit(
            visited_on=visited_on,
            kind=_word(VisitKind, raw.get("kind"), VisitKind.OTHER),
            status=_word(VisitStatus, status, VisitStatus.OTHER),
            hospital=self._text(raw, "hospital") or THIS_HOSPITAL,
            campus=self._text(raw, "campus"),
        )

    def _ban(self, raw: Mapping[str, Any]) -> Ban:
        named = raw.get("channel", "online")
        closed = self._channel() if named == "all" else self._alias(_CHANNELS, named, "bans.channel")
        return Ban(
            channel=closed,
            from_on=self._date(raw, "from"),
            until_on=self._date(raw, "until"),
            is_lifted=bool(self._truth(raw, "lifted")),
        )

    def _his(self) -> bool:
        told = self.row.get("his_available", self.row.get("his", True))
        if isinstance(told, dict):
            told = told.get("available", told.get("status", True))
        if told is None or isinstance(told, bool):
            return told is not False
        if told in _UP or told in _DOWN:
            return told in _UP
        raise self._unusable("his_available", "is neither true, false, up nor down")

    def _flags(self, declaration: Mapping[str, Any]) -> tuple[str, ...]:
        flags = declaration.get("red_flags") or []
        if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
            raise self._unusable("red_flags", "is not a list of words")
        return tuple(flags)

    def _codes(self, raw: Mapping[str, Any], key: str) -> list[GateCode]:
        codes = raw.get(key) or []
        if not isinstance(codes, list):
            raise self._unusable(key, "is not a list of codes")
        return [self._code(code) for code in codes]

    def _code(self, code: Any) -> GateCode:
        # A misspelt code in must_not_include would otherwise hold for ever.
        if not isinstance(code, str) or code not in GateCode.__members__:
            raise self._unusable("expect", f"names a code that does not exist: {code!r}")
        return GateCode[code]

    def _date(self, raw: Mapping[str, Any], key: str) -> date | None:
        value = raw.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._unusable(key, f"is not a date: {value!r}") from None

    def _truth(self, raw: Mapping[str, Any], key: str) -> bool | None:
        value = raw.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._unusable(key, f"is neither true nor false: {value!r}")

    def _text(self, raw: Mapping[str, Any], key: str) -> str | None:
        value = raw.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self._unusable(key, f"is not a word: {value!r}")

    def _object(self, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = raw.get(key)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        raise self._unusable(key, "is not an object")

    def _objects(self, raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = raw.get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        raise self._unusable(key, "is not a list of objects")

    def _alias(self, known: Mapping[str, Word], value: Any, key: str) -> Word:
        try:
            return known[value]
        except (KeyError, TypeError):
            raise self._unusable(key, f"is not known: {value!r}") from None

    def _unusable(self, key: str, what: str) -> CaseFileUnusable:
        return CaseFileUnusable(f"case {self.name}: {key} {what}")


def _word(kind: type[Word], value: Any, otherwise: Word) -> Word:
    try:
        return kind(value)
    except ValueError:
        return otherwise
