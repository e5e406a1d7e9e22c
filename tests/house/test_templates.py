"""Templates hold nothing the policy would refuse, no state to compare, and stand in a layout of ours."""

import re
from pathlib import Path

import pytest

import app
from telehealth.web.assets import Assets
from telehealth.web.pages import LANGS, Pages
from tests.support.programs import ROOT
from tests.support.source import templates

LAYOUTS = {"web/base.html", "web/phone.html", "web/console.html"}
SOURCES = {_name: path for path in templates() for _name in [path.as_posix().rpartition("/templates/")[2]]}
EXTENDS = re.compile(r"{%-?\s*extends\s+[\"']([^\"']+)[\"']")
#: Pages that patients and staff share are handed their layout.
HANDED = re.compile(r"{%-?\s*extends\s+layout\s*%}")

FORBIDDEN = {
    "an inline style": r"<style|\sstyle\s*=",
    "an inline handler": r"\son[a-z]{3,}\s*=\s*[\"']",
    "a script without an address": r"<script(?![^>]*\b(src=|type=\"application/json\"))",
    "an address that is a script": r"javascript:",
    "text that is not escaped": r"\|\s*safe\b|autoescape\s+false|Markup\(",
    "a state compared": r"\b(state|status)\s*(==|!=|in\s*[\[(])\s*[\"'\[(]",
    "a file of somebody else": r"(src|href)=\"(https?:)?//(?!127\.0\.0\.1)",
}

MAKING = r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b"

#: The HTTP status of an error page is a number, not a state.
MAY = {"web/error.html": {"a state compared"}}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    offenders = []
    for name, path in SOURCES.items():
        if what not in MAY.get(name, ()):
            lines = path.read_text().splitlines()
            offenders += [
                f"{name}:{number} {line.strip()[:100]}"
                for number, line in enumerate(lines, 1)
                if re.search(FORBIDDEN[what], line)
            ]
    assert offenders == []


def test_every_page_stands_in_a_layout_of_ours() -> None:
    assert [name for name in SOURCES if not _is_part(name) and _layout(name) not in LAYOUTS] == []


def test_every_template_compiles_in_both_languages() -> None:
    pages = Pages(app.FEATURES, Assets())
    for lang in LANGS:
        for name in SOURCES:
            pages._environments[lang].get_template(name)


def test_two_features_never_name_a_template_alike() -> None:
    assert len(SOURCES) == len(templates())


def test_our_scripts_make_no_markup_and_run_no_text() -> None:
    offenders = []
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(MAKING, line):
                offenders.append(f"{_short(path)}:{number} {line.strip()[:90]}")
    assert offenders == []


def test_our_scripts_and_sheets_ask_nobody_else_for_anything() -> None:
    offenders = [_short(path) for path in sorted((ROOT / "static").rglob("*"))
                 if path.suffix in (".js", ".css")
                 if re.search(r"(import|url\(|fetch\()\s*[\"'(]*(https?:)?//", path.read_text())]  # fmt: skip
    assert offenders == []


def _is_part(name: str) -> bool:
    return name.rpartition("/")[2].startswith("_") or "/macros/" in name


def _layout(name: str) -> str:
    """The layout at the end of the chain of `extends`."""
    while name not in LAYOUTS:
        text = SOURCES[name].read_text() if name in SOURCES else ""
        if HANDED.search(text):
            return "web/base.html"
        found = EXTENDS.search(text)
        if found is None:
            return ""
        name = found[1]
    return name


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))
