"""The audit log in words. What is stored stays as exact as it was written; words are put beside it."""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from telehealth.admin.queries import Unnamed
from telehealth.core.audit import AuditRecord
from telehealth.core.audit_words import FACTS, AuditWords
from telehealth.core.i18n import N_, format_day, format_fen, format_instant, translator

Words = Callable[[str], str]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SYSTEM = "system:"
#: Who stands in the log without a name.
_UNNAMED = {Unnamed.PATIENT: N_("患者"), Unnamed.VISITOR: N_("没有登录的访客")}
_NO_AREA = AuditWords("", "")


@dataclass(frozen=True, slots=True)
class Fact:
    """One detail: its key as stored, what it means, and its value. `is_code` is for a reader of programs."""

    key: str
    words: str
    value: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One record as a person reads it. Empty where there are no words: the exact name speaks then."""

    event: str
    area: str
    subject: str
    #: Who did it, where no name of a person stands in the record, and on what occasion.
    actor: str
    occasion: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Meant:
    """Which names a searcher means: these, or any that begins so."""

    names: tuple[str, ...]
    prefix: str = ""


class AuditBook:
    """All words of the log, as the features contributed them. One owner a name."""

    def __init__(self, parts: Iterable[AuditWords]) -> None:
        self.parts = tuple(parts)
        self.events: dict[str, str] = _joined(part.events for part in self.parts)
        self.subjects: dict[str, str] = _joined(part.subjects for part in self.parts)
        self.scopes: dict[str, str] = _joined(part.scopes for part in self.parts)
        self.actors: dict[str, str] = _joined(part.actors for part in self.parts)
        self._owners = {name: part for part in self.parts for name in part.events}

    def areas(self, lang: str) -> list[tuple[str, str]]:
        _ = translator(lang)
        return [(part.key, _(part.area)) for part in self.parts if part.events]

    def names(self, lang: str, area: str = "") -> list[tuple[str, str]]:
        """(exact name, words) of an area, or of all of them."""
        _ = translator(lang)
        return [
            (name, _(words))
            for part in self.parts
            for name, words in part.events.items()
            if area in ("", part.key)
        ]

    def names_in(self, area: str) -> tuple[str, ...] | None:
        """Every name of an area; None when there is no such area."""
        found = [part for part in self.parts if part.key == area and part.events]
        return tuple(found[0].events) if found else None

    def meant_by(self, text: str, lang: str) -> Meant:
        """An exact name, exact words, else the beginning of names or a part of words."""
        if text in self.events:
            return Meant((text,))
        typed = text.casefold()
        said = {name: words.casefold() for name, words in self.names(lang)}
        exact = tuple(name for name, words in said.items() if words == typed)
        if exact:
            return Meant(exact)
        return Meant(tuple(name for name, words in said.items() if typed in words), text)

    def actor_meant_by(self, text: str, lang: str) -> str | Unnamed:
        """Somebody by what stands on the page: "系统", "患者", else the beginning of a name."""
        _ = translator(lang)
        for kind, words in _UNNAMED.items():
            if _(words) == text:
                return kind
        return next((name for name, words in self.actors.items() if _(words) == text), text)

    def read(self, record: AuditRecord, lang: str) -> Reading:
        _ = translator(lang)
        owner = self._owners.get(record.name, _NO_AREA)
        actor, occasion = self._actor(record, _)
        return Reading(
            event=_said(_, owner.events.get(record.name)),
            area=_said(_, owner.area),
            subject=_said(_, self.subjects.get(record.subject_kind)),
            actor=actor,
            occasion=occasion,
            facts=tuple(_fact(owner, key, record.facts[key], lang) for key in _in_order(record.facts)),
        )

    def _actor(self, record: AuditRecord, _: Words) -> tuple[str, str]:
        occasion = ""
        if record.scope.startswith(_SYSTEM):
            reason = record.scope.removeprefix(_SYSTEM)
            occasion = _said(_, self.scopes.get(reason)) or reason
        if record.actor_name:
            return _said(_, self.actors.get(record.actor_name)) or record.actor_name, occasion
        kind = Unnamed.VISITOR if record.actor_id is None else Unnamed.PATIENT
        return _(_UNNAMED[kind]), occasion


def _in_order(facts: Iterable[str]) -> list[str]:
    """By which number it is known, first."""
    return sorted(facts, key=lambda key: key != "number")


def _fact(owner: AuditWords, key: str, value: Any, lang: str) -> Fact:
    words = owner.facts.get(key) or FACTS.get(key)
    shown, is_code = _value(owner, key, value, lang)
    return Fact(key, translator(lang)(words) if words else key, shown, is_code)


def _value(owner: AuditWords, key: str, value: Any, lang: str) -> tuple[str, bool]:
    """How one value reads, and whether it is still a code."""
    _ = translator(lang)
    if value is None or value == "" or value == []:
        return "—", False
    if isinstance(value, bool):
        return _(N_("是") if value else N_("否")), False
    if isinstance(value, int):
        return (format_fen(value, lang) if key in owner.money else str(value)), False
    if isinstance(value, str):
        return _text(owner.values.get(key, {}), value, lang)
    if isinstance(value, Sequence):
        parts = [_value(owner, key, item, lang) for item in value]
        return _(N_("、")).join(words for words, is_code in parts), any(is_code for words, is_code in parts)
    if isinstance(value, Mapping):
        inner = [_fact(owner, str(name), each, lang) for name, each in value.items()]
        return _(N_("；")).join(f"{one.words} {one.value}" for one in inner), any(
            one.is_code for one in inner
        )
    return json.dumps(value, ensure_ascii=False), True


def _text(codes: Mapping[str, str], value: str, lang: str) -> tuple[str, bool]:
    if value in codes:
        return translator(lang)(codes[value]), False
    with contextlib.suppress(ValueError):
        if _INSTANT.fullmatch(value):
            return format_instant(datetime.fromisoformat(value), lang, "numeric"), False
        if _DAY.fullmatch(value):
            return format_day(date.fromisoformat(value), lang, "numeric"), False
    # Numbers that people use are in capitals; names of programs, ids and fingerprints are not.
    return value, value.isascii() and value == value.lower() and not value.isdecimal()


def _said(_: Words, words: str | None) -> str:
    # The catalogue's own head is the translation of "".
    return _(words) if words else ""


def _joined(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for part in parts:
        for name, words in part.items():
            if name in joined:
                raise ValueError(f"{name!r} has words twice")
            joined[name] = words
    return joined
