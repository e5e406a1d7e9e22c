"""Departments nobody can be booked in, on the list of work of those who plan and of those who open them."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.clock import day_end
from telehealth.core.i18n import N_, translator
from telehealth.core.unit import Unit
from telehealth.directory import departments
from telehealth.rulebook import desk_promises
from telehealth.schedule import queries


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not (
        actor.may(Permission.PLAN_CLINICS) or actor.may(Permission.MANAGE_DIRECTORY)
    ):
        return []
    days = (await desk_promises(unit, actor.hospital)).clinic_gap_days
    sitting = await queries.departments_sitting(unit, actor.hospital, unit.today + timedelta(days=days))
    text = N_("%(department)s：%(days)s 天内没有可预约的门诊")
    return [
        {
            "title": N_("科室没有排班"),
            "text": {
                lang: translator(lang)(text) % {"department": name, "days": days}
                for lang, name in (("zh-CN", row.name), ("en", row.name_en or row.name))
            },
            "href": "/staff/clinics",
            "icon": "calendar-days",
            "kind": "warn",
            "due_at": day_end(unit.today),
            "owner": N_("门诊服务台"),
        }
        for row in await departments(unit, actor.hospital)
        if row.id not in sitting
    ]
