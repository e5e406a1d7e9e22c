"""The dashboard, the public page and the daily report as finished values for templates and files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.figures import Metric, Pain, Shape
from telehealth.core.i18n import N_
from telehealth.reporting.charts import BARS, Chart, bars, lines
from telehealth.reporting.models import DailyFigure, DailyReport
from telehealth.reporting.rules import Span, Sum, add_up
from telehealth.reporting.wording import ORDER, PAINS, Say, headline, share_words, span_words, trend

Rows = Sequence[DailyFigure]
Names = Mapping[UUID | None, str]


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over a span of days, added up as a whole and by day."""

    metric: Metric
    span: Span
    whole: Sum
    by_day: Mapping[HospitalDay, Sum]


def series_of(metrics: Mapping[str, Metric], rows: Rows, span: Span) -> list[Series]:
    """Of every metric there is, in the order of the dashboard; those above first."""
    of_metric: dict[str, list[DailyFigure]] = {name: [] for name in metrics}
    for row in rows:
        of_metric.setdefault(row.metric, []).append(row)
    place = {name: at for at, name in enumerate(ORDER)}
    names = sorted(metrics, key=lambda name: place.get(name, len(ORDER)))
    return [Series(metrics[name], span, add_up(of_metric[name]), _by_day(of_metric[name])) for name in names]


def _by_day(rows: Iterable[DailyFigure]) -> dict[HospitalDay, Sum]:
    days: dict[HospitalDay, list[DailyFigure]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row)
    return {day: add_up(found) for day, found in days.items()}


def card(series: Series, before: Sum, say: Say) -> dict[str, Any]:
    """One metric of the dashboard: number, trend, chart, and the table that says the same."""
    metric, whole = series.metric, series.whole
    icon, words = trend(metric, whole, before, say)
    columns = {
        Shape.LAG: (N_("中位数"), N_("95%以内")),
        Shape.SHARE: (N_("占比"), N_("数量")),
        Shape.COUNT: tuple(metric.parts.values()) or (N_("数量"),),
    }[metric.shape]
    return {
        "name": metric.name,
        "title": say(metric.title),
        "meaning": say(metric.meaning),
        "owner": say(metric.owner) if metric.owner else "",
        "headline": headline(metric, whole, say),
        "second": _second(series, say),
        "trend_icon": icon,
        "trend": words,
        "late": whole.late if metric.is_promise else None,
        "chart": _chart(series),
        "scale": _scale(metric),
        "legend": [say(text) for text in columns] if metric.shape is not Shape.SHARE else [],
        "columns": [say(text) for text in columns],
        "rows": [
            {"day": day, "cells": _cells(metric, found, say)} for day, found in sorted(series.by_day.items())
        ],
        "parts": _parts(series, say),
        "is_empty": not (whole.total or whole.values or whole.parts),
    }


def _second(series: Series, say: Say) -> str:
    whole = series.whole
    if series.metric.shape is Shape.LAG and whole.values:
        text = N_("95%% 在 %(p95)s 内，共 %(n)s 例")
        return say(text) % {"p95": span_words(whole.p95, say), "n": len(whole.values)}
    if series.metric.shape is Shape.SHARE and whole.total:
        return say(N_("%(hits)s / %(total)s 例")) % {"hits": whole.hits, "total": whole.total}
    return ""


def _cells(metric: Metric, found: Sum, say: Say) -> list[str]:
    if metric.shape is Shape.LAG:
        return [span_words(found.median, say), span_words(found.p95, say)]
    if metric.shape is Shape.SHARE:
        return [share_words(found.share), f"{found.hits} / {found.total}"]
    return [str(found.parts.get(name, 0)) for name in metric.parts] or [str(found.total)]


def _chart(series: Series) -> Chart | None:
    metric, days = series.metric, series.span.days
    labels = [f"{day.month}/{day.day}" for day in days]
    found = [series.by_day.get(day) for day in days]
    if metric.shape is Shape.LAG:
        return lines(
            labels,
            [[one.median if one else None for one in found], [one.p95 if one else None for one in found]],
            is_span=True,
        )
    if metric.shape is Shape.SHARE:
        return lines(labels, [[one.share if one else None for one in found]], top=1.0)
    names = list(metric.parts)[:2] if metric.name == "demand" else []
    values: list[list[float | None]] = [
        [float(one.parts.get(name, 0)) if one else None for one in found] for name in names
    ] or [[float(one.total) if one else None for one in found]]
    return bars(labels, values) if len(days) <= BARS else lines(labels, values)


def _scale(metric: Metric) -> str:
    return {Shape.LAG: "span", Shape.SHARE: "share", Shape.COUNT: "count"}[metric.shape]


def _parts(series: Series, say: Say) -> list[dict[str, Any]]:
    """By rule, by reason: the most first, with how long its bar is of the longest."""
    metric = series.metric
    if metric.shape is not Shape.SHARE and metric.name != "visits":
        return []
    counted = sorted(series.whole.parts.items(), key=lambda pair: (-pair[1], pair[0]))
    most = counted[0][1] if counted else 1
    return [
        {"label": say(metric.parts.get(name, N_("其他"))), "count": count, "most": most}
        for name, count in counted
        if count
    ]


def pains(metrics: Mapping[str, Metric], found: Mapping[str, Series], say: Say) -> list[dict[str, str]]:
    """GD20: six words, one metric each."""
    by_pain = {metric.pain: metric for metric in metrics.values() if metric.pain is not None}
    drawn = []
    for pain in Pain:
        metric = by_pain[pain]
        word, text, icon = PAINS[pain]
        drawn.append(
            {
                "word": say(word),
                "text": say(text),
                "icon": icon,
                "title": say(metric.title),
                "value": headline(metric, found[metric.name].whole, say),
                "href": f"#m-{metric.name}",
            }
        )
    return drawn


def departments_table(
    metrics: Mapping[str, Metric], rows: Rows, names: Names, say: Say, *, smallest: int = 0
) -> dict[str, Any]:
    """GD17: what is published, by department. Below `smallest` a cell says so instead of a number."""
    public = [metric for metric in metrics.values() if metric.is_public]
    public.sort(key=lambda metric: ORDER.index(metric.name) if metric.name in ORDER else len(ORDER))
    kept: dict[UUID, dict[str, list[DailyFigure]]] = {}
    for row in rows:
        if row.department_id is not None and row.metric in metrics and metrics[row.metric].is_public:
            kept.setdefault(row.department_id, {}).setdefault(row.metric, []).append(row)
    lines_ = [
        {
            "name": names.get(department, "—"),
            "cells": [
                _public_cell(metric, add_up(of.get(metric.name, [])), smallest, say) for metric in public
            ],
        }
        for department, of in kept.items()
    ]
    return {
        "columns": [{"title": say(metric.title), "meaning": say(metric.meaning)} for metric in public],
        "rows": sorted(lines_, key=lambda line: str(line["name"])),
    }


def _public_cell(metric: Metric, found: Sum, smallest: int, say: Say) -> str:
    if not (found.total or found.values):
        return "—"
    if found.shown(smallest) is None:
        return say(N_("样本不足"))
    if metric.shape is Shape.LAG:
        text = N_("%(median)s（95%% %(p95)s）")
        return say(text) % {"median": span_words(found.median, say), "p95": span_words(found.p95, say)}
    return headline(metric, found, say)


def report_view(row: DailyReport, metrics: Mapping[str, Metric], names: Names, say: Say) -> dict[str, Any]:
    body = row.body
    endings = metrics["visits"].parts
    return {
        "day": row.day,
        "made_at": row.made_at,
        "is_sample": row.is_sample,
        "read_at": row.read_at,
        "tiles": [
            {"label": say(N_("线上就诊")), "value": body["visits"]},
            {"label": say(N_("已接诊")), "value": f"{body['attended']} / {body['owed']}"},
            {"label": say(N_("未接诊已退费")), "value": body["refunded_unattended"]},
            {"label": say(N_("未守承诺")), "value": sum(item["late"] for item in body["missed"])},
            {"label": say(N_("投诉")), "value": "—" if body["complaints"] is None else body["complaints"]},
            {"label": say(N_("告急")), "value": body["alarms"]},
        ],
        "endings": [
            {"label": say(endings.get(name, N_("其他"))), "count": count}
            for name, count in sorted(body["endings"].items(), key=lambda pair: -pair[1])
        ],
        "missed": [_missed(item, metrics, names, say) for item in body["missed"]],
    }


def _missed(item: Mapping[str, Any], metrics: Mapping[str, Metric], names: Names, say: Say) -> dict[str, Any]:
    metric = metrics.get(item["metric"])
    department = UUID(item["department"]) if item["department"] else None
    owner = say(metric.owner) if metric and metric.owner else "—"
    place = names.get(department, "") if department else ""
    return {
        "title": say(metric.title) if metric else item["metric"],
        "owner": f"{place} {owner}".strip(),
        "late": item["late"],
        "total": item["total"],
    }
