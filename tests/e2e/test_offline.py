"""The network goes while a page is open: the page says so, holds what was written, and sends it once back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.rooms import CHEN, somebody

GONE = "网络已断开，已写的内容留在本页"
WAITS = "网络已断开，没有提交；已写的内容留在本页，恢复后请再点一次"
STORY = "等了四十分钟没有人应答，也没有人说明原因"


@pytest.fixture
def patient(chromium: Browser, live: str) -> Iterator[Page]:
    with somebody(chromium, live, CHEN) as page:
        yield page


def test_what_was_written_waits_for_the_network(patient: Page, live: str) -> None:
    _open(patient, f"{live}/complaints/new")
    patient.locator("select").first.select_option(index=1)
    patient.locator("input[type=radio]").nth(1).check(force=True)
    patient.locator("textarea").fill(STORY)
    patient.context.set_offline(True)
    bar = patient.locator("[data-reach]")
    expect(bar).to_have_text(GONE)
    assert bar.get_attribute("role") == "status"

    send = patient.locator("main button[type=submit]").first
    send.click()
    expect(bar).to_have_text(WAITS)
    assert patient.url == f"{live}/complaints/new"
    expect(patient.locator("textarea")).to_have_value(STORY)
    expect(send).not_to_have_attribute("aria-busy", "true")

    patient.context.set_offline(False)
    expect(bar).to_have_text("网络已恢复")
    expect(bar).to_be_empty()
    send.click()
    expect(patient).to_have_url(re.compile(r"/complaints/[0-9a-f-]{36}"))
    expect(patient.get_by_text(STORY)).to_be_visible()


def test_the_browsers_opinion_alone_holds_nothing_up(patient: Page, live: str) -> None:
    """A hospital's own network may have no way out, and the house is in it."""
    _open(patient, f"{live}/complaints/new")
    with patient.expect_response("**/health/live"):
        patient.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(patient.locator("[data-reach]")).to_be_empty()
    patient.locator("main button[type=submit]").first.click()
    expect(patient.locator("[data-error-summary]")).to_be_visible()


def test_a_part_that_got_no_answer_makes_the_page_ask(patient: Page, live: str) -> None:
    """A house that is away while the browser calls itself online."""
    _open(patient, f"{live}/me")
    # Whatever the page fetches for itself is there, its parts' scripts above all.
    patient.wait_for_load_state("networkidle")
    patient.route("**/*", lambda route: route.abort())
    expect(patient.locator("[data-reach]")).to_have_text(GONE)
    patient.unroute("**/*")
    expect(patient.locator("[data-reach]")).to_have_text("网络已恢复")


def _open(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("[data-reach][data-met]")).to_have_count(1)
