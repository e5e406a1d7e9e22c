"""From rows to what a page shows: finished words, no states for a template to compare."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from telehealth.core.clock import HospitalDay, hospital_day
from telehealth.core.i18n import N_, format_day, format_instant
from telehealth.family.listing import Candidate, Seen
from telehealth.family.models import Binding, Paper
from telehealth.family.states import BADGES, PENDING, WAY_LABELS, BindingState, Way
from telehealth.patients.masking import mask_name
from telehealth.patients.rules import DOCUMENT_LABELS
from telehealth.patients.wording import RELATION_LABELS
from telehealth.web.openapi import PREFIX

Words = Callable[[str], str]

_PAPERS = f"{PREFIX}/family/papers"

_PROMISES = {
    BindingState.PROVING: N_("请在 %(day)s 24:00 前完成核验，逾期自动失效并退回名额"),
    BindingState.REVIEWING: N_("医院在 %(day)s 24:00 前答复，逾期会通知您并排到最前"),
}
_BY = N_("%(day)s 前")
_AT_DESK = N_("请在 %(day)s 24:00 前到医院窗口核对，逾期自动失效并退回名额")
_ENDED_BY = {
    "payer": N_("由付款人解除"),
    "member": N_("由成员解除"),
    "desk": N_("成员在医院窗口解除"),
    "link": N_("代办关系或同意已撤回"),
}


def badge(row: Binding, _: Words) -> tuple[str, str]:
    kind, text = BADGES[row.state]
    return kind, _(text)


def promise(row: Binding, _: Words, lang: str) -> str:
    """What happens next, and by when; empty for what is at rest."""
    if row.state not in PENDING:
        return ""
    if row.answer_by is not None:
        return _(_PROMISES[BindingState.REVIEWING]) % {"day": _last_day(row.answer_by, lang)}
    text = _AT_DESK if row.way is Way.COUNTER else _PROMISES[BindingState.PROVING]
    return _(text) % {"day": _last_day(row.lapses_at, lang)}


def line(row: Binding, _: Words, lang: str) -> dict[str, Any]:
    said = ""
    if row.state in PENDING:
        said = _(_BY) % {"day": format_day(_day_before(row.answer_by or row.lapses_at), lang)}
    elif row.bound_at is not None:
        said = format_day(hospital_day(row.ended_at or row.bound_at), lang)
    return {
        "id": row.id,
        "name": row.member_name,
        "relation": _(RELATION_LABELS[row.relation]),
        "badge": badge(row, _),
        "sub": said,
        "href": f"/family/{row.id}",
    }


def payer_line(row: Binding, _: Words, lang: str, *, details: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": mask_name(row.payer_name),
        "badge": badge(row, _),
        "since": format_instant(row.bound_at or row.requested_at, lang),
        "is_bound": row.state is BindingState.BOUND,
        "details": details,
    }


def detail(seen: Seen, _: Words, lang: str, *, hospital: str) -> dict[str, Any]:
    row, ways = seen.binding, seen.ways
    is_pending = row.state in PENDING
    may_switch = row.state is BindingState.PROVING or row.way is Way.COUNTER
    return {
        "id": row.id,
        "number": row.number,
        "name": row.member_name,
        "relation": _(RELATION_LABELS[row.relation]),
        "badge": badge(row, _),
        "promise": promise(row, _, lang),
        "reason": row.reason,
        "facts": [
            (_("申请编号"), row.number),
            (_("受理医院"), hospital),
            (_("核验方式"), _(WAY_LABELS[row.way]) if row.way else ""),
            (_("申请时间"), format_instant(row.requested_at, lang)),
            (_("绑定时间"), format_instant(row.bound_at, lang) if row.bound_at else ""),
            (_("结束时间"), format_instant(row.ended_at, lang) if row.ended_at else ""),
            (_("结束原因"), _(_ENDED_BY[row.ended_by]) if row.ended_by in _ENDED_BY else ""),
        ],
        "steps": _steps(row, _, lang),
        "may_send_papers": Way.PAPERS in ways and row.state is BindingState.PROVING,
        "may_face": Way.FACE in ways and may_switch,
        "may_bank": Way.BANK_CARD in ways and may_switch,
        "may_counter": Way.COUNTER in ways and row.state is BindingState.PROVING,
        "is_at_desk": is_pending and row.way is Way.COUNTER,
        "code_expected": bool(row.consent_phone) and Way.BANK_CARD in ways,
        "may_withdraw": is_pending,
        "is_bound": row.state is BindingState.BOUND,
        "may_ask_again": row.state in (BindingState.REFUSED, BindingState.LAPSED, BindingState.WITHDRAWN),
        "person_id": row.person_id,
        "details": seen.is_details_agreed,
        "may_agree_details": seen.may_agree_details,
    }


def papers(rows: tuple[Paper, ...], _: Words) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "name": _("材料 %(number)s") % {"number": number},
            "thumbnail_url": f"{_PAPERS}/{row.id}/content?thumbnail=true" if row.thumbnail_key else "",
            "remove_url": f"{_PAPERS}/{row.id}",
            "problem": _("照片可能不清楚，建议重拍") if row.looks_blurred else "",
        }
        for number, row in enumerate(rows, 1)
    ]


def candidate(one: Candidate, _: Words) -> dict[str, Any]:
    return {
        "person_id": one.person.id,
        "name": one.link.name,
        "relation": _(RELATION_LABELS[one.link.relation]),
        "age": _("%(age)s 岁") % {"age": one.age},
        "by_papers": not one.speaks_for_itself,
        "needs_guardian": one.needs_guardian,
    }


def review(row: Binding, rows: list[Paper], _: Words, lang: str, *, late: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "at_desk": row.way is Way.COUNTER,
        "way": _(WAY_LABELS[row.way]) if row.way else "",
        "facts": [
            (_("成员"), row.member_name),
            (_(DOCUMENT_LABELS[row.document_kind]), row.document_number),
            (_("出生日期"), format_day(row.birth_date, lang)),
            (_("申请时年龄"), _("%(age)s 岁") % {"age": row.age}),
            (_("付款人"), row.payer_name),
            (_("与付款人关系"), _(RELATION_LABELS[row.relation])),
            (_("申请时间"), format_instant(row.requested_at, lang)),
        ],
        "due": row.answer_by,
        "is_late": late,
        "papers": [
            {
                "href": f"/staff/family-reviews/papers/{paper.id}",
                "label": _("材料 %(number)s") % {"number": number},
                "thumbnail": f"/staff/family-reviews/papers/{paper.id}?thumbnail=true"
                if paper.thumbnail_key
                else "",
            }
            for number, paper in enumerate(rows, 1)
        ],
    }


def _steps(row: Binding, _: Words, lang: str) -> list[dict[str, Any]]:
    """The road of a request: asked, checked, bound."""
    asked = {"title": _("提交申请"), "state": "done", "when": format_instant(row.requested_at, lang)}
    checked = {"title": _("核验身份与关系"), "text": promise(row, _, lang), "state": "now"}
    last = {"title": _("绑定成功，可用医保为家人付款"), "state": ""}
    if row.bound_at is not None:
        checked |= {"state": "done", "text": _(WAY_LABELS[row.way]) if row.way else ""}
        last |= {"state": "done", "when": format_instant(row.bound_at, lang)}
    elif row.ended_at is not None:
        text = BADGES[row.state][1]
        checked |= {"title": _(text), "text": row.reason, "when": format_instant(row.ended_at, lang)}
        return [asked, checked]
    return [asked, checked, last]


def _last_day(edge: datetime, lang: str) -> str:
    return format_day(_day_before(edge), lang)


def _day_before(edge: datetime) -> HospitalDay:
    """24:00 of a day is the instant after it."""
    return hospital_day(edge - timedelta(microseconds=1))
