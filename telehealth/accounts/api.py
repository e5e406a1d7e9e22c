"""JSON routes of accounts."""

from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.accounts import (
    choosing,
    handing_over,
    linking_wechat,
    signing_in,
    signing_in_staff,
    stepping_up,
)
from telehealth.accounts.doors import (
    CODES_BY_PHONE,
    TRIES_BY_PHONE,
    knock,
    knock_by_login,
    knock_by_phone,
    knock_to_renew,
)
from telehealth.accounts.errors import (
    AccountClosed,
    CodeBurned,
    CodeExpired,
    CodeNotSent,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
    HandoverNotOffered,
    NoWork,
    SecondFactorLocked,
    SecondFactorUsed,
    SecondFactorWrong,
    SessionNotFound,
    SignInRefused,
    StepExpired,
    StepOutOfOrder,
    StepUpNeeded,
    WeChatCodeRefused,
    WeChatDown,
    WeChatNotOffered,
    WeChatTaken,
    WeChatUnlinked,
)
from telehealth.accounts.schemas import (
    BeginStaffSignIn,
    ChangeMe,
    CodeIssuedView,
    EndedView,
    EnrolmentView,
    HandoverView,
    LinkWeChat,
    MeView,
    OfferHandover,
    OpenSession,
    OpenStaffSession,
    OpenWeChatSession,
    OwnSessionView,
    RenewSession,
    ReplaceOwnPassword,
    ReplacePassword,
    RequestCode,
    SessionView,
    ShowEnrolment,
    StepUp,
    StepView,
    WorkView,
)
from telehealth.accounts.states import Channel, Lang
from telehealth.accounts.waiting import waiting_for
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy
from telehealth.core.limits import LimitsDown
from telehealth.core.unit import Unit, Units
from telehealth.web.authenticate import session_id_of
from telehealth.web.contract import operation
from telehealth.web.house import house_of
from telehealth.web.pages import own_path
from telehealth.web.preferences import language
from telehealth.web.sessions import RefreshTokenInvalid


@operation(public=True, status=201, raises=(Busy, CodeTooSoon, CodesUsedUp, CodeNotSent, LimitsDown))
async def request_sign_in_code(request: Request, units: Units, body: RequestCode) -> CodeIssuedView:
    """Send a sign-in code to a phone.

    Answers the same whether or not the phone has an account.
    """
    await knock_by_phone(request, "code", CODES_BY_PHONE, body.phone)
    issued = await signing_in.request_code(units, body.phone, Lang(language(request)))
    return CodeIssuedView(expires_at=issued.expires_at, again_at=issued.again_at)


@operation(
    public=True,
    status=201,
    raises=(Busy, CodeWrong, CodeBurned, CodeExpired, AccountClosed, LimitsDown),
)
async def open_patient_session(request: Request, units: Units, body: OpenSession) -> SessionView:
    """Trade a phone and its code for tokens; the first time opens the account."""
    await knock_by_phone(request, "sign-in", TRIES_BY_PHONE, body.phone)
    signed_in = await signing_in.sign_in_with_code(
        units,
        body.phone,
        body.code,
        channel=body.channel,
        door=Channel(body.channel),
        user_agent=request.headers.get("user-agent", ""),
        device=body.device,
    )
    return SessionView.signed_in(signed_in)


@operation(
    public=True,
    status=201,
    raises=(Busy, WeChatNotOffered, WeChatCodeRefused, WeChatUnlinked, WeChatDown, AccountClosed, LimitsDown),
)
async def open_wechat_session(request: Request, units: Units, body: OpenWeChatSession) -> SessionView:
    """Trade a mini-program's login code for tokens, for somebody who linked this WeChat before."""
    await knock(request, "wechat")
    user = await linking_wechat.who_opened(units, body.hospital, body.code, mini=True)
    agent = request.headers.get("user-agent", "")
    signed_in = await linking_wechat.sign_in_by_wechat(
        units, user, channel="mini_program", user_agent=agent, device=body.device
    )
    return SessionView.signed_in(signed_in)


@operation(
    needs=Permission.PAY,
    raises=(WeChatNotOffered, WeChatCodeRefused, WeChatDown, WeChatTaken),
    limit="30/minute",
)
async def link_own_wechat(units: Units, actor: Actor, body: LinkWeChat) -> None:
    """Remember who this account is in the hospital's mini-program: needed to pay there."""
    await linking_wechat.link(
        units, actor, await linking_wechat.who_opened(units, body.hospital, body.code, mini=True)
    )


@operation(public=True, raises=(Busy, RefreshTokenInvalid, LimitsDown))
async def refresh_tokens(request: Request, units: Units, body: RenewSession) -> SessionView:
    """Trade a refresh token for new tokens, once.

    A token that was used before ends the session: of its two holders one is not the owner. Never send
    two renewals at once; after one without an answer, sign in again.
    """
    await knock_to_renew(request, body.refresh_token)
    opened, actor = await signing_in.renew(units, body.refresh_token)
    return SessionView.of(opened, actor)


@operation(needs=Permission.OWN_ACCOUNT, raises=(SessionNotFound,))
async def end_current_session(request: Request, unit: Unit, actor: Actor) -> None:
    """Sign out of the session this request came with."""
    session_id = session_id_of(request)
    if session_id is None:
        raise SessionNotFound()
    await choosing.sign_out(unit, actor, session_id)


@operation(needs=Permission.OWN_ACCOUNT)
async def show_me(units: Units, actor: Actor) -> MeView:
    """The signed-in account, with its phone and name masked."""
    return MeView.of(await choosing.own_account(units, actor), actor)


@operation(needs=Permission.OWN_ACCOUNT)
async def change_me(units: Units, actor: Actor, body: ChangeMe) -> MeView:
    """Change language, colours or large type."""
    account = await choosing.prefer(units, actor, lang=body.lang, theme=body.theme, elder=body.elder)
    return MeView.of(account, actor)


@operation(needs=Permission.OWN_ACCOUNT)
async def list_own_sessions(request: Request, unit: Unit, actor: Actor) -> list[OwnSessionView]:
    """Everywhere this account is signed in, the last used first."""
    current = await choosing.standing(unit, session_id_of(request))
    return [OwnSessionView.of(row, current) for row in await choosing.own_sessions(unit, actor)]


@operation(needs=Permission.OWN_ACCOUNT, raises=(SessionNotFound,))
async def end_own_session(unit: Unit, actor: Actor, id: UUID) -> None:
    """Sign out somewhere else. Its tokens are refused and its sockets closed at once."""
    await choosing.sign_out(unit, actor, id)


@operation(needs=Permission.OWN_ACCOUNT)
async def end_own_sessions(unit: Unit, actor: Actor) -> None:
    """Sign out everywhere, here as well: for a phone that was lost."""
    await choosing.sign_out_everywhere(unit, actor)


@operation(needs=Permission.OWN_ACCOUNT, raises=(SessionNotFound,))
async def end_other_own_sessions(request: Request, unit: Unit, actor: Actor) -> EndedView:
    """Sign out everywhere but here."""
    session_id = session_id_of(request)
    if session_id is None:
        raise SessionNotFound()
    return EndedView(ended=await choosing.sign_out_elsewhere(unit, actor, session_id))


@operation(needs=Permission.BOOK, status=201, raises=(HandoverNotOffered,), limit="60/minute")
async def offer_handover(request: Request, unit: Unit, body: OfferHandover) -> HandoverView:
    """An address for the mini-program's web-view: opens one page, signed in, once, within a minute."""
    target = own_path(body.target)
    offered = await handing_over.offer(unit, session_id_of(request), target)
    address = urlencode({"ticket": offered.token, "next": target})
    url = f"{house_of(request).settings.public_url}/handover?{address}"
    return HandoverView(url=url, expires_at=offered.expires_at)


@operation(public=True, status=201, raises=(Busy, SignInRefused, NoWork, LimitsDown))
async def begin_staff_sign_in(request: Request, units: Units, body: BeginStaffSignIn) -> StepView:
    """Check a staff password; what comes next is in `owes`."""
    await knock_by_login(request, "staff-sign-in", body.login)
    tickets = house_of(request).tickets
    return StepView.of(await signing_in_staff.begin(units, tickets, body.login, body.password))


@operation(public=True, raises=(StepExpired, StepOutOfOrder, NoWork), limit="30/minute")
async def replace_initial_password(request: Request, units: Units, body: ReplacePassword) -> StepView:
    """Choose the password that replaces the one an administrator issued."""
    tickets = house_of(request).tickets
    step = await signing_in_staff.choose_first_password(units, tickets, body.ticket, body.password)
    return StepView.of(step)


@operation(public=True, raises=(StepExpired, StepOutOfOrder), limit="30/minute")
async def show_second_factor(request: Request, units: Units, body: ShowEnrolment) -> EnrolmentView:
    """The secret to put into an authenticator app, before it was ever confirmed."""
    enrolment = await signing_in_staff.show_enrolment(units, house_of(request).tickets, body.ticket)
    return EnrolmentView(secret=enrolment.secret, uri=enrolment.uri)


@operation(
    public=True,
    status=201,
    raises=(StepExpired, StepOutOfOrder, SecondFactorWrong, SecondFactorUsed, SecondFactorLocked, NoWork),
    limit="30/minute",
)
async def open_staff_session(request: Request, units: Units, body: OpenStaffSession) -> SessionView:
    """Trade the ticket and a time-based code for tokens at one hospital."""
    signed_in = await signing_in_staff.finish(
        units,
        house_of(request).tickets,
        body.ticket,
        body.totp,
        hospital_id=body.hospital_id,
        channel=body.channel,
        user_agent=request.headers.get("user-agent", ""),
    )
    return SessionView.signed_in(signed_in)


@operation(needs=Permission.STAFF_HOME, raises=(Busy, LimitsDown))
async def replace_own_password(
    request: Request, units: Units, actor: Actor, body: ReplaceOwnPassword
) -> None:
    """Change a staff password. Every session of the account ends, this one as well."""
    await knock_by_login(request, "staff-password", str(actor.account))
    await signing_in_staff.change_password(units, actor, current=body.current, password=body.password)


@operation(
    needs=Permission.STAFF_HOME,
    raises=(SecondFactorWrong, SecondFactorUsed, SecondFactorLocked, StepUpNeeded),
    limit="30/minute",
)
async def step_up(units: Units, actor: Actor, body: StepUp) -> None:
    """Give the second factor of this session again, before the first visit or after half an hour."""
    await stepping_up.step_up(units, actor, body.code)


@operation(needs=Permission.STAFF_HOME)
async def list_waiting_work(request: Request, unit: Unit, actor: Actor) -> WorkView:
    """What waits for who asks: late first, then by the promise. The whole list; it is never long."""
    found = await waiting_for(unit, actor, house_of(request).contributions.get("worklist", []))
    return WorkView.of(found, language(request))


routes = [
    Route("/sign-in-codes", request_sign_in_code, methods=["POST"]),
    Route("/sessions", open_patient_session, methods=["POST"]),
    Route("/sessions/refreshment", refresh_tokens, methods=["POST"]),
    Route("/sessions/current", end_current_session, methods=["DELETE"]),
    Route("/me", show_me),
    Route("/me", change_me, methods=["PATCH"]),
    Route("/wechat-sessions", open_wechat_session, methods=["POST"]),
    Route("/me/wechat", link_own_wechat, methods=["PUT"]),
    Route("/me/sessions", list_own_sessions),
    Route("/me/sessions", end_own_sessions, methods=["DELETE"]),
    Route("/me/sessions/others", end_other_own_sessions, methods=["DELETE"]),
    Route("/me/sessions/{id:uuid}", end_own_session, methods=["DELETE"]),
    Route("/me/handovers", offer_handover, methods=["POST"]),
    Route("/staff/sign-ins", begin_staff_sign_in, methods=["POST"]),
    Route("/staff/sign-ins/password", replace_initial_password, methods=["POST"]),
    Route("/staff/sign-ins/second-factor", show_second_factor, methods=["POST"]),
    Route("/staff/sessions", open_staff_session, methods=["POST"]),
    Route("/staff/password", replace_own_password, methods=["PUT"]),
    Route("/staff/step-up", step_up, methods=["POST"]),
    Route("/staff/work", list_waiting_work),
]
