"""What people may type: trimmed, bounded, and free of characters no database or log should meet."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from telehealth.core.i18n import N_

# C0 and C1 controls, and the direction overrides that make text read as something else.
_NEVER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Deeper than anything we ask for; what handles a value later recurses too.
MAX_DEPTH = 64


def is_storable(value: Any) -> bool:
    """False for text no database of ours can keep (NUL, lone surrogates), however deep in `value`."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if _NOT_TEXT.search(item):
                    return False
            elif isinstance(item, dict):
                inner += item
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return True
        level = inner
    return False


def _clean_line(text: str) -> str:
    if _NEVER.search(text) or "\n" in text or "\t" in text:
        raise ValueError(N_("含有无法识别的字符"))
    return text


def clean_paragraph(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _NEVER.search(text):
        raise ValueError(N_("含有无法识别的字符"))
    return text


def _iso_day(value: Any) -> Any:
    # Pydantic would take a number, or digits, for seconds since 1970. A day is read here, not
    # handed on as text: after a validator of ours a strict model takes nothing but a date.
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("请填写有效的日期") from None
    if isinstance(value, date):
        return value
    raise ValueError("请填写有效的日期")


#: A day as a form or client writes it: 2026-11-21, in a range every calendar of ours can count in.
Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_clean_line),
]
OptionalLine = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_clean_line)
]
Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(clean_paragraph),
]
OptionalParagraph = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(clean_paragraph)
]
