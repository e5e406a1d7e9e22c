"""Files that prove to WeChat whose host this is: a mini-program's web-view shows pages of such hosts only.

WeChat names the file and says what is in it; both are settings, as they differ from host to host.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telehealth.core.errors import NotFound
from telehealth.web.contract import page
from telehealth.web.house import house_of


@page(public=True)
async def verification_file(request: Request, name: str) -> Response:
    text = house_of(request).settings.verification_files.get(f"{name}.txt")
    if text is None:
        raise NotFound()
    return PlainTextResponse(text)


routes = [Route("/{name}.txt", verification_file)]
