"""What waits for an administrator, on the staff's list of work: each with its promise and its place."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.accounts import StaffMember, initial_passwords, staff_of
from telehealth.core import jobs
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import day_end, day_start
from telehealth.core.i18n import LANGUAGES, N_, format_day, translator
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of
from telehealth.directory import (
    CREDENTIAL_WORDS,
    Credential,
    Doctor,
    Suspension,
    calendar_days,
    doctors,
    lapsing_credentials,
)
from telehealth.rulebook import desk_promises, versions
from telehealth.rulebook.sections_work import Work
from telehealth.rulebook.states import PolicyState

P = Permission
Line = dict[str, Any]

_ADMIN = N_("管理员")
_DOCTORS, _STAFF, _JOBS = "/admin/doctors", "/admin/staff", "/admin/jobs"


async def worklist(unit: Unit, actor: Actor) -> list[Line]:
    if not actor.is_staff:
        return []
    within = await desk_promises(unit, actor.hospital)
    parts = (
        (P.MANAGE_DIRECTORY, _credentials),
        (P.MANAGE_STAFF, _passwords),
        (P.EDIT_RULEBOOK, _drafts),
        (P.MANAGE_CALENDAR, _holidays),
        (P.SEE_JOBS, _parked),
    )
    return [
        line for needs, part in parts if actor.may(needs) for line in await part(unit, actor.hospital, within)
    ]


async def _credentials(unit: Unit, hospital_id: UUID, within: Work) -> list[Line]:
    """Those that end soon or are over, and doctors taken off for lack of one (XY20)."""
    last = unit.today + timedelta(days=within.credential_notice_days)
    people = {row.id: row for row in await doctors(unit, hospital_id) if row.works_on(unit.today)}
    members = {row.id: row for row in await staff_of(unit, hospital_id) if row.works}
    lapsing = [
        (row, holder)
        for row in await lapsing_credentials(unit, hospital_id, by=last)
        if (holder := people.get(row.doctor_id or row.id) or members.get(row.member_id or row.id))
    ]
    over = {row.doctor_id for row, _ in lapsing if row.valid_until < unit.today}
    lines = [
        *(
            _taken_off(row)
            for row in people.values()
            if row.suspension is Suspension.CREDENTIAL and row.id not in over
        ),
        *(_lapses(unit, row, holder) for row, holder in lapsing),
    ]
    more = {"icon": "badge-check", "kind": "warn", "owner": _ADMIN}
    return [*lines[:SHOWN], *rest_of(lines[:SHOWN], len(lines), N_("更多待续期的资质"), _DOCTORS, **more)]


def _taken_off(doctor: Doctor) -> Line:
    return {
        "title": N_("资质不全，已暂停线上接诊"),
        "text": {"zh-CN": doctor.name, "en": doctor.name_en},
        "href": f"{_DOCTORS}/{doctor.id}",
        "icon": "badge-check",
        "kind": "danger",
        "due_at": doctor.suspended_at,
        "since": doctor.suspended_at,
        "owner": _ADMIN,
    }


def _lapses(unit: Unit, row: Credential, holder: Doctor | StaffMember) -> Line:
    is_over = row.valid_until < unit.today
    is_off = isinstance(holder, Doctor) and holder.suspension is Suspension.CREDENTIAL
    off, over, soon = N_("资质已过期，已暂停线上接诊"), N_("资质已过期"), N_("资质即将到期")
    kind, kind_en = CREDENTIAL_WORDS[row.kind]
    text = N_("%(holder)s：%(kind)s有效期至 %(until)s")
    return {
        "title": (off if is_off else over) if is_over else soon,
        "text": _each(
            text,
            {
                lang: {
                    "holder": holder.name_en or holder.name if lang == "en" else holder.name,
                    "kind": kind_en if lang == "en" else kind,
                    "until": format_day(row.valid_until, lang),
                }
                for lang in LANGUAGES
            },
        ),
        "href": f"{_DOCTORS}/{row.doctor_id}?renew={row.kind}#f-kind"
        if row.doctor_id
        else f"{_STAFF}/{holder.id}",
        "icon": "badge-check",
        "kind": "danger" if is_over else "warn",
        "due_at": day_end(row.valid_until),
        "owner": _ADMIN,
    }


async def _passwords(unit: Unit, hospital_id: UUID, within: Work) -> list[Line]:
    """Whoever was issued a password and never came: it lies in a drawer, or the person cannot get in."""
    found = await initial_passwords(unit, hospital_id)
    lines = [
        {
            "title": N_("初始密码未更换"),
            "text": {"zh-CN": member.name, "en": member.name_en or member.name},
            "href": f"{_STAFF}/{member.id}",
            "icon": "key-round",
            "kind": "warn",
            "due_at": since + timedelta(days=within.initial_password_days),
            "since": since,
            "owner": _ADMIN,
        }
        for member, since in found[:SHOWN]
    ]
    return [*lines, *rest_of(lines, len(found), N_("更多未更换的初始密码"), _STAFF, icon="key-round")]


async def _drafts(unit: Unit, hospital_id: UUID, within: Work) -> list[Line]:
    """Numbers somebody changed that decide nothing yet."""
    names = {row.account_id: row for row in await staff_of(unit, hospital_id)}
    return [
        {
            "title": N_("规则草稿未发布"),
            "text": _each(N_("第 %(number)s 版"), {lang: {"number": row.number} for lang in LANGUAGES}),
            "href": f"/admin/rulebook/{row.id}",
            "icon": "book-open-check",
            "due_at": row.created_at + timedelta(days=within.draft_days),
            "since": row.created_at,
            "owner": _named(names.get(row.created_by)) if row.created_by else _ADMIN,
        }
        for row in await versions(unit, hospital_id)
        if row.state is PolicyState.DRAFT
    ]


async def _holidays(unit: Unit, hospital_id: UUID, within: Work) -> list[Line]:
    """Days the calendar was filled with before the government announced them: promises count by them."""
    until = unit.today + timedelta(days=within.calendar_notice_days)
    days = sorted(
        day
        for day, row in (await calendar_days(unit, hospital_id, unit.today, until)).items()
        if row.is_forecast
    )
    if not days:
        return []
    return [
        {
            "title": N_("预估的节假日待核对"),
            "text": _each(
                N_("从 %(day)s 起"), {lang: {"day": format_day(days[0], lang)} for lang in LANGUAGES}
            ),
            "href": "/admin/calendar",
            "icon": "calendar-days",
            "count": len(days),
            "due_at": day_start(days[0]),
            "owner": _ADMIN,
        }
    ]


async def _parked(unit: Unit, hospital_id: UUID, within: Work) -> list[Line]:
    count, since = await jobs.parked_since(unit)
    if not count:
        return []
    return [
        {
            "title": N_("停滞的任务"),
            "text": N_("多次失败后不再自动重试"),
            "href": _JOBS,
            "icon": "list-x",
            "kind": "warn",
            "count": count,
            "due_at": since and since + timedelta(hours=within.parked_job_hours),
            "since": since,
            "owner": _ADMIN,
        }
    ]


def _named(member: StaffMember | None) -> str | Mapping[str, str]:
    return {"zh-CN": member.name, "en": member.name_en or member.name} if member else _ADMIN


def _each(text: str, values: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    return {lang: translator(lang)(text) % of for lang, of in values.items()}
