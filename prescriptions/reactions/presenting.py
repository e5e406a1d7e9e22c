"""From a report to what its pages and its export show."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prescriptions.formulary.published import Published, book_of, published_book
from prescriptions.models import Prescription
from prescriptions.queries import lines_of, prescription
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import CAUSALITIES, ENDINGS, SEVERITIES, STATES, TAKING, Severity
from prescriptions.safety.wording import name_of
from telehealth.core.clock import completed_years
from telehealth.core.i18n import N_, format_day, format_instant, translator
from telehealth.core.unit import Unit
from telehealth.patients import people_by_id

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SEXES = {"M": N_("男"), "F": N_("女")}


async def book_for(unit: Unit, rx: Prescription) -> Published:
    """The book its names stand in."""
    return await book_of(unit, rx.book_id) if rx.book_id else await published_book(unit, rx.hospital_id)


async def choices(unit: Unit, rx: Prescription, lang: str) -> list[tuple[str, str]]:
    book = (await book_for(unit, rx)).book
    codes = dict.fromkeys(line.drug_code for line in await lines_of(unit, rx.id))
    return [(code, name_of(book, code, lang)) for code in codes]


async def line(unit: Unit, row: Reaction, lang: str) -> dict[str, Any]:
    _ = translator(lang)
    tone, words = STATES[row.state]
    is_open = row.assessed_at is None
    return {
        "id": row.id,
        "number": row.number,
        "rx_number": row.rx_number,
        "prescription_id": row.prescription_id,
        "tag": (tone, _(words)),
        "severity": _(SEVERITIES[row.severity][0]),
        "is_severe": row.severity is Severity.SEVERE,
        "made_at": row.made_at,
        "due": row.assess_by if is_open else None,
        "is_late": is_open and row.assess_by <= unit.now,
        "causality": _(CAUSALITIES[row.causality]) if row.causality else "",
    }


async def whole(unit: Unit, row: Reaction, lang: str) -> dict[str, Any]:
    _ = translator(lang)
    rx = await prescription(unit, row.prescription_id)
    book = (await book_for(unit, rx)).book
    who = (await people_by_id(unit, [row.person_id])).get(row.person_id)
    return await line(unit, row, lang) | {
        "drugs": [name_of(book, code, lang) for code in row.drug_codes],
        "what": row.what,
        "began_on": row.began_on,
        "taking": _(TAKING[row.taking]),
        "ending": _(ENDINGS[row.ending]) if row.ending else "",
        "advice": row.advice,
        "assessed_at": row.assessed_at,
        "assessed_name": row.assessed_name,
        "assess_by": row.assess_by,
        "patient": who.name if who else "",
        "patient_words": f"{_(_SEXES.get(who.sex, ''))} {completed_years(who.birth_date, unit.today)}".strip()
        if who and who.sex in _SEXES
        else "",
    }


def severities(lang: str) -> list[dict[str, str]]:
    _ = translator(lang)
    return [{"value": str(key), "label": _(words), "sub": _(sub)} for key, (words, sub) in SEVERITIES.items()]


def options(table: Any, lang: str) -> list[tuple[str, str]]:
    return [(str(key), translator(lang)(words)) for key, words in table.items()]


async def export(unit: Unit, rows: Sequence[Reaction], lang: str) -> str:
    """The columns of the national report, without a name: the number leads back to the record."""
    _ = translator(lang)
    heads = [
        N_("报告编号"), N_("处方号"), N_("报告时间"), N_("性别和年龄"), N_("怀疑药品"), N_("发生日期"),
        N_("不良反应过程描述"), N_("严重程度"), N_("用药情况"), N_("关联性评价"), N_("结果"), N_("评价药师"),
        N_("评价时间"),
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_(head) for head in heads])
    for row in rows:
        shown = await whole(unit, row, lang)
        cells = (
            row.number,
            row.rx_number,
            format_instant(row.made_at, lang, "numeric"),
            shown["patient_words"],
            "；".join(shown["drugs"]),
            format_day(row.began_on, lang, "numeric"),
            row.what,
            shown["severity"],
            shown["taking"],
            shown["causality"],
            shown["ending"],
            row.assessed_name,
            format_instant(row.assessed_at, lang, "numeric") if row.assessed_at else "",
        )
        writer.writerow([_cell(text) for text in cells])
    return BOM + out.getvalue()


def href(reaction_id: UUID) -> str:
    return f"/reactions/{reaction_id}"


def _cell(text: str) -> str:
    """What a spreadsheet would run as a formula is text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
