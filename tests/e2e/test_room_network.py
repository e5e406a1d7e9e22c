"""A call on a bad network: two browsers that reach each other only through a narrow, lossy relay."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import CAMERA, CHEN, HE, RELAYED, SEES, call, hang_up, meeting, said, write
from tests.support.cluster import Cluster
from tests.support.coturn import SECRET, Coturn, coturn
from tests.support.live import live_house
from tests.support.sandbox import Sandbox
from tests.support.shaper import Weather, shaped

__all__ = ["coturn"]
#: A second browser beside these two would take the sound away, not the network.
pytestmark = pytest.mark.alone

#: Keeps the page's connections where a test can reach them.
KEPT = (
    RELAYED
    + """
window.kept = [];
const Relayed = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Relayed {
  constructor(configuration) { super(configuration); window.kept.push(this); }
};
"""
)
#: Sound of the other side, over all connections there were: samples, and those made up for lost ones.
HEARD = """async () => {
  for (const pc of window.kept) {
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') {
        pc.heard = [stat.totalSamplesReceived || 0, stat.concealedSamples || 0];
      }
    }
  }
  const sum = (at) => window.kept.reduce((all, pc) => all + (pc.heard ? pc.heard[at] : 0), 0);
  return [sum(0), sum(1)];
}"""
#: Pictures of the other side that were drawn.
DRAWN = """async () => {
  let frames = 0;
  for (const pc of window.kept) {
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'video') frames += stat.framesDecoded || 0;
    }
  }
  return [frames];
}"""
A_SECOND_OF_SOUND = 48_000
#: How often eight seconds are listened to at most.
TRIES = 12


def grown(page: Page, count: str, by: int, *, within_s: float = 60, had: float | None = None) -> None:
    """Wait until the first number that `count` tells has grown by so much, since it was `had` or from now."""
    if had is None:
        had = page.evaluate(count)[0]
    for _ in range(int(within_s * 4)):
        if page.evaluate(count)[0] - had >= by:
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{page.evaluate(count)[0] - had} of {by} in {within_s} s")


def voices_go_on(*pages: Page) -> None:
    """Of some eight seconds, less than a third are gaps that were filled in, on each page.

    A machine that is busy with something else loses sound of its own, so it is listened to again.
    """
    shares: dict[Page, list[float]] = {page: [] for page in pages}
    while left := [page for page in pages if min(shares[page], default=1) >= 1 / 3]:
        if len(shares[left[0]]) == TRIES:
            measured = "; ".join(", ".join(f"{share:.0%}" for share in shares[page]) for page in pages)
            raise AssertionError(f"gaps in every eight seconds, on each page: {measured}")
        before = {page: page.evaluate(HEARD) for page in left}
        for page in left:
            grown(page, HEARD, 8 * A_SECOND_OF_SOUND, had=before[page][0])
            samples, made_up = (
                now - then for now, then in zip(page.evaluate(HEARD), before[page], strict=True)
            )
            shares[page].append(made_up / samples)


@pytest.fixture(scope="module")
def weather(coturn: Coturn) -> Iterator[tuple[int, Weather]]:
    with shaped(("127.0.0.1", coturn.port)) as narrow:
        yield narrow


@pytest.fixture(scope="module")
def house(cluster: Cluster, template: str, sandbox: Sandbox, weather: tuple[int, Weather]) -> Iterator[str]:
    relay = {
        "TELEHEALTH_TURN": json.dumps(
            {"urls": [f"turn:127.0.0.1:{weather[0]}?transport=udp"], "secret": SECRET}
        )
    }
    database = cluster.clone(template)
    with (
        tempfile.TemporaryDirectory() as home,
        live_house(Path(home), database, sandbox, records=True, more=relay) as url,
    ):
        yield url
    cluster.drop(database)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *CAMERA])
        yield launched
        launched.close()


@pytest.fixture(autouse=True)
def fair(weather: tuple[int, Weather]) -> Iterator[None]:
    yield
    weather[1].loss, weather[1].rate, weather[1].is_cut = 0.0, None, False


def test_the_picture_goes_before_the_sound_and_comes_back(
    browser: Browser, house: str, weather: tuple[int, Weather]
) -> None:
    with meeting(browser, house, HE, script=KEPT) as (patient, doctor):
        call(doctor, patient, "video")
        both = (patient, doctor)
        for page in both:
            page.wait_for_function(SEES)
            expect(page.get_by_text("正在录音录像").first).to_be_visible()

        weather[1].loss, weather[1].rate = 0.10, 60_000
        for page in both:
            expect(page.get_by_text("已暂停您的画面").first).to_be_visible(timeout=120_000)
        # What was under way when it narrowed has to drain first.
        grown(patient, HEARD, 6 * A_SECOND_OF_SOUND)
        voices_go_on(*both)
        patient.locator("[data-call=small]").click()
        write(patient, "画面卡，声音还能听见")
        said(doctor, "画面卡，声音还能听见")

        weather[1].loss, weather[1].rate = 0.0, None
        for page in both:
            grown(page, DRAWN, 15, within_s=180)
        hang_up(doctor, patient)


def test_a_dropped_path_heals_without_a_new_call(
    browser: Browser, house: str, weather: tuple[int, Weather]
) -> None:
    with meeting(browser, house, CHEN, script=KEPT) as (patient, doctor):
        call(patient, doctor, "video")
        both = (patient, doctor)
        for page in both:
            page.wait_for_function(SEES)
            expect(page.get_by_text("正在录音录像").first).to_be_visible()
        weather[1].is_cut = True
        for page in both:
            page.wait_for_function(
                "() => window.kept.some((pc) => ['disconnected', 'failed'].includes(pc.iceConnectionState))",
                timeout=90_000,
            )
        patient.locator("[data-call=small]").click()
        write(patient, "断了一下")
        said(doctor, "断了一下")
        weather[1].is_cut = False
        for page in both:
            grown(page, DRAWN, 15, within_s=120)
        hang_up(patient, doctor)
