"""REG14: no report of drug revenue by doctor exists, and no count of prescriptions by brand leaves the house.

What a hospital can count, export or ask over the API is walked here: a new metric, file, schema or statement
that would tell it fails this test, whoever adds it.
"""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import app
from prescriptions.pharmacy import measuring
from telehealth.core.figures import Figure
from telehealth.core.measures import Measures
from telehealth.payments import exporting as money
from telehealth.reporting import exporting as figures
from telehealth.reporting.models import DailyFigure
from telehealth.web import openapi
from telehealth.web.application import VERSION, join_contributions
from tests.support.source import modules

MEASURES = Measures(join_contributions(app.FEATURES)["metrics"])

#: By whom and of what: neither is a column, a part or a field of anything that counts.
_WHOM = re.compile(r"doctor|physician|prescriber|医生|医师", re.IGNORECASE)
_WHAT = re.compile(r"drug|medicine|brand|manufacturer|药品|药名|品牌|厂家|商品名", re.IGNORECASE)
_MUCH = re.compile(r"revenue|turnover|sales|income|commission|收入|销售|提成", re.IGNORECASE)
#: A statement that adds sheets or lines up by whom, or by what.
_LINES = re.compile(r"prescription_lines|\bLine\.|picked_lots|PickedLot\.|from prescriptions|Prescription\.")
_BY = re.compile(
    r"group by[^\"]*(doctor_id|signed_by|drug_code)|group_by\([^)]*(doctor_id|signed_by|drug_code)", re.DOTALL
)


def test_REG14_no_metric_counts_by_doctor_drug_or_brand() -> None:
    assert len(MEASURES.metrics) > 10
    for metric in MEASURES.metrics.values():
        assert not _MUCH.search(f"{metric.name} {metric.title} {metric.meaning}"), metric.name
        for part in metric.parts:
            assert not _WHOM.search(part), (metric.name, part)
            assert not _WHAT.search(part) or part.isupper(), (metric.name, part)


def test_REG14_a_figure_has_no_place_for_a_doctor_or_a_drug() -> None:
    columns = {*DailyFigure.__table__.columns.keys(), *Figure.__dataclass_fields__}
    assert columns == {
        "id", "hospital_id", "day", "metric", "department_id", "hits", "total", "late", "values", "parts",
        "is_sample", "counted_at",
    }  # fmt: skip


def test_REG14_no_file_has_a_column_by_which_doctors_or_drugs_could_be_added_up() -> None:
    heads = {"figures": figures.HEAD, **{name: one.head for name, one in money.EXPORTS.items()}}
    for name, head in heads.items():
        assert not any(_WHOM.search(column) or _WHAT.search(column) for column in head), name


def test_REG14_no_answer_of_the_api_tells_money_of_drugs_by_doctor() -> None:
    document = openapi.document([r for feature in app.FEATURES for r in feature.api], version=VERSION)
    schemas: dict[str, Any] = document["components"]["schemas"]
    assert len(schemas) > 100
    for name, schema in schemas.items():
        for field in schema.get("properties", {}):
            assert not _MUCH.search(field), (name, field)
    for name in ("FiguresView", "MetricView", "SumView", "DaySumView", "DailyReportView", "PublishedView"):
        for field in schemas[name]["properties"]:
            assert not _WHOM.search(field) and not _WHAT.search(field), (name, field)


def test_REG14_no_statement_adds_prescriptions_up_by_doctor_or_drug() -> None:
    offenders = [
        f"{place}: {text.strip().splitlines()[0]}"
        for place, text in _statements()
        if _LINES.search(text) and _BY.search(text)
    ]
    assert offenders == []


def test_REG14_this_test_would_notice() -> None:
    bad = 'sa.text("select doctor_id, sum(total) from prescriptions group by doctor_id")'
    worse = "sa.select(Line.drug_code, sa.func.count()).group_by(Line.drug_code)"
    assert all(_LINES.search(text) and _BY.search(text) for text in (bad, worse))
    assert _MUCH.search("drug_revenue") and _WHOM.search("doctor_id") and _WHAT.search("品牌")
    assert not (_BY.search(inspect.getsource(measuring)))


def _statements() -> Iterator[tuple[str, str]]:
    """Each blank-line-parted piece of every module: a statement stands in one."""
    for module in modules():
        for piece in re.split(r"\n\n\n", module.text):
            yield module.place, piece
