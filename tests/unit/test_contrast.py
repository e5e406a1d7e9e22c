"""The look's promises that a machine can keep: readable colours, one palette, the oldest engine."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = ROOT / "static" / "css"
#: Every page of the hospital's own origin; the sandbox plays outside parties on another one.
TEMPLATES = sorted(
    path for path in (ROOT / "telehealth").rglob("templates/**/*.html") if "sandbox" not in path.parts
)

MEANINGS = ("info", "ok", "warn", "danger", "rx")

TEXT_PAIRS = (
    *((ink, ground) for ink in ("text", "text-2", "text-3") for ground in ("bg", "surface", "surface-2")),
    ("text-3", "sunken"),
    ("text-2", "neutral-tint"),
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("on-brand", "brand-press"),
    ("brand", "surface"),
    ("brand", "bg"),
    ("brand", "brand-tint"),
    ("brand-ink", "brand-tint"),
    ("text", "brand-tint"),
    ("text-2", "brand-tint"),
    ("text-2", "warn-tint"),
    ("text-inv", "danger"),
    ("text", "bubble-peer"),
    ("on-bubble-me", "bubble-me"),
    ("rail-text", "rail"),
    ("rail-on", "rail-mark"),
    ("rail-on-badge", "rail-badge"),
    *((f"{meaning}-ink", f"{meaning}-tint") for meaning in MEANINGS),
    *((f"{meaning}-ink", "surface") for meaning in MEANINGS),
    *((meaning, "surface") for meaning in MEANINGS),
)
EDGE_PAIRS = (
    ("line-strong", "surface"),
    ("line-strong", "surface-2"),
    ("brand", "surface"),
    ("brand", "bg"),
    ("danger", "surface"),
)

READERS = {
    "light": (":root",),
    "dark": (":root", '[data-theme="dark"]'),
    "light, elder": (":root", '[data-elder="1"]'),
    "dark, elder": (
        ":root",
        '[data-theme="dark"]',
        '[data-elder="1"]',
        '[data-elder="1"][data-theme="dark"]',
    ),
}


def stylesheet(name: str) -> str:
    return re.sub(r"/\*.*?\*/", "", (CSS / name).read_text(), flags=re.S)


def blocks() -> dict[str, dict[str, str]]:
    """Selector → its custom properties and color-scheme; blocks of a media query count as their own."""
    found: dict[str, dict[str, str]] = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", stylesheet("tokens.css")):
        rules = dict(re.findall(r"(?:--)?([\w-]+)\s*:\s*([^;]+);", body))
        found.setdefault(selector.strip(), {}).update(rules)
    return found


def palette(reader: str) -> dict[str, str]:
    known = blocks()
    return {name: value for selector in READERS[reader] for name, value in known[selector].items()}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio of two #rrggbb colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("reader", READERS)
def test_every_text_can_be_read_on_its_ground(reader: str) -> None:
    colours = palette(reader)
    pale = {pair: ratio for pair in TEXT_PAIRS if (ratio := contrast(*(colours[n] for n in pair))) < 4.5}
    assert not pale


@pytest.mark.parametrize("reader", READERS)
def test_every_input_has_an_edge_one_can_see(reader: str) -> None:
    colours = palette(reader)
    pale = {pair: ratio for pair in EDGE_PAIRS if (ratio := contrast(*(colours[n] for n in pair))) < 3}
    assert not pale


def test_the_systems_dark_is_the_chosen_dark() -> None:
    known = blocks()
    assert known['[data-theme="auto"]'] == known['[data-theme="dark"]']
    assert known['[data-elder="1"][data-theme="auto"]'] == known['[data-elder="1"][data-theme="dark"]']


def test_elder_mode_has_no_text_under_18_px_and_no_tap_under_48_px() -> None:
    elder = palette("light, elder")
    root_px = 16 * float(elder["font-size"].rstrip("%")) / 100
    sizes = {
        name: float(value.removesuffix("rem")) * root_px for name, value in elder.items() if "rem" in value
    }
    assert min(sizes[f"fs-{step}"] for step in range(1, 7)) >= 18
    assert min(sizes[name] for name in ("tap", "tap-lg", "field-h", "cell-h")) >= 48


def test_every_token_in_use_is_defined() -> None:
    defined = {name for rules in blocks().values() for name in rules}
    used = {name for sheet in CSS.glob("*.css") for name in re.findall(r"var\(--([\w-]+)", sheet.read_text())}
    assert used <= defined


#: What Chrome 87 or Safari 14.0 drops without a word.
TOO_NEW = (":has(", ":is(", ":where(", "color-mix(", "light-dark(", "@container", "@layer", "aspect-ratio")
LOGICAL = re.compile(r"(?:^|[\s;{])(?:inset|(?:margin|padding)-(?:inline|block))\s*:")


@pytest.mark.parametrize("sheet", sorted(path.name for path in CSS.glob("*.css")))
def test_stylesheets_stay_within_the_oldest_engine(sheet: str) -> None:
    text = stylesheet(sheet)
    assert not [word for word in TOO_NEW if word in text]
    assert not LOGICAL.search(text)
    flex_gaps = [body for body in re.findall(r"\{([^{}]*)\}", text) if "flex" in body and "gap:" in body]
    assert not [body for body in flex_gaps if "display: grid" not in body], "Safari 14.0 has no gap in flex"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_page_carries_inline_script_or_style(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text, re.I)
    inline = [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag]
    assert not [tag for tag in inline if 'type="application/json"' not in tag]
