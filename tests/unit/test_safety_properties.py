"""What holds for every sheet: order does not matter, and nothing is hidden by adding to it."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prescriptions.formulary.book import sample_book
from prescriptions.safety.checking import check
from prescriptions.safety.facts import (
    RANK,
    Active,
    Delivery,
    Item,
    Numbers,
    Patient,
    Severity,
    Sex,
    Sheet,
    SheetKind,
    Verdict,
)
from prescriptions.safety.wording import say

BOOK, LAW = sample_book(), Numbers()
MEDICINES = sorted(BOOK.medicines)
HERBS = [*sorted(BOOK.herbs), "甘草", "白附子", "生半夏", "藜芦"]
amounts = st.one_of(
    st.none(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(min_value=Decimal("0.1"), max_value=1000, places=1),
)
whole = st.one_of(st.none(), st.integers(-5, 120), st.integers())
texts = st.sampled_from(
    ["penicillin", "青霉素", "nsaid", "ethanol", "甘草", "asteraceae", "无", "花粉", "W025"]
)
diagnoses = st.sampled_from(["I10", "E11.9", "N18.5", "N18.3", "K25.7", "M10.9", "J45.9", "K30", "Z00", ""])

medicine = st.builds(
    Item,
    ref=st.sampled_from([*MEDICINES, "W999"]),
    dose=amounts,
    takes_per_day=amounts,
    frequency=st.sampled_from(["", "qd", "prn", "st", "dunfu", "qw", "often"]),
    days=whole,
    quantity=amounts,
)
herb = st.builds(
    Item,
    ref=st.sampled_from(HERBS),
    grams=amounts,
    special=st.sampled_from(["", "先煎", "后下", "包煎"]),
    days=st.none(),
)
active = st.builds(
    Active,
    ref=st.sampled_from([*MEDICINES, *HERBS, "Z1"]),
    dose=amounts,
    takes_per_day=amounts,
    grams=amounts,
    days_left=whole,
)
patient = st.builds(
    Patient,
    age=whole,
    sex=st.one_of(st.none(), st.sampled_from(Sex)),
    weight_kg=amounts,
    pregnant=st.one_of(st.none(), st.booleans()),
    lactating=st.one_of(st.none(), st.booleans()),
    allergies=st.one_of(st.none(), st.lists(texts, max_size=3).map(tuple)),
    diagnoses=st.one_of(st.none(), st.lists(diagnoses, max_size=4).map(tuple)),
    stable=st.one_of(st.none(), st.booleans()),
    egfr=amounts,
    is_athlete=st.one_of(st.none(), st.booleans()),
)


def sheets(**parts: Any) -> st.SearchStrategy[Sheet]:
    return st.builds(
        Sheet,
        kind=st.sampled_from(SheetKind),
        items=st.lists(st.one_of(medicine, herb), min_size=1, max_size=6).map(tuple),
        delivery=st.one_of(st.none(), st.sampled_from(Delivery)),
        doses=whole,
        doses_per_day=st.one_of(st.just(Decimal(1)), st.just(Decimal(2))),
        is_granules=st.booleans(),
        **parts,
    )


def run(sheet: Sheet, person: Patient, others: list[Active]) -> Verdict:
    return check(sheet, person, others, BOOK, LAW, foreign_known=True)


@given(sheets(), patient, st.lists(active, max_size=4))
def test_any_input_gets_an_answer_that_can_be_said(
    sheet: Sheet, person: Patient, others: list[Active]
) -> None:
    found = run(sheet, person, others)
    assert found.outcome == max(
        (each.severity for each in found.findings), key=RANK.__getitem__, default="pass"
    )
    for finding in found.findings:
        suffix = finding.code.rpartition("_")[2].lower()
        assert suffix not in RANK or finding.severity == Severity(suffix)
        for lang in ("zh-CN", "en"):
            said = say(finding, BOOK, lang)
            assert said.title and said.todo and "—" not in said.why and "{" not in said.why


@given(sheets(), patient, st.lists(active, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(
    sheet: Sheet, person: Patient, others: list[Active], random: Random
) -> None:
    shuffled, turned = list(sheet.items), list(others)
    random.shuffle(shuffled)
    random.shuffle(turned)
    one = run(sheet, person, others)
    two = run(replace(sheet, items=tuple(shuffled)), person, turned)
    assert one.outcome == two.outcome
    assert _gist(one) == _gist(two)


@given(sheets(), st.one_of(medicine, herb), patient, st.lists(active, max_size=4))
def test_a_line_added_hides_nothing(sheet: Sheet, more: Item, person: Patient, others: list[Active]) -> None:
    """A second line of the same drug changes its amount, and is left out."""
    if BOOK.herb_key(more.ref) in {BOOK.herb_key(item.ref) for item in sheet.items}:
        return
    before = run(sheet, person, others)
    after = run(replace(sheet, items=(*sheet.items, more)), person, others)
    for finding in before.findings:
        assert any(
            other.code == finding.code
            and set(finding.items) <= set(other.items)
            and set(finding.others) <= set(other.others)
            for other in after.findings
        ), finding


@given(sheets(), patient, st.lists(active, max_size=3), active)
def test_a_medicine_taken_besides_hides_nothing(
    sheet: Sheet, person: Patient, others: list[Active], more: Active
) -> None:
    if any(BOOK.herb_key(more.ref) == BOOK.herb_key(each.ref) for each in (*sheet.items, *others)):
        return
    before, after = run(sheet, person, others), run(sheet, person, [*others, more])
    assert set(before.codes) <= set(after.codes)


@given(sheets(), patient, st.lists(active, max_size=4))
def test_the_same_question_has_the_same_answer(sheet: Sheet, person: Patient, others: list[Active]) -> None:
    assert run(sheet, person, others) == run(sheet, person, others)


def _gist(found: Verdict) -> Counter[object]:
    return Counter(
        (each.code, each.severity, each.why, each.source, tuple(sorted(each.refs)), each.others)
        for each in found.findings
    )
