"""Inside WeChat an insured patient pays with the insurer; at midnight what nobody attended comes back."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.steps import fits, from_the_gate_to_a_seat
from tests.support.cluster import Cluster
from tests.support.live import live_house
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

#: A seeded sample patient, insured in Beijing; the insurer and she each pay a part.
HE = "13800000103"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; sample) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
    " MicroMessenger/8.0.50"
)


@pytest.fixture
def in_wechat(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", user_agent=WECHAT)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Their own, as the house below: sixteen days go by here, and others live in today."""
    running = Sandbox(tmp_path_factory.mktemp("sandbox") / "home").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def live(cluster: Cluster, template: str, sandbox: Sandbox) -> Iterator[str]:
    database = cluster.clone(template)
    with tempfile.TemporaryDirectory() as home, live_house(Path(home), database, sandbox) as url:
        yield url
    cluster.drop(database)


def enter(page: Page, live: str, who: str) -> None:
    page.goto(f"{live}/demo")
    page.locator(f"form:has(input[value='{who}']) button").click()


def pay_with_insurance(page: Page, name: str) -> None:
    """On the page of a held seat, inside WeChat: both parts, each where it belongs (GD01, GD02)."""
    page.get_by_role("button", name=re.compile("支付 ¥")).click()
    expect(page.get_by_text("的参保地在哪里")).to_be_visible()
    fits(page)
    page.locator("input[name=region][value=beijing]").check(force=True)
    page.get_by_role("button", name="继续").click()
    page.get_by_role("button", name="用医保支付").click()
    page.get_by_role("link", name="去授权").click()
    page.get_by_label(re.compile(name)).check()
    page.get_by_role("button", name="授权医保电子凭证支付").click()

    expect(page.get_by_text("统筹基金")).to_be_visible()
    fits(page)
    page.get_by_role("button", name=re.compile("确认支付 ¥")).click()
    page.locator("#pay").click()
    page.get_by_role("dialog").get_by_role("button", name="支付").click()

    expect(page.get_by_text("支付成功")).to_be_visible()
    expect(page.get_by_text("统筹基金")).to_be_visible()
    fits(page)


def test_XY12_what_insurer_and_patient_paid_comes_back_when_nobody_attended(
    in_wechat: Page, live: str
) -> None:
    page = in_wechat
    enter(page, live, HE)
    page.goto(f"{live}/h/yunan/book?kind=internet")
    from_the_gate_to_a_seat(page)
    booking = page.url
    pay_with_insurance(page, "何秀珍")
    receipt = page.url
    page.goto(booking)
    expect(page.get_by_text("待就诊")).to_be_visible()

    # Midnight, and nobody came.
    for _ in range(16):
        page.goto(f"{live}/demo")
        page.get_by_role("button", name="过一天").click()
    page.goto(booking)
    eventually(lambda: page.reload() and page.get_by_text("未接诊").count() > 0, timeout_s=180)
    page.goto(receipt)
    eventually(lambda: page.reload() and page.get_by_text("已退回").count() > 0, timeout_s=180)
    page.get_by_role("link", name=re.compile("未接诊")).click()
    for step in ("医保部分退回", "退回原支付方式", "通知微信医保已退回", "全部退回"):
        expect(page.get_by_text(step).first).to_be_visible()
    fits(page)

    # It is said wherever they look for it.
    page.goto(f"{live}/messages")
    expect(page.get_by_text("当日未接诊，已退号退费").first).to_be_visible()
    page.goto(f"{live}/orders")
    expect(page.get_by_text("未接诊").first).to_be_visible()
    fits(page)
