"""The reader's language. Chinese is the source: message ids are the Chinese sentences themselves.

Catalogues are `telehealth/locale/<lang>/LC_MESSAGES/messages.po`. A compiled `.mo` is used when it
is newer than its `.po`; otherwise the `.po` is compiled in memory, so a fresh clone needs no build.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from telehealth.core.clock import SHANGHAI, HospitalDay
from telehealth.core.money import Fen, yuan

SOURCE = "zh-CN"
LANGUAGES = (SOURCE, "en")
LOCALE_DIR = Path(__file__).parent.parent / "locale"

InstantStyle = Literal["full", "short", "numeric"]
DayStyle = Literal["full", "short", "numeric"]

_DAY_PATTERNS = {
    (SOURCE, "full"): "y年M月d日 EEE",
    (SOURCE, "short"): "M月d日 EEE",
    ("en", "full"): "EEE d MMM y",
    ("en", "short"): "EEE d MMM",
}
_BABEL_LOCALES = {SOURCE: "zh_CN", "en": "en_GB"}


@cache
def _babel(lang: str) -> Locale:
    """Parsed once: Babel would look through all its locales for the name of each date."""
    return Locale.parse(_BABEL_LOCALES.get(lang, _BABEL_LOCALES[SOURCE]))


def N_(message: str) -> str:
    """Marks a sentence for the catalogue where it is written; it is translated where it is shown."""
    return message


def translator(lang: str) -> Callable[[str], str]:
    return translations(lang).gettext


def plural(lang: str) -> Callable[[str, str, int], str]:
    return translations(lang).ngettext


def translations(lang: str) -> NullTranslations:
    """The catalogue of `lang`; Chinese, and any language we have none for, is the identity."""
    return _load(lang, LOCALE_DIR)


@lru_cache(maxsize=16)
def _load(lang: str, folder: Path) -> NullTranslations:
    source = folder / lang / "LC_MESSAGES" / "messages.po"
    compiled = source.with_suffix(".mo")
    if lang == SOURCE or lang not in LANGUAGES or not source.exists():
        return NullTranslations()
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    with source.open("rb") as file:
        catalogue = read_po(file, locale=lang)
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return GNUTranslations(buffer)


def negotiate(accept_language: str, chosen: str = "") -> str:
    """The language a reader chose, else the best of Accept-Language (RFC 9110), else Chinese."""
    if chosen in LANGUAGES:
        return chosen
    for wanted in _by_preference(accept_language):
        for ours in LANGUAGES:
            # zh-TW and zh-HK readers are better served by our Chinese than by our English.
            if wanted == "*" or wanted.split("-")[0] == ours.split("-")[0]:
                return ours
    return SOURCE


def _by_preference(accept_language: str) -> list[str]:
    ranked: list[tuple[float, str]] = []
    for part in accept_language.lower().split(",")[:20]:
        name, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if name and weight > 0:
            ranked.append((-weight, name.strip()))
    return [name for _, name in sorted(ranked, key=lambda pair: pair[0])]


def format_instant(instant: datetime, lang: str, style: InstantStyle = "full") -> str:
    """An instant as the hospital's wall shows it: 2026年11月21日 周六 14:05."""
    local = instant.astimezone(SHANGHAI)
    return f"{format_day(local.date(), lang, style)} {local:%H:%M}"


def format_day(day: HospitalDay | date, lang: str, style: DayStyle = "full") -> str:
    """`full` 2026年11月21日 周六 · `short` 11月21日 周六 · `numeric` 2026-11-21."""
    if style == "numeric":
        return day.isoformat()
    known = lang if lang in LANGUAGES else SOURCE
    return format_date(day, _DAY_PATTERNS[known, style], locale=_babel(known))


def format_clock(moment: datetime | time, lang: str) -> str:
    """Hours and minutes in Asia/Shanghai, the same in every language of ours: 14:05."""
    local = moment.astimezone(SHANGHAI) if isinstance(moment, datetime) else moment
    return f"{local:%H:%M}"


def format_until(instant: datetime, lang: str, now: datetime | None = None) -> str:
    """A last moment as people say it: 11月24日 周二 24:00, never 00:00 of the day after; today only 24:00."""
    local = instant.astimezone(SHANGHAI)
    day, clock = local.date(), f"{local:%H:%M}"
    if clock == "00:00":
        day, clock = day - timedelta(days=1), "24:00"
    if now is not None and now.astimezone(SHANGHAI).date() == day:
        return clock
    return f"{format_day(day, lang, 'short')} {clock}"


def format_age(span: timedelta, lang: str) -> str:
    """How long something waits or is late, as people say it: 不到1分钟 · 12分钟 · 3小时5分 · 2天4小时."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    _ = translator(lang)
    if days:
        return _(N_("%(days)s天%(hours)s小时") if hours else N_("%(days)s天")) % {
            "days": days,
            "hours": hours,
        }
    if hours:
        text = N_("%(hours)s小时%(minutes)s分") if rest else N_("%(hours)s小时")
        return _(text) % {"hours": hours, "minutes": rest}
    return _(N_("%(minutes)s分钟")) % {"minutes": rest} if rest else _(N_("不到1分钟"))


def format_fen(amount: Fen | int, lang: str) -> str:
    """1230 → ¥12.30; 123456 → ¥1,234.56; negative amounts lead with the sign."""
    whole, _, cents = yuan(abs(amount)).partition(".")
    grouped = format_decimal(int(whole), locale=_babel(lang))
    return f"{'-' if amount < 0 else ''}¥{grouped}.{cents}"
