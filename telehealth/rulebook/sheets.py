"""Policy files people write by hand: numbers wrapped with their source, words beside them.

    {"eligibility": {"min_age_years": {"value": 6, "inclusive": true, "source": "..."}}, ...}

`from_sheet` reads that; `from_file_content` also takes our own plain form.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from telehealth.core.errors import FieldsInvalid
from telehealth.rulebook.rules import PolicySet, parse_policy
from telehealth.rulebook.sections import N_

Place = tuple[str, str]


def _same(value: Any) -> Any:
    return value


def _bp(value: Any) -> Any:
    """0.2 → 2000. Anything that is no clean share is passed on for the policy set to refuse."""
    try:
        points = Decimal(str(value)) * 10_000
    except InvalidOperation:
        return value
    return int(points) if points.is_finite() and points == points.to_integral_value() else value


def _regions(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [str(entry).split(":")[0].strip().lower() for entry in value]


def _unbind(value: Any) -> Any:
    return "either_side" if value == "either side alone" else value


#: sheet path → (where it lives here, how it is read)
_PLACES: dict[str, tuple[Place, Callable[[Any], Any]]] = {
    "eligibility.exclude": (("eligibility", "excluded_conditions"), _same),
    "eligibility.visit_types_that_count": (("eligibility", "visit_kinds_that_count"), _same),
    "eligibility.pipl_guardian_consent_under": (("eligibility", "separate_consent_under"), _same),
    "booking.online_quota_share.internet_clinic": (("schedule", "internet_online_bp"), _bp),
    "booking.online_quota_share.offline_registration": (("schedule", "offline_online_bp"), _bp),
    "booking.cancel_refund_share_before": (("booking", "cancel_refund_bp"), _bp),
    "booking.no_show_limit": (("strikes", "limit"), _same),
    "booking.no_show_ban_months": (("strikes", "ban_months"), _same),
    "booking.no_show_count_window_months": (("strikes", "window_months"), _same),
    "booking.payment_hold_minutes": (("booking", "hold_minutes"), _same),
    "booking.payment_hold_minutes.elder_or_assisted": (("booking", "hold_minutes_assisted"), _same),
    "booking.on_day_cancel_after_unattended_slot": (("booking", "on_day_unattended_cancel"), _same),
    "unattended.refund_share": (("unattended", "refund_bp"), _bp),
    "unattended.sla_minutes_to_submit_refund": (("unattended", "refund_submit_minutes"), _same),
    "family.max_bindings_per_user_per_calendar_month": (
        ("family", "max_bindings_per_user_per_month"), _same),
    "family.max_bindings_per_member_per_calendar_month": (
        ("family", "max_bindings_per_member_per_month"), _same),
    "family.unbind": (("family", "unbind"), _unbind),
    "insurance.regions_with_online_split": (("insurance", "online_split_regions"), _regions),
}  # fmt: skip

#: Sentences for the reader of a sheet. The behaviour they describe is built in or told by a number.
_PROSE = frozenset({
    "label", "label_file",
    "booking.free_cancel_until", "unattended.deadline", "unattended.definition",
    "unattended.unfinished_after", "prescription.resign_rule",
    "family.under_16", "family.from_16", "insurance.outside_region", "ratings.who",
})  # fmt: skip

#: Keys that annotate a value instead of being one.
_NOTES = frozenset({"source", "verified", "note", "reason"})
_INCLUSIVE = frozenset({"inclusive", "inclusive_end"})


def from_file_content(raw: Any) -> PolicySet:
    """A policy file in either form. Raises FieldsInvalid."""
    if not isinstance(raw, Mapping):
        raise FieldsInvalid({"": N_("规则文件应是一个对象")})
    return from_sheet(raw) if _is_sheet(raw) else parse_policy(raw)


def from_sheet(raw: Mapping[str, Any]) -> PolicySet:
    """A sheet of wrapped values. A key that is neither a number we know nor prose is refused,
    so a misspelt number never passes for a published one. Raises FieldsInvalid."""
    sections: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for path, value in _leaves(raw):
        tail = path.rsplit(".", 1)[-1]
        if tail in _INCLUSIVE:
            if value is not True:
                refused[path] = N_("期限一律含本数，不能改为不含")
        elif path == "timezone":
            if value != "Asia/Shanghai":
                refused[path] = N_("业务日期一律按北京时间")
        elif path not in _PROSE:
            place, read = _PLACES.get(path, (tuple(path.split(".", 1)), _same))
            if len(place) != 2:
                refused[path] = N_("没有这个项目")
            else:
                sections.setdefault(place[0], {})[place[1]] = read(value)
    if refused:
        raise FieldsInvalid(refused)
    return parse_policy(sections)


def _is_sheet(raw: Mapping[str, Any]) -> bool:
    marks = {"label", "label_file", "timezone"}
    wrapped = (
        isinstance(entry, Mapping) and "value" in entry
        for section in raw.values() if isinstance(section, Mapping)
        for entry in section.values()
    )  # fmt: skip
    return not marks.isdisjoint(raw) or any(wrapped)


def _leaves(raw: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        here = f"{path}.{key}" if path else str(key)
        if path and key in _NOTES:
            continue
        if here in _PROSE:
            continue
        if key == "value":
            yield path, value
        elif isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            yield here, value
