"""What the checks say of western and patent medicines, rule by rule."""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from prescriptions.formulary.book import Book, sample_book
from prescriptions.formulary.entries import ControlClass, Preparation
from prescriptions.safety.facts import Delivery, Item, Needs, Numbers, Outcome, SafetyCode, Severity, Sex
from prescriptions.safety.fulfilment import capabilities
from tests.support.sheets import adult, child, codes, decoction, line, only, piece, taken, verdict, western

C = SafetyCode


def book_with(code: str, **changes: Any) -> Book:
    """The sample book with one medicine changed."""
    book = sample_book()
    changed = {**book.medicines, code: replace(book.medicines[code], **changes)}
    return replace(book, medicines=MappingProxyType(changed))


# Doses


def test_REG29_a_dose_above_the_days_ceiling_is_signed_again() -> None:
    found = verdict(western(line("W013", 1000, 3)), adult("E11.9"))
    over = only(C.MAX_DAILY, found)
    assert (over.severity, over.needs, over.items) == (Severity.RESIGN, Needs.RESIGN, (0,))
    assert (over.facts["amount"], over.facts["limit"]) == ("3000", "2550")


def test_REG29_ten_times_the_ceiling_is_a_slip_and_blocked() -> None:
    found = verdict(western(line("W001", 100)), adult("I10"))
    assert only(C.MAX_DAILY, found).severity is Severity.BLOCK


def test_REG29_one_take_has_a_ceiling_of_its_own() -> None:
    assert "MAX_SINGLE" in codes(western(line("W013", 1500)), adult("E11.9"))
    assert "MAX_SINGLE" not in codes(western(line("W013", 1000)), adult("E11.9"))


def test_PAIN12_dunfu_is_the_whole_day_at_once() -> None:
    item = Item(ref="W013", dose=Decimal(700), takes_per_day=Decimal(2), frequency="dunfu", days=7)
    assert "MAX_SINGLE" in codes(western(item), adult("E11.9"))
    assert "MAX_SINGLE" not in codes(western(replace(item, frequency="bid")), adult("E11.9"))


def test_weekly_medicine_counts_whole_on_its_day() -> None:
    item = Item(ref="W001", dose=Decimal(20), frequency="qw", days=28)
    assert "MAX_DAILY" in codes(western(item), adult("I10"))


def test_REG25_as_needed_without_a_limit_cannot_be_checked() -> None:
    found = verdict(western(Item(ref="W027", dose=Decimal(500), frequency="prn", days=3)), adult("R52.9"))
    assert only(C.CHECK_INCOMPLETE, found).needs is Needs.FREQUENCY
    limited = Item(ref="W027", dose=Decimal(500), frequency="prn", takes_per_day=Decimal(4), days=3)
    assert verdict(western(limited), adult("R52.9")).outcome is Outcome.PASS


def test_a_medicine_without_a_ceiling_is_still_held_to_its_pack() -> None:
    sheet = western(line("W017", 400), delivery=Delivery.PICKUP)
    assert only(C.MAX_SINGLE, verdict(sheet, adult("E11.9"))).severity is Severity.BLOCK
    assert codes(western(line("W017", 20), delivery=Delivery.PICKUP), adult("E11.9")) == set()


def test_the_same_medicine_on_two_sheets_is_one_amount() -> None:
    assert "MAX_DAILY" in codes(western(line("W003", 160)), adult("I10"), [taken("W003", 240)])


def test_hidden_paracetamol_adds_to_the_tablet() -> None:
    """P009 holds 105 mg in a tablet: 2,000 + 630 mg is above 2 g."""
    sheet = western(line("W027", 500, 4, 3), line("P009", 2, 3, 3))
    found = verdict(sheet, adult("R52.9", "J00"))
    over = only(C.MAX_DAILY, found)
    assert (over.items, over.facts["amount"], over.facts["limit"]) == ((0, 1), "2630", "2000")
    assert {"DUP_INGREDIENT", "DUP_CLASS"} <= set(found.codes)


def test_a_childs_dose_goes_by_weight() -> None:
    """20 kg × 90 mg = 1,800 mg a day."""
    assert "CHILD_MGKG" in codes(western(line("W021", 650, 3, 5)), child(8, "J02.9"))
    assert codes(western(line("W021", 600, 3, 5)), child(8, "J02.9")) == set()


@pytest.mark.parametrize("weight", [None, Decimal(0), Decimal(-20)])
def test_a_child_without_weight_is_blocked(weight: Decimal | None) -> None:
    found = verdict(western(line("W021", 250, 3, 5)), child(8, "J02.9", weight_kg=weight))
    assert only(C.CHECK_INCOMPLETE, found).severity is Severity.BLOCK
    assert found.outcome is Outcome.BLOCK


def test_an_adult_without_weight_is_not_asked() -> None:
    assert codes(western(line("W001", 5)), adult("I10", weight_kg=None)) == set()


def test_a_childs_ceiling_of_the_day() -> None:
    assert "MAX_DAILY" in codes(western(line("W001", 10)), child(8, "I10"))
    assert codes(western(line("W001", 5)), child(8, "I10")) == set()


def test_a_book_without_a_childs_dose_cannot_pass_a_child() -> None:
    found = verdict(western(line("W006", 20)), child(8, "I10"))
    assert only(C.CHECK_INCOMPLETE, found).severity is Severity.RESIGN


# Together with what is taken already


def test_interactions_are_seen_across_sheets_and_without_a_dose() -> None:
    found = verdict(western(line("W023", 250, 2, 5)), adult("J02.9"), [taken("W029")])
    ddi = only(C.DDI_BLOCK, found)
    assert (ddi.source, ddi.others, ddi.severity) == ("X020", ("W029",), Severity.BLOCK)


def test_what_two_other_sheets_do_to_each_other_is_not_this_sheets() -> None:
    assert codes(western(line("W001", 5)), adult("I10"), [taken("W023"), taken("W029")]) == set()


def test_a_sheet_that_has_ended_is_not_active() -> None:
    assert codes(western(line("W023", 250, 2, 5)), adult("J02.9"), [taken("W029", days_left=0)]) == set()


@pytest.mark.parametrize(
    ("sheet", "diagnosis", "expected"),
    [
        (western(line("W012", 20), line("W023", 250, 2)), "E78.5", "DDI_BLOCK"),
        (western(line("W003", 80), line("W006", 20)), "I50.9", "DDI_RESIGN"),
        (western(line("W009", 75), line("W019", 20)), "I25.1", "DDI_WARN"),
        (western(line("W022", 250, 2), line("P006", 10, 2)), "J02.9", "DDI_RESIGN"),
        (western(line("W007", 47.5), line("P005", 4, 3)), "I10", "DDI_RESIGN"),
        (western(line("W038", 1, 2, 5), line("P005", 4, 3, 5)), "J00", "DDI_BLOCK"),
        (western(line("W005", 25), line("P007", 3, 3)), "I10", "DDI_WARN"),
    ],
)
def test_pairs_by_drug_class_flag_and_herb_of_a_patent_medicine(
    sheet: Any, diagnosis: str, expected: str
) -> None:
    assert expected in codes(sheet, adult(diagnosis))


def test_a_decoction_meets_the_tablets_of_another_sheet() -> None:
    assert "DDI_RESIGN" in codes(decoction(piece("丹参", 10)), adult("I48"), [taken("W010", 2.5)])


def test_triple_whammy_is_seen_over_two_sheets_and_in_a_combined_pill() -> None:
    active = [taken("W003", 80), taken("W005", 12.5)]
    assert "TRIPLE_RESIGN" in codes(western(line("W025", 300)), adult("M17.9"), active)
    both = replace(sample_book(), tokens=MappingProxyType(
        {**sample_book().tokens, "W003": sample_book().tokens["W003"] | {"class:thiazide"}}))  # fmt: skip
    found = verdict(western(line("W025", 300)), adult("M17.9"), [taken("W003", 80)], book=both)
    assert "TRIPLE_RESIGN" in found.codes


def test_a_stack_is_made_of_several_medicines() -> None:
    """A danshen pill is blood-activating by class and by herbs: with warfarin that is two, not three."""
    pair = verdict(western(line("P002", 10, 3)), adult("I25.1"), [taken("W010", 2.5)])
    assert "DDI_RESIGN" in pair.codes and "TRIPLE_BLOCK" not in pair.codes
    three = verdict(western(line("P002", 10, 3)), adult("I25.1"), [taken("W010"), taken("W008")])
    assert only(C.TRIPLE_BLOCK, three).others == ("W008", "W010")


def test_a_stack_that_was_there_before_is_not_this_sheets() -> None:
    active = [taken("W010"), taken("W008"), taken("W009")]
    assert "TRIPLE_BLOCK" not in codes(western(line("W001", 5)), adult("I10"), active)


@pytest.mark.parametrize(
    ("refs", "expected"),
    [
        (("W011", "W012"), {"DUP_CLASS"}),
        (("W003", "W004"), {"DUP_CLASS"}),
        (("W014", "P008"), {"DUP_CLASS"}),
        (("W005", "P010"), {"DUP_CLASS", "DUP_INGREDIENT"}),
        (("W038", "P009"), {"DUP_CLASS", "DUP_INGREDIENT"}),
        (("P002", "P004"), {"DUP_CLASS"}),
        (("P001", "P011"), set()),
        (("P012", "P012"), {"DUP_INGREDIENT"}),
    ],
)
def test_REG47_duplicates_by_ingredient_and_class(refs: tuple[str, str], expected: set[str]) -> None:
    found = codes(western(*(line(ref, 1) for ref in refs)), adult("I10"))
    assert {code for code in found if code.startswith("DUP")} == expected


def test_REG47_a_refill_about_to_follow_on_is_told_not_refused() -> None:
    sheet = western(line("W013", 1000, 2))
    overlap = only(C.DUP_INGREDIENT, verdict(sheet, adult("E11.9"), [taken("W013", 1000, 2, days_left=3)]))
    assert overlap.severity is Severity.WARN
    repeated = verdict(sheet, adult("E11.9"), [taken("W013", 1000, 2, days_left=20)])
    assert only(C.DUP_INGREDIENT, repeated).severity is Severity.RESIGN
    assert "MAX_DAILY" in repeated.codes


# The person


@pytest.mark.parametrize(
    ("allergy", "ref", "expected"),
    [
        ("penicillin", "W021", "ALLERGY_BLOCK"),
        ("青霉素", "W021", "ALLERGY_BLOCK"),
        ("青霉素类", "W022", "ALLERGY_WARN"),
        ("cephalosporin", "W022", "ALLERGY_BLOCK"),
        ("cephalosporin", "W021", "ALLERGY_WARN"),
        ("beta_lactam", "W022", "ALLERGY_BLOCK"),
        ("nsaid", "W008", "ALLERGY_BLOCK"),
        ("salicylate", "W025", "ALLERGY_BLOCK"),
        ("sulfonamide_antibiotic", "W005", "ALLERGY_WARN"),
        ("sulfonamide_antibiotic", "P010", "ALLERGY_WARN"),
        ("sulfonylurea", "P008", "ALLERGY_BLOCK"),
        ("opioid", "P007", "ALLERGY_BLOCK"),
        ("ethanol", "P006", "ALLERGY_BLOCK"),
        ("ibuprofen", "W025", "ALLERGY_BLOCK"),
        ("W025", "W025", "ALLERGY_BLOCK"),
        ("paracetamol", "P009", "ALLERGY_BLOCK"),
        ("金银花", "P009", "ALLERGY_BLOCK"),
        ("陈皮", "P006", "ALLERGY_BLOCK"),
    ],
)
def test_allergies_by_class_name_ingredient_and_herb(allergy: str, ref: str, expected: str) -> None:
    found = codes(western(line(ref, 1)), adult("I10", allergies=(allergy,)))
    assert {code for code in found if code.startswith("ALLERGY")} == {expected}


def test_penicillin_blocks_a_beta_lactam_that_is_nothing_narrower() -> None:
    book = book_with("W022", allergy_classes=("beta_lactam",))
    found = codes(western(line("W022", 250)), adult("J02.9", allergies=("penicillin",)), book=book)
    assert "ALLERGY_BLOCK" in found


@pytest.mark.parametrize("allergies", [None, ("some flower of the Alps",), ("asteraceae",)])
def test_an_allergy_that_cannot_be_checked_is_said(allergies: tuple[str, ...] | None) -> None:
    found = verdict(western(line("W001", 5)), adult("I10", allergies=allergies))
    assert only(C.CHECK_INCOMPLETE, found).severity is Severity.RESIGN


@pytest.mark.parametrize("said", ["无", "否认", "none", ""])
def test_no_allergy_is_no_allergy(said: str) -> None:
    assert codes(western(line("W001", 5)), adult("I10", allergies=(said,))) == set()


def test_age_limits_at_their_edges() -> None:
    assert "AGE_MIN" in codes(western(line("W024", 500)), child(17, "N39.0", weight_kg=Decimal(60)))
    assert "AGE_MIN" not in codes(western(line("W024", 500)), adult("N39.0", age=18))
    assert "ELDERLY" not in codes(western(line("W014", 60)), adult("E11.9", age=64))
    assert (
        only(C.ELDERLY, verdict(western(line("W014", 60)), adult("E11.9", age=65))).severity is Severity.WARN
    )


def test_pregnancy_and_lactation_by_the_row() -> None:
    woman = {"sex": Sex.FEMALE, "age": 29}
    pregnant = adult("I10", pregnant=True, **woman)
    assert "PREGNANCY_BLOCK" in codes(western(line("W003", 80)), pregnant)
    assert "PREGNANCY_WARN" in codes(western(line("W001", 5)), pregnant)
    nursing = adult("E78.5", lactating=True, **woman)
    assert "LACTATION_BLOCK" in codes(western(line("W011", 20)), nursing)
    assert "LACTATION_WARN" in codes(western(line("W001", 5)), nursing)
    assert codes(western(line("W018", 50)), adult("E03.9", pregnant=True, lactating=True, **woman)) == set()


def test_a_woman_who_was_not_asked_is_not_passed() -> None:
    unasked = adult("I10", sex=Sex.FEMALE, age=29, pregnant=None)
    assert only(C.CHECK_INCOMPLETE, verdict(western(line("W001", 5)), unasked)).needs is Needs.PREGNANCY
    assert codes(western(line("W001", 5)), adult("I10", sex=Sex.FEMALE, age=70, pregnant=None)) == set()


@pytest.mark.parametrize(
    ("ref", "diagnosis", "expected"),
    [
        ("W013", "N18.5", "DX_CONTRA"),
        ("W013", "N18.3", "DX_CAUTION"),
        ("W008", "K25.7", "DX_CONTRA"),
        ("W014", "E10.2", "DX_CONTRA"),
        ("W005", "M10.0", "DX_CAUTION"),
        ("W025", "I10.x00", "DX_CAUTION"),
        ("W038", "I25.103", "DX_CONTRA"),
        ("W037", "G40.9", "DX_CONTRA"),
        ("W007", "j459", "DX_CAUTION"),
    ],
)
def test_REG29_diagnoses_are_matched_with_the_codes_under_them(
    ref: str, diagnosis: str, expected: str
) -> None:
    assert expected in codes(western(line(ref, 1)), adult(diagnosis))
    assert expected in codes(western(line(ref, 1)), adult("Z00", conditions=(diagnosis,)))


def test_a_code_that_only_looks_alike_is_another_disease() -> None:
    assert "DX_CONTRA" not in codes(western(line("W013", 500)), adult("N18.1"))
    assert "DX_CAUTION" not in codes(western(line("W007", 47.5)), adult("J40", "J4"))
    assert not codes(western(line("W038", 1)), adult("I1", "I25.2")) & {"DX_CONTRA", "DX_CAUTION"}


@pytest.mark.parametrize(
    ("egfr", "expected"), [(10, "DX_CONTRA"), (29, "DX_CONTRA"), (35, "DX_CAUTION"), (90, None)]
)
def test_renal_function_is_a_stage(egfr: int, expected: str | None) -> None:
    found = codes(western(line("W013", 500)), adult("E11.9", egfr=Decimal(egfr)))
    assert found == ({expected} if expected else set())


def test_renal_function_that_is_not_known_is_said() -> None:
    found = verdict(western(line("W013", 500, 2)), adult("E11.9", egfr=None))
    missing = only(C.CHECK_INCOMPLETE, found)
    assert (missing.severity, missing.needs) == (Severity.RESIGN, Needs.RENAL)
    staged = codes(western(line("W013", 500, 2)), adult("E11.9", "N18.3", egfr=None))
    assert "CHECK_INCOMPLETE" not in staged


def test_REG27_the_diagnosis_is_what_the_medicine_is_for() -> None:
    assert only(C.DX_MISMATCH, verdict(western(line("W018", 50)), adult("L20.9"))).severity is Severity.RESIGN
    assert codes(western(line("W028", 100)), adult("M10.0")) == set()


def test_XY05_no_diagnosis_on_file_blocks() -> None:
    assert verdict(western(line("W001", 5)), adult()).outcome is Outcome.BLOCK
    unknown = verdict(western(line("W001", 5)), adult(diagnoses=None))
    assert unknown.outcome is Outcome.RESIGN


@pytest.mark.parametrize("known", [{"active": None}, {"foreign_known": False}])
def test_what_is_taken_elsewhere_and_cannot_be_asked_is_said(known: dict[str, Any]) -> None:
    found = verdict(western(line("W001", 5)), adult("I10"), **known)
    assert (found.outcome, found.is_complete) == (Outcome.RESIGN, False)


def test_a_foreign_medicine_that_the_book_does_not_have_is_said() -> None:
    found = verdict(western(line("W001", 5)), adult("I10"), [taken("Z777")])
    assert only(C.CHECK_INCOMPLETE, found).others == ("Z777",)


def test_doping_concerns_athletes() -> None:
    assert "DOPING_WARN" in codes(western(line("W005", 25)), adult("I10", is_athlete=True))
    assert "DOPING_WARN" not in codes(western(line("W005", 25)), adult("I10"))


# How long and how many


def test_REG21_more_than_seven_days_is_for_chronic_disease() -> None:
    assert "QTY_DAYS" in codes(western(line("P012", 6, 2, 8)), adult("K30"))
    assert "QTY_DAYS" not in codes(western(line("P012", 6, 2, 7)), adult("K30"))
    assert "QTY_DAYS" not in codes(western(line("P012", 6, 2, 28)), adult("K29.5"))


@pytest.mark.parametrize(
    ("days", "stable", "is_fine"),
    [(28, False, True), (29, False, False), (84, True, True), (84, None, False), (85, True, False)],
)
def test_REG22_four_weeks_and_twelve_for_the_stable(days: int, stable: bool | None, is_fine: bool) -> None:
    found = codes(western(line("W001", 5, 1, days)), adult("I10", stable=stable))
    assert found == (set() if is_fine else {"QTY_DAYS"})


def test_REG22_the_longest_supply_is_the_treated_diagnosis() -> None:
    assert "QTY_DAYS" in codes(western(line("P011", 6, 2, 28)), adult("M54.5"))
    assert "QTY_DAYS" in codes(western(line("P011", 6, 2, 28)), adult("M54.5", "I10"))
    assert "QTY_DAYS" not in codes(western(line("P011", 6, 2, 28)), adult("M54.5", "N40"))


@pytest.mark.parametrize("ref", ["W017", "W020", "W021", "W022", "W025", "W038", "P005", "P006", "P007"])
def test_REG23_what_may_not_be_long(ref: str) -> None:
    def found(days: int) -> set[str]:
        sheet = western(line(ref, 1, 1, days), delivery=Delivery.PICKUP)
        return codes(sheet, adult("E11.9", "K29.5", "M17.9", "J30.4"))

    assert ("QTY_DAYS" in found(8), "QTY_DAYS" in found(7)) == (True, False)


def test_REG23_an_antibacterial_is_never_long_whatever_its_row_says() -> None:
    book = book_with("W021", long_rx_ok=True)
    assert "QTY_DAYS" in codes(western(line("W021", 500, 3, 14)), adult("J44.9"), book=book)


def test_REG34_two_days_of_the_highest_dose_of_a_toxic_medicine() -> None:
    book = book_with("W029", control=ControlClass.TOXIC)
    long = codes(western(line("W029", 0.5, 3, 3), delivery=Delivery.PICKUP), adult("M10.9"), book=book)
    short = codes(western(line("W029", 0.5, 3, 2), delivery=Delivery.PICKUP), adult("M10.9"), book=book)
    assert ("QTY_DAYS" in long, "QTY_DAYS" in short) == (True, False)


@pytest.mark.parametrize(
    ("packs", "severity"),
    [
        ("1", None),
        ("2", Severity.RESIGN),
        ("50", Severity.BLOCK),
        ("0.5", Severity.BLOCK),
        ("0", Severity.BLOCK),
    ],
)
def test_REG47_packs_are_what_the_days_need(packs: str, severity: Severity | None) -> None:
    found = verdict(western(line("W001", 5, 1, 28, quantity=Decimal(packs))), adult("I10"))
    assert [each.severity for each in found.findings if each.code is C.QTY_PACKS] == (
        [severity] if severity else []
    )


def test_REG26_five_lines_and_no_sixth() -> None:
    five = [line(ref, 1) for ref in ("W001", "W005", "W015", "W011", "W016")]
    assert "ITEM_COUNT" not in codes(western(*five), adult("I10"))
    assert "ITEM_COUNT" in codes(western(*five, line("W013", 500)), adult("I10"))
    six = [piece(ref, 10) for ref in ("H001", "H003", "H004", "H005", "H006", "H007")]
    assert "ITEM_COUNT" not in codes(decoction(*six), adult("I10"))


def test_REG26_pieces_stand_on_their_own_sheet() -> None:
    assert only(
        C.SHEET_MIXED, verdict(decoction(piece("H001", 15), line("W001", 5)), adult("I10"))
    ).items == (1,)
    assert only(C.SHEET_MIXED, verdict(western(line("W001", 5), piece("黄芪", 15)), adult("I10"))).items == (
        1,
    )


def test_a_hospital_may_be_stricter() -> None:
    strict = Numbers(general_max_days=3, max_items=2)
    assert "QTY_DAYS" in codes(western(line("P012", 6, 2, 4)), adult("K30"), numbers=strict)
    three = western(line("W001", 5, 1, 3), line("W011", 20, 1, 3), line("W016", 10, 1, 3))
    assert "ITEM_COUNT" in codes(three, adult("I10"), numbers=strict)


# To the patient


@pytest.mark.parametrize("ref", ["W010", "W029", "W038", "P007"])
def test_REG41_prescribable_and_not_couriered(ref: str) -> None:
    home = verdict(western(line(ref, 1)), adult("I48"))
    restricted = only(C.FULFILMENT_RESTRICTED, home)
    assert (restricted.severity, restricted.is_delivery_only) == (Severity.BLOCK, True)
    undecided = verdict(western(line(ref, 1), delivery=None), adult("I48"))
    assert only(C.FULFILMENT_RESTRICTED, undecided).severity is Severity.WARN
    window = codes(western(line(ref, 1), delivery=Delivery.PICKUP), adult("I48"))
    assert not window & {"FULFILMENT_RESTRICTED", "CONTROLLED_BLOCK"}


@pytest.mark.parametrize("ref", ["W035", "W036", "W037"])
def test_REG33_never_online_even_at_the_window(ref: str) -> None:
    sheet = western(line(ref, 1), delivery=Delivery.PICKUP)
    assert only(C.CONTROLLED_BLOCK, verdict(sheet, adult("G47.0"))).severity is Severity.BLOCK


@pytest.mark.parametrize(
    "changes",
    [
        {"control": ControlClass.VACCINE},
        {"control": ControlClass.BLOOD_PRODUCT},
        {"control": ControlClass.PRECURSOR},
        {"preparation": Preparation.HOSPITAL},
        {"preparation": Preparation.FORMULA_GRANULES},
        {"route": "肌内注射"},
        {"ingredients": ("digoxin",)},
    ],
)
def test_REG40_REG41_bans_hold_whatever_the_row_says(changes: dict[str, Any]) -> None:
    book = book_with("W001", **changes)
    assert "FULFILMENT_RESTRICTED" in codes(western(line("W001", 5)), adult("I10"), book=book)


def test_REG42_a_hospital_whose_courier_is_no_network_retail() -> None:
    loose = Numbers(network_retail_limits=False)
    book = book_with("W001", route="肌内注射")
    assert codes(western(line("W001", 5)), adult("I10"), book=book, numbers=loose) == set()


def test_REG45_cold_medicine_needs_a_courier_that_keeps_it_cold() -> None:
    assert only(C.COLD_CHAIN, verdict(western(line("W017", 20)), adult("E11.9"))).severity is Severity.BLOCK
    kept = western(line("W017", 20), courier_keeps_cold=True)
    assert only(C.COLD_CHAIN, verdict(kept, adult("E11.9"))).severity is Severity.WARN
    assert codes(western(line("W017", 20), delivery=Delivery.PICKUP), adult("E11.9")) == set()


def test_a_line_says_at_once_what_it_can_do() -> None:
    book = sample_book()
    warfarin, insulin, zolpidem = (capabilities(line(ref, 1), book) for ref in ("W010", "W017", "W036"))
    assert (warfarin.prescribable, warfarin.courier, warfarin.pickup_only) == (True, False, True)
    assert (insulin.courier, insulin.cold_chain, insulin.long_rx) == (True, True, False)
    assert (zolpidem.prescribable, zolpidem.courier, zolpidem.pickup_only) == (False, False, False)
    assert capabilities(piece("附子", 9), book).courier
    assert not capabilities(piece("生半夏", 9), book).prescribable
    assert not capabilities(line("W999", 1), book).is_known
