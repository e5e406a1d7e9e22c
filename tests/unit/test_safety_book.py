"""The drug book: what it reads, what it refuses, and what it calls things."""

import copy
from decimal import Decimal
from typing import Any

import pytest

from prescriptions.formulary.book import load_book, sample_book, sample_tables
from prescriptions.formulary.reading import BookUnusable, read_book
from prescriptions.formulary.rows import MedicineRow, read_rows


def tables() -> dict[str, Any]:
    return copy.deepcopy(sample_tables())


def places(raw: dict[str, Any]) -> list[tuple[str, int, str]]:
    with pytest.raises(BookUnusable) as refused:
        load_book(read_book(raw), version=1)
    return [(bad.table, bad.row.number, bad.row.field) for bad in refused.value.places]


def test_the_sample_is_a_whole_book_and_says_that_it_is_one() -> None:
    book = sample_book()
    assert (len(book.medicines), len(book.herbs), len(book.diagnoses), len(book.tcm_diagnoses)) == (
        50,
        38,
        46,
        41,
    )
    for table, content in sample_tables().items():
        assert "SAMPLE DATA" in str(content.get("label_file", content.get("label"))), table


def test_prices_are_fen_and_amounts_exact() -> None:
    book = sample_book()
    assert book.medicines["W001"].price == 1680
    assert book.herbs["H001"].price_per_gram == Decimal(12)
    assert book.medicines["P008"].ingredient_amounts["glibenclamide"] == Decimal("0.25")
    assert book.medicines["W013"].max_daily_adult == Decimal(2550)


@pytest.mark.parametrize(
    ("said", "key"),
    [("H019", "H019"), ("附子", "H019"), ("附子（黑顺片）", "H019"), (" 黑 顺片 ", "H019"),
     ("炙甘草", "H006"),
     ("白附子", "白附子"), ("生半夏", "生半夏"), ("甘草浸膏", "甘草浸膏"), ("参", "参"), ("", "")],
)  # fmt: skip
def test_herbs_go_by_whole_names(said: str, key: str) -> None:
    assert sample_book().herb_key(said) == key


def test_medicines_go_by_id_and_by_an_unshared_name() -> None:
    book = sample_book()
    found = book.medicine("盐酸二甲双胍片")
    assert found is not None and found.code == "W013"
    assert book.medicine("二甲双胍") is None


def test_a_diagnosis_is_found_under_its_wider_code() -> None:
    book = sample_book()
    found = [book.diagnosis(code) for code in ("I10.x00", "e119", "i48", "Z99", "")]
    assert [entry.code if entry else None for entry in found] == ["I10", "E11.9", "I48", None, None]


def test_csv_cells_are_read_as_json_is() -> None:
    row = next(row for row in tables()["medicines"]["rows"] if row["id"] == "P008")
    cells = {key: ";".join(value) if isinstance(value, list) else value for key, value in row.items()}
    cells |= {"max_single": "10", "child_max_daily": "", "ethanol": "false", "pack_units": "120"}
    cells["ingredient_amounts"] = '{"glibenclamide": 0.25}'
    assert read_rows(MedicineRow, [cells]).good == read_rows(MedicineRow, [row]).good


@pytest.mark.parametrize(
    ("field", "value", "at"),
    [
        ("max_daily_adult", -1, "max_daily_adult"),
        ("max_daily_adult", "many", "max_daily_adult"),
        ("max_daily_adult", True, "max_daily_adult"),
        ("max_single", 1000, ""),
        ("price_cny", "16.805", ""),
        ("price_cny", "NaN", "price_cny"),
        ("pregnancy", "maybe", "pregnancy"),
        ("control_class", "", "control_class"),
        ("pack_units", 0, "pack_units"),
        ("ingredients", [], ""),
        ("id", "W 1", "id"),
        ("id", "W002", "id"),
        ("allergy_classes", ["flowers"], "allergy_classes"),
        ("ingredient_amounts", "{", "ingredient_amounts"),
        ("ingredient_amounts", {"sugar": 1}, ""),
        ("colour", "blue", "colour"),
    ],
)
def test_a_bad_row_is_reported_with_number_and_field(field: str, value: Any, at: str) -> None:
    raw = tables()
    raw["medicines"]["rows"][0][field] = value
    number = 2 if (field, value) == ("id", "W002") else 1
    assert ("medicines", number, at) in places(raw)


def test_a_column_that_safety_needs_may_be_empty_and_not_absent() -> None:
    raw = tables()
    del raw["medicines"]["rows"][3]["max_daily_adult"]
    assert places(raw) == [("medicines", 4, "max_daily_adult")]


def test_two_herbs_of_one_alias_are_refused() -> None:
    raw = tables()
    raw["herbs"]["rows"][1]["aliases"] = ["北芪"]
    assert places(raw) == [("herbs", 2, "aliases")]


def test_an_interaction_of_a_drug_that_is_not_there_is_refused() -> None:
    raw = tables()
    raw["interactions"]["pairs"][0]["a"] = {"type": "drug", "ref": "W777"}
    assert places(raw) == [("interactions", 1, "a.ref")]


def test_every_bad_row_is_told_at_once() -> None:
    raw = tables()
    raw["medicines"]["rows"][0]["route"] = ""
    raw["herbs"]["rows"][0]["dose_min_g"] = 100
    del raw["frequencies"]
    assert {"medicines", "herbs", "frequencies"} <= {table for table, _, _ in places(raw)}


@pytest.mark.parametrize("raw", [{}, {"medicines": "none"}, {"medicines": {"rows": [1, None]}}])
def test_nonsense_is_a_report_and_no_crash(raw: dict[str, Any]) -> None:
    assert places(raw)
