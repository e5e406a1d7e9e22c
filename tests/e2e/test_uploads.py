"""A photo on its way when the network goes: it arrives by itself, once and only once."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.e2e.rooms import HE, room_of, somebody

#: Slow enough for a test to step in between.
BYTES_A_SECOND = 200_000
WAITS = "网络中断，恢复后自动继续"


@pytest.fixture(scope="module")
def photo() -> FilePayload:
    """Noise does not shrink: above a megabyte."""
    out = io.BytesIO()
    Image.effect_noise((1400, 1100), 120).convert("RGB").save(out, "JPEG", quality=95)
    return {"name": "tongue.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.fixture
def patient(chromium: Browser, live: str) -> Iterator[Page]:
    with somebody(chromium, live, HE) as page:
        yield page


class Network:
    """A phone's: a photo takes some seconds, and it may go."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("Network.enable")
        self._set(offline=False)

    def goes(self) -> None:
        """And whoever tries meanwhile fails."""
        with self.page.expect_event("requestfailed"):
            self._set(offline=True)
            self.page.context.set_offline(True)
        with self.page.expect_event("requestfailed"):
            pass

    def returns(self) -> None:
        self._set(offline=False)
        self.page.context.set_offline(False)

    def _set(self, *, offline: bool) -> None:
        """Of several who set it each has a say."""
        told = {"offline": offline, "latency": 20, "downloadThroughput": 10_000_000}
        self.devtools.send("Network.emulateNetworkConditions", {**told, "uploadThroughput": BYTES_A_SECOND})


def half_way(bar: Locator) -> None:
    """Some of it is there, and not all."""
    bar.page.wait_for_function(
        "bar => bar.value > 0 && bar.value < 100", arg=bar.element_handle(), polling=20
    )


def said_files(page: Page, live: str, room: str) -> list[Any]:
    found = page.request.get(f"{live}/api/v1/rooms/{room}/messages?since=0").json()
    return [each for each in found["items"] if each["kind"] == "file"]


def open_room(page: Page, live: str) -> tuple[str, int]:
    room = room_of(page, live)
    page.goto(f"{live}/rooms/{room}")
    expect(page.locator("[data-room-text]")).to_be_enabled()
    return room, len(said_files(page, live, room))


def wait_for_files(page: Page, live: str, room: str, count: int) -> None:
    for _ in range(120):
        if len(said_files(page, live, room)) >= count:
            break
        page.wait_for_timeout(250)
    assert len(said_files(page, live, room)) == count


def test_a_photo_in_the_room_outlives_the_network_and_arrives_once(
    patient: Page, live: str, photo: FilePayload
) -> None:
    room, before = open_room(patient, live)
    network = Network(patient)
    patient.locator("[data-room-file]").set_input_files(photo)
    line = patient.locator("li.uploading")
    half_way(line.locator("progress"))
    network.goes()
    expect(line).to_contain_text(WAITS)
    assert len(said_files(patient, live, room)) == before
    network.returns()
    expect(line).to_have_count(0)
    wait_for_files(patient, live, room, before + 1)
    patient.reload()
    expect(patient.locator("[data-room-text]")).to_be_enabled()
    expect(patient.locator(".chat-pending li")).to_have_count(0)
    assert len(said_files(patient, live, room)) == before + 1


def test_an_answer_that_was_lost_does_not_make_a_second_file(
    patient: Page, live: str, photo: FilePayload
) -> None:
    room, before = open_room(patient, live)
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        # The server has done it; whoever asked never learns.
        lost.append(route.fetch().json()["id"])
        route.abort()

    patient.route("**/completion", lose_the_first)
    patient.locator("[data-room-file]").set_input_files(photo)
    wait_for_files(patient, live, room, before + 1)
    assert said_files(patient, live, room)[-1]["file"]["id"] == lost[0]


def test_a_photo_that_is_cancelled_does_not_come_back_with_the_network(
    patient: Page, live: str, photo: FilePayload
) -> None:
    room, before = open_room(patient, live)
    network = Network(patient)
    patient.locator("[data-room-file]").set_input_files(photo)
    line = patient.locator("li.uploading")
    half_way(line.locator("progress"))
    network.goes()
    expect(line).to_contain_text(WAITS)
    line.get_by_role("button", name="取消").click()
    expect(line).to_have_count(0)
    network.returns()
    # Another file tells that whatever was to be sent has been.
    patient.locator("[data-room-file]").set_input_files(photo)
    wait_for_files(patient, live, room, before + 1)


def test_a_page_that_is_left_says_which_file_was_not_sent(
    patient: Page, live: str, photo: FilePayload
) -> None:
    room, before = open_room(patient, live)
    Network(patient)
    patient.locator("[data-room-file]").set_input_files(photo)
    half_way(patient.locator("li.uploading progress"))
    patient.reload()
    line = patient.locator("li.uploading")
    expect(line).to_contain_text("tongue.jpg")
    expect(line).to_contain_text("上次没有传完，请重新选择这个文件")
    line.get_by_role("button", name="删除").click()
    patient.reload()
    expect(patient.locator("[data-room-text]")).to_be_enabled()
    expect(patient.locator("li.uploading")).to_have_count(0)
    assert len(said_files(patient, live, room)) == before


def open_form(page: Page, live: str) -> tuple[str, Locator]:
    """A draft of the condition form, and its first place for photos."""
    person = page.request.get(f"{live}/api/v1/people").json()[0]["id"]
    department = page.request.get(f"{live}/api/v1/hospitals/yunan/departments").json()[0]["id"]
    made = page.request.post(
        f"{live}/api/v1/intake-forms", data={"person_id": person, "department_id": department}
    )
    assert made.ok, made.text()
    form = made.json()["id"]
    page.goto(f"{live}/h/yunan/intake/{form}")
    box = page.locator("fieldset[data-upload]").first
    expect(box.locator("input[type=file]")).not_to_have_attribute("name", re.compile("."))
    return form, box


def attachments(page: Page, live: str, form: str) -> int:
    return len(page.request.get(f"{live}/api/v1/intake-forms/{form}").json()["attachments"])


def test_a_photo_of_the_form_goes_on_by_itself_and_a_reload_keeps_what_is_there(
    patient: Page, live: str, photo: FilePayload
) -> None:
    form, box = open_form(patient, live)
    before = attachments(patient, live, form)
    network = Network(patient)
    box.locator("input[type=file]").set_input_files(photo)
    item = box.locator("[data-upload-item]").last
    half_way(item.locator("progress"))
    network.goes()
    expect(item).to_have_attribute("data-state", "waiting")
    expect(item).to_contain_text(WAITS)
    # The form does not go without it.
    patient.locator("form[data-autosave] button[type=submit]").first.click()
    expect(item).to_contain_text("文件还在上传")
    network.returns()
    expect(item.locator("input[type=hidden]")).to_have_count(1)
    assert attachments(patient, live, form) == before + 1

    box.locator("input[type=file]").set_input_files(photo)
    half_way(box.locator("[data-upload-item] progress"))
    patient.reload()
    box = patient.locator("fieldset[data-upload]").first
    expect(box.locator("[data-upload-item] input[type=hidden]")).to_have_count(before + 1)
    left = box.locator("[data-state=failed]")
    expect(left).to_contain_text("上次没有传完，请重新选择这个文件")
    left.get_by_role("button", name="移除").click()
    expect(left).to_have_count(0)
    assert attachments(patient, live, form) == before + 1
