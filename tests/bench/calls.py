"""Two real browsers in the demo house: how soon one sees the other, and is back after a reload.

Both, the recorder and the house share this machine, and a browser without a graphics card draws by CPU.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.bench.figures import Figure, Figures
from tests.bench.house import demo
from tests.bench.ports import free_port
from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import CAMERA, HE, SEES, hang_up, meeting

CALLS = 7
RELOADS = 7
#: How often the page is asked whether it shows the other side.
_LOOK_MS = 20


def measure() -> Figures:
    with _pages() as (patient, doctor):
        setups = [_set_up(doctor, patient) for _ in range(CALLS)]
        yield Figure("call_setup", round(statistics.median(setups), 2), "s (p50)", "<= 1.5", _rounds(setups))
        _ring(doctor, patient)
        _seen(patient, doctor)
        sides = {"patient": patient, "doctor": doctor}
        backs = {side: [_back(page) for _ in range(RELOADS)] for side, page in sides.items()}
        every = [each for rounds in backs.values() for each in rounds]
        yield Figure(
            "rejoin_after_reload", round(statistics.median(every), 2), "s (p50)", "<= 2",
            {side: _rounds(rounds)["rounds_s"] for side, rounds in backs.items()},
        )  # fmt: skip


@contextmanager
def _pages() -> Iterator[tuple[Page, Page]]:
    with tempfile.TemporaryDirectory(prefix="th-bench-") as folder, sync_playwright() as playwright:
        Path(folder).chmod(0o711)
        port = free_port()
        env = {
            **os.environ,
            "TELEHEALTH_HOME": folder,
            "TELEHEALTH_PORT": str(port),
            "TELEHEALTH_SANDBOX_PORT": str(free_port()),
        }
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *CAMERA])
        with demo(env, within_s=120), meeting(browser, f"http://127.0.0.1:{port}", HE) as both:
            yield both
        browser.close()


def _ring(doctor: Page, patient: Page) -> float:
    """When the patient accepted."""
    doctor.locator("[data-call=start-video]").first.click()
    accept = patient.locator("[data-call-when=ringing] [data-call=accept-video]")
    expect(accept).to_be_visible()
    began = time.perf_counter()
    accept.click()
    return began


def _seen(*pages: Page) -> None:
    for page in pages:
        page.wait_for_function(SEES, polling=_LOOK_MS)


def _set_up(doctor: Page, patient: Page) -> float:
    """From the click that accepts to the first picture on both sides."""
    began = _ring(doctor, patient)
    _seen(patient, doctor)
    took = time.perf_counter() - began
    for page in (patient, doctor):
        expect(page.get_by_text("正在录音录像").first).to_be_visible()
    hang_up(doctor, patient)
    return took


def _back(page: Page) -> float:
    """From the reload to the picture of the other side."""
    began = time.perf_counter()
    page.reload(wait_until="commit")
    page.wait_for_function(SEES, polling=_LOOK_MS)
    return time.perf_counter() - began


def _rounds(seconds: list[float]) -> dict[str, list[float]]:
    return {"rounds_s": [round(each, 2) for each in seconds]}
