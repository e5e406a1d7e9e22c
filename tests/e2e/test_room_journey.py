"""Two real browsers in one room: they write, call, are thrown out and are back; nobody else gets in."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from telehealth.demo.accounts import STAFF
from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.steps import fits
from tests.support.cluster import Cluster
from tests.support.coturn import SECRET, Coturn, coturn
from tests.support.live import live_house
from tests.support.sandbox import Sandbox

__all__ = ["coturn"]

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


@pytest.fixture(scope="module")
def house(cluster: Cluster, template: str, sandbox: Sandbox, coturn: Coturn) -> Iterator[str]:
    """With a relay and a recorder, as the demo has them."""
    relay = {"TELEHEALTH_TURN": json.dumps({"urls": [coturn.url, coturn.tcp_url], "secret": SECRET})}
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


@contextmanager
def somebody(browser: Browser, house: str, who: str, *, width: int = 390, script: str = "") -> Iterator[Page]:
    """Signed in on a device of their own; the page's own errors fail the test."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 844}, locale="zh-CN", permissions=["camera", "microphone"]
    )
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    assert page.request.post(f"{house}/demo/enter", form={"who": who}).ok
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def meet(browser: Browser, house: str) -> Iterator[Callable[..., tuple[Page, Page]]]:
    """The patient on a phone, the doctor at the desk; admitted, and both agreed to be recorded."""
    with ExitStack() as open_pages:

        def pair(who: str, *, script: str = "") -> tuple[Page, Page]:
            patient = open_pages.enter_context(somebody(browser, house, who, script=script))
            doctor = open_pages.enter_context(
                somebody(browser, house, DOCTOR.login, width=1360, script=script)
            )
            room = room_of(patient, house)
            patient.goto(f"{house}/rooms/{room}")
            admit(doctor, house, room)
            for page in (patient, doctor):
                agree(page)
            return patient, doctor

        yield pair


def room_of(patient: Page, house: str) -> str:
    patient.goto(f"{house}/bookings?group=coming")
    for link in patient.locator("a.booking").all():
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
    begun = time.monotonic()
    page.reload()
    page.wait_for_function(sign)
    assert time.monotonic() - begun < seconds


def test_XY25_two_people_write_reload_and_lose_nothing(meet: Callable[..., tuple[Page, Page]]) -> None:
    patient, doctor = meet(CHEN)
    write(patient, "医生您好，降糖药要和降压药分开吃吗")
    said(doctor, "降糖药要和降压药分开吃吗")
    mine = patient.locator("[data-room-log] .msg-me", has_text="降糖药")
    expect(mine.locator(".rcpt")).to_have_text("已读")
    fits(patient)

    write(doctor, "可以一起吃，饭后半小时")
    said(patient, "可以一起吃，饭后半小时")

    # Cut off, somebody writes on; it leaves when the network is back, once.
    patient.context.set_offline(True)
    write(patient, "好的，那晚上那次呢")
    write(patient, "睡前量了 142")
    expect(patient.locator(".chat-pending .msg")).to_have_count(2)
    patient.context.set_offline(False)
    said(doctor, "好的，那晚上那次呢")
    said(doctor, "睡前量了 142")
    texts = doctor.locator("[data-room-log] .msg .bub").all_inner_texts()
    assert texts.index("好的，那晚上那次呢") < texts.index("睡前量了 142")

    for page in (patient, doctor):
        page.reload()
        said(page, "可以一起吃，饭后半小时")
        said(page, "睡前量了 142")


def test_a_voice_call_and_a_video_call_outlive_a_reload_of_either_side(
    meet: Callable[..., tuple[Page, Page]],
) -> None:
    patient, doctor = meet(HE)
    call(doctor, patient, "audio")
    for page in (patient, doctor):
        page.wait_for_function(HEARS)
    expect(patient.get_by_text("正在录音录像").first).to_be_visible()
    hang_up(doctor, patient)

    call(patient, doctor, "video")
    for page in (patient, doctor):
        page.wait_for_function(SEES)
    fits(patient)
    back_within(patient, 5, SEES)
    doctor.wait_for_function(SEES)
    back_within(doctor, 5, SEES)
    patient.wait_for_function(SEES)
    # Reading and writing go on beside the picture.
    patient.locator("[data-call=small]").click()
    write(patient, "我把手机靠近一点")
    said(doctor, "我把手机靠近一点")
    hang_up(patient, doctor)
    expect(patient.locator("[data-room-log] .sys", has_text=re.compile("通话结束"))).to_have_count(2)


def test_a_call_goes_through_the_relay_when_nothing_else_does(
    meet: Callable[..., tuple[Page, Page]],
) -> None:
    patient, doctor = meet(DONG, script=RELAYED)
    call(doctor, patient, "video")
    for page in (patient, doctor):
        page.wait_for_function(SEES)
    hang_up(doctor, patient)

    patient.locator("[data-open-check]").click()
    expect(patient.locator("[data-check=network]")).to_have_attribute("data-state", "ok")
    expect(patient.locator("[data-check=camera]")).to_have_attribute("data-state", "ok")


def test_an_uninvited_third_party_finds_no_room(browser: Browser, house: str) -> None:
    with somebody(browser, house, HE) as patient, somebody(browser, house, CHEN) as stranger:
        room = room_of(patient, house)
        assert stranger.goto(f"{house}/rooms/{room}").status == 404  # type: ignore[union-attr]
        assert stranger.request.post(f"{house}/api/v1/rooms/{room}/ticket", data={}).status == 404
        given = patient.request.post(f"{house}/api/v1/rooms/{room}/ticket", data={}).json()
        # Somebody else's ticket is worth nothing to them.
        stranger.goto(f"{house}/bookings")
        code = stranger.evaluate(
            """({ path, ticket }) => new Promise((done) => {
              const socket = new WebSocket(location.origin.replace('http', 'ws') + path);
              const page = '5f0c7c0e-0000-4000-8000-000000000000';
              const hello = { type: 'hello', ticket, versions: [1], page };
              socket.onopen = () => socket.send(JSON.stringify(hello));
              socket.onmessage = (said) => JSON.parse(said.data).type === 'welcome' && done('welcome');
              socket.onclose = (end) => done(end.code);
            })""",
            {"path": given["socket"], "ticket": given["ticket"]},
        )
        assert code == 4403
