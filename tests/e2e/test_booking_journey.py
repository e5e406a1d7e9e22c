"""A follow-up patient on a phone, from the first text message to a held seat."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.steps import Sample, fits, hold_a_seat
from tests.support.sandbox import Sandbox

FENG = Sample("13800000123", "冯立春", "330098197202049333", "YA00010023")


def test_XY06_from_sign_in_to_a_held_seat(phone_page: Page, live: str, sandbox: Sandbox) -> None:
    page = phone_page
    hold_a_seat(page, live, sandbox, FENG)
    expect(page.get_by_text("还剩")).to_be_visible()
    number = page.get_by_text(re.compile(r"BK-\d{6}-\d{6}")).first.inner_text()
    fits(page)

    page.reload()
    expect(page.get_by_text("还剩")).to_be_visible()
    page.goto(f"{live}/bookings")
    expect(page.get_by_text(number).first).to_be_visible()
