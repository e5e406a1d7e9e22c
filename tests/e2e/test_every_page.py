"""Every page as every role, in both languages: no name of ours, nothing untranslated, no dead link or end."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from starlette.routing import Route

import app
from tests.support.crawling import Page, walk
from tests.support.programs import ROOT

PATIENTS = (
    "13800000101", "13800000102", "13800000103", "13800000105", "13800000111", "13800000119",
    "13800000124", "13800000125", "13800000150",
)  # fmt: skip
STAFF = (
    "desk.yunan", "admin.yunan", "doctor.yunan", "pharmacist.yunan", "pharmacy.yunan", "reviewer.yunan",
    "finance.yunan", "head.yunan", "admin.jiangbin",
)  # fmt: skip
NOBODY = ""
LANGS = ("zh-CN", "en")
#: Where nobody signed in may begin besides the front door.
OPEN_DOORS = ("/demo", "/h/yunan", "/sign-in", "/staff/sign-in")

#: What a form, a scan, a message or another party leads to, or what the sample has none of.
NO_LINK = {
    # While a clinic of this hour has people in it, and once a file was imported.
    "/queue/{booking_id:uuid}", "/admin/formulary/imports/{import_id:uuid}",
    # Steps behind a form that writes.
    "/admin/rulebook/{version_id:uuid}/review", "/h/{code}/intake/new", "/h/{code}/intake/{form_id:uuid}",
    "/h/{code}/intake/{form_id:uuid}/emergency", "/pay/{charge_id:uuid}", "/pay/{charge_id:uuid}/wait",
    "/people/{person_id:uuid}/face-checks/{check_id:uuid}",
    "/family/{binding_id:uuid}/face-checks/{check_id:uuid}", "/pay/{charge_id:uuid}/payer-check",
    "/staff/prescriptions-desk/{prescription_id:uuid}",
    "/staff/prescriptions-desk/{prescription_id:uuid}/sheet.pdf", "/staff/sign-in/password",
    "/staff/sign-in/totp", "/staff/step-up",
    # Fetched by a page, for a part of itself.
    "/demo/codes", "/messages/unread", "/staff/messages/unread", "/staff/work",
    "/pay/{charge_id:uuid}/state", "/uploads/formulary/{version_id:uuid}",
    # Scanned, sent, or come back to from somebody else's page.
    "/admin", "/callbacks/wechat/{code}", "/go/{scene}", "/handover",
    "/help-seat/{token}", "/insurance/return", "/kiosk/{code}", "/rx/{code}", "/wechat/back",
    "/wechat/enter",
    # For other systems.
    "/fhir/{code}/metadata", "/fhir/{code}/{kind}", "/fhir/{code}/{kind}/_search", "/fhir/{code}/{kind}/{id}",
    "/fhir/{code}/{rest:path}",
    # Made by pressing a button, and leading away from it.
    "/shared/{token}", "/shared/{token}/{paper_id:uuid}",
    "/exports/{export_id:uuid}", "/exports/{export_id:uuid}/file",
    # The sample has no recording, no difference, no parked refund, no recall and no printed waybill.
    "/rooms/recordings/{segment_id:uuid}", "/staff/recordings/{segment_id:uuid}",
    "/staff/money/differences/{difference_id:uuid}", "/staff/money/refunds/{refund_id:uuid}",
    "/staff/money/files/{export_id:uuid}", "/staff/money/files/{export_id:uuid}/file",
    "/staff/recalls/{recall_id}", "/staff/recalls/{recall_id}/list.csv",
    "/staff/dispatch/{order_id}/waybill.pdf",
}  # fmt: skip

#: Calls; the kiosk's keys, beside which one types; paying inside WeChat, which has no other door.
SCRIPT_ONLY = ("button data-call", "button data-key", "button pay")

#: A name of the program's, as it would look on a page.
NAMES = re.compile(
    r"\b[a-z]+_[a-z_]+\b|\b(undefined|null|NaN|True|False)\b|\b[A-Z][A-Za-z]+\.[A-Z_]{3,}\b"
    r"|<[A-Za-z]+ |%\([a-z]\w*\)|\{[a-z_]+\}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}"
)
CHINESE = re.compile(r"[\u3400-\u9fff][\u3400-\u9fff\uff00-\uffef\u3001\u3002·“”‘’]*")
#: Where the samples' own words are: names, places, what patients and doctors of the demo say.
SAMPLES = re.compile(r"/(demo|sandbox|data)/|sample|scene|holiday|quick_repl")
#: Said in the house's own language on any page: the switch itself, a surname in a circle, masked names.
OWN_NAMES = re.compile(r"中文|.|[\u3400-\u9fff]\*+")


@pytest.fixture(scope="module")
def pages(live: str) -> list[Page]:
    return [
        page
        for who in (NOBODY, *PATIENTS, *STAFF)
        for lang in LANGS
        for page in walk(live, who, lang=lang, starts=() if who else OPEN_DOORS)
    ]


def test_every_link_leads_somewhere(pages: Sequence[Page]) -> None:
    # Who asks the gate thirty times in an hour is asked to wait; this walk does.
    dead = [page for page in pages if page.status >= 400 and page.status != 429]
    assert [f"{page}: {page.status}, from {page.came_from}" for page in dead] == []


def test_the_walk_sees_nearly_every_page_there_is(pages: Sequence[Page]) -> None:
    """What no link leads to is a page nobody finds."""
    routes = {
        route.path
        for feature in app.FEATURES
        for route in feature.pages
        if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    seen = {page.kind.partition("?")[0] for page in pages}
    assert sorted(routes - seen - NO_LINK) == []


def test_no_page_shows_a_name_of_the_program(pages: Sequence[Page]) -> None:
    values = _values()
    shown = {
        f"{page.kind}: {word[:80]}"
        for page in pages
        for word in page.reading.words
        if NAMES.search(word) or (page.lang == "zh-CN" and word in values)
    }
    assert sorted(shown) == []


def test_an_english_page_is_in_english(pages: Sequence[Page]) -> None:
    """Chinese on it is a sample's own word, or says by `lang` that it is Chinese."""
    said = _said_by_samples()
    left = {
        f"{page.kind}: {found}"
        for page in pages
        if page.lang == "en"
        for word in page.reading.words
        for found in CHINESE.findall(word)
        if not OWN_NAMES.fullmatch(found) and found not in said
    }
    assert sorted(left) == []


def test_every_page_says_its_language_and_its_title(pages: Sequence[Page]) -> None:
    silent = [page for page in _html(pages) if page.reading.lang != page.lang or not page.reading.title]
    assert [str(page) for page in silent] == []


def test_no_page_is_a_dead_end(pages: Sequence[Page]) -> None:
    ends = [
        page
        for page in _html(pages)
        if not page.reading.forms and not set(page.reading.ways_on) - {page.path}
    ]
    # A screen on a wall leads nobody anywhere.
    assert sorted({page.kind for page in ends} - {"/screens/{screen_token}"}) == []


def test_no_page_hides_its_deed_behind_script(pages: Sequence[Page]) -> None:
    """What needs script stands aside until script shows it, or is of a camera, a voice, a screen to touch."""
    idle = {
        f"{page.kind}: {what}"
        for page in _html(pages)
        for what in page.reading.idle
        if not what.startswith(SCRIPT_ONLY)
    }
    assert sorted(idle) == []


def _html(pages: Sequence[Page]) -> list[Page]:
    return [page for page in pages if page.media == "text/html" and page.status == 200]


def _values() -> set[str]:
    """Every value of an enum of ours that is a word."""
    kinds = StrEnum.__subclasses__()
    return {
        value
        for kind in kinds
        if kind.__module__.startswith(("telehealth.", "prescriptions.", "signaling."))
        for value in kind
        if re.fullmatch(r"[a-z][a-z_-]{2,}", value)
    }


def _said_by_samples() -> str:
    files = [
        path
        for top in ("telehealth", "prescriptions")
        for path in (ROOT / top).rglob("*")
        if path.suffix in (".py", ".json", ".csv") and SAMPLES.search(path.as_posix().removeprefix(str(ROOT)))
    ]
    # Whoever followed the worked example in this house before has left the people of it here.
    files.append(ROOT / "docs" / "api" / "journey.md")
    return "\n".join(map(Path.read_text, files))
