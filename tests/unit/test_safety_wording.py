"""Findings are said in words, in both languages, and by a right that is written down."""

import re

from prescriptions.formulary.book import sample_book
from prescriptions.safety import sentences
from prescriptions.safety.facts import Needs, SafetyCode, Severity
from prescriptions.safety.wording import say
from tests.support.sheets import adult, decoction, line, only, piece, taken, verdict, western

C = SafetyCode


def test_every_code_and_need_has_words() -> None:
    assert set(sentences.TITLES) == set(SafetyCode)
    assert set(sentences.NEEDS) == set(Needs)
    assert set(sentences.SEVERITIES) == set(Severity)


def test_every_code_stands_in_the_table_of_rights() -> None:
    table = re.findall(r"[A-Z_0-9]{4,}\*?", sentences.__doc__ or "")
    for code in SafetyCode:
        families = [said.removesuffix("*") for said in table if said.endswith("*")]
        assert code in table or any(code.startswith(family) for family in families), code


def test_an_overdose_is_said_in_the_medicines_own_unit() -> None:
    found = only(C.MAX_DAILY, verdict(western(line("W013", 1000, 3)), adult("E11.9")))
    said = say(found, sample_book())
    assert said.why == "盐酸二甲双胍片每日合计 3000 mg，超过极量 2550 mg。"
    assert "再次签名" in said.todo
    pills = only(C.MAX_DAILY, verdict(western(line("P002", 10, 4)), adult("I25.1")))
    assert say(pills, sample_book()).why == "复方丹参滴丸(丹参滴丸)每日合计 40 丸，超过极量 30 丸。".replace(
        "(丹参滴丸)", ""
    )


def test_an_interaction_names_both_and_says_what_happens() -> None:
    found = only(C.DDI_BLOCK, verdict(western(line("W023", 250, 2, 5)), adult("J02.9"), [taken("W029")]))
    said = say(found, sample_book())
    assert said.why == "克拉霉素片、秋水仙碱片：抑制 P-gp/CYP3A4，有致死性中毒报告。"
    assert say(found, sample_book(), "en").why.find("clarithromycin, colchicine") >= 0
    assert said.advice


def test_incompatible_herbs_are_named_as_the_book_does() -> None:
    sheet = decoction(piece("黑顺片", 9, "先煎"), piece("清半夏", 6))
    said = say(only(C.TCM_18, verdict(sheet, adult("K29.5"))), sample_book())
    assert said.why == "附子(黑顺片)反法半夏。"


def test_a_reason_given_for_one_dose_does_not_stand_for_another() -> None:
    def key(grams: int) -> str:
        return only(C.TCM_DOSE_RESIGN, verdict(decoction(piece("H001", grams)), adult("I69.3"))).key

    assert key(45) == key(45) != key(60)

    def indication(dose: int) -> str:
        return only(C.DX_MISMATCH, verdict(western(line("W018", dose)), adult("L20.9"))).key

    assert indication(50) == indication(50) != indication(100)


def test_no_text_of_the_patient_is_in_a_finding() -> None:
    found = verdict(western(line("W001", 5)), adult("I10", allergies=("住在花园路的邻居家的猫",)))
    assert "猫" not in repr(found)
