"""Every page in a browser: narrow and wide, light, dark and large, Chinese and English.

No sideways scrolling, no words on other words, nothing axe finds wrong, text and taps of the sizes of
docs/design.md. A page is loaded once a language; width, theme and size are turned on it as it stands, as they
are CSS alone.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.rooms import somebody
from tests.e2e.test_every_page import NOBODY, OPEN_DOORS, PATIENTS, STAFF
from tests.support.crawling import Page as Found
from tests.support.crawling import walk

WALKERS = (NOBODY, *PATIENTS, *STAFF)
PHONE, DESK = (320, 390), (1280, 1440)


AXE_ALL = {"resultTypes": ["violations"]}
AXE_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}

#: Where text or a tap is smaller than allowed: what it is, its size.
SMALL = """([text, tap]) => {
  const unread = '.vh, script, style, noscript, svg, [aria-hidden=true]';
  const taps = 'button, .btn, .btn-ico, .tabbar a, input.in, select.in, .cell[href]';
  const shown = (e) => e.getClientRects().length && getComputedStyle(e).visibility === 'visible';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const said = walker.currentNode.nodeValue.trim(), box = walker.currentNode.parentElement;
    if (!said || !shown(box) || box.closest(unread)) continue;
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (size + 0.01 < text) found.push(`text ${size} ${said.slice(0, 30)}`);
  }
  for (const one of document.querySelectorAll(taps)) {
    if (!shown(one) || one.closest('.vh, .skip')) continue;
    const height = one.getBoundingClientRect().height;
    const name = (one.textContent || one.name || '').trim().slice(0, 30);
    if (height + 0.5 < tap) found.push(`tap ${height} ${name}`);
  }
  return found;
}"""
#: Words that stand on other words, or are cut off: what is too long for its box, as large letters make it.
OVER = """() => {
  const found = [];
  const short = '.tag, .btn, .cell > *, .services > a > *, .card h2, .card h3';
  for (const box of document.querySelectorAll(short)) {
    if (!box.getClientRects().length || box.closest('.vh, [aria-hidden=true]')) continue;
    if (getComputedStyle(box).position === 'absolute') continue;
    const said = box.textContent.trim().slice(0, 30);
    const row = box.parentElement;
    const inner = box.getBoundingClientRect(), outer = row.getBoundingClientRect();
    if (inner.right > outer.right + 8 && getComputedStyle(row).overflowX === 'visible') {
      found.push(`over ${Math.round(inner.right - outer.right)} px: ${said}`);
    }
    const after = box.nextElementSibling;
    if (!after || !after.getClientRects().length || getComputedStyle(after).position !== 'static') continue;
    const next = after.getBoundingClientRect();
    const across = Math.min(inner.right, next.right) - Math.max(inner.left, next.left);
    const down = Math.min(inner.bottom, next.bottom) - Math.max(inner.top, next.top);
    if (across > 2 && down > 6 && next.width > 2) found.push(`on top: ${said}`);
  }
  return found;
}"""
WIDE = """() => {
  const over = document.documentElement.scrollWidth - window.innerWidth;
  if (over <= 0) return '';
  const out = (e) => e.getBoundingClientRect().right > window.innerWidth + 1;
  const worst = [...document.body.querySelectorAll('*')].filter(out).slice(-3);
  return `${over} px: ${worst.map((e) => `${e.tagName}.${e.className}`).join(' ')}`;
}"""


@pytest.fixture(scope="module")
def kinds(live: str) -> dict[str, list[Found]]:
    """One page of each kind, under whoever meets it first."""
    seen: set[str] = set()
    chosen: dict[str, list[Found]] = {}
    for who in WALKERS:
        for page in walk(live, who, starts=() if who else OPEN_DOORS):
            if page.media == "text/html" and page.status == 200 and page.kind not in seen:
                seen.add(page.kind)
                chosen.setdefault(who, []).append(page)
    return chosen


@pytest.mark.parametrize("who", WALKERS, ids=lambda who: who or "nobody")
def test_every_page_fits(chromium: Browser, live: str, kinds: dict[str, list[Found]], who: str) -> None:
    wrong: list[str] = []
    with somebody(chromium, live, who) as page:
        # A colour on its way to another has the contrast of neither.
        page.emulate_media(reduced_motion="reduce")
        for found in kinds.get(who, []):
            for lang in ("zh-CN", "en"):
                page.request.post(f"{live}/preferences", form={"lang": lang, "theme": "light", "next": "/"})
                page.goto(f"{live}{found.path}")
                wrong += [f"{found.path} {lang} {what}" for what in _wrong(page, lang)]
    assert wrong == []


def _wrong(page: Page, lang: str) -> Iterator[str]:
    is_desk = page.locator("html[data-density=compact]").count() == 1
    for width in (*PHONE, *DESK):
        page.set_viewport_size({"width": width, "height": 844})
        if over := page.evaluate(WIDE):
            yield f"at {width}: {over}"
    page.set_viewport_size({"width": DESK[0] if is_desk else PHONE[1], "height": 844})
    if not is_desk:
        yield from page.evaluate(SMALL, [12, 44])
    if lang == "zh-CN":
        yield from _axe(page, AXE_ALL, "axe")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        yield from _axe(page, AXE_COLOURS, "dark")
        page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.evaluate("document.documentElement.dataset.elder = '1'")
    page.evaluate("delete document.documentElement.dataset.density")
    for width in PHONE if not is_desk else (PHONE[1], DESK[0]):
        page.set_viewport_size({"width": width, "height": 844})
        if over := page.evaluate(WIDE):
            yield f"elder at {width}: {over}"
        yield from (f"elder at {width}: {each}" for each in page.evaluate(OVER))
    yield from (f"elder {each}" for each in page.evaluate(SMALL, [18, 48]))
    if lang == "en":
        # Colours do not depend on the language: each look is looked at once.
        yield from _axe(page, AXE_COLOURS, "elder light")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        yield from _axe(page, AXE_COLOURS, "elder dark")


def _axe(page: Page, options: dict[str, object], where: str) -> Iterator[str]:
    for one in Axe().run(page, options=options).response["violations"]:
        yield f"{where} {one['id']}: {one['nodes'][0]['html'][:120]}"
