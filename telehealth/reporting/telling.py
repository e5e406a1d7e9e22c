"""How soon a department answers, told before anybody pays (pain 2); small counts are never told (GD17)."""

from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.i18n import LANGUAGES, N_, translator
from telehealth.core.unit import Units
from telehealth.directory import live_hospital
from telehealth.reporting import queries
from telehealth.reporting.models import DailyFigure
from telehealth.reporting.rules import Sum, add_up, last_days
from telehealth.reporting.wording import span_words
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.sections_work import Reporting

#: The same days as the public page begins with: two spans could be told apart, visit by visit.
DAYS = 30
_TOLD = N_("一半的就诊在约定时间后 %(span)s 内得到医生回复（近 %(days)s 天）")

_SAMPLE = N_("样例数据")


async def response_times(units: Units, actor: Actor, code: str) -> dict[UUID, dict[str, Any]]:
    """Department → a line in each language, of those with visits enough.

    Raises HospitalNotFound, HospitalNotLive.
    """
    async with units.public(actor) as unit:
        place = await live_hospital(unit, code)
    async with units.hospital(place.id, actor) as unit:
        rows = await queries.figures(unit, place.id, last_days(DAYS, unit.today), metrics={"first_word"})
        try:
            smallest = (await current_policy(unit, place.id)).policy.reporting.smallest_count
        except PolicyMissing:
            smallest = Reporting().smallest_count
    by_department: dict[UUID, list[DailyFigure]] = {}
    for row in rows:
        if row.department_id is not None:
            by_department.setdefault(row.department_id, []).append(row)
    return {
        department_id: _line(whole, is_sample=any(row.is_sample for row in found))
        for department_id, found in by_department.items()
        if (whole := add_up(found).shown(smallest)) is not None and whole.median is not None
    }


def _line(whole: Sum, *, is_sample: bool) -> dict[str, Any]:
    """In each language. The demo's figures say what they are, here too."""
    said = {}
    for lang in LANGUAGES:
        _ = translator(lang)
        said[lang] = _(_TOLD) % {"span": span_words(whole.median, _), "days": DAYS}
        said[lang] += f" · {_(_SAMPLE)}" if is_sample else ""
    return said
