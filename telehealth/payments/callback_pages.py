"""Where providers call back. Raw bytes in, an empty 204 out; anything else asks them to call again.

No sign-in and no query string; whoever calls proves themselves by their signature over the bytes.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telehealth.core.errors import Busy, NotFound, Unavailable
from telehealth.core.unit import Units
from telehealth.payments.errors import NoticeRefused
from telehealth.payments.receiving_notices import receive
from telehealth.web.contract import page

TOPICS = ("payments", "refunds", "mixed")
#: The others prove nothing at all: 401.
_STATUS = {"unknown_order": 404, "amount_differs": 409, "unproven": 409, "too_long": 413}


@page(public=True)
async def wechatpay_callback_page(request: Request, units: Units, code: str, topic: str) -> Response:
    if topic not in TOPICS:
        return _fail(404, "unknown")
    try:
        await receive(units, "wechatpay", code, topic, request.headers, await request.body())
    except NoticeRefused as error:
        return _fail(_STATUS.get(error.verdict, 401), error.verdict)
    except NotFound:
        return _fail(404, "unknown")
    except (Unavailable, Busy):
        return _fail(503, "again later")
    return Response(status_code=204)


def _fail(status: int, message: str) -> Response:
    return JSONResponse({"code": "FAIL", "message": message}, status)


routes = [Route("/callbacks/wechatpay/{code}/{topic}", wechatpay_callback_page, methods=["POST"])]
