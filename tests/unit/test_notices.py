"""Every notice reads in both languages, and none says what must not light up on a phone (GD10, GD03)."""

import json
import re
import string
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from telehealth.demo.running import MESSAGE_FAMILIES
from telehealth.notifications.notices import DEFAULT_SMS, WORDINGS, Notice, sms_of, text_of, title_of
from telehealth.notifications.rules import LONGEST_PARAMETER, Kind, Var, settle, show, sms_parameters
from telehealth.notifications.states import DELIVERY, RUNG, DeliveryState, RungState
from telehealth.notifications.wechat_templates import (
    FAMILIES,
    FAMILY_LABELS,
    data_of,
    family_of,
    fit,
    moment,
    step_of,
)
from telehealth.sandbox.sms import TEMPLATES, placeholders
from telehealth.sandbox.wechat_messages import TEMPLATES as WECHAT_TEMPLATES
from telehealth.web.pages import icon

SAMPLES: dict[Kind, Any] = {
    Kind.TEXT: "样例",
    Kind.DAY: date(2026, 11, 23),
    Kind.INSTANT: datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
    Kind.UNTIL: datetime(2026, 11, 24, 16, tzinfo=UTC),
}
EVERY = pytest.mark.parametrize("notice", list(Notice))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def sample(notice: Notice) -> dict[str, Any]:
    return {name: SAMPLES[var.kind] for name, var in WORDINGS[notice].variables.items()}


@EVERY
def test_GD10_a_notice_says_the_same_in_both_languages(notice: Notice) -> None:
    wording = WORDINGS[notice]
    assert fields(wording.text) == fields(wording.text_en) == set(wording.variables)
    for lang in ("zh-CN", "en"):
        kept = settle(wording.variables, sample(notice))
        text = text_of(notice, show(wording.variables, kept, lang), lang)
        assert text and "{" not in text and title_of(notice, lang)
        assert not (lang == "en" and re.search("[\u4e00-\u9fff]", text.replace("样例", "")))


@EVERY
def test_no_notice_asks_for_a_diagnosis_a_drug_or_a_document(notice: Notice) -> None:
    wording = WORDINGS[notice]
    said = wording.text + wording.title + " ".join(wording.variables)
    if notice.name.startswith("RX_"):
        # Pharmacist, pharmacy, collecting: that somebody takes something is said, never what.
        said = re.sub("药(师|房|码|号|品|窗口|地点|已配好)|(取|用|配)药", "", said)
    assert not re.search("诊断|药|病名|身份证|护照|diagnosis|drug|medicine", said)


@EVERY
def test_a_text_message_fills_every_gap_of_its_template(notice: Notice) -> None:
    wording = WORDINGS[notice]
    template, order = (wording.sms, wording.sms_order) if wording.sms else DEFAULT_SMS
    _id, text = TEMPLATES[template]
    assert len(placeholders(text)) == len(order)
    assert set(order) <= {*wording.variables, "title"}
    assert not wording.urgent or sms_of(wording) == (template, order)


def test_variables_that_are_missing_or_unknown_are_our_mistake() -> None:
    declared = {"number": Var(), "patient": Var(default={"zh": "您", "en": "you"})}
    with pytest.raises(LookupError):
        settle(declared, {})
    with pytest.raises(LookupError):
        settle(declared, {"number": "1", "diagnosis": "x"})
    assert settle(declared, {"number": "1"})["patient"] == {"zh": "您", "en": "you"}


def test_what_is_kept_is_plain_json_and_shown_in_the_readers_language() -> None:
    wording = WORDINGS[Notice.CARD_BOUND]
    kept = settle(wording.variables, {"person": "王**", "hospital": {"zh": "云安医院", "en": "Yunan"}})
    kept = json.loads(json.dumps(kept))
    assert "云安医院" in text_of(Notice.CARD_BOUND, show(wording.variables, kept, "zh-CN"), "zh-CN")
    assert "at Yunan" in text_of(Notice.CARD_BOUND, show(wording.variables, kept, "en"), "en")


def test_an_instant_is_told_in_the_hospitals_time() -> None:
    kept = settle({"at": Var(Kind.INSTANT)}, {"at": datetime(2026, 11, 22, 16, 30, tzinfo=UTC)})
    assert show({"at": Var(Kind.INSTANT)}, kept, "zh-CN")["at"] == "11月23日 周一 00:30"


def test_a_parameter_never_exceeds_what_a_carrier_takes() -> None:
    assert sms_parameters({"reason": "长" * 200}, ("reason",)) == ["长" * LONGEST_PARAMETER]


def test_every_state_of_a_delivery_is_reachable_and_its_ends_are_named() -> None:
    assert DELIVERY.reachable == set(DeliveryState) and RUNG.reachable == set(RungState)
    assert DELIVERY.terminal == {DeliveryState.ARRIVED, DeliveryState.SKIPPED}
    assert RUNG.terminal == {RungState.DELIVERED, RungState.UNDELIVERED, RungState.REFUSED}


def test_every_icon_of_a_notice_exists() -> None:
    for wording in WORDINGS.values():
        assert "<svg" in icon(wording.icon)


def test_no_wording_lives_outside_the_catalogue() -> None:
    folder = Path(__file__).parents[2] / "telehealth" / "notifications"
    others = [path for path in folder.glob("*.py") if not path.stem.endswith("notices")]
    assert all("Wording(" not in path.read_text() for path in others)


def test_XY30_a_sheet_is_paid_before_the_end_of_its_last_day() -> None:
    wording = WORDINGS[Notice.RX_REMINDED]
    kept = settle(wording.variables, sample(Notice.RX_REMINDED))
    assert show(wording.variables, kept, "zh-CN")["pay_by"] == "11月24日 周二 24:00"


# What leaves the house: longest values, both languages, by every way (GD10).

LONGEST: dict[Kind, Any] = {
    Kind.TEXT: {"zh": "超长的样例内容" * 30, "en": "a very long sample of words " * 12},
    Kind.DAY: date(2026, 12, 31),
    Kind.INSTANT: datetime(2026, 12, 31, 15, 59, tzinfo=UTC),
    Kind.UNTIL: datetime(2026, 12, 31, 16, tzinfo=UTC),
}
#: As the platform checks them: written a second time, from its reference.
LIMITS = {
    "thing": r".{1,20}",
    "character_string": r"[!-~]{1,32}",
    "amount": r"¥\d{1,10}(\.\d{1,2})?",
    "time": r"\d{4}(年\d{1,2}月\d{1,2}日|-\d\d-\d\d)( ([01]\d|2[0-3]):[0-5]\d)?",
}
LANGS = pytest.mark.parametrize("lang", ["zh-CN", "en"])
#: What a phone on a table must not say (REGULATION; GD03).
FORBIDDEN = re.compile("诊断|病名|身份证|护照|diagnos|passport", re.IGNORECASE)


def filled(notice: Notice, values: dict[Kind, Any], lang: str) -> dict[str, str]:
    wording = WORDINGS[notice]
    given = {name: values[var.kind] for name, var in wording.variables.items()}
    kept = json.loads(json.dumps(settle(wording.variables, given)))
    shown = show(wording.variables, kept, lang)
    return data_of(wording, kept, shown, lang, datetime(2026, 11, 21, 2, tzinfo=UTC))


@EVERY
@LANGS
def test_GD10_every_notice_fits_a_WeChat_template_with_the_longest_values(notice: Notice, lang: str) -> None:
    data = filled(notice, LONGEST, lang)
    family = FAMILIES[family_of(WORDINGS[notice])]
    assert list(data) == list(family.fields) and family.needs <= WORDINGS[notice].variables.keys()
    for key, value in data.items():
        assert re.fullmatch(LIMITS[re.sub(r"\d+$", "", key)], value), (key, value)
    assert not FORBIDDEN.search(" ".join(data.values()))


@EVERY
@LANGS
def test_GD10_every_notice_says_the_next_step_on_the_phone(notice: Notice, lang: str) -> None:
    step = step_of(WORDINGS[notice].topic, lang)
    assert step in filled(notice, SAMPLES, lang).values()
    assert bool(re.search("[\u4e00-\u9fff]", step)) is (lang == "zh-CN")


@EVERY
def test_GD10_every_notice_fits_a_text_message_with_the_longest_values(notice: Notice) -> None:
    wording = WORDINGS[notice]
    template, order = (wording.sms, wording.sms_order) if wording.sms else DEFAULT_SMS
    for lang in ("zh-CN", "en"):
        given = {name: LONGEST[var.kind] for name, var in wording.variables.items()}
        shown = show(wording.variables, settle(wording.variables, given), lang) | {"title": wording.title}
        values = sms_parameters(shown, order)
        assert all(1 <= len(value) <= LONGEST_PARAMETER for value in values)
    assert not FORBIDDEN.search(TEMPLATES[template][1])


@EVERY
def test_no_notice_carries_a_variable_for_a_full_name(notice: Notice) -> None:
    names = {"person", "patient", "requester", "holder"} & WORDINGS[notice].variables.keys()
    used = set(FAMILIES[family_of(WORDINGS[notice])].fields.values())
    # Masked by whoever tells; a push names nobody at all.
    assert not names & used


def test_a_hospital_that_registers_the_families_can_send_every_notice() -> None:
    assert {family_of(wording) for wording in WORDINGS.values()} <= set(FAMILIES)
    assert set(FAMILIES) == set(FAMILY_LABELS) == set(MESSAGE_FAMILIES)
    for name, family in FAMILIES.items():
        for kind in ("subscribe", "template"):
            assert WECHAT_TEMPLATES[f"sandbox-{kind}-{name}"] == (name, kind, tuple(family.fields))


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing1", "  a\nb ", "a b"),
        ("thing1", "", "-"),
        ("character_string3", "BK-261121-000001", "BK-261121-000001"),
        ("character_string3", "号 BK-1", "BK-1"),
        ("character_string3", "号", "-"),
        ("amount2", "1,234.56", "¥1234.56"),
        ("amount2", "12345678901234", "¥1234567890"),
        ("number1", "共 3.5 份", "3.5"),
        ("letter1", "a1b2", "ab"),
        ("phrase3", "已经全额退款了呀", "已经全额退"),
        ("phrase3", "done", "通知"),
        ("name1", "王**", "王"),
        ("name1", "Sample Member With Long Name", "Sample Member With L"),
        ("phone_number1", "010-1234 5678", "010-12345678"),
    ],
)
def test_a_value_is_cut_to_what_its_kind_takes(key: str, value: str, fits: str) -> None:
    assert fit(key, value) == fits


def test_the_end_of_a_day_is_told_as_the_platform_can_say_it() -> None:
    kept = datetime(2026, 11, 24, 16, tzinfo=UTC).isoformat()
    assert moment(Var(Kind.UNTIL), kept, "zh-CN") == "2026年11月24日 23:59"
    assert moment(Var(Kind.INSTANT), kept, "en") == "2026-11-25 00:00"
