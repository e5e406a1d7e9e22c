"""Adding up, hiding, drawing and saying figures."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from telehealth.core.figures import Metric, Shape
from telehealth.reporting import charts
from telehealth.reporting.rules import Span, Sum, add_up, last_days, percentile, report_of
from telehealth.reporting.wording import share_words, span_words, trend
from telehealth.rulebook.sections_work import Reporting

DAY = date(2026, 11, 21)


@dataclass
class Row:
    metric: str
    hits: int = 0
    total: int = 0
    late: int = 0
    values: list[int] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    department_id: UUID | None = None
    day: date = DAY


def zh(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("values", "median", "p95"),
    [([], None, None), ([7], 7, 7), ([1, 2], 1, 2), ([1, 2, 3], 2, 3), (list(range(1, 101)), 50, 95)],
)
def test_a_percentile_is_a_time_somebody_did_wait(values: list[int], median: int, p95: int) -> None:
    assert (percentile(values, 50), percentile(values, 95)) == (median, p95)


def test_the_median_of_two_days_is_not_the_median_of_their_medians() -> None:
    found = add_up([Row("x", values=[1, 1, 1, 1, 1]), Row("x", values=[100])])
    assert found.median == 1


@pytest.mark.parametrize(("count", "is_shown"), [(9, False), (10, True)])
def test_GD17_fewer_than_ten_are_not_shown_to_the_public(count: int, is_shown: bool) -> None:
    smallest = Reporting().smallest_count
    assert (Sum(total=count, values=tuple(range(count))).shown(smallest) is not None) == is_shown


def test_a_span_ends_yesterday_and_is_compared_with_as_many_days_before() -> None:
    span = last_days(7, DAY)
    assert (span.last, span.length) == (DAY - timedelta(days=1), 7)
    assert (span.before.last, span.before.length) == (span.first - timedelta(days=1), 7)
    assert span.days[0] == span.first and span.days[-1] == span.last


def test_GD19_a_report_names_promises_missed_with_their_department_the_most_first() -> None:
    place = uuid4()
    metrics = {
        "review_lag": Metric("review_lag", "a", "a", Shape.LAG, owner="药师", is_promise=True),
        "waiting": Metric("waiting", "b", "b", Shape.LAG),
        "attended_same_day": Metric("attended_same_day", "c", "c", Shape.SHARE, is_promise=True),
    }
    body = report_of(
        [
            Row("visits", total=5, parts={"completed": 3, "unattended": 2}),
            Row("attended_same_day", hits=3, total=5, late=2, department_id=place),
            Row("review_lag", total=9, late=4, department_id=place),
            Row("waiting", total=9, late=9),
            Row("alarm_answer", total=1),
        ],
        metrics,
    )
    assert (body["visits"], body["attended"], body["owed"], body["refunded_unattended"]) == (5, 3, 5, 2)
    assert [(item["metric"], item["late"]) for item in body["missed"]] == [
        ("review_lag", 4), ("attended_same_day", 2),
    ]  # fmt: skip
    assert (body["alarms"], body["complaints"]) == (1, None)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "—"), (0, "0秒"), (59, "59秒"), (60, "1分钟"), (3600, "1小时"), (3900, "1小时5分"),
     (172_800, "2天0小时")],
)  # fmt: skip
def test_a_lag_is_said_as_people_say_it(seconds: int | None, said: str) -> None:
    assert span_words(seconds, zh) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, "—"), (0.0, "0%"), (1.0, "100%"), (0.9999, "99.9%"), (0.0001, "0.1%"), (0.5, "50%")],
)
def test_only_what_is_whole_is_said_to_be(share: float | None, said: str) -> None:
    assert share_words(share) == said


@pytest.mark.parametrize(
    ("now", "before", "icon", "better"), [(9, 5, "trending-up", False), (5, 9, "trending-down", True)]
)
def test_less_waiting_is_better(now: int, before: int, icon: str, better: bool) -> None:
    metric = Metric("waiting", "a", "a", Shape.LAG)
    found = trend(metric, Sum(values=(now * 60,)), Sum(values=(before * 60,)), zh)
    assert found[0] == icon and (("好" in found[1]) == better)


def test_a_day_without_a_value_breaks_the_line_and_a_lone_one_is_a_dot() -> None:
    drawn = charts.lines(["1", "2", "3", "4"], [[1.0, None, 3.0, 4.0]])
    assert drawn is not None
    [line] = drawn.lines
    assert line.path.count("M") == 2 and len(line.dots) == 2


def test_nothing_to_draw_is_no_chart() -> None:
    assert charts.lines(["1"], [[None]]) is None and charts.bars([], [[]]) is None


def test_everything_drawn_stays_inside_the_picture() -> None:
    drawn = charts.bars([str(n) for n in range(31)], [[float(n) for n in range(31)], [5.0] * 31])
    assert drawn is not None
    for bar in drawn.bars:
        assert drawn.left <= bar.x and bar.x + bar.width <= charts.WIDTH
        assert 0 <= bar.y and round(bar.y + bar.height, 1) <= drawn.floor


@pytest.mark.parametrize(
    ("top", "name"), [(119, "s"), (120, "min"), (7199, "min"), (7200, "h"), (172_800, "d")]
)
def test_a_scale_of_time_has_one_unit(top: int, name: str) -> None:
    assert charts.unit_of(top)[1] == name


def test_spans_are_days_in_order() -> None:
    assert Span(DAY, DAY).days == [DAY]
