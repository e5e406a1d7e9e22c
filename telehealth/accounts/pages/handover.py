"""Where the mini-program's web-view arrives with what the mini-program gave it."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import handing_over
from telehealth.accounts.errors import HandoverSpent
from telehealth.core.unit import Units
from telehealth.web.authenticate import set_cookie
from telehealth.web.contract import page
from telehealth.web.house import actor_of, house_of
from telehealth.web.pages import own_path, redirect
from telehealth.web.preferences import enter_host, is_mini_program


@page(public=True, limit="120/minute")
async def handover_page(request: Request, units: Units) -> Response:
    """Trade the ticket for a cookie and go on. One that was used leads on all the same: to the page for
    whoever is signed in already, as after a reload, and to the sign-in for everybody else."""
    target = own_path(request.query_params.get("next", "/"))
    house = house_of(request)
    if not is_mini_program(request):
        return redirect(target)
    try:
        async with units.system("handover") as unit:
            opened, target = await handing_over.take(
                unit,
                request.query_params.get("ticket", ""),
                user_agent=request.headers.get("user-agent", ""),
            )
    except HandoverSpent:
        known = actor_of(request).is_known
        response = redirect(target if known else f"/sign-in?next={quote(target, safe='')}")
    else:
        response = redirect(target)
        set_cookie(response, house, opened.token)
    enter_host(request, response, secure=house.settings.cookies_secure)
    return response


routes = [Route("/handover", handover_page)]
