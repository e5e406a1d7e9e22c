"""Red flags (XY04): the questions asked, the answers that end an online visit, and free text."""

import json
import time
from pathlib import Path

import pytest

from telehealth.intake.red_flags import (
    Level,
    advice,
    all_questions,
    hits_in,
    question,
    questions_for,
    screen,
)
from telehealth.rulebook.rules import parse_policy, sample_policy

DATA = Path(__file__).parents[2] / "telehealth/intake/data/red_flags.json"


def flags(text: str) -> list[str]:
    return [hit.flag for hit in hits_in(text)]


def asked(*diagnoses: str, text: str = "") -> set[str]:
    return {each.id for each in questions_for(diagnoses, text)}


def test_XY04_every_flag_of_the_data_has_a_question_in_both_languages() -> None:
    raw = json.loads(DATA.read_text("utf-8"))
    named = set(raw["always"])
    named |= {flag for row in raw["by_diagnosis"].values() for flag in row["flags"]}
    named |= {flag for row in raw["by_complaint"] for flag in row["flags"]}
    known = {each.id for each in all_questions()}
    assert named <= known
    assert len(raw["by_diagnosis"]) == 46
    for each in all_questions():
        assert each.zh.endswith("？") and each.en.endswith("?")
    for flag in known - named:
        assert question(flag).phrases_zh, f"{flag} is asked by nothing"


def test_XY04_everybody_is_asked_the_same_few() -> None:
    assert asked() == {"chest_pain", "breathless_at_rest", "syncope", "neuro_sign", "heavy_bleeding"}


def test_XY04_a_diagnosis_adds_its_questions() -> None:
    assert asked("I10") - asked() == {"very_high_pressure"}
    assert asked("F32.9") - asked() == {"suicidal_thought", "psychosis"}
    assert asked("Z99") == asked()


def test_XY04_a_longer_code_of_another_table_asks_the_same() -> None:
    assert asked("e11.900x001") == asked("E11.9")
    assert asked("I10.x00") == asked("I10")


def test_XY04_a_complaint_adds_its_questions() -> None:
    assert {"black_stool", "vomiting_blood"} <= asked(text="最近胃不舒服")
    assert {"suicidal_thought"} <= asked(text="睡眠不好")


def test_XY04_no_question_is_asked_twice() -> None:
    ids = [each.id for each in questions_for(["I10", "I25.1", "I20.8"], "胸痛，心慌")]
    assert len(ids) == len(set(ids))


def test_XY04_a_yes_is_a_flag_and_silence_is_no_answer() -> None:
    questions = questions_for(["I10"])
    ids = [each.id for each in questions]
    silent = screen(questions, {})
    assert silent.flags == () and silent.unanswered == tuple(ids) and not silent.is_complete
    well = screen(questions, dict.fromkeys(ids, False))
    assert well.flags == () and well.is_complete
    ill = screen(questions, dict.fromkeys(ids, False) | {"chest_pain": True, "not_asked": True})
    assert ill.flags == ("chest_pain",) and ill.is_complete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("昨天开始胸痛", ["chest_pain"]),
        ("胸 痛", ["chest_pain"]),
        ("大便发黑两天，还晕倒过一次", ["black_stool", "syncope"]),
        ("不想活了", ["suicidal_thought"]),
        ("发高烧三天", ["fever"]),
        ("喘不上气，不能平躺", ["breathless_at_rest"]),
        ("chest pain since yesterday", ["chest_pain"]),
        ("I can’t breathe", ["breathless_at_rest"]),
        ("血压平稳，来开药", []),
        ("", []),
    ],
)
def test_XY04_a_phrase_in_free_text_is_found(text: str, expected: list[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "没有胸痛",
        "无胸痛",
        "没有出现过胸痛",
        "无明显胸痛",
        "否认胸痛及晕厥",
        "从来没有晕倒过",
        "没有发热、咳嗽、胸痛",
        "无胸痛、咯血、黑便",
        "胸痛、咯血都没有",
        "血压稳定，呼吸困难也没有",
        "No chest pain or fever",
        "denies chest pain, shortness of breath",
    ],
)
def test_XY04_a_plain_denial_is_no_red_flag(text: str) -> None:
    assert flags(text) == []


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("没有发烧，胸痛", "chest_pain"),
        ("没有发烧但是胸痛", "chest_pain"),
        ("没胃口、胸痛", "chest_pain"),
        ("睡不着、胸痛", "chest_pain"),
        ("无力、胸痛", "chest_pain"),
        ("无缘无故胸痛", "chest_pain"),
        ("没有明显诱因出现胸痛", "chest_pain"),
        ("胸痛没有缓解", "chest_pain"),
        ("没有胸痛缓解", "chest_pain"),
        ("没有咳嗽、胸痛加重", "chest_pain"),
        ("不是没有胸痛", "chest_pain"),
        ("有没有胸痛", "chest_pain"),
        ("无胸痛、咯血，但有黑便", "black_stool"),
        ("not without chest pain", "chest_pain"),
        ("no appetite and chest pain", "chest_pain"),
        ("no fever but chest pain", "chest_pain"),
    ],
)
def test_XY04_a_negation_of_something_else_denies_nothing(text: str, flag: str) -> None:
    assert flags(text) == [flag]


@pytest.mark.parametrize("text", ["不想活动", "高热量饮食", "查了尿血糖", "painless breathlessnesses"])
def test_XY04_a_longer_word_that_only_looks_alike_is_quiet(text: str) -> None:
    assert flags(text) == []


def test_XY04_a_phrase_adds_its_question_and_the_answer_decides() -> None:
    questions = questions_for([], "有点胸闷，大便发黑")
    assert "black_stool" in {each.id for each in questions}
    assert screen(questions, {each.id: False for each in questions}).flags == ()


def test_a_hit_says_where_it_is() -> None:
    [hit] = hits_in("这两天胸痛，胸口疼")
    assert (hit.flag, hit.phrase, hit.start) == ("chest_pain", "胸痛", 3)


def test_a_page_full_of_phrases_is_searched_in_no_time() -> None:
    began = time.process_time()
    hits_in("没有胸痛、咯血、" * 500 + "没有" * 500 + "no chest pain, " * 300)
    assert time.process_time() - began < 2


def test_XY04_the_most_pressing_advice_is_shown_with_its_numbers() -> None:
    policy = sample_policy()
    assert advice([], policy) is None
    urgent = advice(["weight_loss"], policy)
    assert urgent is not None and (urgent.level, urgent.numbers) == (Level.URGENT, ())
    crisis = advice(["weight_loss", "suicidal_thought"], policy)
    assert crisis is not None and (crisis.level, crisis.numbers) == (Level.CRISIS, ("12356", "120"))
    both = advice(["suicidal_thought", "chest_pain"], policy)
    assert both is not None and (both.level, both.numbers) == (Level.EMERGENCY, ("120", "12356"))
    unknown = advice(["something_new"], policy)
    assert unknown is not None and unknown.level is Level.EMERGENCY


def test_XY04_the_emergency_number_is_the_hospitals() -> None:
    policy = parse_policy({"intake": {"emergency_number": "999"}})
    shown = advice(["chest_pain"], policy)
    assert shown is not None and shown.numbers == ("999",)
