"""The doctor's pages as axe reads them, at the desk and on a phone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.rooms import CHEN, DOCTOR, DONG, HE, room_of, somebody
from tests.e2e.steps import fits

#: Seen and signed off in the sample, with a follow-up.
XU = "13800000111"
WIDTHS = (1280, 390)

Visit = Callable[[int, str], Page]


@pytest.fixture
def visit(chromium: Browser, live: str) -> Iterator[Visit]:
    with ExitStack() as pages:

        def visit(width: int, path: str) -> Page:
            doctor = pages.enter_context(somebody(chromium, live, DOCTOR.login, width=width))
            answer = doctor.goto(f"{live}{path}")
            assert answer is not None
            assert answer.ok
            return doctor

        yield visit


@pytest.fixture(scope="module")
def rooms(chromium: Browser, live: str) -> dict[str, str]:
    """Rooms of the sample: a visit going on, one in line, one whose patient feels worse, one that is over."""
    found = {}
    for who in (HE, CHEN, DONG):
        with somebody(chromium, live, who) as patient:
            found[who] = room_of(patient, live)
    with somebody(chromium, live, XU) as patient:
        patient.goto(f"{live}/orders?group=over")
        visit = patient.locator("a.order[href*=bookings]").first
        found[XU] = str(visit.get_attribute("href")).rpartition("/")[2]
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/staff/line", "/staff/follow-ups", "/staff/alarms"])
def test_the_lists_of_the_desk_read_well(visit: Visit, path: str, width: int) -> None:
    fits(visit(width, path))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("who", [HE, CHEN, DONG])
@pytest.mark.parametrize("pane", ["talk", "file", "line"])
def test_a_room_at_the_desk_reads_well(
    visit: Visit, rooms: dict[str, str], who: str, pane: str, width: int
) -> None:
    doctor = visit(width, f"/staff/rooms/{rooms[who]}?pane={pane}")
    expect(doctor.locator("[data-net=open]")).to_have_count(1)
    fits(doctor)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("who", [HE, XU])
def test_a_record_at_the_desk_reads_well(visit: Visit, rooms: dict[str, str], who: str, width: int) -> None:
    fits(visit(width, f"/staff/rooms/{rooms[who]}/record"))
