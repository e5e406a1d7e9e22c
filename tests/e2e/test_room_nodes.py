"""The process that serves both pages dies in the middle of a call: another takes them, the call goes on."""

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.rooms import CAMERA, HE, SEES, call, hang_up, meeting, said, write
from tests.support.balancer import balanced
from tests.support.cluster import Cluster
from tests.support.coturn import SECRET, Coturn, coturn
from tests.support.live import live_house
from tests.support.sandbox import Sandbox

__all__ = ["coturn"]
#: A call no recorder comes to is over in ten seconds, however busy the machine is.
pytestmark = pytest.mark.alone

#: What the picture of the other side has shown, in seconds.
SHOWN = "() => document.querySelector('.tile-call video').currentTime"


@pytest.fixture
def house(cluster: Cluster, template: str, sandbox: Sandbox, coturn: Coturn) -> Iterator[tuple[str, int]]:
    """Two web processes behind one door, and the port of the one it prefers."""
    database = cluster.clone(template)
    ports: list[int] = []
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        balanced(ports) as door,
    ):
        both = {
            "TELEHEALTH_PUBLIC_URL": f"http://127.0.0.1:{door}",
            "TELEHEALTH_KEYS_FILE": f"{one}/keys.json",
            "TELEHEALTH_TURN": json.dumps({"urls": [coturn.url], "secret": SECRET}),
        }
        with live_house(Path(one), database, sandbox, records=True, more=both) as first:
            with live_house(Path(other), database, sandbox, more=both) as second:
                ports += [_port(first), _port(second)]
                yield both["TELEHEALTH_PUBLIC_URL"], ports[0]
    cluster.drop(database)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *CAMERA])
        yield launched
        launched.close()


def test_a_call_and_every_message_outlive_the_process_that_served_them(
    browser: Browser, house: tuple[str, int]
) -> None:
    url, port = house
    with meeting(browser, url, HE) as (patient, doctor):
        call(doctor, patient, "video")
        for page in (patient, doctor):
            page.wait_for_function(SEES)
        patient.locator("[data-call=small]").click()

        os.kill(_listening_on(port), signal.SIGKILL)
        write(patient, "刚才是不是断了")
        said(doctor, "刚才是不是断了")
        write(patient, "现在又好了")
        said(doctor, "现在又好了")
        for page in (patient, doctor):
            shown = page.evaluate(SHOWN)
            page.wait_for_function(f"(had) => ({SHOWN})() > had + 1", arg=shown)
        texts = doctor.locator("[data-room-log] .msg .bub").all_inner_texts()
        assert texts.count("刚才是不是断了") == texts.count("现在又好了") == 1
        hang_up(doctor, patient)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _listening_on(port: int) -> int:
    """The process of ours behind this port."""
    for process in psutil.Process().children(recursive=True):
        for each in process.net_connections(kind="tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port:
                return process.pid
    raise LookupError("nobody listens there")
