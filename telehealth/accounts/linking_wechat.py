"""WeChat tells who somebody is to a hospital's app; the phone stays what an account is (XY15, XY16).

Openids differ from app to app; `unionid` links those of one hospital.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import queries
from telehealth.accounts.errors import AccountClosed, WeChatNotOffered, WeChatTaken, WeChatUnlinked
from telehealth.accounts.models import Account, WeChatIdentity
from telehealth.accounts.ports import WeChatGateway, WeChatUser
from telehealth.accounts.signing_in import PATIENT, SignedIn
from telehealth.accounts.states import AccountStatus
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.web.sessions import open_session


async def who_opened(units: Units, hospital: str, code: str, *, mini: bool = False) -> WeChatUser:
    """Trade a code, which works once, for a person.

    Raises WeChatNotOffered, WeChatCodeRefused, WeChatDown.
    """
    gateway = units.port(WeChatGateway)  # type: ignore[type-abstract]
    if not gateway.serves(hospital):
        raise WeChatNotOffered()
    exchange = gateway.user_of_mini_code if mini else gateway.user_of_page_code
    return await exchange(hospital, code)


async def link(units: Units, actor: Actor, user: WeChatUser) -> None:
    """Remember who this account is in WeChat. Raises WeChatTaken: somebody else's account is."""
    async with units.system("wechat") as unit:
        held = await queries.account_of_openid(unit, user.appid, user.openid)
        if held is not None and held.id != actor.account:
            raise WeChatTaken()
        if held is None:
            await _link(unit, actor, user)


async def sign_in_by_wechat(
    units: Units, user: WeChatUser, *, channel: str, user_agent: str = "", device: str = ""
) -> SignedIn:
    """Open a session for the account this person linked, here or at another app of the same hospital.

    Raises WeChatUnlinked: the phone comes first. AccountClosed.
    """
    async with units.system("wechat") as unit:
        account = await queries.account_of_openid(unit, user.appid, user.openid)
        known_here = account is not None
        if account is None and user.unionid:
            account = await queries.account_of_unionid(unit, user.unionid)
        if account is None:
            raise WeChatUnlinked()
        if account.status is AccountStatus.CLOSED:
            raise AccountClosed()
        actor = Actor.signed_in(account.id, PATIENT, assurance="wechat")
        if not known_here:
            await _link(unit, actor, user)
        opened = await open_session(unit, actor, channel=channel, user_agent=user_agent, device=device)
        unit.audit("account.signed_in", account, account_id=account.id, channel=channel, by="wechat")
    return SignedIn(opened, actor, account)


async def _link(unit: Unit, actor: Actor, user: WeChatUser) -> None:
    """The newest openid an account shows to an app replaces the one before: a new phone, another WeChat."""
    row = insert(WeChatIdentity).values(
        id=new_id(),
        account_id=actor.account,
        appid=user.appid,
        openid=user.openid,
        unionid=user.unionid,
        linked_at=unit.wall,
    )
    newer = {name: row.excluded[name] for name in ("openid", "unionid", "linked_at")}
    try:
        async with unit.session.begin_nested():
            await unit.session.execute(
                row.on_conflict_do_update(index_elements=["account_id", "appid"], set_=newer)
            )
    except sa.exc.IntegrityError:
        raise WeChatTaken() from None
    account = await unit.session.get(Account, actor.account)
    unit.audit("account.wechat_linked", account or f"accounts:{actor.account}", account_id=actor.account)
