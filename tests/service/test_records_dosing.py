"""How a dose is told to machines: pure, over the whole sample book."""

from decimal import Decimal
from typing import Any

import pytest

from prescriptions.formulary.book import sample_book
from prescriptions.models import Line
from prescriptions.records.dosing import REPEATS, UNITS, decoction_dosage, dosage
from prescriptions.records.medicines import drug_concept
from prescriptions.writing.content import TIMINGS, DecoctionPlan, LineWords
from telehealth.core.ids import new_id
from telehealth.hospital.diagnosing import diagnosis, icd10_code

BOOK = sample_book()


def line(code: str = "W001", **facts: Any) -> Line:
    known: dict[str, Any] = {
        "id": new_id(), "drug_code": code, "dose": Decimal(5), "frequency": "qd", "days": 7, "route": "口服",
        "quantity": Decimal(1), "role": "", "grams": None, "special": "",
    }  # fmt: skip
    return Line(**known | facts)


def said(words: LineWords | None = None, **facts: Any) -> dict[str, Any]:
    return dosage("yunan", line(**facts), BOOK.medicines["W001"], BOOK, words or LineWords())


@pytest.mark.parametrize("code", sorted(BOOK.frequencies))
def test_every_term_of_the_book_is_told_in_structure(code: str) -> None:
    timing = said(frequency=code)["timing"]
    assert timing["code"]["coding"][-1] == {
        "system": "urn:telehealth:yunan:frequency", "code": code, "display": BOOK.frequencies[code].name,
    }  # fmt: skip
    per_day = BOOK.frequencies[code].takes_per_day
    if per_day is None:
        assert "frequency" not in timing["repeat"]
    else:
        times, periods, unit = REPEATS[code]
        length = {"h": Decimal(1) / 24, "d": Decimal(1), "wk": Decimal(7)}[unit] * periods
        assert abs(times / length - per_day) < Decimal("0.001")


def test_as_needed_and_at_once_are_said_as_such() -> None:
    assert said(frequency="prn")["asNeededBoolean"] is True
    assert said(frequency="st")["timing"]["repeat"] == {"count": 1}
    assert "asNeededBoolean" not in said(frequency="qd")


def test_a_term_of_another_hospital_stays_in_words() -> None:
    timing = said(frequency="q3w")["timing"]
    assert timing["code"]["text"] == "q3w"
    assert set(timing["repeat"]) == {"boundsDuration"}


@pytest.mark.parametrize("timing", [one for one in TIMINGS if one])
def test_a_time_of_the_day_stands_in_the_words_and_where_hl7_has_it_in_the_code(timing: str) -> None:
    told = said(LineWords(timing=timing, note="样例：整片吞服"))
    assert timing in told["text"]
    assert told["additionalInstruction"] == [{"text": "样例：整片吞服"}]
    assert ("when" in told["timing"]["repeat"]) is (timing != "空腹")


def test_every_unit_of_the_book_has_a_code() -> None:
    assert {medicine.amount_unit for medicine in BOOK.medicines.values()} <= set(UNITS)


def test_every_drug_and_herb_has_the_hospitals_code_and_atc_where_there_is_one() -> None:
    for code in (*BOOK.medicines, *BOOK.herbs):
        own, *others = drug_concept("yunan", code, BOOK)["coding"]
        assert (own["system"], own["code"]) == ("urn:telehealth:yunan:drug", code)
        medicine = BOOK.medicines.get(code)
        assert [one["code"] for one in others] == ([medicine.atc] if medicine and medicine.atc else [])


def test_a_decoction_is_taken_as_its_plan_says() -> None:
    told = decoction_dosage("yunan", DecoctionPlan(doses=14, times_per_day=3, volume_ml=150, timing="饭后"))
    assert told["text"] == "共 14 剂，每日 1 剂，水煎服，每日 3 次，每次 150 mL，温服，饭后，药房代煎"
    assert told["timing"]["repeat"]["boundsDuration"]["value"] == 14
    assert (told["timing"]["repeat"]["frequency"], told["timing"]["repeat"]["when"]) == (3, ["PC"])
    assert told["doseAndRate"][0]["doseQuantity"]["value"] == 150


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("I10", "I10"), ("I10.x00x002", "I10"), ("E11.900", "E11.9"), ("E11900", "E11.9"),
        ("E11.9", "E11.9"), ("i25.1", "I25.1"),
        ("K29.50", "K29.50"), ("E1190", "E11.90"), ("TD01", ""), ("", ""), ("不详", ""),
    ],
)  # fmt: skip
def test_a_national_code_stands_under_one_of_icd10(code: str, known: str) -> None:
    assert icd10_code(code) == known


def test_a_diagnosis_keeps_the_hospitals_own_code() -> None:
    told = diagnosis("yunan", "I10.x00x002", "原发性高血压")
    assert [one["code"] for one in told["coding"]] == ["I10", "I10.x00x002"]
    assert told["text"] == "原发性高血压"
