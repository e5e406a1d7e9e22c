"""The head's list of work: reports nobody has read."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Role
from telehealth.core.clock import day_end
from telehealth.core.i18n import N_, format_day
from telehealth.core.unit import Unit
from telehealth.reporting import queries

#: An older one is history, not work.
DAYS = 7


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if Role.HEAD not in actor.roles:
        return []
    since = unit.today - timedelta(days=DAYS)
    return [
        {
            "title": N_("日报待阅"),
            "text": {lang: format_day(row.day, lang, "short") for lang in ("zh-CN", "en")},
            "href": f"/staff/daily-reports/{row.day}",
            "icon": "chart-column",
            "kind": "info",
            # Read on the day it was made.
            "due_at": day_end(row.day + timedelta(days=1)),
            "since": row.made_at,
            "owner": N_("院长"),
        }
        for row in await queries.unread_reports(unit, actor.hospital, since=since)
    ]
