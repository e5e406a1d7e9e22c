"""The doors of the local file store. S3 has its own, so for S3 there are none here.

The address is the permission: signed for one file, one method, one size and type, a few minutes.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from telehealth.core.blobs import BlobStore, LinkRefused
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.uploads import UploadTooLarge
from telehealth.web.contract import page

PATH = "/blobs/{key:path}"


def blob_routes(store: BlobStore) -> list[Route]:
    if not isinstance(store, LocalBlobs):
        return []

    @page(public=True)
    async def send_file(request: Request) -> Response:
        grant = store.upload_grant(request.path_params["key"], request.query_params)
        if request.headers.get("content-type", "") != grant.content_type:
            raise LinkRefused()
        if int(request.headers.get("content-length") or 0) > grant.max_bytes:
            raise HTTPException(413)
        try:
            await store.receive(grant, request.stream())
        except UploadTooLarge:
            raise HTTPException(413) from None
        return Response(status_code=201)

    @page(public=True)
    async def open_file(request: Request) -> Response:
        found = await store.open(request.path_params["key"], request.query_params)
        return FileResponse(
            found.path,
            media_type=found.content_type,
            headers={
                "Content-Disposition": found.content_disposition,
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
                # Whatever it is, it may do nothing here.
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )

    return [
        Route(PATH, send_file, methods=["PUT"]),
        Route(PATH, open_file, methods=["GET"]),
    ]
