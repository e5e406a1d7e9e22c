"""Two real browsers in one room: they write, call, are thrown out and are back; nobody else gets in."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import (
    CAMERA,
    CHEN,
    DONG,
    HE,
    HEARS,
    RELAYED,
    SEES,
    back_within,
    call,
    hang_up,
    meeting,
    room_of,
    said,
    somebody,
    write,
)
from tests.e2e.steps import fits
from tests.support.cluster import Cluster
from tests.support.coturn import SECRET, Coturn, coturn
from tests.support.live import live_house
from tests.support.sandbox import Sandbox

__all__ = ["coturn"]
#: A call no recorder comes to is over in ten seconds, however busy the machine is.
pytestmark = pytest.mark.alone
#: Every connection of the page can be got hold of.
KEPT = """
window.connections = [];
const Plain = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(configuration) { super(configuration); window.connections.push(this); }
};
"""
#: Two-way connections, by the user name of their ICE: a restart changes it.
NAMES = """() => window.connections
  .filter((pc) => pc.signalingState === 'stable')
  .filter((pc) => pc.getTransceivers().some((each) => each.currentDirection === 'sendrecv'))
  .map((pc) => /a=ice-ufrag:(\\S+)/.exec(pc.localDescription.sdp)[1])"""
RESTART = """() => {
  for (const pc of window.connections) {
    if (pc.getTransceivers().some((each) => each.currentDirection === 'sendrecv')) pc.restartIce();
  }
}"""
#: Something on the way forbids sockets.
BARRED = "window.WebSocket = class { constructor() { throw new Error('barred'); } };"


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


@pytest.fixture
def meet(browser: Browser, house: str) -> Iterator[Callable[..., tuple[Page, Page]]]:
    with ExitStack() as open_pages:
        yield lambda who, **more: open_pages.enter_context(meeting(browser, house, who, **more))


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


def test_both_sides_restart_ice_at_once_and_the_picture_stays(
    meet: Callable[..., tuple[Page, Page]],
) -> None:
    patient, doctor = meet(HE, script=KEPT)
    call(doctor, patient, "video")
    for page in (patient, doctor):
        page.wait_for_function(SEES)
    before = [page.evaluate(NAMES) for page in (patient, doctor)]
    assert all(before)
    for page in (patient, doctor):
        page.evaluate(RESTART)
    for page, names in zip((patient, doctor), before, strict=True):
        changed = f"(names) => {{ const now = ({NAMES})(); return now.length && now[0] !== names[0]; }}"
        page.wait_for_function(changed, arg=names)
        shown = page.evaluate("document.querySelector('.tile-call video').currentTime")
        page.wait_for_function(
            "(at) => document.querySelector('.tile-call video').currentTime > at + 1", arg=shown
        )
        expect(page.locator("[data-call-part=state]")).to_be_hidden()
    hang_up(doctor, patient)


def test_where_sockets_are_barred_the_talk_goes_on_by_requests(browser: Browser, house: str) -> None:
    with somebody(browser, house, CHEN, script=BARRED) as patient:
        patient.goto(f"{house}/rooms/{room_of(patient, house)}")
        expect(patient.locator("[data-room-net]")).to_contain_text("慢速")
        write(patient, "这里的网络不让连接")
        said(patient, "这里的网络不让连接")
        expect(patient.locator(".chat-pending .msg")).to_have_count(0)


def test_a_weak_network_costs_the_picture_and_gives_it_back_slowly(browser: Browser, house: str) -> None:
    """What is decided, second by second; the sound is not even asked."""
    with somebody(browser, house, HE) as patient:
        patient.goto(f"{house}/rooms/{room_of(patient, house)}")
        deeds = patient.evaluate(
            """async () => {
              const script = document.querySelector('script[src$="js/room/main.js"]').src;
              const { Quality, STEPS } = await import(script.replace('main.js', 'quality.js'));
              const quality = new Quality();
              const deeds = [];
              for (let second = 1; second <= 60; second += 1) {
                const weak = second <= 10;
                const deed = quality.see({ atMs: second * 1000, availableBps: weak ? 60000 : null,
                                           loss: weak ? 0.1 : 0, rttMs: 80 });
                if (deed) deeds.push([second, deed, quality.capBps]);
              }
              return deeds;
            }"""
        )
    assert deeds == [
        [6, "drop", 800_000], [31, "restore", 150_000], [36, "step", 300_000], [41, "step", 500_000],
        [46, "step", 800_000],
    ]  # fmt: skip


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
