"""What two people do in a room, step by step, as the journeys share it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
from playwright.sync_api import Browser, BrowserContext, Page, expect

from telehealth.demo.accounts import STAFF
from tests.e2e.conftest import PATIENCE_MS

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
          "--allow-loopback-in-peer-connection")  # fmt: skip
DOCTOR = next(one for one in STAFF if one.login == "doctor.yunan")
HE, CHEN, DONG = "13800000103", "13800000102", "13800000120"
#: A picture of the other side that moves.
SEES = """() => {
  const video = document.querySelector('.tile-call video');
  return Boolean(video && video.videoWidth > 0 && video.currentTime > 0 && !video.paused);
}"""
#: Sound of the other side plays, whatever is drawn.
HEARS = """() => {
  const audio = document.querySelector('.tile-call audio');
  const [track] = audio && audio.srcObject ? audio.srcObject.getAudioTracks() : [];
  return Boolean(track && !track.muted && audio.currentTime > 0 && !audio.paused);
}"""
#: Every connection of the page goes through the relay or not at all.
RELAYED = """
const Direct = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Direct {
  constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }
};
"""


@contextmanager
def somebody(browser: Browser, house: str, who: str, *, width: int = 390, script: str = "") -> Iterator[Page]:
    """Signed in on a device of their own, or "" for nobody; the page's own errors fail the test."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 844}, locale="zh-CN", permissions=["camera", "microphone"]
    )
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    assert not who or page.request.post(f"{house}/demo/enter", form={"who": who}).ok
    yield page
    context.close()
    assert problems == []


@contextmanager
def meeting(
    browser: Browser, house: str, who: str, *, desk: str = "", script: str = ""
) -> Iterator[tuple[Page, Page]]:
    """The patient on a phone, the doctor at the desk; admitted, and both agreed to be recorded.

    `desk` is the doctor's address of the house when it is another.
    """
    with (
        somebody(browser, house, who, script=script) as patient,
        somebody(browser, desk or house, DOCTOR.login, width=1360, script=script) as doctor,
    ):
        room = room_of(patient, house)
        patient.goto(f"{house}/rooms/{room}")
        admit(doctor, desk or house, room)
        for page in (patient, doctor):
            agree(page)
        yield patient, doctor


def room_of(patient: Page, house: str) -> str:
    patient.goto(f"{house}/orders?group=coming")
    for link in patient.locator("a.order").all():
        room = str(link.get_attribute("href")).rpartition("/")[2]
        if patient.request.get(f"{house}/api/v1/rooms/{room}").ok:
            return room
    raise LookupError("no room")


def admit(doctor: Page, house: str, room: str) -> None:
    """REG6: the second factor, then the file, then the patient."""
    where = f"{house}/staff/rooms/{room}"
    doctor.goto(f"{where}?pane=file")
    button = doctor.get_by_role("button", name="接诊", exact=True)
    if button.count():
        press_admit(doctor)
        doctor.wait_for_load_state()
        if "step-up" in doctor.url:
            doctor.locator("input[name=code]").fill(pyotp.TOTP(DOCTOR.totp_secret).now())
            doctor.locator("main button[type=submit]").first.click()
            expect(button).to_be_visible()
            press_admit(doctor)
    doctor.goto(where)
    expect(doctor.locator("[data-room-text]")).to_be_enabled()


def press_admit(doctor: Page) -> None:
    doctor.locator("input[name=fit]").check(force=True)
    doctor.get_by_role("button", name="接诊", exact=True).click()


def agree(page: Page) -> None:
    """Unless they did before."""
    asks, done = (page.locator(f"[data-room-consent{what}]:visible") for what in ("", "-change"))
    expect(asks.or_(done).first).to_be_visible()
    if asks.count():
        asks.locator("[data-consent=yes]").click()
        expect(done).to_be_visible()


def write(page: Page, text: str) -> None:
    page.locator("[data-room-text]").fill(text)
    page.get_by_role("button", name="发送", exact=True).click()


def said(page: Page, text: str) -> None:
    expect(page.locator("[data-room-log] .bub", has_text=text)).to_have_count(1)


def call(caller: Page, other: Page, media: str) -> None:
    caller.locator(f"[data-call=start-{media}]").first.click()
    accept = other.locator(f"[data-call-when=ringing] [data-call=accept-{media}]")
    expect(accept).to_be_visible()
    accept.click()


def hang_up(page: Page, other: Page) -> None:
    page.locator("[data-call=hang-up]").click()
    for each in (page, other):
        expect(each.locator("[data-room-call]")).to_be_hidden()


def back_within(page: Page, seconds: float, sign: str) -> None:
    """A machine busy with something else is asked again: what this page can do is its best of five."""
    took: list[float] = []
    while not took or took[-1] >= seconds:
        assert len(took) < 5, f"not back within {seconds} s: {took}"
        begun = time.monotonic()
        page.reload()
        page.wait_for_function(sign)
        took.append(time.monotonic() - begun)
