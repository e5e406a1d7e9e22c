"""What a sheet says, and the one form in which it is bound by signatures."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from prescriptions.sheet import wording
from prescriptions.sheet.content import (
    Herb,
    HerbRole,
    SheetContent,
    age_words,
    canonical,
    digest,
    plain_number,
    restore,
)
from tests.support.factories import sheets


def test_the_same_content_is_the_same_bytes() -> None:
    content = sheets.western(sheets.line(dose=Decimal("2.5")))
    same = sheets.western(sheets.line(dose=Decimal("2.500")))
    elsewhere = sheets.ISSUED_AT.astimezone(timezone(timedelta(hours=8)))
    assert canonical(content) == canonical(same) == canonical(replace(content, issued_at=elsewhere))


@pytest.mark.parametrize(
    "change",
    [
        {"patient": sheets.patient(name="别的患者")},
        {"patient": sheets.patient(allergies=())},
        {"lines": (sheets.line(quantity=Decimal(2)),)},
        {"lines": (sheets.line(dose=Decimal(25)),)},
        {"lines": (sheets.line(resigned_because="剂量高于说明书"),)},
        {"total": 12841},
        {"valid_until": sheets.VALID_UNTIL + timedelta(days=1)},
    ],
)
def test_whatever_is_changed_changes_the_digest(change: dict[str, object]) -> None:
    assert digest(sheets.western(**change)) != digest(sheets.western())


@pytest.mark.parametrize("content", [sheets.western(), sheets.decoction(30)])
def test_the_content_comes_back_from_its_canonical_form(content: SheetContent) -> None:
    assert restore(canonical(content)) == content


@pytest.mark.parametrize("written", [b"{}", b"[]", b"nonsense", json.dumps({"version": 99}).encode()])
def test_what_is_no_canonical_form_is_refused(written: bytes) -> None:
    with pytest.raises(ValueError):
        restore(written)


def test_a_western_sheet_has_no_herbs_and_a_decoction_no_lines() -> None:
    with pytest.raises(ValueError, match="no lines"):
        replace(sheets.decoction(), lines=(sheets.line(),))
    with pytest.raises(ValueError, match="no herbs"):
        replace(sheets.western(), herbs=sheets.decoction().herbs)


def test_herbs_stand_by_role_and_within_it_as_the_doctor_put_them() -> None:
    roles = [HerbRole.SHI, HerbRole.ZUO, HerbRole.JUN, HerbRole.ZUO]
    herbs = tuple(Herb(name=str(n), grams=Decimal(1), role=role) for n, role in enumerate(roles))
    assert [herb.name for herb in sheets.decoction(herbs=herbs).herbs_by_role] == ["2", "1", "3", "0"]


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (date(2026, 11, 9), "12天"),
        (date(2026, 10, 21), "1月"),
        (date(2026, 6, 9), "5月12天"),
        (date(2023, 9, 3), "3岁2月"),
        (date(2023, 11, 21), "3岁"),
        (date(2020, 11, 22), "5岁11月"),
        (date(2020, 11, 21), "6岁"),
        (date(1980, 2, 29), "46岁"),
    ],
)
def test_small_children_are_aged_in_months_and_days(born: date, words: str) -> None:
    assert age_words(born, date(2026, 11, 21)) == words


@pytest.mark.parametrize(
    ("number", "words"), [("1.50", "1.5"), ("100", "100"), ("1E+2", "100"), ("0.250", "0.25")]
)
def test_amounts_are_written_out(number: str, words: str) -> None:
    assert plain_number(Decimal(number)) == words


def test_midnight_is_written_as_the_end_of_its_day() -> None:
    assert wording.until(datetime(2026, 11, 23, 16, tzinfo=UTC)) == "2026-11-23 24:00"
    assert wording.until(datetime(2026, 11, 23, 4, tzinfo=UTC)) == "2026-11-23 12:00"


def test_a_dose_is_said_as_written_and_counted_only_where_known() -> None:
    """Pains 12: an amount without its strength is misread, and nothing is computed silently."""
    assert wording.each_time(sheets.line()) == "每次 2.5 mg（半片）"
    assert wording.each_time(sheets.line(dose_words="")) == "每次 2.5 mg"
