"""Static URLs carry the release's hash in the path: /static/<hash>/css/base.css.

Modules import each other by relative path, so one hash over all files versions them together.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import anyio.to_thread
import brotli
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ROOT = Path(__file__).resolve().parents[2] / "static"
FOREVER = "public, max-age=31536000, immutable"
#: Text, which packs to a fifth.
_TEXT = {".css", ".js", ".svg"}


def release_hash(root: Path = ROOT) -> str:
    mark = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            mark.update(path.relative_to(root).as_posix().encode())
            mark.update(path.read_bytes())
    return mark.hexdigest()[:12]


class Assets(StaticFiles):
    """Serves any hash: a page rendered before a deploy still finds its files, only uncached."""

    def __init__(self, root: Path = ROOT) -> None:
        super().__init__(directory=root)
        self.release = release_hash(root)

    def url(self, path: str) -> str:
        return f"/static/{self.release}/{path}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        release, _, inner = path.replace("\\", "/").partition("/")
        response = await super().get_response(inner, scope)
        fresh = release == self.release and response.status_code in (200, 206, 304)
        if fresh and isinstance(response, FileResponse) and _takes_brotli(scope):
            response = await _packed(response)
        response.headers["cache-control"] = FOREVER if fresh else "no-cache"
        if fresh and response.status_code == 200:
            # Its address is its mark: nobody asks again, and forty files make a room.
            del response.headers["etag"]
            if "last-modified" in response.headers:
                del response.headers["last-modified"]
        return response


def _takes_brotli(scope: Scope) -> bool:
    offered = Headers(scope=scope).get("accept-encoding", "").split(",")
    return scope["method"] == "GET" and "br" in {each.partition(";")[0].strip() for each in offered}


async def _packed(file: FileResponse) -> Response:
    """Whole, as tightly as it goes: a release's file is packed once and kept."""
    path = Path(file.path)
    if path.suffix not in _TEXT or file.status_code != 200:
        return file
    body = await anyio.to_thread.run_sync(_pack, path)
    # The same file in another coat, so its mark is a weak one.
    headers = {
        "content-encoding": "br", "vary": "Accept-Encoding", "etag": f"W/{file.headers['etag']}",
    }  # fmt: skip
    return Response(body, headers=headers, media_type=file.media_type)


@lru_cache(maxsize=512)
def _pack(path: Path) -> bytes:
    return bytes(brotli.compress(path.read_bytes(), quality=11))
