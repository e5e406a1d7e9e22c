"""Inside WeChat: ask, without a page of its own, who is reading, and go on to where they were going."""

import secrets
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.accounts import linking_wechat
from telehealth.accounts.doors import knock
from telehealth.accounts.errors import WeChatNotOffered, WeChatUnlinked
from telehealth.accounts.pages.own import remember_choices
from telehealth.accounts.ports import WeChatGateway, WeChatUser
from telehealth.core.access import Actor
from telehealth.core.errors import DomainError
from telehealth.core.tickets import TicketInvalid
from telehealth.core.unit import Units
from telehealth.web.authenticate import set_cookie
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pages import own_path, redirect
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

#: What we sent somebody to WeChat for, until they are back.
COOKIE = "th_wechat"
_LASTS = timedelta(minutes=10)


@page(public=True)
async def wechat_enter_page(request: Request, units: Units) -> Response:
    """To WeChat's silent authorisation. `state` proves on the way back that we sent them."""
    await knock(request, "wechat")
    hospital = request.query_params.get("hospital", "")
    target = own_path(request.query_params.get("next", "/"))
    gateway = units.port(WeChatGateway)  # type: ignore[type-abstract]
    if not gateway.serves(hospital):
        raise WeChatNotOffered()
    house, state = house_of(request), secrets.token_hex(16)
    ticket = house.tickets.issue("wechat", {"state": state, "next": target, "hospital": hospital}, ttl=_LASTS)
    back = f"{house.settings.public_url}/wechat/back"
    response = RedirectResponse(gateway.authorise_url(hospital, return_url=back, state=state), 303)
    response.set_cookie(COOKIE, ticket, max_age=600, httponly=True, samesite="lax", path="/wechat")
    return response


@page(public=True)
async def wechat_back_page(request: Request, units: Units, actor: Actor) -> Response:
    """A signed-in account learns its openid; a known openid signs in; the rest give a phone first."""
    await knock(request, "wechat")
    errand = house_of(request).tickets.read("wechat", request.cookies.get(COOKIE, ""))
    if not secrets.compare_digest(request.query_params.get("state", "").encode(), errand["state"].encode()):
        raise TicketInvalid()
    target, hospital = errand["next"], errand["hospital"]
    try:
        user = await linking_wechat.who_opened(units, hospital, request.query_params.get("code", ""))
        if actor.is_known and not actor.is_staff:
            await linking_wechat.link(units, actor, user)
            response = redirect(target)
        else:
            response = await _sign_in(request, units, user, target)
    except WeChatUnlinked:
        again = quote(f"/wechat/enter?hospital={hospital}&next={quote(target, safe='')}", safe="")
        response = redirect(f"/sign-in?next={again}")
    except DomainError as error:
        response = redirect(target, flash=sentence(error, language(request)), kind="warn")
    response.delete_cookie(COOKIE, path="/wechat")
    return response


async def _sign_in(request: Request, units: Units, user: WeChatUser, target: str) -> Response:
    signed_in = await linking_wechat.sign_in_by_wechat(
        units, user, channel="browser", user_agent=request.headers.get("user-agent", "")
    )
    response = redirect(target)
    set_cookie(response, house_of(request), signed_in.opened.token)
    remember_choices(request, response, signed_in.account)
    return response


routes = [Route("/wechat/enter", wechat_enter_page), Route("/wechat/back", wechat_back_page)]
