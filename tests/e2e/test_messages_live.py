"""Somebody is told while they look: the badge and the row arrive by themselves, and settings read well."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.rooms import DOCTOR, somebody
from tests.e2e.steps import fits

#: A sample with seats to give back.
HE = "13800000103"


def give_one_back(page: Page, house: str) -> None:
    """By the app, on the same account: the page hears of it from nobody but the server."""
    booked = page.request.get(f"{house}/api/v1/bookings").json()["items"]
    for one in booked:
        path = f"{house}/api/v1/bookings/{one['id']}/cancellation"
        if page.request.post(path, headers={"Origin": house}, data={}).ok:
            return
    raise AssertionError("no sample seat can be given back")


def test_a_new_message_and_its_badge_arrive_without_a_reload(chromium: Browser, live: str) -> None:
    with somebody(chromium, live, HE) as reader:
        reader.goto(f"{live}/messages")
        expect(reader.locator("#unread .badge")).to_be_visible()
        # The refund's own message may come after it.
        rows = reader.locator("#inbox .cell", has_text="预约已取消")
        before = rows.count()
        reader.evaluate("window.stayed = true")
        give_one_back(reader, live)
        expect(rows.nth(before)).to_be_visible()
        assert reader.evaluate("window.stayed") is True


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("path", ["/messages", "/messages/settings"])
def test_a_patients_messages_read_well(chromium: Browser, live: str, path: str, width: int) -> None:
    with somebody(chromium, live, HE, width=width) as page:
        page.goto(f"{live}{path}")
        fits(page)


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    ("who", "path"),
    [
        (DOCTOR.login, "/staff/messages/settings"),
        ("desk.yunan", "/staff/deliveries"),
        ("desk.yunan", f"/staff/deliveries?phone={HE}"),
    ],
)
def test_the_desks_messages_read_well(chromium: Browser, live: str, who: str, path: str, width: int) -> None:
    with somebody(chromium, live, who, width=width) as page:
        page.goto(f"{live}{path}")
        fits(page)
