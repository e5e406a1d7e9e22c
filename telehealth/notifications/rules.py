"""From a notice and its variables to words in a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from telehealth.core.i18n import format_day, format_instant, format_until


class Kind(StrEnum):
    """How a variable is shown. Text may come in two languages: {"zh": …, "en": …}."""

    TEXT = "text"
    DAY = "day"
    INSTANT = "instant"
    #: A last moment: the midnight that ends a day is 24:00 of that day.
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Var:
    kind: Kind = Kind.TEXT
    #: Shown when the caller does not say; None means the caller must.
    default: Any = None


#: A carrier refuses longer values.
LONGEST_PARAMETER = 64


def settle(declared: Mapping[str, Var], given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables to keep, with defaults, as JSON holds them.

    Raises LookupError when one is missing or unknown: that is a mistake in our own code.
    """
    if unknown := given.keys() - declared.keys():
        raise LookupError(f"unknown variables: {sorted(unknown)}")
    kept = {}
    for name, var in declared.items():
        value = given.get(name)
        value = var.default if value is None else value
        if value is None:
            raise LookupError(f"missing variable: {name}")
        kept[name] = value.isoformat() if isinstance(value, (datetime, date)) else value
    return kept


def show(declared: Mapping[str, Var], kept: Mapping[str, Any], lang: str) -> dict[str, str]:
    return {name: _words(var.kind, kept.get(name, ""), lang) for name, var in declared.items()}


def sms_parameters(shown: Mapping[str, str], order: tuple[str, ...]) -> list[str]:
    return [shown[name][:LONGEST_PARAMETER] for name in order]


def _words(kind: Kind, value: Any, lang: str) -> str:
    if isinstance(value, Mapping):
        value = value.get("en" if lang == "en" else "zh") or value.get("zh", "")
    if not value:
        # Written before its wording had this variable.
        return ""
    if kind is Kind.DAY:
        return format_day(date.fromisoformat(value), lang)
    if kind is Kind.INSTANT:
        return format_instant(datetime.fromisoformat(value), lang, "short")
    if kind is Kind.UNTIL:
        return format_until(datetime.fromisoformat(value), lang)
    return str(value)
