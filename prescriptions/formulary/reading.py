"""From the files of a drug book to rows that are known to be good, or to a list of what is not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from prescriptions.formulary.entries import Action, herb_name
from prescriptions.formulary.rows import BadRow, HerbRow, MedicineRow, Rows, bad_fields, read_rows
from prescriptions.formulary.rule_rows import (
    AllergyClassRow,
    DiagnosisRow,
    FrequencyRow,
    InteractionsSheet,
    PregnancyNames,
    TCMDiagnosisRow,
    TCMRulesSheet,
)
from telehealth.core.errors import Invalid
from telehealth.core.i18n import N_

#: The tables of a book, by the names of the sample's files.
TABLES = (
    "medicines", "herbs", "interactions", "tcm_rules",
    "allergy_classes", "diagnoses_icd10", "diagnoses_tcm", "frequencies",
)  # fmt: skip

Sheet = TypeVar("Sheet", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class BadPlace:
    """A bad row of one table ("medicines", "interactions", …); number 0 is the table itself."""

    table: str
    row: BadRow


class BookUnusable(Invalid):
    """`places` says where: table, row, field, and a sentence each."""

    code = "formulary_unusable"
    detail = "药品目录中有错误，请按提示修改"

    def __init__(self, places: Iterable[BadPlace]) -> None:
        self.places = tuple(places)
        super().__init__(
            rows=[
                {"table": bad.table, "row": bad.row.number, "field": bad.row.field, "said": bad.row.said}
                for bad in self.places
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRows:
    """A book as it was written down; `unreadable` are tables that could not be read as such."""

    medicines: Rows[MedicineRow]
    herbs: Rows[HerbRow]
    interactions: InteractionsSheet
    tcm_rules: TCMRulesSheet
    allergy_classes: Rows[AllergyClassRow]
    diagnoses: Rows[DiagnosisRow]
    tcm_diagnoses: Rows[TCMDiagnosisRow]
    frequencies: Rows[FrequencyRow]
    unreadable: tuple[BadPlace, ...] = ()


def read_book(raw: Mapping[str, Any]) -> BookRows:
    """From parsed JSON by table name; a table is a list of rows, or an object with "rows"."""
    unreadable: list[BadPlace] = []

    def rows(table: str) -> list[Any]:
        found = raw.get(table)
        found = found.get("rows") if isinstance(found, Mapping) else found
        if isinstance(found, list):
            return found
        unreadable.append(BadPlace(table, BadRow(0, "", "table", N_("缺少这张表，或者不是数据行"))))
        return []

    def sheet(table: str, model: type[Sheet], empty: Sheet) -> Sheet:
        try:
            return model.model_validate(raw.get(table))
        except ValidationError as error:
            unreadable.extend(BadPlace(table, bad) for bad in bad_fields(0, error))
            return empty

    return BookRows(
        medicines=read_rows(MedicineRow, rows("medicines")),
        herbs=read_rows(HerbRow, rows("herbs")),
        interactions=sheet("interactions", InteractionsSheet, _NO_INTERACTIONS),
        tcm_rules=sheet("tcm_rules", TCMRulesSheet, _NO_TCM_RULES),
        allergy_classes=read_rows(AllergyClassRow, rows("allergy_classes")),
        diagnoses=read_rows(DiagnosisRow, rows("diagnoses_icd10")),
        tcm_diagnoses=read_rows(TCMDiagnosisRow, rows("diagnoses_tcm")),
        frequencies=read_rows(FrequencyRow, rows("frequencies")),
        unreadable=tuple(unreadable),
    )


def bad_places(rows: BookRows) -> tuple[BadPlace, ...]:
    """Every place that must be mended before the book can be used."""
    tables: tuple[tuple[str, Rows[Any]], ...] = (
        ("medicines", rows.medicines),
        ("herbs", rows.herbs),
        ("allergy_classes", rows.allergy_classes),
        ("diagnoses_icd10", rows.diagnoses),
        ("diagnoses_tcm", rows.tcm_diagnoses),
        ("frequencies", rows.frequencies),
    )
    return (
        *rows.unreadable,
        *(BadPlace(table, bad) for table, read in tables for bad in read.bad),
        *_clashing_herbs(rows),
        *_shared_codes(rows),
        *_unknown_allergies(rows),
        *_unknown_drugs(rows),
    )


def _clashing_herbs(rows: BookRows) -> Iterator[BadPlace]:
    """A name must lead to one herb: two herbs of one alias would be checked as whichever came last."""
    bearers: dict[str, str] = {}
    for number, row in rows.herbs.numbered:
        for name in {herb_name(each) for each in (row.name_zh, *row.aliases)}:
            if bearers.setdefault(name, row.id) != row.id:
                said = N_("名称或别名与另一味药重复")
                yield BadPlace("herbs", BadRow(number, "aliases", "shared_name", said))


def _shared_codes(rows: BookRows) -> Iterator[BadPlace]:
    herbs = {row.id for row in rows.herbs.good}
    for number, row in rows.medicines.numbered:
        if row.id in herbs:
            yield BadPlace("medicines", BadRow(number, "id", "twice", N_("编码重复，已在前面出现")))


def _unknown_allergies(rows: BookRows) -> Iterator[BadPlace]:
    known = {row.id for row in rows.allergy_classes.good}
    for number, row in rows.medicines.numbered:
        if not set(row.allergy_classes) <= known:
            said = N_("过敏类别不在目录之内")
            yield BadPlace("medicines", BadRow(number, "allergy_classes", "unknown", said))
    for number, allergy in rows.allergy_classes.numbered:
        if not {cross.to for cross in allergy.cross} <= known:
            said = N_("过敏类别不在目录之内")
            yield BadPlace("allergy_classes", BadRow(number, "cross", "unknown", said))


def _unknown_drugs(rows: BookRows) -> Iterator[BadPlace]:
    known = {row.id for row in rows.medicines.good}
    numbers = Counter(pair.id for pair in rows.interactions.pairs)
    for number, pair in enumerate(rows.interactions.pairs, start=1):
        if numbers[pair.id] > 1:
            yield BadPlace("interactions", BadRow(number, "id", "twice", N_("编码重复，已在前面出现")))
        for side in ("a", "b"):
            party = getattr(pair, side)
            if party.type == "drug" and party.ref not in known:
                said = N_("药品不在目录之内")
                yield BadPlace("interactions", BadRow(number, f"{side}.ref", "unknown", said))


_NO_INTERACTIONS = InteractionsSheet(pairs=())
_NO_TCM_RULES = TCMRulesSheet(
    eighteen_incompatibles=(), nineteen_antagonisms=(), nineteen_action=Action.BLOCK,
    pregnancy=PregnancyNames(), toxic_1988_raw=(), decoction_terms=(),
)  # fmt: skip
