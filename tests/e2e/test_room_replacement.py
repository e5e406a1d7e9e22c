"""A path gone for longer than a restart can mend: both pages build a new connection, in the same call."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.rooms import HE, SEES, call, hang_up, meeting
from tests.e2e.test_room_network import KEPT, browser, coturn, fair, house, weather
from tests.support.shaper import Weather

__all__ = ["browser", "coturn", "fair", "house", "weather"]
#: A call no recorder comes to is over in ten seconds, however busy the machine is.
pytestmark = pytest.mark.alone

#: `REPLACE_AFTER_MS` of static/js/room/peer.js, and what a browser takes to see that a path is gone.
REPLACED_WITHIN_MS = 60_000
#: Two-way connections that this page ever made; the one to the recorder only sends.
TALKS = """() => window.kept.filter(
  (pc) => pc.signalingState === 'closed' ? pc.talked
    : (pc.talked = pc.getTransceivers().some((each) => each.direction === 'sendrecv')))"""
#: What came over the newest of them: samples of sound and pictures.
CAME = f"""async () => {{
  const came = {{ audio: 0, video: 0 }};
  const newest = ({TALKS})().pop();
  for (const stat of (await newest.getStats()).values()) {{
    if (stat.type === 'inbound-rtp' && stat.kind === 'audio') came.audio = stat.totalSamplesReceived || 0;
    if (stat.type === 'inbound-rtp' && stat.kind === 'video') came.video = stat.framesDecoded || 0;
  }}
  return came;
}}"""
#: Three seconds of sound, a second of pictures.
ENOUGH = f"async () => {{ const came = await ({CAME})(); return came.audio > 144000 && came.video > 15; }}"


def talks(page: Page) -> int:
    return int(page.evaluate(f"() => ({TALKS})().length"))


def test_a_path_gone_for_half_a_minute_is_replaced_in_the_same_call(
    browser: Browser, house: str, weather: tuple[int, Weather]
) -> None:
    with meeting(browser, house, HE, script=KEPT) as (patient, doctor):
        call(doctor, patient, "video")
        both = (patient, doctor)
        for page in both:
            page.wait_for_function(SEES)
            expect(page.get_by_text("正在录音录像").first).to_be_visible()
            assert talks(page) == 1

        weather[1].is_cut = True
        for page in both:
            page.wait_for_function(f"() => ({TALKS})().length > 1", timeout=REPLACED_WITHIN_MS)
            assert page.evaluate("() => window.kept[0].signalingState") == "closed"
        weather[1].is_cut = False
        for page in both:
            page.wait_for_function(ENOUGH, timeout=60_000)
            # It is the new connection that the page shows.
            shown = page.evaluate("() => document.querySelector('.tile-call video').currentTime")
            page.wait_for_function(
                "(had) => document.querySelector('.tile-call video').currentTime > had + 1", arg=shown
            )
            expect(page.locator("[data-call-part=state]")).to_be_hidden()
            expect(page.locator("[data-room-log] .sys", has_text="通话结束")).to_have_count(0)
        hang_up(doctor, patient)
        for page in both:
            expect(page.locator("[data-room-log] .sys", has_text="通话结束")).to_have_count(1)
