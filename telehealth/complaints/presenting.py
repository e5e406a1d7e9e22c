"""From a complaint to what its pages show: finished words, no states for a template to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telehealth.complaints import queries
from telehealth.complaints.models import Complaint, ComplaintStep
from telehealth.complaints.states import (
    KINDS,
    OPEN,
    OUTCOMES,
    STATES,
    STEPS,
    ComplaintKind,
    ComplaintState,
    ReviewOutcome,
    StepKind,
)
from telehealth.complaints.topics import Topic, Topics
from telehealth.core.access import Permission
from telehealth.core.i18n import N_, format_instant, format_until, translator
from telehealth.core.unit import Unit
from telehealth.directory import hospital, said

TAKE_UP = N_("%(time)s 前有专人受理")
ANSWER = N_("%(time)s 前给出正式答复")
IF_LATE = N_("超过这个时间，系统自动上报院领导")
WAITS_FOR_YOU = N_("满意可以确认结束；不满意可在 %(time)s 前提出异议，重新处理一次")


@dataclass(frozen=True, slots=True)
class About:
    label: str
    number: str
    href: str
    staff_href: str


def promise_of(row: Complaint) -> datetime:
    """What is owed next: to be taken up, then to be answered."""
    return row.reply_by if row.taken_at is None else row.answer_by


def about_of(unit: Unit, row: Complaint, lang: str) -> About | None:
    topic = topic_of(unit, row)
    if topic is None or row.about_id is None:
        return None
    return About(
        translator(lang)(topic.label),
        row.about_number,
        topic.href(row.about_id),
        # Whoever answers may not be one who opens bookings.
        topic.staff_href(row.about_id) if unit.actor.may(Permission.BOOK_FOR_PATIENT) else "",
    )


def topic_of(unit: Unit, row: Complaint) -> Topic | None:
    return unit.port(Topics).known(row.about) if row.about else None


def line(unit: Unit, row: Complaint, lang: str) -> dict[str, Any]:
    """One row of a list."""
    _ = translator(lang)
    tone, words = STATES[row.state]
    is_open, due = row.state in OPEN, promise_of(row)
    promise = _(TAKE_UP if row.taken_at is None else ANSWER) % {"time": format_until(due, lang, unit.now)}
    return {
        "id": row.id,
        "number": row.number,
        "kind": _(KINDS[row.kind]),
        "tag": (tone, _(words)),
        "about": about_of(unit, row, lang),
        "made_at": row.made_at,
        "owner": row.owner_name,
        "due": due if is_open else None,
        "due_words": promise if is_open else "",
        "is_late": is_open and due <= unit.now,
        "escalated": row.escalated_at is not None and is_open,
    }


async def whole(unit: Unit, row: Complaint, lang: str) -> dict[str, Any]:
    """One complaint as either side reads it."""
    _ = translator(lang)
    place = await hospital(unit, row.hospital_id)
    steps = await queries.steps_of(unit, row.id)
    return line(unit, row, lang) | {
        "hospital": said(place, "name", lang),
        "phone": place.complaint_phone,
        "text": row.text,
        "is_review": row.kind is ComplaintKind.REVIEW,
        "outcome": _(OUTCOMES[row.outcome]) if row.outcome else "",
        "may_again": row.outcome is ReviewOutcome.CORRECTED,
        "steps": [*(_step(step, row, lang) for step in steps), *_ahead(unit, row, lang)],
        "photos": await queries.photos_of(unit, row.id),
        "is_open": row.state in OPEN,
        "is_answered": row.state is ComplaintState.ANSWERED,
        "may_reopen": row.state is ComplaintState.ANSWERED
        and row.reopened_at is None
        and row.reopen_until is not None
        and unit.now < row.reopen_until,
        "was_reopened": row.reopened_at is not None,
        "reopen_until": row.reopen_until,
    }


def outcomes(lang: str) -> list[tuple[str, str]]:
    return [(str(key), translator(lang)(words)) for key, words in OUTCOMES.items()]


def kinds(lang: str, *, is_decision: bool) -> list[tuple[str, str]]:
    """A review is asked for of decisions only."""
    _ = translator(lang)
    return [
        (str(key), _(words)) for key, words in KINDS.items() if is_decision or key is not ComplaintKind.REVIEW
    ]


def _step(step: ComplaintStep, row: Complaint, lang: str) -> dict[str, Any]:
    _ = translator(lang)
    title = _(STEPS[step.kind])
    text = row.text if step.kind is StepKind.MADE else step.text
    return {
        "title": f"{title} · {step.by_name}" if step.by_name else title,
        "text": text,
        "when": format_instant(step.at, lang),
        "state": "done",
    }


def _ahead(unit: Unit, row: Complaint, lang: str) -> Sequence[dict[str, Any]]:
    """What is promised next, by when, and what happens if it is missed."""
    _ = translator(lang)
    if row.state is ComplaintState.ANSWERED and row.reopen_until is not None and row.reopened_at is None:
        return [
            {
                "title": _("等您确认"),
                "text": _(WAITS_FOR_YOU) % {"time": format_until(row.reopen_until, lang, unit.now)},
                "state": "now",
            }
        ]
    if row.state not in OPEN:
        return []
    answer = {
        "title": _("正式答复"),
        "text": _(ANSWER) % {"time": format_until(row.answer_by, lang, unit.now)} + _("；") + _(IF_LATE),
        "state": "" if row.taken_at is None else "now",
    }
    if row.taken_at is not None:
        return [answer]
    taken = {
        "title": _("专人受理"),
        "text": _(TAKE_UP) % {"time": format_until(row.reply_by, lang, unit.now)},
        "state": "now",
    }
    return [taken, answer]
