"""A whole house behind a real browser: one for all journeys of a test process."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.cluster import Cluster
from tests.support.live import live_house
from tests.support.sandbox import Sandbox

#: Debian's Chromium; as root it needs --no-sandbox, and it must not look for its maker's hosts.
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: For whatever a page does in a second on a machine that has nothing else to do.
PATIENCE_MS = 45_000

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Their own: a house opened at night moves the sandbox's clock to a day at work."""
    running = Sandbox(tmp_path_factory.mktemp("sandbox") / "home").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def live(cluster: Cluster, template: str, sandbox: Sandbox) -> Iterator[str]:
    database = cluster.clone(template)
    with tempfile.TemporaryDirectory() as home, live_house(Path(home), database, sandbox) as url:
        yield url
    cluster.drop(database)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Gone with its module: Playwright keeps an event loop running, beside which no async test can run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def phone_page(chromium: Browser) -> Iterator[Page]:
    """A phone of 390 px in Chinese; the page's own errors fail the test."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    # A form shown again because it was refused is a 422, which Chromium reports as an error.
    assert [problem for problem in problems if "status of 422" not in problem] == []
