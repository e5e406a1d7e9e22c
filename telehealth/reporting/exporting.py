"""Figures as a file for a spreadsheet: a line a day, department and metric.

There is no column of a doctor, a drug or a brand, as there is none in the table (REG14).
"""

import csv
import io
from collections.abc import Mapping, Sequence
from uuid import UUID

from telehealth.core.figures import Metric
from telehealth.core.i18n import N_
from telehealth.reporting.models import DailyFigure
from telehealth.reporting.rules import add_up
from telehealth.reporting.wording import Say

#: So that a spreadsheet takes the bytes for UTF-8.
BOM = "\ufeff"
HEAD = (
    N_("日期"), N_("科室"), N_("指标"), N_("数量"), N_("其中"), N_("超过承诺"), N_("中位数（秒）"),
    N_("95%以内（秒）"), N_("备注"),
)  # fmt: skip


def table(
    rows: Sequence[DailyFigure], metrics: Mapping[str, Metric], names: Mapping[UUID | None, str], say: Say
) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([say(name) for name in HEAD])
    for row in rows:
        metric = metrics.get(row.metric)
        if metric is None:
            continue
        found = add_up([row])
        writer.writerow(
            [
                row.day.isoformat(),
                _cell(names.get(row.department_id, say(N_("全院")))),
                say(metric.title),
                row.total,
                row.hits,
                row.late,
                "" if found.median is None else found.median,
                "" if found.p95 is None else found.p95,
                say(N_("样例数据")) if row.is_sample else "",
            ]
        )
    return BOM + out.getvalue()


def _cell(text: str) -> str:
    """A text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
