"""The rulebook as a form: fields with what to show, and the set a browser sent back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telehealth.admin.wording import VALUES, input_value, percent, points, unit_words, value_words
from telehealth.rulebook.rules import Change, FormField, PolicySet, form


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the editor. `was` is what decides now, when this draft differs from it."""

    path: str
    label: str
    source: str
    input: str
    value: Any
    #: The stored value as words to translate one by one.
    words: tuple[str, ...]
    #: A list of code words, which the page explains.
    is_coded: bool
    unit: str
    choices: tuple[tuple[str, str], ...]
    minimum: int | None
    maximum: int | None
    fixed: bool
    was: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class SettingGroup:
    name: str
    label: str
    settings: tuple[Setting, ...]
    #: A sentence about the section as a whole.
    error: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    label: str
    source: str
    old: tuple[str, ...]
    new: tuple[str, ...]


def groups(
    policy: PolicySet,
    lang: str,
    *,
    current: PolicySet | None = None,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> tuple[SettingGroup, ...]:
    """The editor page: `typed` is shown instead of the stored value after a refusal."""
    now = {} if current is None else {x.path: x for section in form(current) for x in section.fields}
    errors = errors or {}
    return tuple(
        SettingGroup(
            section.name,
            section.label_en if lang == "en" else section.label_zh,
            tuple(_setting(field, lang, now.get(field.path), typed, errors) for field in section.fields),
            errors.get(section.name, ""),
        )
        for section in form(policy)
    )


def sent_set(raw: Mapping[str, Any], policy: PolicySet) -> dict[str, Any]:
    """Dotted form fields → the nested set. `policy` says which fields there are.

    A switch that is not ticked and a list without a tick are not sent: off, and empty. A number
    that is left empty is refused by the set, not replaced by its sample value.
    """
    sent: dict[str, Any] = {}
    for section in form(policy):
        values = sent.setdefault(section.name, {})
        for field in section.fields:
            values[field.path.split(".", 1)[1]] = _sent(field, raw.get(field.path))
    return sent


def change_lines(changes: Sequence[Change], lang: str) -> list[ChangeLine]:
    return [
        ChangeLine(
            change.label_en if lang == "en" else change.label_zh,
            change.source,
            tuple(value_words(change.path, change.old, change.unit)),
            tuple(value_words(change.path, change.new, change.unit)),
        )
        for change in changes
    ]


def _setting(
    field: FormField,
    lang: str,
    now: FormField | None,
    typed: Mapping[str, Any] | None,
    errors: Mapping[str, str],
) -> Setting:
    changed = now is not None and now.value != field.value
    return Setting(
        path=field.path,
        label=field.label_en if lang == "en" else field.label_zh,
        source=field.source,
        input=field.input,
        value=input_value(field) if typed is None else typed.get(field.path, ""),
        words=tuple(value_words(field.path, field.value, field.unit)),
        is_coded=isinstance(field.value, list) and any(str(word) in VALUES for word in field.value),
        unit=unit_words(field.path, field.unit),
        choices=tuple(_choice(field, choice) for choice in field.choices),
        minimum=_bound(field, field.minimum),
        maximum=_bound(field, field.maximum),
        fixed=len(field.choices) == 1,
        was=tuple(value_words(now.path, now.value, now.unit)) if changed and now is not None else (),
        error=_error(field.path, errors),
    )


def _choice(field: FormField, choice: Any) -> tuple[str, str]:
    """What a form sends for it, and what it is called; truths as JSON writes them, shares in percent."""
    if field.unit == "basis_points":
        return percent(choice), f"{percent(choice)}%"
    key = str(choice).lower() if isinstance(choice, bool) else str(choice)
    return key, VALUES.get(str(choice), str(choice))


def _bound(field: FormField, bound: int | None) -> int | None:
    return bound // 100 if bound is not None and field.unit == "basis_points" else bound


def _error(path: str, errors: Mapping[str, str]) -> str:
    """Also one about an entry of a list: `intake.words.3`."""
    inside = (text for name, text in errors.items() if name == path or name.startswith(f"{path}."))
    return next(inside, "")


def _sent(field: FormField, value: Any) -> Any:
    if field.input == "switch":
        return value == "true"
    if field.input == "list":
        return value if isinstance(value, list) else [value] if field.choices and value else value or []
    if field.unit == "basis_points":
        return points(value)
    return "" if value is None else value
