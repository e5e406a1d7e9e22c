"""What the checks say of decoctions, and of herbs hidden in pills."""

from decimal import Decimal

import pytest

from prescriptions.safety.facts import Outcome, SafetyCode, Severity, Sex
from tests.support.sheets import adult, codes, decoction, line, only, piece, taken, verdict, western

C = SafetyCode


@pytest.mark.parametrize(
    ("one", "other", "severity"),
    [
        ("甘草", "海藻", Severity.RESIGN),
        ("炙甘草", "醋甘遂", Severity.RESIGN),
        ("甘草", "京大戟", Severity.RESIGN),
        ("制附子", "清半夏", Severity.RESIGN),
        ("川乌", "浙贝", Severity.RESIGN),
        ("黑顺片", "全瓜蒌", Severity.RESIGN),
        ("附子（黑顺片）", "白及", Severity.RESIGN),
        ("草乌", "天花粉", Severity.RESIGN),
        ("藜芦", "红参", Severity.BLOCK),
        ("藜芦", "紫丹参", Severity.BLOCK),
    ],
)
def test_eighteen_incompatibles_by_any_name(one: str, other: str, severity: Severity) -> None:
    found = verdict(decoction(piece(one, 3, "先煎"), piece(other, 3)), adult("K29.5"))
    assert only(C.TCM_18, found).severity is severity
    turned = verdict(decoction(piece(other, 3), piece(one, 3, "先煎")), adult("K29.5"))
    assert only(C.TCM_18, turned).severity is severity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("人参", "五灵脂"), ("红参", "醋五灵脂"), ("公丁香", "川郁金"), ("官桂", "煅赤石脂"),
        ("朴硝", "三棱"), ("川乌", "犀角"), ("硫黄", "玄明粉"), ("巴豆", "牵牛子"),
    ],
)  # fmt: skip
def test_nineteen_antagonisms_by_any_name(one: str, other: str) -> None:
    found = verdict(decoction(piece(one, 3), piece(other, 3)), adult("K29.5"))
    assert only(C.TCM_19, found).severity is Severity.RESIGN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("白附子", "法半夏"), ("土贝母", "制附子"), ("丹参", "五灵脂"), ("党参", "五灵脂"),
        ("玄参", "五灵脂"), ("苦参", "五灵脂"), ("沙参", "五灵脂"), ("肉桂", "石脂"), ("甘草", "海"),
    ],
)  # fmt: skip
def test_a_name_within_a_name_is_another_herb(one: str, other: str) -> None:
    found = codes(decoction(piece(one, 3, "先煎"), piece(other, 3, "先煎")), adult("K29.5"))
    assert not found & {"TCM_18", "TCM_19"}


def test_patent_medicines_are_taken_apart() -> None:
    """P011 holds aconite, P006 raw pinellia, P012 pinellia, P008 trichosanthes root."""
    patient = adult("K30", "N40", "E11.9")
    assert "TCM_18" in codes(western(line("P006", 10, 2, 3), line("P011", 6, 2, 3)), patient)
    assert "TCM_18" in codes(western(line("P008", 5, 2)), patient, [taken("P011")])
    assert "TCM_18" in codes(decoction(piece("H019", 9, "先煎")), patient, [taken("P012", 6, 2)])
    assert "TCM_18" in codes(decoction(piece("H025", 9)), patient, [taken("P006")])
    assert "TCM_18" not in codes(western(line("P011", 6, 2, 3)), patient, [taken("P001")])


def test_what_stands_together_in_one_pill_is_no_finding() -> None:
    assert not codes(western(line("P006", 10, 2, 3)), adult("K30")) & {"TCM_18", "TCM_19"}


@pytest.mark.parametrize(
    ("ref", "grams", "code"),
    [
        ("H001", 30, None), ("H001", "30.5", "TCM_DOSE_RESIGN"), ("H001", 60, "TCM_DOSE_RESIGN"),
        ("H001", "60.1", "TCM_DOSE_BLOCK"), ("H001", 8, "TCM_DOSE_WARN"), ("H020", 3, None),
        ("细辛", "3.5", "TCM_DOSE_BLOCK"),
    ],
)  # fmt: skip
def test_grams_against_range_and_ceiling(ref: str, grams: str, code: str | None) -> None:
    found = codes(decoction(piece(ref, grams)), adult("J30.4"))
    assert found == ({code} if code else set())


def test_grams_of_a_day_are_those_of_all_its_doses_and_sheets() -> None:
    twice = decoction(piece("H001", 20), doses=6, doses_per_day=Decimal(2))
    assert "TCM_DOSE_RESIGN" in codes(twice, adult("I69.3"))
    split = decoction(piece("生黄芪", 35), piece("炙黄芪", 35))
    assert only(C.TCM_DOSE_BLOCK, verdict(split, adult("I69.3"))).items == (0, 1)
    other = taken("黄芪", grams=Decimal(40))
    assert "TCM_DOSE_BLOCK" in codes(decoction(piece("H001", 30)), adult("I69.3"), [other])


@pytest.mark.parametrize("grams", [0, -9, 10_000_000])
def test_grams_that_are_none_are_blocked(grams: int) -> None:
    assert verdict(decoction(piece("H001", grams)), adult("I69.3")).outcome is Outcome.BLOCK


@pytest.mark.parametrize(
    ("ref", "special", "severity"),
    [
        ("H019", "", Severity.BLOCK), ("H019", "先煎", None), ("H019", "先煎、久煎", None),
        ("H019", "后下", Severity.BLOCK), ("H022", "", Severity.RESIGN), ("H022", "后下", None),
        ("H036", "先煎30分钟", None), ("H021", "先煎", Severity.RESIGN), ("H021", "先煎去沫", None),
        ("H021", "先煎 去上沫", None), ("H023", "", Severity.WARN), ("H035", "", Severity.RESIGN),
        ("H028", "先煎", Severity.BLOCK), ("H028", "入丸散", None), ("H031", "", None), ("H001", "", None),
    ],
)  # fmt: skip
def test_REG35_the_special_step_stands_on_the_sheet(
    ref: str, special: str, severity: Severity | None
) -> None:
    grams = {"H028": 1, "H022": 3}.get(ref, 9)
    found = verdict(decoction(piece(ref, grams, special)), adult("K29.5"))
    missing = [each.severity for each in found.findings if each.code is C.TCM_USAGE_MISSING]
    assert missing == ([severity] if severity else [])


@pytest.mark.parametrize("name", ["生半夏", "生附子", "生川乌", "生甘遂", "雄黄", "生南星", "砒霜"])
def test_REG34_raw_toxic_pieces_are_never_prescribed_online(name: str) -> None:
    found = verdict(decoction(piece(name, 1)), adult("K29.5"))
    assert only(C.CONTROLLED_BLOCK, found).source == "REG34"


def test_REG34_a_pill_with_a_raw_piece_in_it_is_an_ordinary_pill() -> None:
    assert "CONTROLLED_BLOCK" not in codes(western(line("P006", 10, 2, 3)), adult("K30"))


def test_REG34_unmarked_is_the_processed_form() -> None:
    found = verdict(decoction(piece("川乌", 2, "先煎")), adult("M17.9"))
    assert "CONTROLLED_BLOCK" not in found.codes and "TCM_TOXIC_WARN" in found.codes
    assert found.findings[0].refs == ("H038",)


def test_a_herb_that_the_book_does_not_have_cannot_be_passed() -> None:
    assert (
        only(C.CHECK_INCOMPLETE, verdict(decoction(piece("白附子", 3)), adult("K29.5"))).severity
        is Severity.BLOCK
    )


@pytest.mark.parametrize(
    ("ref", "code"),
    [("H013", "PREGNANCY_WARN"), ("醋三棱", "PREGNANCY_BLOCK"), ("麝香", "PREGNANCY_BLOCK"),
     ("牛膝", "PREGNANCY_WARN"), ("H001", None)],
)  # fmt: skip
def test_herbs_in_pregnancy_by_row_and_by_list(ref: str, code: str | None) -> None:
    patient = adult("N95.1", sex=Sex.FEMALE, age=29, pregnant=True)
    found = {each for each in codes(decoction(piece(ref, 9)), patient) if each.startswith("PREGNANCY")}
    assert found == ({code} if code else set())


def test_REG21_REG23_days_of_a_decoction() -> None:
    assert "QTY_DAYS" in codes(decoction(piece("H001", 15), doses=8), adult("K30"))
    assert "QTY_DAYS" not in codes(decoction(piece("H001", 15), doses=14), adult("K29.5"))
    toxic = decoction(piece("H019", 9, "先煎"), piece("H001", 15), doses=14)
    assert only(C.QTY_DAYS, verdict(toxic, adult("K29.5"))).items == (0,)
    assert "QTY_DAYS" in codes(decoction(piece("H001", 15), doses=0), adult("K29.5"))


def test_REG40_granules_are_collected() -> None:
    assert "FULFILMENT_RESTRICTED" in codes(decoction(piece("H001", 15), is_granules=True), adult("K29.5"))
    assert "FULFILMENT_RESTRICTED" not in codes(decoction(piece("H001", 15)), adult("K29.5"))


def test_one_herb_on_two_decoctions_is_told() -> None:
    twice = verdict(decoction(piece("甘草", 3)), adult("K29.5"), [taken("炙甘草", grams=Decimal(3))])
    assert only(C.DUP_INGREDIENT, twice).severity is Severity.WARN
