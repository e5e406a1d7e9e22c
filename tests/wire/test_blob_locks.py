"""What must be kept can be deleted by nobody before its time (recordings: three years)."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from telehealth.core.blobs import BlobLocked
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.blobs.s3 import S3Blobs
from telehealth.core.clock import FixedClock
from tests.support import seaweed
from tests.support.blobs import fresh

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
KEPT = timedelta(days=3 * 366)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_the_local_folder_refuses_to_delete_replace_or_move_before_the_time(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    store = LocalBlobs(tmp_path, key=os.urandom(32), clock=clock)
    await store.prepare()
    key = fresh(".webm")
    await store.write(key, b"media", "video/webm", once=True, locked_until=NOW + KEPT)

    with pytest.raises(BlobLocked):
        await store.delete(key)
    with pytest.raises(BlobLocked):
        await store.write(key, b"other", "video/webm")
    with pytest.raises(BlobLocked):
        await store.move(key, fresh(".webm"))
    assert await store.read(key, 100) == b"media"

    clock.advance(KEPT)
    await store.delete(key)
    assert await store.head(key) is None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[seaweed.S3Server]:
    with seaweed.running(tmp_path_factory.mktemp("seaweed")) as running:
        yield running


@pytest.fixture(scope="module")
async def locking(server: seaweed.S3Server) -> AsyncIterator[S3Blobs]:
    store = S3Blobs(
        endpoint=server.endpoint, bucket="kept", access_key=server.access_key, secret_key=server.secret_key,
        object_lock=True,
    )  # fmt: skip
    await store.prepare()
    yield store
    await store.aclose()


@pytest.fixture(scope="module")
def vendor(server: seaweed.S3Server) -> Iterator[Any]:
    client = boto3.session.Session().client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1",
        aws_access_key_id=server.access_key, aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )  # fmt: skip
    yield client
    client.close()


async def test_S3_keeps_the_version_until_its_time(locking: S3Blobs, vendor: Any) -> None:
    key, until = fresh(".webm"), datetime.now(UTC).replace(microsecond=0) + KEPT
    await locking.write(key, b"media", "video/webm", once=True, locked_until=until)

    held = vendor.head_object(Bucket="kept", Key=key)
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert held["ObjectLockRetainUntilDate"] == until
    with pytest.raises(ClientError) as refused:
        vendor.delete_object(Bucket="kept", Key=key, VersionId=held["VersionId"])
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


async def test_a_bucket_without_locks_is_not_asked_for_one(server: seaweed.S3Server) -> None:
    store = S3Blobs(
        endpoint=server.endpoint, bucket="plain", access_key=server.access_key, secret_key=server.secret_key
    )
    await store.prepare()
    key = fresh(".webm")
    await store.write(key, b"media", "video/webm", locked_until=datetime.now(UTC) + KEPT)
    await store.delete(key)
    await store.aclose()
