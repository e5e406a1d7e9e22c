"""A follow-up patient on a phone, from the first text message to a held seat."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.sandbox import Sandbox

PHONE = "13800000102"
NAME, ID_NUMBER, CARD = "陈立群", "33009819750930903X", "YA00010002"


def test_XY06_from_sign_in_to_a_held_seat(phone_page: Page, live: str, sandbox: Sandbox) -> None:
    page = phone_page
    sign_in(page, live, sandbox)
    add_oneself(page)

    page.goto(f"{live}/h/yunan/book?kind=internet")
    expect(page.get_by_text("还没有可用的就诊卡")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="去绑卡").click()
    page.locator("input[name=number]").fill(CARD)
    page.get_by_role("button", name="绑定").click()

    expect(page.get_by_text("符合线上复诊的条件")).to_be_visible()
    page.locator("input[name=stable][value=yes]").check(force=True)
    for question in page.locator("input[type=radio][value=no][name^='answers.']").all():
        question.check(force=True)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("link", name="选择时间").click()

    choose_a_slot(page)
    page.locator("input[name=agree]").check(force=True)
    page.get_by_role("button", name="同意并继续").click()

    fill_the_form(page)
    expect(page.get_by_role("button", name="提交并留号")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="提交并留号").click()

    expect(page).to_have_url(re.compile("/bookings/"))
    expect(page.get_by_text("还剩")).to_be_visible()
    expect(page.get_by_text(re.compile(r"BK-\d{6}-\d{6}"))).to_be_visible()
    fits(page)

    page.reload()
    expect(page.get_by_text("还剩")).to_be_visible()
    page.goto(f"{live}/bookings")
    expect(page.get_by_text(NAME).first).to_be_visible()


def sign_in(page: Page, live: str, sandbox: Sandbox) -> None:
    """XY15: the link that asked for the sign-in survives it."""
    page.goto(f"{live}/people/new?relation=self")
    page.locator("input[name=phone]").fill(PHONE)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.locator("input[name=code]")).to_be_visible()
    fits(page)
    code = re.search(r"(?<!\d)(\d{6})(?!\d)", sandbox.messages(PHONE)[0]["text"])
    assert code is not None
    page.locator("input[name=code]").fill(code[1])
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile("/people/new"))


def add_oneself(page: Page) -> None:
    """XY17. A wrong check digit first: the page says so and keeps what was typed."""
    page.locator("input[name=relation][value=self]").check(force=True)
    page.locator("input[name=name]").fill(NAME)
    page.locator("input[name=document_number]").fill(ID_NUMBER[:-1] + "1")
    page.locator("input[name=agree_identity]").check(force=True)
    page.get_by_role("button", name="提交核验").click()
    expect(page.locator("input[name=document_number]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("input[name=name]")).to_have_value(NAME)
    fits(page)
    page.locator("input[name=document_number]").fill(ID_NUMBER)
    page.get_by_role("button", name="提交核验").click()
    expect(page.get_by_text("已实名")).to_be_visible()


def choose_a_slot(page: Page) -> None:
    """XY20, BJ05: campus, department, doctor, then a day and a time with what is left of it."""
    for step in ("campus", "department", "doctor"):
        page.locator(f"main a[href*='{step}=']").first.click()
    page.locator("main .days a").last.click()
    expect(page.locator("main .slots a").first).to_be_visible()
    fits(page)
    page.locator("main .slots a").last.click()
    expect(page.get_by_role("button", name="同意并继续")).to_be_visible()


def fill_the_form(page: Page) -> None:
    """XY22: what was typed survives a reload half-way."""
    page.get_by_role("button", name="填写病情").click()
    page.locator("textarea[name=complaint]").fill("血压稳定，想续开上次的药")
    for nothing in ("no_history", "no_known_allergies", "no_medicines"):
        page.locator(f"input[type=checkbox][name={nothing}]").check(force=True)
    expect(page.locator("[data-autosave-state]")).to_have_text("已保存")
    page.reload()
    expect(page.locator("textarea[name=complaint]")).to_have_value("血压稳定，想续开上次的药")
    fits(page)
    page.get_by_role("button", name="提交，下一步").click()


def fits(page: Page) -> None:
    """No sideways scrolling on a phone, and nothing that axe finds wrong."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
