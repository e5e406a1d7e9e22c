"""Delivery reports: what the carrier tells us after the vendor said Ok."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from tests.support.sandbox import Sandbox
from tests.wire.test_sandbox_tencent import message, sms


class Receiver:
    """Our side of the callback, refusing the first `refuse_first` tries."""

    def __init__(self) -> None:
        self.reports: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self.refuse_first = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.refuse_first -= 1
                refused = receiver.refuse_first >= 0
                self.send_response(500 if refused else 200)
                self.end_headers()
                self.wfile.write(b"" if refused else b'{"result":0,"errmsg":"OK"}')
                receiver.reports.put(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/reports"


@pytest.fixture
def receiver(own_sandbox: Sandbox) -> Iterator[Receiver]:
    receiver = Receiver()
    serving = threading.Thread(target=receiver.server.serve_forever)
    serving.start()
    httpx2.put(f"{own_sandbox.base_url}/sms/callback", json={"url": receiver.url}).raise_for_status()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    serving.join()


def test_delivery_is_reported_with_the_serial_of_the_message(
    own_sandbox: Sandbox, receiver: Receiver
) -> None:
    status = sms(own_sandbox).SendSms(message(own_sandbox, "13800009101")).SendStatusSet[0]

    report = receiver.reports.get(timeout=30)[0]

    assert (report["mobile"], report["report_status"], report["sid"]) == (
        "13800009101",
        "SUCCESS",
        status.SerialNo,
    )


def test_undelivered_message_is_reported_as_failed(own_sandbox: Sandbox, receiver: Receiver) -> None:
    own_sandbox.faults(sms={"mode": "undelivered"})
    status = sms(own_sandbox).SendSms(message(own_sandbox, "13800009102")).SendStatusSet[0]

    assert status.Code == "Ok"
    assert receiver.reports.get(timeout=30)[0]["report_status"] == "FAIL"


def test_report_that_was_not_acknowledged_comes_again(own_sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.refuse_first = 1
    sms(own_sandbox).SendSms(message(own_sandbox, "13800009103"))

    first, again = receiver.reports.get(timeout=30), receiver.reports.get(timeout=30)

    assert first == again


def test_callback_outside_this_machine_is_refused(own_sandbox: Sandbox) -> None:
    answer = httpx2.put(f"{own_sandbox.base_url}/sms/callback", json={"url": "http://example.org/x"})

    assert answer.status_code == 400
