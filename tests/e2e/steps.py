"""What a patient does on the way to a seat, step by step, as the journeys share it."""

import re
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.support.sandbox import Sandbox


@dataclass(frozen=True)
class Sample:
    """Somebody of the sample registers. `card` is the hospital's."""

    phone: str
    name: str
    number: str
    card: str


def hold_a_seat(page: Page, live: str, sandbox: Sandbox, who: Sample, *, doctor: str = "") -> None:
    """From the first text message to a held seat of an internet clinic (XY06), today with `doctor`."""
    sign_in(page, live, sandbox, who)
    add_oneself(page, who)

    page.goto(f"{live}/h/yunan/book?kind=internet")
    expect(page.get_by_text("还没有可用的就诊卡")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="去绑卡").click()
    page.locator("input[name=number]").fill(who.card)
    page.get_by_role("button", name="绑定").click()
    from_the_gate_to_a_seat(page, doctor=doctor)


def from_the_gate_to_a_seat(page: Page, *, doctor: str = "") -> None:
    """XY06, XY20-XY22: stable and nothing urgent, a time, the notice, the form, the seat.

    Far ahead with whoever is first, or today with the `doctor` of that name.
    """
    expect(page.get_by_text("符合线上复诊的条件")).to_be_visible()
    page.locator("input[name=stable][value=yes]").check(force=True)
    for question in page.locator("input[type=radio][value=no][name^='answers.']").all():
        question.check(force=True)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("link", name="选择时间").click()

    choose_a_slot(page, doctor)
    notice = page.locator("input[name=agree]")
    if notice.count():  # not for whoever accepted this version before
        notice.check(force=True)
        page.get_by_role("button", name="同意并继续").click()

    fill_the_form(page)
    expect(page.get_by_role("button", name="提交并留号")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="提交并留号").click()
    expect(page).to_have_url(re.compile("/bookings/"))


def sign_in(page: Page, live: str, sandbox: Sandbox, who: Sample) -> None:
    """XY15: the link that asked for the sign-in survives it."""
    page.goto(f"{live}/people/new?relation=self")
    page.locator("input[name=phone]").fill(who.phone)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.locator("input[name=code]")).to_be_visible()
    fits(page)
    code = re.search(r"(?<!\d)(\d{6})(?!\d)", sandbox.messages(who.phone)[0]["text"])
    assert code is not None
    page.locator("input[name=code]").fill(code[1])
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile("/people/new"))


def add_oneself(page: Page, who: Sample) -> None:
    """XY17. A wrong check digit first: the page says so and keeps what was typed."""
    page.locator("input[name=relation][value=self]").check(force=True)
    page.locator("input[name=name]").fill(who.name)
    page.locator("input[name=document_number]").fill(who.number[:-1] + "1")
    page.locator("input[name=agree_identity]").check(force=True)
    page.get_by_role("button", name="提交核验").click()
    expect(page.locator("input[name=document_number]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("input[name=name]")).to_have_value(who.name)
    fits(page)
    page.locator("input[name=document_number]").fill(who.number)
    page.get_by_role("button", name="提交核验").click()
    expect(page.get_by_text("已实名")).to_be_visible()


def choose_a_slot(page: Page, doctor: str) -> None:
    """XY20, BJ05: campus, department, doctor, then a day and a time with what is left of it."""
    for step in ("campus", "department"):
        page.locator(f"main a[href*='{step}=']").first.click()
    page.locator("main a[href*='doctor=']", has_text=doctor).first.click()
    days = page.locator("main .days a")
    (days.first if doctor else days.last).click()
    expect(page.locator("main .slots a").first).to_be_visible()
    fits(page)
    page.locator("main .slots a").last.click()
    agrees, writes = (page.get_by_role("button", name=name) for name in ("同意并继续", "填写病情"))
    expect(agrees.or_(writes).first).to_be_visible()


def fill_the_form(page: Page) -> None:
    """XY22: what was typed survives a reload half-way, also what was typed before the script had come."""
    underway: list[Route] = []
    page.route("**/autosave*.js", lambda script: underway.append(script))
    page.get_by_role("button", name="填写病情").click()
    page.locator("textarea[name=complaint]").fill("血压稳定，想续开上次的药")
    for script in underway:
        script.continue_()
    page.unroute("**/autosave*.js")
    expect(page.locator("[data-autosave-state]")).to_have_text("已保存")
    # What an earlier form said is there already.
    for told, nothing in (
        ("history", "no_history"), ("allergies", "no_known_allergies"), ("medicines", "no_medicines")
    ):  # fmt: skip
        page.locator(f"textarea[name={told}]").fill("")
        page.locator(f"input[type=checkbox][name={nothing}]").check(force=True)
    expect(page.locator("[data-autosave-state]")).to_have_text("已保存")
    page.reload()
    expect(page.locator("textarea[name=complaint]")).to_have_value("血压稳定，想续开上次的药")
    fits(page)
    page.get_by_role("button", name="提交，下一步").click()


def fits(page: Page) -> None:
    """No sideways scrolling, and nothing that axe finds wrong."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
