"""What the heaviest patient page costs a phone that opens it for the first time, in Chromium."""

from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.bench.figures import Figure, Figures
from tests.bench.house import fresh_house
from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import somebody
from tests.support.crawling import Page, walk

#: Between them they have every page a patient can have: a visit going on, medicine, a refund.
WHO = ("13800000103", "13800000111", "13800000101", "13800000124")
#: For what a page fetches by itself once it stands.
SETTLED_MS = 1_500


def measure() -> Figures:
    with fresh_house() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        weighed = sorted(((_weight(browser, url, page), page.kind) for page in _kinds(url)), reverse=True)
        browser.close()
    heaviest = {kind: round(kb, 1) for kb, kind in weighed[:5]}
    median = round(weighed[len(weighed) // 2][0], 1)
    detail: dict[str, Any] = {"heaviest_kb": heaviest, "median_kb": median, "pages": len(weighed)}
    yield Figure("page_weight", round(weighed[0][0], 1), "KB", "<= 80", detail)


def _kinds(url: str) -> list[Page]:
    found: dict[str, Page] = {}
    for who in WHO:
        for page in walk(url, who):
            if page.media == "text/html" and page.status == 200:
                found.setdefault(page.kind, page)
    return list(found.values())


def _weight(browser: Browser, url: str, page: Page) -> float:
    """KB over the wire, headers included, with nothing in the browser's cache."""
    with somebody(browser, url, page.who) as opened:
        session = opened.context.new_cdp_session(opened)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
        opened.goto(f"{url}{page.path}")
        opened.wait_for_timeout(SETTLED_MS)
        return sum(sizes) / 1024
