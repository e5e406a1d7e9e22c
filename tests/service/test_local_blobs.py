"""The default place for files: a folder, and addresses that open one file for a few minutes."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from telehealth.core.blobs import BlobsDown
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.clock import FixedClock
from tests.support.blobs import FIVE_MINUTES, fresh, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
async def store(root: Path, clock: FixedClock) -> LocalBlobs:
    store = LocalBlobs(root, key=os.urandom(32), clock=clock)
    await store.prepare()
    return store


@pytest.fixture
async def browser(store: LocalBlobs) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=served(store))
    async with httpx2.AsyncClient(transport=transport, base_url="http://hospital.test") as browser:
        yield browser


async def test_XY23_an_oversize_file_is_cut_off_while_it_comes_and_leaves_nothing(
    store: LocalBlobs, browser: httpx2.AsyncClient, root: Path
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1000)

    offered = await store.offer_upload(fresh(), content_type="image/jpeg", max_bytes=5000, ttl=FIVE_MINUTES)
    answer = await browser.put(offered.url, content=endless(), headers=offered.headers)

    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert taken <= 7
    assert files_in(root) == []


async def test_a_caller_who_hangs_up_leaves_nothing(store: LocalBlobs, root: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half of it"
        raise ConnectionResetError

    offered = await store.offer_upload("x", content_type="image/jpeg", max_bytes=5000, ttl=FIVE_MINUTES)
    grant = store.upload_grant("x", dict(httpx2.URL(offered.url).params))
    with pytest.raises(ConnectionResetError):
        await store.receive(grant, breaking())

    assert files_in(root) == []


async def test_offers_and_links_end_at_their_last_second_by_the_wall_clock(
    store: LocalBlobs, browser: httpx2.AsyncClient, clock: FixedClock
) -> None:
    await store.write("x", b"x", "image/jpeg")
    link = await store.link("x", ttl=FIVE_MINUTES, filename="x.jpg", disposition="attachment")
    offered = await store.offer_upload("x", content_type="image/jpeg", max_bytes=10, ttl=FIVE_MINUTES)
    clock.move_business_to(datetime(2030, 1, 1, tzinfo=UTC))
    clock.advance(FIVE_MINUTES - timedelta(seconds=1))
    assert (await browser.get(link)).status_code == 200

    clock.advance(timedelta(seconds=1))

    for answer in (
        await browser.get(link),
        await browser.put(offered.url, content=b"y", headers=offered.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "link_expired")


async def test_another_houses_key_opens_nothing(
    store: LocalBlobs, browser: httpx2.AsyncClient, root: Path, clock: FixedClock
) -> None:
    await store.write("x", b"x", "image/jpeg")
    other = LocalBlobs(root, key=os.urandom(32), clock=clock)
    link = await other.link("x", ttl=FIVE_MINUTES, filename="x.jpg", disposition="attachment")

    assert (await browser.get(link)).json()["code"] == "link_refused"


@pytest.mark.parametrize("stretch", ["max=1000", "max=10&max=1000"])
async def test_XY23_an_offer_cannot_be_stretched(
    store: LocalBlobs, browser: httpx2.AsyncClient, stretch: str
) -> None:
    offered = await store.offer_upload("x", content_type="image/jpeg", max_bytes=10, ttl=FIVE_MINUTES)
    url = offered.url.replace("max=10", stretch)
    answer = await browser.put(url, content=bytes(20), headers=offered.headers)

    assert answer.json()["code"] == "link_refused"
    assert await store.head("x") is None


async def test_files_lie_under_names_that_say_nothing_for_our_eyes_only(
    store: LocalBlobs, root: Path
) -> None:
    await store.write("photos/x.jpg", b"x", "image/jpeg")

    (data,) = [path for path in files_in(root) if path.suffix != ".json"]
    assert data.name == hashlib.sha256(b"photos/x.jpg").hexdigest()
    assert (mode(data), mode(root)) == (0o600, 0o700)


async def test_half_written_files_of_a_killed_process_are_swept_away(store: LocalBlobs, root: Path) -> None:
    old, young = root / "tmp" / "old", root / "tmp" / "young"
    old.touch()
    young.touch()
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(old, (two_days_ago, two_days_ago))

    await store.prepare()

    assert (old.exists(), young.exists()) == (False, True)


async def test_an_answer_may_do_nothing_in_the_browser(
    store: LocalBlobs, browser: httpx2.AsyncClient
) -> None:
    await store.write("x", b"<script>", "text/html")
    answer = await browser.get(
        await store.link("x", ttl=FIVE_MINUTES, filename="x.html", disposition="inline")
    )

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_a_folder_that_cannot_be_written_is_down(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "taken").write_bytes(b"a file where the folder should be")
    store = LocalBlobs(tmp_path / "taken", key=os.urandom(32), clock=clock)

    with pytest.raises(BlobsDown):
        await store.prepare()
    with pytest.raises(BlobsDown):
        await store.ready()


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
