"""Every notice reads in both languages, and none says what must not light up on a phone (GD10, GD03)."""

import json
import re
import string
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from telehealth.notifications.notices import DEFAULT_SMS, WORDINGS, Notice, sms_of, text_of, title_of
from telehealth.notifications.rules import LONGEST_PARAMETER, Kind, Var, settle, show, sms_parameters
from telehealth.notifications.states import DELIVERY, RUNG, DeliveryState, RungState
from telehealth.sandbox.sms import TEMPLATES, placeholders
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
