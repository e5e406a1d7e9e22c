"""What a patient reads when the gate says no."""

import re
from dataclasses import replace
from datetime import date

import pytest

from telehealth.eligibility.explaining import explain, explain_all, window_notice
from telehealth.eligibility.rules import Check, Facts, GateCode, Outcome, Stage, Step, decide, decide_stage
from telehealth.rulebook.rules import Channel, sample_policy
from telehealth.strikes.rules import Ban
from tests.unit.test_gate import POLICY, REFUSED, TODAY, WELCOME, facts, visit


def said(changed: Facts) -> list[tuple[str, str, str]]:
    decision = decide(changed, POLICY)
    return [(e.title.said(), e.seen.said(), e.remedy.said()) for e in explain_all(decision)]


@pytest.mark.parametrize("code", list(GateCode))
def test_XY06_every_refusal_has_a_title_what_we_saw_and_what_would_help(code: GateCode) -> None:
    [(title, seen, remedy)] = said(REFUSED[code])
    for sentence in (title, seen, remedy):
        assert sentence
        assert "%(" not in sentence and "None" not in sentence, sentence


@pytest.mark.parametrize("code", list(GateCode))
@pytest.mark.parametrize("step", list(Step))
def test_no_combination_of_code_and_step_is_without_words(code: GateCode, step: Step) -> None:
    explanation = explain(Check(code, Outcome.NOT_ASKED, step=step))
    assert explanation.title.message and explanation.remedy.message


def test_XY01_a_child_reads_the_age_and_the_first_date() -> None:
    assert said(facts(birth_date=date(2020, 11, 22))) == [
        (
            "未到线上复诊的最小年龄",
            "就诊当天 5 岁，需满 6 岁",
            "最早可预约 2026-11-22 的号；在此之前请到医院就诊",
        )
    ]


def test_XY06_the_window_says_what_was_seen_and_until_when_it_reached() -> None:
    past = facts(visits=(visit(date(2026, 5, 21)),), today=date(2026, 11, 22), slot_date=date(2026, 11, 22))
    [explanation] = explain_all(decide(past, POLICY))
    assert explanation.seen.said() == "最近一次计入的门诊是 2026-05-21，有效期 6 个月"
    assert explanation.until is not None
    assert explanation.until.said() == "这次门诊的有效期到 2026-11-21 为止"


def test_XY06_a_slot_too_late_is_told_the_last_one_that_would_do() -> None:
    [(_, _, remedy)] = said(facts(visits=(visit(date(2026, 5, 21)),), slot_date=date(2026, 11, 25)))
    assert remedy == "请选择 2026-11-21 或更早的号，或先在本院看一次门诊"


def test_XY06_whoever_is_let_in_sees_until_when() -> None:
    notice = window_notice(decide(WELCOME, POLICY))
    assert notice is not None
    assert notice.said() == "这次门诊可用于 2027-03-30（含）以前的号"
    assert window_notice(decide(facts(visits=()), POLICY)) is None


def test_XY03_without_any_visit_the_text_says_which_do_not_count() -> None:
    [(_, seen, _)] = said(facts(visits=()))
    assert "住院" in seen and "线上" in seen


def test_SJ08_a_ban_names_its_end_and_the_ways_left_open() -> None:
    [(_, seen, remedy)] = said(REFUSED[GateCode.BANNED])
    assert seen == "停约到 2026-11-21 24:00"
    assert remedy.startswith("2026-11-22 起恢复") and "窗口" in remedy and "申诉" in remedy
    [(_, seen, remedy)] = said(facts(bans=(Ban(Channel.ONLINE, None, None),)))
    assert "没有设定" in seen and "窗口" in remedy


def test_XY04_a_red_flag_tells_how_many_and_sends_to_help() -> None:
    [(_, seen, remedy)] = said(facts(red_flags=("chest_pain", "syncope")))
    assert "2 项" in seen and "急救电话" in remedy


def test_a_translation_keeps_the_placeholders() -> None:
    [explanation] = explain_all(decide(facts(birth_date=date(2020, 11, 22)), POLICY))
    english = {"就诊当天 %(age)s 岁，需满 %(minimum)s 岁": "%(age)s on the day, %(minimum)s needed"}
    assert explanation.seen.said(lambda m: english.get(m, m)) == "5 on the day, 6 needed"


def test_every_placeholder_has_a_value_in_every_stage() -> None:
    for slot in (None, TODAY):
        for code, refused in REFUSED.items():
            decision = decide_stage(replace(refused, slot_date=slot), sample_policy(), Stage.FORM)
            for explanation in explain_all(decision):
                for sentence in (explanation.title, explanation.seen, explanation.remedy):
                    names = set(re.findall(r"%\((\w+)\)s", sentence.message))
                    assert names <= set(sentence.values), (code, sentence)
