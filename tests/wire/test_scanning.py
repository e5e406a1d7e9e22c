"""XY23, virus scan hook: against a small server that speaks clamd's INSTREAM."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from telehealth.core.scanning import ClamdScanner, NoScanner
from telehealth.core.uploads import ScannerDown, UploadRefused, UploadTooLarge

pytestmark = pytest.mark.anyio

SAMPLE_VIRUS = b"SAMPLE-VIRUS"
STREAM_MAX_BYTES = 1_000_000


async def answer_like_clamd(stream: ByteStream) -> None:
    async with stream:
        source = BufferedByteReceiveStream(stream)
        assert await source.receive_until(b"\0", 32) == b"zINSTREAM"
        received = b""
        while size := int.from_bytes(await source.receive_exactly(4), "big"):
            received += await source.receive_exactly(size)
            if len(received) > STREAM_MAX_BYTES:
                await stream.send(b"INSTREAM size limit exceeded. ERROR\0")
                return
        if received == b"mumble":
            await stream.send(b"stream: what? ERROR\0")
        elif received == b"hang up":
            return
        elif received == b"say nothing":
            await anyio.sleep_forever()
        else:
            found = b"stream: Sample.Virus FOUND\0" if SAMPLE_VIRUS in received else b"stream: OK\0"
            await stream.send(found)


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[str]:
    path = tmp_path / "clamd.ctl"
    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as server:
        server.start_soon(listener.serve, answer_like_clamd)
        yield str(path)
        server.cancel_scope.cancel()


async def test_XY23_a_clean_file_passes_over_several_chunks(clamd: str) -> None:
    await ClamdScanner(clamd).scan(bytes(700_000))


async def test_XY23_a_virus_is_refused_wherever_it_sits(clamd: str) -> None:
    with pytest.raises(UploadRefused):
        await ClamdScanner(clamd).scan(bytes(262_140) + SAMPLE_VIRUS + bytes(100))


async def test_XY23_a_file_larger_than_the_scanner_takes_is_too_large(clamd: str) -> None:
    with pytest.raises(UploadTooLarge):
        await ClamdScanner(clamd).scan(bytes(STREAM_MAX_BYTES + 1))


@pytest.mark.parametrize("sent", [b"mumble", b"hang up", b"say nothing"])
async def test_XY23_a_scanner_that_gives_no_verdict_lets_nothing_through(clamd: str, sent: bytes) -> None:
    with pytest.raises(ScannerDown):
        await ClamdScanner(clamd, timeout_s=0.3).scan(sent)


async def test_XY23_a_scanner_that_is_not_there_lets_nothing_through(tmp_path: Path) -> None:
    with pytest.raises(ScannerDown):
        await ClamdScanner(str(tmp_path / "nobody.ctl")).scan(b"x")


async def test_a_scanner_is_reached_over_tcp_as_well() -> None:
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as server,
    ):
        server.start_soon(listener.serve, answer_like_clamd)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
        with pytest.raises(UploadRefused):
            await ClamdScanner(f"127.0.0.1:{port}").scan(SAMPLE_VIRUS)
        server.cancel_scope.cancel()


async def test_without_a_scanner_everything_passes() -> None:
    await NoScanner().scan(SAMPLE_VIRUS)
