"""A file store together with a browser that follows its offers and links."""

from datetime import timedelta

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from telehealth.core.blobs import BlobStore, UploadOffer
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.blobs.s3 import S3Blobs
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.web import problems
from telehealth.web.blobs import blob_routes
from tests.support import seaweed

FIVE_MINUTES = timedelta(minutes=5)
ORIGIN = "https://hospital.test"


def s3_blobs(server: seaweed.S3Server, *, secret_key: str = "", bucket: str = "files") -> S3Blobs:
    return S3Blobs(
        endpoint=server.endpoint,
        bucket=bucket,
        access_key=server.access_key,
        secret_key=secret_key or server.secret_key,
        origins=[ORIGIN],
    )


class Place:
    """A store, and a browser that follows its offers and links."""

    def __init__(self, store: BlobStore, browser: httpx2.AsyncClient) -> None:
        self.store = store
        self.browser = browser

    async def send(self, offer: UploadOffer, data: bytes, **changed: str) -> int:
        if offer.method == "PUT":
            headers = {**offer.headers, **{k: v for k, v in changed.items() if k == "Content-Type"}}
            return (await self.browser.put(offer.url, content=data, headers=headers)).status_code
        form = {**offer.fields, **changed}
        return (await self.browser.post(offer.url, data=form, files={"file": data})).status_code

    async def follow(self, url: str, **headers: str) -> httpx2.Response:
        return await self.browser.get(url, headers=headers)

    async def put(self, key: str, data: bytes, content_type: str = "image/jpeg") -> None:
        await self.store.write(key, data, content_type)

    async def link(self, key: str, filename: str = "photo.jpg", *, inline: bool = False) -> str:
        return await self.store.link(
            key, ttl=FIVE_MINUTES, filename=filename, disposition="inline" if inline else "attachment"
        )


def served(store: LocalBlobs) -> Starlette:
    app = Starlette(
        routes=blob_routes(store),
        exception_handlers={
            DomainError: problems.on_domain_error,
            HTTPException: problems.on_http_exception,
        },
    )
    app.state.house = None
    return app


def fresh(ending: str = ".jpg") -> str:
    return f"photos/{new_id()}{ending}"
