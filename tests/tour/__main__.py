"""`make tour`: walk the demo hospital as every role, in Chromium, and keep what is seen in docs/shots.

The house is a fresh one, the pages are those a person reaches by pressing what is there. README and
docs/tour.md show the pictures; look at each before committing it.
"""

import re
import sys
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.house import fresh_house
from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import CAMERA, HE, SEES, call, hang_up, meeting, somebody
from tests.support.programs import ROOT

SHOTS = ROOT / "docs" / "shots"
PHONE, DESK = 390, 1440
ZHOU, CHEN, LUO = "13800000101", "13800000102", "13800000105"
XU, MA, DING = "13800000111", "13800000119", "13800000124"


@dataclass(frozen=True, slots=True)
class Stop:
    """One picture: who stands where, and what they pressed to get there."""

    name: str
    who: str
    path: str
    width: int = PHONE
    #: Pressed one after the other, by their words or by a selector.
    presses: tuple[str, ...] = ()
    lang: str = "zh-CN"
    theme: str = "light"
    elder: bool = False
    #: The whole page instead of what a window shows.
    whole: bool = False


PATIENT = (
    Stop("home", ZHOU, "/"),
    Stop("home-dark", ZHOU, "/", theme="dark"),
    Stop("home-elder", HE, "/", elder=True),
    Stop("home-en", ZHOU, "/", lang="en"),
    Stop("refused", LUO, "/h/yunan/check?kind=internet", presses=("main a[href*='person=']",)),
    Stop("slots", ZHOU, "/h/yunan/book?kind=offline", presses=tuple(
         f"main a[href*='{step}=']" for step in ("person", "campus", "department", "doctor"))),
    Stop("held", ZHOU, "/h/yunan/book?kind=offline", presses=(*(
         f"main a[href*='{step}=']" for step in ("person", "campus", "department", "doctor")),
         "main .slots a", "main form[data-form] button[type=submit]")),
    Stop("prices", ZHOU, "/h/yunan/prices"),
    Stop("orders", XU, "/orders"),
    Stop("promises", DING, "/orders", presses=("a.order[href*=prescriptions]",)),
    Stop("refund", ZHOU, "/orders?group=over", presses=("a.order",)),
    Stop("waiting", CHEN, "/orders?group=coming", presses=("a.order", "a[href^='/rooms/']")),
    Stop("prescription", XU, "/prescriptions", presses=("main a[href^='/prescriptions/']",)),
    Stop("parcel", DING, "/prescriptions", presses=("main a[href^='/prescriptions/']",)),
    Stop("records", XU, "/records"),
    Stop("shares", HE, "/shares"),
    Stop("bills", MA, "/bills"),
    Stop("family", ZHOU, "/family"),
    Stop("complaints", XU, "/complaints"),
    Stop("messages", XU, "/messages"),
    Stop("me", ZHOU, "/me"),
)  # fmt: skip
STAFF = (
    Stop("worklist", "doctor.yunan", "/staff", DESK),
    Stop("line", "doctor.yunan", "/staff/line", DESK),
    Stop("line-phone", "doctor.yunan", "/staff/line"),
    Stop("reviews", "pharmacist.yunan", "/staff/reviews", DESK, presses=("main a[href^='/staff/reviews/']",)),
    Stop("dispatch", "pharmacy.yunan", "/staff/dispatch", DESK),
    Stop("dispatch-phone", "pharmacy.yunan", "/staff/dispatch"),
    Stop("clinics", "desk.yunan", "/staff/clinics", DESK),
    Stop("queue", "desk.yunan", "/staff/queue", DESK, presses=("main a[href^='/staff/queue/']",)),
    Stop("identity", "reviewer.yunan", "/staff/identity-reviews", DESK),
    Stop("money", "finance.yunan", "/staff/money", DESK),
    Stop("rulebook", "admin.yunan", "/admin/rulebook", DESK),
    Stop("audit", "admin.yunan", "/admin/audit", DESK),
    Stop("figures", "head.yunan", "/staff/figures", DESK, whole=True),
    Stop("figures-dark", "head.yunan", "/staff/figures", DESK, theme="dark"),
    Stop("report", "head.yunan", "/staff/daily-reports", DESK),
)


def main(wanted: list[str]) -> int:
    SHOTS.mkdir(exist_ok=True)
    stops = [stop for stop in (*PATIENT, *STAFF) if not wanted or stop.name in wanted]
    with fresh_house() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *CAMERA])
        missing = [stop.name for stop in stops if not _take(browser, url, stop)]
        if not wanted or "room" in wanted:
            _call(browser, url)
        browser.close()
    for name in missing:
        print(f"not reached: {name}", file=sys.stderr)
    return 1 if missing else 0


def _take(browser: Browser, url: str, stop: Stop) -> bool:
    """Whether the way there exists."""
    with somebody(browser, url, stop.who, width=stop.width) as page:
        page.set_viewport_size({"width": stop.width, "height": 844 if stop.width == PHONE else 900})
        chosen: dict[str, str | float | bool] = {
            "lang": stop.lang,
            "theme": stop.theme,
            "elder": "1" if stop.elder else "0",
            "next": "/",
        }
        page.request.post(f"{url}/preferences", form=chosen)
        answer = page.goto(f"{url}{stop.path}")
        if answer is None or not answer.ok:
            return False
        for press in stop.presses:
            target = page.locator(press).first
            if not target.count():
                return False
            target.click()
            page.wait_for_load_state()
        _keep(page, stop.name, whole=stop.whole)
    return True


def _call(browser: Browser, url: str) -> None:
    """A video call as both sides see it: the picture is the browser's own test card."""
    with meeting(browser, url, HE) as (patient, doctor):
        doctor.set_viewport_size({"width": DESK, "height": 900})
        _keep(patient, "room")
        call(doctor, patient, "video")
        for page in (patient, doctor):
            page.wait_for_function(SEES)
        _keep(patient, "call")
        _keep(doctor, "console")
        hang_up(doctor, patient)


def _keep(page: Page, name: str, *, whole: bool = False) -> None:
    # What moves by itself would make another picture each time.
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    width = page.viewport_size["width"] if page.viewport_size else PHONE
    page.screenshot(path=SHOTS / f"{re.sub('-phone$', '', name)}-{width}.png", full_page=whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
