"""What a WeChat message of ours is made of: keys with a kind each, whose limits the platform enforces.

A hospital registers one template a family with each of its apps. Which family a notice fits follows
from its variables, so that a new notice needs no entry here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from telehealth.core.clock import SHANGHAI
from telehealth.core.i18n import N_
from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Topic
from telehealth.notifications.wording import Wording

#: Sources of a key that are not variables of the notice.
TITLE, STEP, SENT = "title", "step", "sent"


@dataclass(frozen=True, slots=True)
class Family:
    """`fields` are the template's keys, in order, and where each value comes from."""

    fields: Mapping[str, str]
    #: The variables a notice must have to fit.
    needs: frozenset[str] = frozenset()


FAMILIES: Mapping[str, Family] = {
    "visit": Family(
        {"thing1": TITLE, "time2": "starts_at", "character_string3": "number", "thing4": STEP},
        frozenset({"starts_at", "number"}),
    ),
    "money": Family(
        {"thing1": TITLE, "amount2": "amount", "character_string3": "number", "thing4": STEP},
        frozenset({"amount", "number"}),
    ),
    "number": Family(
        {"thing1": TITLE, "character_string2": "number", "time3": SENT, "thing4": STEP},
        frozenset({"number"}),
    ),
    "general": Family({"thing1": TITLE, "time2": SENT, "thing3": STEP}),
}

#: How a person reads what a template is for.
FAMILY_LABELS: Mapping[str, str] = {
    "visit": N_("就诊提醒"),
    "money": N_("缴费与退款"),
    "number": N_("单据进度"),
    "general": N_("其他通知"),
}

#: What to do next, in twenty characters at most (GD10).
STEPS: Mapping[Topic, tuple[str, str]] = {
    Topic.BOOKINGS: ("点开查看详情和下一步", "Open for what's next"),
    Topic.PEOPLE: ("点开查看就诊人和授权", "Open to see people"),
    Topic.CONDUCT: ("点开查看，如有误可申诉", "Open; you may appeal"),
    Topic.WORK: ("请登录工作台处理", "Sign in to handle it"),
}
_OTHERWISE = ("点开查看详情", "Open to read it")


def step_of(topic: Topic, lang: str) -> str:
    zh, en = STEPS.get(topic, _OTHERWISE)
    return en if lang == "en" else zh


def family_of(wording: Wording) -> str:
    if wording.wechat:
        return wording.wechat
    return next(name for name, family in FAMILIES.items() if family.needs <= wording.variables.keys())


def data_of(
    wording: Wording, kept: Mapping[str, Any], shown: Mapping[str, str], lang: str, sent_at: datetime
) -> dict[str, str]:
    """Key → value as the platform takes it. `kept` are the variables as stored, `shown` as they are read."""
    values = {}
    for key, source in FAMILIES[family_of(wording)].fields.items():
        if source == TITLE:
            value = wording.title_en if lang == "en" else wording.title
        elif source == STEP:
            value = step_of(wording.topic, lang)
        elif source == SENT:
            value = moment(Var(Kind.INSTANT), sent_at.isoformat(), lang)
        elif kind_of(key) in ("time", "date"):
            value = moment(wording.variables[source], str(kept.get(source, "")), lang)
        else:
            value = shown[source]
        values[key] = fit(key, value)
    return values


def kind_of(key: str) -> str:
    return re.sub(r"\d+$", "", key)


def fit(key: str, value: str) -> str:
    """`value`, cut to what the platform takes under `key`; never empty. A value too long is refused there."""
    return _FITS.get(kind_of(key), _thing)(" ".join(value.split())) or "-"


def moment(var: Var, value: str, lang: str) -> str:
    """2026年11月23日 09:30, or 2026-11-23 09:30; an instant, or a day without a time."""
    if not value:
        return ""
    if var.kind is Kind.DAY:
        return _day(date.fromisoformat(value), lang)
    at = datetime.fromisoformat(value).astimezone(SHANGHAI)
    if var.kind is Kind.UNTIL and at.time() == time():
        # The platform has no 24:00.
        at -= timedelta(minutes=1)
    return f"{_day(at.date(), lang)} {at:%H:%M}"


def _day(day: date, lang: str) -> str:
    return day.isoformat() if lang == "en" else f"{day.year}年{day.month}月{day.day}日"


def _cut(value: str, most: int) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"


def _thing(value: str) -> str:
    return _cut(value, 20)


def _ascii(value: str) -> str:
    return re.sub(r"[^\x21-\x7e]", "", value)[:32]


def _number(value: str) -> str:
    found = re.search(r"-?\d{1,32}(\.\d+)?", value)
    return found.group()[:32] if found else "0"


def _amount(value: str) -> str:
    """A currency sign and ten digits at most."""
    found = re.search(r"\d+(\.\d{1,2})?", value.replace(",", ""))
    whole, _, cents = (found.group() if found else "0").partition(".")
    return f"¥{whole[:10]}{'.' + cents if cents and len(whole) <= 8 else ''}"


def _phrase(value: str) -> str:
    return re.sub("[^\u4e00-\u9fff]", "", value)[:5] or "通知"


def _name(value: str) -> str:
    latin = re.sub(r"[^A-Za-z .'-]", "", value).strip()
    han = re.sub("[^\u4e00-\u9fff·]", "", value)
    return han[:10] or latin[:20] or "用户"


_FITS: Mapping[str, Callable[[str], str]] = {
    "thing": _thing,
    "character_string": _ascii,
    "number": _number,
    "letter": lambda value: re.sub("[^A-Za-z]", "", value)[:32],
    "phrase": _phrase,
    "name": _name,
    "amount": _amount,
    "phone_number": lambda value: re.sub(r"[^\d+\-#()]", "", value)[:17],
    "time": lambda value: value[:32],
    "date": lambda value: value[:32],
}
