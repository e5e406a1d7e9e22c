"""What waits for a member of staff: the shape of the `worklist` contribution, and the order it is shown in.

A contribution is `async (unit, actor) -> list[dict]`. Each dict has

    title, href            words (a message id, or {"zh-CN": …, "en": …}) and where to go
    text, icon, kind       more words, a sign, '' | 'info' | 'warn' | 'danger'
    count                  how many it stands for, when it is more than one
    due_at                 the promise: until when it should be done (instant)
    since                  since when it waits (instant)
    owner                  whose it is, as a name or a role in words; "" where anybody may take it
    claim                  {"action", "label"}: where a form posts that makes it the reader's

All but the first two may be left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telehealth.core.clock import day_end, hospital_day
from telehealth.core.i18n import N_, translator

Words = str | Mapping[str, str]

#: A list of one kind shows this many of its own; the rest is one line with a count.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Claim:
    action: str
    label: Words


@dataclass(frozen=True, slots=True)
class Work:
    title: Words
    href: str
    text: Words = ""
    icon: str = ""
    kind: str = ""
    count: int | None = None
    due_at: datetime | None = None
    since: datetime | None = None
    owner: Words = ""
    claim: Claim | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Work":
        claim = item.get("claim")
        return cls(
            title=item["title"],
            href=item.get("href") or "",
            text=item.get("text") or "",
            icon=item.get("icon") or "",
            kind=item.get("kind") or "",
            count=item.get("count") or None,
            due_at=item.get("due_at"),
            since=item.get("since"),
            owner=item.get("owner") or "",
            claim=Claim(claim["action"], claim["label"]) if claim else None,
        )

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """`code` is permanent, for clients of the API; `title` is a message id."""

    code: str
    title: str
    items: tuple[Work, ...]

    @property
    def size(self) -> int:
        return sum(item.count or 1 for item in self.items)


def grouped(items: Iterable[Mapping[str, Any]], now: datetime) -> list[WorkGroup]:
    """Late, due today, later, without a promise; in each the oldest promise first, then the longest wait."""
    work = sorted((Work.of(item) for item in items), key=_oldest_promise_first)
    tonight = day_end(hospital_day(now))
    of_group = {code: tuple(item for item in work if _group(item, now, tonight) == code) for code in _TITLES}
    return [WorkGroup(code, title, of_group[code]) for code, title in _TITLES.items() if of_group[code]]


def said(words: Words, lang: str) -> str:
    """Contributed words in the reader's language."""
    if isinstance(words, str):
        # An empty message id is the catalogue's own head.
        return translator(lang)(words) if words else ""
    return words[lang]


def rest_of(shown: Sequence[Any], count: int, title: Words, href: str, **facts: Any) -> list[dict[str, Any]]:
    """One line for what a list holds beyond those shown one by one; none when all are."""
    left = count - len(shown)
    return [{"title": title, "href": href, "count": left, **facts}] if left > 0 else []


_TITLES = {
    "late": N_("已超时"),
    "today": N_("今天到期"),
    "later": N_("之后到期"),
    "open": N_("没有规定时限"),
}


def _group(item: Work, now: datetime, tonight: datetime) -> str:
    if item.due_at is None:
        return "open"
    if item.is_late(now):
        return "late"
    # 24:00 of today is today's.
    return "today" if item.due_at <= tonight else "later"


def _oldest_promise_first(item: Work) -> tuple[Any, ...]:
    far = item.due_at is None
    waits = item.since.timestamp() if item.since else float("inf")
    return (far, item.due_at.timestamp() if item.due_at else 0.0, item.kind != "danger", waits)
