"""Static URLs carry the release's hash in the path: /static/<hash>/css/base.css.

Modules import each other by relative path, so one hash over all files versions them together.
"""

import hashlib
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ROOT = Path(__file__).resolve().parents[2] / "static"
FOREVER = "public, max-age=31536000, immutable"


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
        response.headers["cache-control"] = FOREVER if fresh else "no-cache"
        return response
