"""A server that dies while one connects to it is a silent one, whatever the event loop."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial

import httpx2
import pytest

from telehealth.core.outgoing import OutgoingClient
from tests.support.merchant import Inbox, Merchant, inbox
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

#: One try in twenty meets the very moment.
TRIES = 200


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def dying() -> Iterator[str]:
    """The address of somebody who resets every connection."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        serving = threading.Thread(target=_reset_all, args=(server,))
        serving.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/notices"
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


def _reset_all(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            came, _ = server.accept()
            came.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            came.close()


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    with inbox() as held:
        yield held


async def test_a_connection_that_is_reset_at_once_is_an_error_of_the_wire(dying: str) -> None:
    async with OutgoingClient(trust_env=False) as http:
        for _ in range(TRIES):
            with pytest.raises(httpx2.HTTPError):
                await http.post(dying, content=b"x" * 5000)


def test_the_sandbox_outlives_merchants_that_die(own_sandbox: Sandbox, dying: str, receiver: Inbox) -> None:
    yunan = Merchant(own_sandbox)
    for _ in range(TRIES // 8):
        yunan.paid(notify_url=dying)
    for tries in range(1, 9):
        own_sandbox.clock(tries * 86_400)
        eventually(partial(_all_tried, own_sandbox, tries))
    number = yunan.paid(notify_url=receiver.url)
    receiver.next()
    assert own_sandbox.sent_notices()[0]["about"] == number


def _all_tried(sandbox: Sandbox, times: int) -> bool:
    return all(notice["tries"] >= times for notice in sandbox.sent_notices())
