"""The daily report on paper: what the page says, in the reader's language."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread

from telehealth.core.i18n import format_day, format_instant, translator
from telehealth.core.typesetting import typeset

TEMPLATE = Path(__file__).with_name("templates") / "reporting" / "daily_report.typ"


async def printed(report: Mapping[str, Any], hospital: str, lang: str) -> bytes:
    """A PDF of `presenting.report_view`; the same report is the same bytes. No unit is open meanwhile."""
    words = json.dumps(_words(report, hospital, lang), ensure_ascii=False)
    return await anyio.to_thread.run_sync(_draw, words, report["made_at"])


def _draw(words: str, made_at: Any) -> bytes:
    return typeset(TEMPLATE, {"words": words}, made_at, tagged=True)


def _words(report: Mapping[str, Any], hospital: str, lang: str) -> dict[str, Any]:
    _ = translator(lang)
    title = _("%(day)s 日报") % {"day": format_day(report["day"], lang)}
    return {
        "lang": lang.partition("-")[0],
        "title": title,
        "hospital": hospital,
        "made": _("生成于 %(at)s") % {"at": format_instant(report["made_at"], lang)},
        "foot": f"{hospital} · {title}",
        "sample": _("其中含演示用的样例数据，不是真实就诊。") if report["is_sample"] else "",
        "tiles": [[tile["label"], str(tile["value"])] for tile in report["tiles"]],
        "parts": [
            {
                "heading": _("没有守住的承诺"),
                "columns": [_("承诺"), _("负责"), _("未守"), _("全部")],
                "right": [2, 3],
                "rows": [
                    [row["title"], row["owner"], str(row["late"]), str(row["total"])]
                    for row in report["missed"]
                ],
                "empty": _("当天的承诺都守住了"),
            },
            {
                "heading": _("线上就诊的结果"),
                "columns": [_("结果"), _("数量")],
                "right": [1],
                "rows": [[row["label"], str(row["count"])] for row in report["endings"]],
                "empty": _("当天没有线上就诊"),
            },
        ],
    }
