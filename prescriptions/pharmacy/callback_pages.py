"""Where couriers push what happened to a parcel; token and digest prove who calls.

Each answer is what the wire protocol wants; anything else, and they push again.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prescriptions.couriers import CourierNotOffered, PushInvalid
from prescriptions.pharmacy.tracking import receive_push
from telehealth.core.unit import Units
from telehealth.web.contract import page

LARGEST = 1_000_000


@page(public=True)
async def sf_push_page(request: Request, units: Units, code: str, token: str) -> Response:
    return await _push(request, units, "sf", code, token)


@page(public=True)
async def kuaidi100_push_page(request: Request, units: Units, code: str, token: str) -> Response:
    return await _push(request, units, "kuaidi100", code, token)


async def _push(request: Request, units: Units, party: str, code: str, token: str) -> Response:
    body = await request.body()
    if len(body) > LARGEST:
        return _refused(413, "too_long")
    try:
        answer = await receive_push(units, party, code, token, body)
    except CourierNotOffered:
        return _refused(404, "unknown")
    except PushInvalid as error:
        reason = str(error.facts.get("reason", ""))
        return _refused(400 if reason == "unreadable" else 401, reason)
    return Response(answer, media_type="application/json")


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"result": False, "returnCode": "500", "message": message}, status)


routes = [
    Route("/callbacks/sf/{code}/{token}", sf_push_page, methods=["POST"]),
    Route("/callbacks/kuaidi100/{code}/{token}", kuaidi100_push_page, methods=["POST"]),
]
