"""A recorded call of several segments, played back at the desk as one; who watched, the patient reads."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import CAMERA, HE, SEES, call, hang_up, meeting
from tests.e2e.steps import fits
from tests.support.cluster import Cluster
from tests.support.live import live_house
from tests.support.sandbox import Sandbox

#: A call no recorder comes to is over in ten seconds, however busy the machine is.
pytestmark = pytest.mark.alone

SEGMENT_S = 4
#: Long enough for three whole segments and a rest.
TALKED = f"() => document.querySelector('.tile-call video').currentTime > {3 * SEGMENT_S + 3}"
#: What the first leg of the record plays: notes each segment as it begins and as it is through.
NOTED = """() => {
  const leg = document.querySelector('[data-leg]');
  const video = leg.querySelector('video');
  window.played = [];
  const parts = [...leg.querySelectorAll('[data-part]')];
  const at = () => parts.findIndex((part) => part.hasAttribute('aria-current'));
  video.addEventListener('playing', () => {
    const known = window.played[at()];
    if (!known) window.played[at()] = { from: video.currentTime, seconds: 0, size: video.videoWidth };
  });
  video.addEventListener('timeupdate', () => {
    if (window.played[at()]) window.played[at()].seconds = video.currentTime;
  });
  video.addEventListener('ended', () => { window.through = (window.through || 0) + 1; });
}"""


@pytest.fixture
def house(cluster: Cluster, template: str, sandbox: Sandbox) -> Iterator[str]:
    short = {"TELEHEALTH_RECORDER__SEGMENT_S": str(SEGMENT_S)}
    database = cluster.clone(template)
    with (
        tempfile.TemporaryDirectory() as home,
        live_house(Path(home), database, sandbox, records=True, more=short) as url,
    ):
        yield url
    cluster.drop(database)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *CAMERA])
        yield launched
        launched.close()


def test_a_recording_of_several_segments_plays_as_one_and_the_patient_sees_who_watched(
    browser: Browser, house: str
) -> None:
    with meeting(browser, house, HE) as (patient, doctor):
        call(doctor, patient, "video")
        for page in (patient, doctor):
            page.wait_for_function(SEES)
            # The recorder has ten seconds, and may still be starting.
            expect(page.get_by_text("正在录音录像").first).to_be_visible(timeout=12_000)
        doctor.wait_for_function(TALKED, timeout=60_000)
        hang_up(doctor, patient)
        room = patient.url.rpartition("/")[2]

        parts = shipped(doctor, f"{house}/staff/rooms/{room}/record")
        fits(doctor)
        doctor.evaluate(NOTED)
        parts.first.click()
        doctor.wait_for_function("() => window.through >= 3", timeout=60_000)
        played = doctor.evaluate("() => window.played.filter((one, at) => at < window.through)")
        for one in played:
            # From its beginning, with a picture, as long as it is: each began at a key frame.
            assert one["from"] < 0.5
            assert one["size"] > 0
            assert abs(one["seconds"] - SEGMENT_S) < 2
        expect(doctor.locator("[data-leg] [data-player-said]").first).to_be_empty()

        doctor.reload()
        seen = doctor.locator("table tr", has=doctor.get_by_role("cell", name="录音录像"))
        begun = seen.count()
        assert begun >= 3
        patient.goto(f"{house}/rooms/{room}/record")
        watched = patient.locator("section.card-list .cell", has_text="录音录像")
        expect(watched).to_have_count(begun)
        expect(watched.first).to_contain_text(re.compile(r"\d\d:\d\d"))
        fits(patient)


def shipped(doctor: Page, record: str) -> Locator:
    """The parts of the first leg, once three of them are on the shelf."""
    parts = doctor.locator("[data-leg]").first.locator("[data-part]")
    for _ in range(30):
        doctor.goto(record)
        if parts.count() >= 3:
            break
        doctor.wait_for_timeout(500)
    expect(doctor.get_by_text("完整，没有改动")).to_be_visible()
    assert parts.count() >= 3
    return parts
