"""Both places for files keep the same promises: the local folder and a real S3 server."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import httpx2
import pytest

from telehealth.core.blobs import (
    BlobExists,
    BlobHead,
    BlobNotFound,
    BlobsDown,
    BlobStore,
    UploadOffer,
    pieces,
)
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.blobs.ports import PIECE_BYTES
from telehealth.core.clock import SystemClock
from telehealth.core.ids import new_id
from telehealth.core.uploads import UploadTooLarge
from tests.support import seaweed
from tests.support.blobs import FIVE_MINUTES, ORIGIN, Place, fresh, s3_blobs, served

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[seaweed.S3Server]:
    with seaweed.running(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="module", params=["local", "s3"])
async def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        store: BlobStore
        if request.param == "local":
            store = LocalBlobs(tmp_path_factory.mktemp("blobs"), key=os.urandom(32), clock=SystemClock())
            transport: httpx2.AsyncBaseTransport = httpx2.ASGITransport(app=served(store))
        else:
            store = s3_blobs(request.getfixturevalue("s3_server"))
            transport = httpx2.AsyncHTTPTransport()
        stack.push_async_callback(store.aclose)
        await store.prepare()
        browser = httpx2.AsyncClient(transport=transport, base_url="http://hospital.test")
        yield Place(store, await stack.enter_async_context(browser))


async def offer(place: Place, key: str, *, max_bytes: int = 1000) -> UploadOffer:
    return await place.store.offer_upload(
        key, content_type="image/jpeg", max_bytes=max_bytes, ttl=FIVE_MINUTES
    )


async def test_preparing_again_changes_nothing_and_the_store_is_ready(place: Place) -> None:
    await place.store.prepare()

    await place.store.ready()


async def test_a_written_file_is_found_read_and_told_by_its_digest(place: Place) -> None:
    key = fresh()
    digest = await place.store.write(key, b"pixels", "image/jpeg")

    assert digest == hashlib.sha256(b"pixels").hexdigest()
    assert await place.store.head(key) == BlobHead(6, "image/jpeg")
    assert await place.store.read(key, 6) == b"pixels"


async def test_what_was_never_there_is_not_found(place: Place) -> None:
    assert await place.store.head(fresh()) is None
    with pytest.raises(BlobNotFound):
        await place.store.read(fresh(), 10)
    with pytest.raises(BlobNotFound):
        await place.store.move(fresh(), fresh())
    assert (await place.follow(await place.link(fresh()))).status_code == 404


async def test_more_than_we_are_ready_to_hold_is_not_read(place: Place) -> None:
    key = fresh()
    await place.put(key, bytes(11))

    with pytest.raises(UploadTooLarge):
        await place.store.read(key, 10)


async def test_writing_again_replaces_content_and_type(place: Place) -> None:
    key = fresh()
    await place.put(key, b"first")
    await place.put(key, b"second", "image/png")

    assert await place.store.head(key) == BlobHead(6, "image/png")
    assert await place.store.read(key, 100) == b"second"


async def test_what_is_written_once_is_never_overwritten(place: Place) -> None:
    key = fresh(".pdf")
    await place.store.write(key, b"signed", "application/pdf", once=True)

    with pytest.raises(BlobExists):
        await place.store.write(key, b"forged", "application/pdf", once=True)
    assert await place.store.read(key, 100) == b"signed"
    assert await place.store.head(key) == BlobHead(6, "application/pdf")


async def test_of_many_who_write_once_one_wins(place: Place) -> None:
    key, won = fresh(), []

    async def try_to_write(number: int) -> None:
        try:
            await place.store.write(key, f"writer {number}".encode(), "text/plain", once=True)
            won.append(number)
        except BlobExists:
            pass

    async with anyio.create_task_group() as writers:
        for number in range(8):
            writers.start_soon(try_to_write, number)

    assert len(won) == 1
    assert await place.store.read(key, 100) == f"writer {won[0]}".encode()


async def test_a_deleted_file_is_gone_and_deleting_again_is_done_already(place: Place) -> None:
    key = fresh()
    await place.put(key, b"x")
    await place.store.delete(key)
    await place.store.delete(key)

    assert await place.store.head(key) is None


async def test_a_moved_file_has_one_place_and_moving_again_is_done_already(place: Place) -> None:
    src, dst = f"incoming/{new_id()}", fresh()
    await place.put(src, b"pixels")
    await place.store.move(src, dst)
    await place.store.move(src, dst)

    assert await place.store.head(src) is None
    assert await place.store.head(dst) == BlobHead(6, "image/jpeg")
    assert await place.store.read(dst, 100) == b"pixels"


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "病历.pdf", "a?b", "a" * 600]
)
async def test_a_key_that_is_no_name_is_our_own_mistake(place: Place, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await place.store.write(key, b"x", "text/plain")


# Sending.


async def test_XY23_an_offered_file_arrives_with_its_type(place: Place) -> None:
    key = fresh()

    assert await place.send(await offer(place, key), b"pixels") == 201
    assert await place.store.head(key) == BlobHead(6, "image/jpeg")
    assert await place.store.read(key, 100) == b"pixels"


async def test_XY23_a_file_of_exactly_the_limit_passes_and_one_byte_more_does_not(place: Place) -> None:
    taken, refused = fresh(), fresh()

    assert await place.send(await offer(place, taken, max_bytes=1000), bytes(1000)) == 201
    assert await place.send(await offer(place, refused, max_bytes=1000), bytes(1001)) in (400, 413)
    assert await place.store.head(refused) is None


async def test_XY23_another_type_than_offered_is_refused(place: Place) -> None:
    key = fresh()
    status = await place.send(await offer(place, key), b"<script>", **{"Content-Type": "text/html"})

    assert status == 403
    assert await place.store.head(key) is None


async def test_XY23_an_offer_for_one_file_sends_no_other(place: Place) -> None:
    mine, theirs = fresh(), fresh()
    offered = await offer(place, mine)
    bent = UploadOffer(offered.method, offered.url.replace(mine, theirs), offered.headers, offered.fields)

    assert await place.send(bent, b"x", **({"key": theirs} if offered.fields else {})) == 403
    assert await place.store.head(theirs) is None


# Opening.


async def test_XY23_a_link_is_saved_to_disk_under_its_name_and_never_cached(place: Place) -> None:
    key = fresh()
    await place.put(key, b"pixels")

    answer = await place.follow(await place.link(key, "舌象 1.jpg"))

    assert (answer.status_code, answer.content) == (200, b"pixels")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, no-store"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''%E8%88%8C%E8%B1%A1%201.jpg" in disposition


async def test_only_images_are_shown_in_a_page(place: Place) -> None:
    key = fresh()
    await place.put(key, HTML := b"<script>alert(1)</script>", "text/html")

    as_image = await place.follow(await place.link(key, "photo.jpg", inline=True))
    as_page = await place.follow(await place.link(key, "page.html", inline=True))

    assert as_image.headers["content-disposition"].startswith("inline;")
    assert as_image.headers["content-type"] == "image/jpeg"
    assert as_page.headers["content-disposition"].startswith("attachment;")
    assert as_page.content == HTML


async def test_a_long_file_is_read_in_parts(place: Place) -> None:
    key = fresh()
    await place.put(key, bytes(range(100)))

    answer = await place.follow(await place.link(key), Range="bytes=10-19")

    assert (answer.status_code, answer.content) == (206, bytes(range(10, 20)))


@pytest.mark.parametrize("change", ["key", "expiry", "name", "signature", "unsigned"])
async def test_a_bent_link_opens_nothing(place: Place, change: str) -> None:
    key, other = fresh(), fresh()
    await place.put(key, b"mine")
    await place.put(other, b"theirs")

    answer = await place.follow(bent(await place.link(key), change, key, other))

    assert answer.status_code == 403
    assert b"theirs" not in answer.content and b"mine" not in answer.content


def bent(url: str, change: str, key: str, other: str) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    names = {
        "expiry": ("exp", "X-Amz-Expires"),
        "name": ("name", "response-content-disposition"),
        "signature": ("sig", "X-Amz-Signature"),
    }
    path = parts.path.replace(key, other) if change == "key" else parts.path
    for name in names.get(change, ()):
        if name in query:
            query[name] = query[name][:-1] + ("1" if query[name][-1] == "0" else "0")
    if change == "unsigned":
        query = {}
    return urlunsplit(parts._replace(path=path, query=urlencode(query)))


async def test_a_link_for_reading_sends_nothing(place: Place) -> None:
    key = fresh()
    await place.put(key, b"mine")
    answer = await place.browser.put(
        await place.link(key), content=b"forged", headers={"Content-Type": "image/jpeg"}
    )

    assert answer.status_code == 403
    assert await place.store.read(key, 100) == b"mine"


async def test_a_link_ends(place: Place) -> None:
    key = fresh()
    await place.put(key, b"mine")
    url = await place.store.link(
        key, ttl=timedelta(seconds=1), filename="photo.jpg", disposition="attachment"
    )

    with anyio.fail_after(10):
        while (await place.follow(url)).status_code != 403:
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(minutes=5, seconds=1)])
async def test_a_link_lives_for_five_minutes_at_most(place: Place, ttl: timedelta) -> None:
    with pytest.raises(ValueError, match="five minutes"):
        await place.store.link(fresh(), ttl=ttl, filename="x.jpg", disposition="attachment")


# What only a server can get wrong.


async def test_S3_a_wrong_secret_is_refused_by_the_server(s3_server: seaweed.S3Server) -> None:
    store = s3_blobs(s3_server, secret_key="another-secret")
    try:
        for attempt in (store.ready(), store.write("photos/x.jpg", b"x", "image/jpeg"), store.prepare()):
            with pytest.raises(BlobsDown):
                await attempt
    finally:
        await store.aclose()


async def test_S3_an_offer_signed_with_a_wrong_secret_is_refused(s3_server: seaweed.S3Server) -> None:
    store = s3_blobs(s3_server, secret_key="another-secret")
    async with httpx2.AsyncClient() as browser:
        place = Place(store, browser)
        assert await place.send(await offer(place, fresh()), b"x") == 403
        assert (await place.follow(await place.link(fresh()))).status_code == 403
    await store.aclose()


async def test_S3_a_missing_bucket_or_server_is_a_party_that_is_down(s3_server: seaweed.S3Server) -> None:
    nobody = seaweed.S3Server("http://127.0.0.1:9", s3_server.access_key, s3_server.secret_key)
    for store in (s3_blobs(s3_server, bucket="never-made"), s3_blobs(nobody)):
        with pytest.raises(BlobsDown):
            await store.ready()
        await store.aclose()


@pytest.mark.parametrize(("origin", "seen"), [(ORIGIN, ORIGIN), ("https://evil.test", None)])
async def test_S3_only_our_own_pages_may_send_from_a_browser(
    s3_server: seaweed.S3Server, origin: str, seen: str | None
) -> None:
    store = s3_blobs(s3_server)
    await store.prepare()
    key = fresh()
    offered = await store.offer_upload(key, content_type="image/jpeg", max_bytes=10, ttl=FIVE_MINUTES)
    async with httpx2.AsyncClient(headers={"Origin": origin}) as browser:
        asked = await browser.options(
            f"{s3_server.endpoint}/files/{key}", headers={"Access-Control-Request-Method": "POST"}
        )
        sent = await browser.post(offered.url, data=offered.fields, files={"file": b"x"})
    await store.aclose()

    assert asked.headers.get("access-control-allow-origin") == seen
    assert sent.headers.get("access-control-allow-origin") == seen


async def test_a_large_file_is_written_and_read_back_piece_by_piece(place: Place) -> None:
    """Larger than one part, so that S3 gets it in several."""
    key, data = fresh(".zip"), os.urandom(PIECE_BYTES + 3_000_000)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        digest = await place.store.write_file(key, file, "application/zip")
    assert digest == hashlib.sha256(data).hexdigest()
    assert await place.store.head(key) == BlobHead(len(data), "application/zip")
    assert await place.store.read_part(key, 5, 7) == data[5:12]
    got = [piece async for piece in pieces(place.store, key, len(data))]
    assert [len(piece) for piece in got] == [PIECE_BYTES, 3_000_000]
    assert b"".join(got) == data


async def test_a_piece_of_a_file_that_is_gone_is_not_found(place: Place) -> None:
    with pytest.raises(BlobNotFound):
        await place.store.read_part(fresh(), 0, 10)
