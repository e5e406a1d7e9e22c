"""Chinese is the source; every reader gets a language we have, in the hospital's own time."""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from telehealth.core import i18n
from telehealth.core.clock import at_local
from telehealth.core.money import Fen


def write_catalogue(folder: Path, translation: str) -> Path:
    po = folder / "en" / "LC_MESSAGES" / "messages.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    catalogue = Catalog(locale="en")
    catalogue.add("我的预约", translation)
    catalogue.add(("还剩 %(num)d 个号", "还剩 %(num)d 个号 "), ("%(num)d seat left", "%(num)d seats left"))
    with po.open("wb") as file:
        write_po(file, catalogue)
    return po


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    return tmp_path


def test_a_fresh_clone_needs_no_compiled_catalogue(folder: Path) -> None:
    write_catalogue(folder, "My visits")

    assert i18n.translator("en")("我的预约") == "My visits"
    assert i18n.plural("en")("还剩 %(num)d 个号", "还剩 %(num)d 个号 ", 1) == "%(num)d seat left"
    assert i18n.plural("en")("还剩 %(num)d 个号", "还剩 %(num)d 个号 ", 2) == "%(num)d seats left"


@pytest.mark.parametrize(("age", "expected"), [(-10, "Edited"), (10, "Compiled")])
def test_a_compiled_catalogue_counts_only_while_it_is_newer(folder: Path, age: int, expected: str) -> None:
    po = write_catalogue(folder, "Edited")
    compiled = Catalog(locale="en")
    compiled.add("我的预约", "Compiled")
    mo = po.with_suffix(".mo")
    with mo.open("wb") as file:
        write_mo(file, compiled)
    edited_at = po.stat().st_mtime
    os.utime(mo, (edited_at + age, edited_at + age))

    assert i18n.translator("en")("我的预约") == expected


@pytest.mark.parametrize("lang", ["zh-CN", "fr", "../../etc"])
def test_chinese_and_unknown_languages_read_the_source(folder: Path, lang: str) -> None:
    write_catalogue(folder, "My visits")

    assert i18n.translator(lang)("我的预约") == "我的预约"


def test_an_untranslated_sentence_stays_chinese(folder: Path) -> None:
    write_catalogue(folder, "My visits")

    assert i18n.translator("en")("缴费") == "缴费"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "zh-CN"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("fr-FR,en;q=0.5,zh;q=0.3", "en"),
        ("en;q=0.3,zh;q=0.7", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=high,;;,", "zh-CN"),
    ],
)
def test_the_browsers_wish_is_followed_as_far_as_we_can(accept: str, expected: str) -> None:
    assert i18n.negotiate(accept) == expected


def test_a_readers_own_choice_comes_first() -> None:
    assert i18n.negotiate("zh-CN", "en") == "en"
    assert i18n.negotiate("zh-CN", "tlh") == "zh-CN"


NEW_YEAR = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)


def test_instants_are_shown_as_the_hospitals_wall_shows_them() -> None:
    assert i18n.format_instant(NEW_YEAR, "zh-CN") == "2027年1月1日 周五 00:05"
    assert i18n.format_instant(NEW_YEAR, "zh-CN", "short") == "1月1日 周五 00:05"
    assert i18n.format_instant(NEW_YEAR, "en") == "Fri 1 Jan 2027 00:05"
    assert i18n.format_instant(NEW_YEAR, "en", "numeric") == "2027-01-01 00:05"
    assert i18n.format_clock(NEW_YEAR, "en") == "00:05"
    assert i18n.format_clock(time(8, 30), "zh-CN") == "08:30"


def test_days_are_shown_as_they_are() -> None:
    day = date(2026, 11, 21)

    assert i18n.format_day(day, "zh-CN") == "2026年11月21日 周六"
    assert i18n.format_day(day, "en", "short") == "Sat 21 Nov"
    assert i18n.format_day(day, "en", "numeric") == "2026-11-21"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "¥0.00"), (5, "¥0.05"), (1230, "¥12.30"), (123456789, "¥1,234,567.89"), (-1230, "-¥12.30")],
)
def test_amounts_read_the_same_in_every_language(amount: int, shown: str) -> None:
    assert i18n.format_fen(Fen(amount), "zh-CN") == i18n.format_fen(Fen(amount), "en") == shown


def test_the_catalogue_gathers_marked_sentences_and_the_details_of_errors(tmp_path: Path) -> None:
    source = tmp_path / "errors.py"
    source.write_text(
        'class SlotTaken(Conflict):\n    detail = "这个号刚被约走"\n'
        'class Busy(Exception):\n    detail: str = "请稍后再试"\n    code = "busy"\n'
        'LABEL = N_("候诊中")\n'
    )
    found = extract_from_file("telehealth.core.catalogue:extract_sentences", source)

    assert {message[1] for message in found} == {"这个号刚被约走", "请稍后再试", "候诊中"}


def test_a_deadline_at_midnight_is_the_end_of_the_day_it_closes() -> None:
    midnight = at_local(date(2026, 11, 25), time(0))
    assert i18n.format_until(midnight, "zh-CN") == "11月24日 周二 24:00"
    assert i18n.format_until(midnight, "zh-CN", midnight - timedelta(hours=3)) == "24:00"
    assert i18n.format_until(midnight, "zh-CN", midnight - timedelta(hours=30)) == "11月24日 周二 24:00"
    assert i18n.format_until(midnight + timedelta(hours=9), "zh-CN") == "11月25日 周三 09:00"
