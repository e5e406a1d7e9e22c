"""The pad by keyboard alone: twelve herbs in at most ninety keys, a western sheet, the last sheet copied."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.rooms import DOCTOR, HE, room_of, somebody
from tests.e2e.steps import fits

MOST_KEYS = 90
#: Initials and grams as typed; a digit in front is the role, letters behind are the special step.
TWELVE = (
    ("hq", "15"), ("ds", "12"), ("2bz", "10"), ("fl", "12"), ("gc", "6"), ("dg", "9"), ("3cx", "6"),
    ("bs", "9"), ("cp", "6"), ("h012", "10"), ("4ch", "3"), ("szr", "9ds"),
)  # fmt: skip


class Keys:
    """A keyboard that counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1

    def type(self, text: str) -> None:
        self.press(*text)


@pytest.fixture
def doctor(chromium: Browser, live: str) -> Iterator[Page]:
    with somebody(chromium, live, HE) as patient:
        room = room_of(patient, live)
    with somebody(chromium, live, DOCTOR.login, width=1440) as page:
        page.goto(f"{live}/staff/rooms/{room}?pane=file#part-tools")
        yield page


def open_pad(doctor: Page, words: str) -> Page:
    """The room opens the pad in a window of its own, so that a call goes on."""
    with doctor.expect_popup() as opened:
        doctor.get_by_role("button", name=words).click()
    pad = opened.value
    expect(pad.locator("[data-pad][data-ready]")).to_have_count(1)
    return pad


def saved(pad: Page) -> None:
    expect(pad.locator("[data-pad-saved][data-state=saved]")).to_have_count(1)


def test_twelve_herbs_take_at_most_ninety_keys(doctor: Page) -> None:
    pad = open_pad(doctor, "开中药饮片处方")
    expect(pad.locator("#find-drug")).to_be_focused()
    keys = Keys(pad)
    for name, grams in TWELVE:
        keys.type(name)
        keys.press("Enter")
        keys.type(grams)
        keys.press("Enter")
    assert keys.count <= MOST_KEYS
    lines = pad.locator(".line-piece")
    expect(lines).to_have_count(12)
    saved(pad)
    expect(pad.locator("[name=special]").last).to_have_value("捣碎")
    for width in (1440, 390):
        pad.set_viewport_size({"width": width, "height": 844})
        fits(pad)


def test_a_western_sheet_is_typed_signed_again_and_signed_and_then_copied(doctor: Page) -> None:
    pad = open_pad(doctor, "开西药、成药处方")
    keys = Keys(pad)
    keys.type("ald")
    keys.press("Enter")
    expect(pad.locator("[name=dose]")).to_be_focused()
    keys.type("5")
    keys.press("Enter", "q", "Enter")
    keys.type("7")
    keys.press("Enter")
    saved(pad)
    expect(pad.locator(".line [data-sum]")).to_have_text("¥16.80")
    for box in pad.locator("[name=diagnoses]").all():
        box.check(force=True)
    pad.locator("[name=egfr]").fill("90")
    pad.locator("[name=allergies_reviewed]").check(force=True)
    give_reasons(pad)
    for width in (390, 1280):
        pad.set_viewport_size({"width": width, "height": 844})
        fits(pad)
    pad.get_by_role("button", name="签名并送审").click()
    expect(pad.get_by_text("已送药师审核")).to_be_visible()
    expect(pad.get_by_role("link", name="查看或打印处方笺")).to_be_visible()
    card = doctor.locator(".rxcard[data-state=signed]").last
    expect(card).to_contain_text("药师审核中")
    pad.close()

    again = open_pad(doctor, "开西药、成药处方")
    again.get_by_role("button", name="复制上次处方").click()
    expect(again.locator(".line-copied")).to_have_count(1)
    expect(again.locator("[data-pad-missing]")).to_contain_text("未确认")
    again.get_by_role("button", name="确认此行").click()
    expect(again.locator(".line-copied")).to_have_count(0)


def give_reasons(pad: Page) -> None:
    """Each finding that asks for it is signed again; what is asked for is told by the page."""
    saved(pad)
    asked = pad.locator("form.resign")
    while count := asked.count():
        asked.first.locator("input").fill("样例：病情需要，已告知")
        asked.first.locator("button").click()
        expect(asked).to_have_count(count - 1)
    expect(pad.locator("[data-pad-sign].is-ready")).to_have_count(1)
