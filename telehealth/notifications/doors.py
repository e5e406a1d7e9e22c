"""Where WeChat pushes results of messages. It wants `success` within five seconds, or calls again."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telehealth.core.unit import Units
from telehealth.notifications.errors import PushRefused
from telehealth.notifications.ports import WeChatPushes
from telehealth.notifications.receiving_receipts import receive_push
from telehealth.web.contract import page

#: The others prove nothing at all: 401.
_STATUS = {"unknown_hospital": 404, "unreadable": 400, "too_long": 413}


@page(public=True)
async def wechat_greeting_page(request: Request, units: Units, code: str) -> Response:
    """WeChat asks once, when the address is set, whether it is ours."""
    pushes = units.port(WeChatPushes)  # type: ignore[type-abstract]
    try:
        return PlainTextResponse(pushes.greet(code, dict(request.query_params)))
    except PushRefused as error:
        return _refuse(error)


@page(public=True)
async def wechat_push_page(request: Request, units: Units, code: str) -> Response:
    try:
        await receive_push(units, code, dict(request.query_params), await request.body())
    except PushRefused as error:
        return _refuse(error)
    return PlainTextResponse("success")


def _refuse(error: PushRefused) -> Response:
    verdict = str(error.facts.get("verdict", ""))
    return PlainTextResponse(verdict, _STATUS.get(verdict, 401))


routes = [
    Route("/callbacks/wechat/{code}", wechat_greeting_page, methods=["GET"]),
    Route("/callbacks/wechat/{code}", wechat_push_page, methods=["POST"]),
]
