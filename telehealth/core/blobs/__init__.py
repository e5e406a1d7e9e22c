"""Where files live: a local folder by default, any S3 by setting.

`s3` is imported only by whoever configures it, as boto3 is heavy.
"""

from telehealth.core.blobs.ports import (
    BlobExists,
    BlobHead,
    BlobLocked,
    BlobNotFound,
    BlobsDown,
    BlobStore,
    Disposition,
    LinkExpired,
    LinkRefused,
    UploadOffer,
    pieces,
)

__all__ = [
    "BlobExists",
    "BlobHead",
    "BlobLocked",
    "BlobNotFound",
    "BlobStore",
    "BlobsDown",
    "Disposition",
    "LinkExpired",
    "LinkRefused",
    "UploadOffer",
    "pieces",
]
