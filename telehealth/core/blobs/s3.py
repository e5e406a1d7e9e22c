"""Files in any S3, through boto3 in threads. Stores differ: `prepare` makes what it can and says what not.

Signatures and expiry are checked by the store, on its clock and ours alike, which is the wall's.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, BinaryIO, TypeVar

import boto3
import structlog
from anyio import CapacityLimiter, to_thread
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from telehealth.core.blobs.ports import (
    PIECE_BYTES,
    BlobExists,
    BlobHead,
    BlobNotFound,
    BlobsDown,
    Disposition,
    UploadOffer,
    checked_key,
    checked_ttl,
    presentation,
)
from telehealth.core.uploads import UploadTooLarge

log = structlog.get_logger(__name__)
T = TypeVar("T")

THREADS = 16
_PARTS = TransferConfig(multipart_threshold=PIECE_BYTES, multipart_chunksize=PIECE_BYTES, use_threads=False)
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})
_TAKEN = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_OURS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class S3Blobs:
    """`origins` are the pages that may send files from a browser ("https://hospital.example").

    `sse` is "AES256" or "aws:kms" where the bucket has no default. `object_lock` says that the bucket has
    it (one we make gets it): a store refuses locked files in any other, so without it none is asked for.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        origins: Sequence[str] = (),
        sse: str = "",
        object_lock: bool = False,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._origins = list(origins)
        self._sse = sse
        self._sealing = {"ServerSideEncryption": sse} if sse else {}
        self._object_lock = object_lock
        self._threads = CapacityLimiter(THREADS)
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                # We send SHA-256 ourselves; newer defaults add checksums several vendors refuse.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"max_attempts": 3, "mode": "standard"},
                max_pool_connections=THREADS,
                connect_timeout=3,
                read_timeout=15,
            ),
        )

    async def prepare(self) -> None:
        await self._in_thread(self._make_bucket)
        if self._origins:
            await self._in_thread(self._open_to_pages)

    async def ready(self) -> None:
        try:
            await self._call("head_bucket")
        except BlobNotFound:
            raise BlobsDown(vendor="NoSuchBucket") from None

    async def aclose(self) -> None:
        self._client.close()

    async def offer_upload(
        self, key: str, *, content_type: str, max_bytes: int, ttl: timedelta
    ) -> UploadOffer:
        fields = {"Content-Type": content_type, "success_action_status": "201", **self._form_sealing()}
        post = self._client.generate_presigned_post(
            self._bucket,
            checked_key(key),
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=int(ttl.total_seconds()),
        )
        return UploadOffer("POST", post["url"], fields=post["fields"])

    async def link(self, key: str, *, ttl: timedelta, filename: str, disposition: Disposition) -> str:
        header, shown = presentation(filename, disposition)
        params = {
            "Bucket": self._bucket,
            "Key": checked_key(key),
            "ResponseContentDisposition": header,
            "ResponseCacheControl": "private, no-store",
            **({"ResponseContentType": shown} if shown else {}),
        }
        url: str = self._client.generate_presigned_url("get_object", params, ExpiresIn=checked_ttl(ttl))
        return url

    async def head(self, key: str) -> BlobHead | None:
        try:
            found = await self._call("head_object", Key=checked_key(key))
        except BlobNotFound:
            return None
        return BlobHead(found["ContentLength"], found["ContentType"])

    async def read(self, key: str, max_bytes: int) -> bytes:
        return await self._in_thread(partial(self._read, checked_key(key), max_bytes))

    async def write(
        self,
        key: str,
        data: bytes,
        content_type: str,
        *,
        once: bool = False,
        locked_until: datetime | None = None,
    ) -> str:
        digest = hashlib.sha256(data)
        await self._call(
            "put_object",
            Key=checked_key(key),
            Body=data,
            ContentType=content_type,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            **({"IfNoneMatch": "*"} if once else {}),
            **(self._lock(locked_until) if locked_until is not None else {}),
            **self._sealing,
        )
        return digest.hexdigest()

    async def read_part(self, key: str, at: int, size: int) -> bytes:
        return await self._in_thread(partial(self._read_part, checked_key(key), at, size))

    async def write_file(self, key: str, file: BinaryIO, content_type: str) -> str:
        return await self._in_thread(partial(self._write_file, checked_key(key), file, content_type))

    async def delete(self, key: str) -> None:
        await self._call("delete_object", Key=checked_key(key))

    async def move(self, src: str, dst: str) -> None:
        """Copy, then delete: in between both are there, never neither."""
        source = {"Bucket": self._bucket, "Key": checked_key(src)}
        try:
            await self._call("copy_object", Key=checked_key(dst), CopySource=source, **self._sealing)
        except BlobNotFound:
            if await self.head(dst) is None:
                raise
            return
        await self.delete(src)

    def _lock(self, until: datetime) -> dict[str, Any]:
        """Compliance: not even the bucket's owner can take it back before its time."""
        if not self._object_lock:
            return {}
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until.astimezone(UTC)}

    def _read(self, key: str, max_bytes: int) -> bytes:
        found = self._client.get_object(Bucket=self._bucket, Key=key)
        with found["Body"] as body:
            data: bytes = b"" if found["ContentLength"] > max_bytes else body.read(max_bytes + 1)
        if found["ContentLength"] > max_bytes or len(data) > max_bytes:
            raise UploadTooLarge(reason="bytes", max_bytes=max_bytes)
        return data

    def _read_part(self, key: str, at: int, size: int) -> bytes:
        wanted = f"bytes={at}-{at + size - 1}"
        found = self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)
        with found["Body"] as body:
            data: bytes = body.read()
        return data

    def _write_file(self, key: str, file: BinaryIO, content_type: str) -> str:
        digest = hashlib.sha256()
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
        file.seek(0)
        # Part by part in this very thread: one part in memory.
        self._client.upload_fileobj(
            file,
            self._bucket,
            key,
            ExtraArgs={"ContentType": content_type, **self._sealing},
            Config=_PARTS,
        )
        return digest.hexdigest()

    def _make_bucket(self) -> None:
        try:
            self._client.head_bucket(Bucket=self._bucket)
            return
        except ClientError as error:
            if _code(error) not in ("404", "NoSuchBucket"):
                raise
        place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        try:
            self._client.create_bucket(
                Bucket=self._bucket,
                **({"CreateBucketConfiguration": place} if place else {}),
                **({"ObjectLockEnabledForBucket": True} if self._object_lock else {}),
            )
        except ClientError as error:
            # Another node made it between our question and our wish.
            if _code(error) not in _OURS:
                raise

    def _open_to_pages(self) -> None:
        rule = {
            "AllowedOrigins": self._origins,
            "AllowedMethods": ["GET", "HEAD", "POST"],
            "AllowedHeaders": ["*"],
            "MaxAgeSeconds": 600,
        }
        try:
            self._client.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": [rule]})
        except ClientError as error:
            # Some stores set this in their own console; uploads then fail in the browser, visibly.
            log.warning("blobs.cors_not_set", vendor=_code(error))

    def _form_sealing(self) -> dict[str, str]:
        return {"x-amz-server-side-encryption": self._sse} if self._sse else {}

    async def _call(self, operation: str, **params: Any) -> Any:
        return await self._in_thread(partial(getattr(self._client, operation), Bucket=self._bucket, **params))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with _named_errors():
            return await to_thread.run_sync(work, limiter=self._threads)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _GONE:
            raise BlobNotFound() from None
        if code in _TAKEN:
            raise BlobExists() from None
        raise BlobsDown(vendor=code) from error
    except BotoCoreError as error:
        raise BlobsDown(vendor=type(error).__name__) from error
