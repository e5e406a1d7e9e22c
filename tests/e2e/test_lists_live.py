"""A list that changes under somebody's hands: it hears of it at once, and leaves them where they are."""

from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.rooms import HE, somebody

HEARS = "import('{path}').then(({{ hears }}) => hears())"
TYPED = """() => {
  const field = document.createElement('input');
  field.id = 'typed';
  field.value = '写到一半';
  document.getElementById('work').append(field);
}"""
#: Longer than a hint needs, shorter than a page that hears waits before it asks by itself.
AT_ONCE_MS = 20_000


def complain(page: Page, house: str) -> str:
    """Somebody else, elsewhere: the desk hears of it from nobody but the server. Where its line leads."""
    body = {"kind": "service", "text": "样例：电话一直没有人接", "hospital": "yunan", "draft": str(uuid4())}
    made = page.request.post(f"{house}/api/v1/complaints", headers={"Origin": house}, data=body)
    assert made.ok, made.text()
    return f"/staff/complaints/{made.json()['id']}"


def line(desk: Page, href: str) -> Locator:
    return desk.locator(f'#work a[data-step][href="{href}"]')


def wait_until_heard(page: Page) -> None:
    """The socket stands: from now on the list asks by itself only every half minute."""
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((one) => one.name.includes('/js/changes.js'))"
    )
    path = page.evaluate(
        "performance.getEntriesByType('resource').find((one) => one.name.includes('/js/changes.js')).name"
    )
    page.wait_for_function(HEARS.format(path=path))


def test_the_list_of_work_hears_at_once_and_keeps_focus_place_and_what_is_open(
    chromium: Browser, live: str
) -> None:
    with (
        somebody(chromium, live, "desk.yunan", width=1440) as desk,
        somebody(chromium, live, HE) as patient,
    ):
        complain(patient, live)
        complain(patient, live)
        desk.set_viewport_size({"width": 1000, "height": 320})
        desk.goto(f"{live}/staff")
        wait_until_heard(desk)
        rows = desk.locator("#work [data-step]")
        expect(rows.nth(1)).to_be_visible()
        # By keyboard: to the last line, Tab to its button.
        desk.keyboard.press("j")
        desk.keyboard.press("End")
        mine = desk.evaluate("document.activeElement.id")
        assert mine.startswith("w-")
        top = desk.evaluate("document.activeElement.getBoundingClientRect().top")
        desk.evaluate("window.stayed = true")
        expect(line(desk, complain(patient, live))).to_be_visible(timeout=AT_ONCE_MS)
        assert desk.evaluate("document.activeElement.id") == mine, "the focus stays on its line"
        assert abs(desk.evaluate("document.activeElement.getBoundingClientRect().top") - top) < 2
        desk.keyboard.press("k")
        assert desk.evaluate("document.activeElement.id") != mine, "and goes on from there"
        assert desk.evaluate("window.stayed") is True


def test_a_button_inside_a_line_keeps_the_focus_and_a_line_that_went_leaves_its_place(
    chromium: Browser, live: str
) -> None:
    with (
        somebody(chromium, live, "desk.yunan", width=1440) as desk,
        somebody(chromium, live, HE) as patient,
    ):
        complain(patient, live)
        desk.goto(f"{live}/staff")
        wait_until_heard(desk)
        take = desk.locator("#work [data-take]").last
        take.focus()
        row = take.locator("xpath=ancestor::li").get_attribute("data-row")
        expect(line(desk, complain(patient, live))).to_be_visible(timeout=AT_ONCE_MS)
        assert desk.evaluate("document.activeElement.matches('[data-take]')")
        assert desk.evaluate("document.activeElement.closest('li').dataset.row") == row
        # The complaint of this line is taken back by who made it.
        href = desk.locator(f'[data-row="{row}"] a[data-step]').get_attribute("href") or ""
        path = f"{live}/api/v1/complaints/{href.rsplit('/', 1)[-1]}/withdrawal"
        assert patient.request.post(path, headers={"Origin": live}).ok
        expect(desk.locator(f'[data-row="{row}"]')).to_have_count(0, timeout=AT_ONCE_MS)
        assert desk.evaluate("document.activeElement.matches('#work [data-step]')"), "not thrown to the top"


def test_what_is_typed_in_a_list_is_not_taken_away_and_a_house_in_trouble_is_said(
    chromium: Browser, live: str
) -> None:
    with (
        somebody(chromium, live, "desk.yunan", width=1440) as desk,
        somebody(chromium, live, HE) as patient,
    ):
        desk.goto(f"{live}/staff")
        wait_until_heard(desk)
        desk.evaluate(TYPED)
        for _ in range(2):
            # The badge beside it hears of the same and asks; after the second time the first is long done.
            with desk.expect_response("**/staff/messages/unread", timeout=AT_ONCE_MS):
                new = complain(patient, live)
        assert desk.locator("#typed").input_value() == "写到一半" and not line(desk, new).count()
        desk.locator("#typed").evaluate("field => field.remove()")
        expect(line(desk, new)).to_be_visible()

        desk.route("**/staff/work", lambda route: route.fulfill(status=503))
        expect(desk.locator("#live-lost")).to_contain_text("可能不是最新")
        desk.unroute("**/staff/work")
        expect(desk.locator("#live-lost")).to_be_hidden()


def test_a_page_left_open_after_signing_out_says_so(chromium: Browser, live: str) -> None:
    with somebody(chromium, live, "desk.yunan", width=1440) as desk:
        desk.goto(f"{live}/staff")
        wait_until_heard(desk)
        out = desk.request.delete(f"{live}/api/v1/sessions/current", headers={"Origin": live})
        assert out.ok
        expect(desk.locator("#live-lost")).to_contain_text("请重新登录", timeout=AT_ONCE_MS)


@pytest.mark.parametrize(
    ("who", "path", "lines"),
    [
        ("desk.yunan", "/staff", "#work [data-step]"),
        ("desk.yunan", "/staff/complaints", "#complaint-queue [data-step]"),
        ("pharmacist.yunan", "/staff/reviews", "#review-queue [data-step]"),
        ("pharmacy.yunan", "/staff/dispatch", "#dispatch-board [data-card]"),
    ],
)
def test_a_list_is_walked_by_keyboard_with_the_place_in_sight_and_enter_opens(
    chromium: Browser, live: str, who: str, path: str, lines: str
) -> None:
    with (
        somebody(chromium, live, HE) as patient,
        somebody(chromium, live, who, width=1440) as staff,
    ):
        complain(patient, live)
        staff.goto(f"{live}{path}")
        expect(staff.locator(lines).first).to_be_visible()
        if not staff.locator("[autofocus]").count():
            # The first Tab of a page offers the way past the rail.
            staff.keyboard.press("Tab")
            expect(staff.locator("a.skip")).to_be_focused()
            staff.keyboard.press("Enter")
            expect(staff.locator("#main")).to_be_focused()
        staff.keyboard.press("j")
        expect(staff.locator(lines).first).to_be_focused()
        assert staff.locator(lines).first.evaluate("line => getComputedStyle(line).boxShadow") != "none"
        target = staff.locator(lines).first.get_attribute("href") or ""
        assert target.startswith("/staff/")
        staff.keyboard.press("Enter")
        staff.wait_for_url(lambda url: url.split("#")[0] == live + target.split("#")[0])
