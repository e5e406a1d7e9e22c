"""The order in which work is shown to those who do it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telehealth.core.clock import day_end, hospital_day
from telehealth.core.i18n import format_age
from telehealth.core.work import Work, grouped, rest_of

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TONIGHT = day_end(hospital_day(NOW))


def item(name: str, **facts: Any) -> dict[str, Any]:
    return {"title": name, "href": f"/{name}", **facts}


def test_the_oldest_promise_comes_first_and_what_is_late_stands_apart() -> None:
    found = grouped(
        [
            item("no promise"),
            item("tomorrow", due_at=TONIGHT + timedelta(seconds=1)),
            item("tonight", due_at=TONIGHT),
            item("soon", due_at=NOW + timedelta(minutes=5)),
            item("late", due_at=NOW - timedelta(minutes=1)),
            item("later than late", due_at=NOW - timedelta(hours=1)),
        ],
        NOW,
    )
    assert [(group.code, [work.title for work in group.items]) for group in found] == [
        ("late", ["later than late", "late"]),
        ("today", ["soon", "tonight"]),
        ("later", ["tomorrow"]),
        ("open", ["no promise"]),
    ]


def test_a_promise_is_late_from_its_very_instant() -> None:
    assert Work.of(item("now", due_at=NOW)).is_late(NOW)
    assert not Work.of(item("now", due_at=NOW)).is_late(NOW - timedelta(microseconds=1))


def test_without_a_promise_alarms_lead_and_then_the_longest_wait() -> None:
    [group] = grouped(
        [item("new", since=NOW), item("old", since=NOW - timedelta(days=1)), item("alarm", kind="danger")],
        NOW,
    )
    assert [work.title for work in group.items] == ["alarm", "old", "new"]


def test_an_item_of_the_old_shape_is_shown_as_it_was() -> None:
    work = Work.of({"title": "t", "href": "/x", "text": "1", "icon": "scale", "kind": "warn", "count": 3})
    assert (work.count, work.owner, work.claim, work.due_at) == (3, "", None, None)


def test_a_count_counts_for_as_many() -> None:
    [group] = grouped([item("a", count=3), item("b")], NOW)
    assert group.size == 4


def test_what_is_not_shown_one_by_one_is_one_line_with_its_count() -> None:
    assert rest_of([1, 2], 2, "more", "/x") == []
    assert [line["count"] for line in rest_of([1, 2], 7, "more", "/x")] == [5]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "不到1分钟"),
        (timedelta(minutes=12, seconds=59), "12分钟"),
        (timedelta(hours=3, minutes=5), "3小时5分"),
        (timedelta(hours=3), "3小时"),
        (timedelta(days=2, hours=4), "2天4小时"),
        (timedelta(days=2, minutes=59), "2天"),
    ],
)
def test_a_wait_is_said_as_people_say_it(span: timedelta, said: str) -> None:
    assert format_age(span, "zh-CN") == said
