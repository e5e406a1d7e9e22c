"""Samples who are told by WeChat: they opened the hospital's page and mini-program, and tapped "allow"."""

from dataclasses import dataclass

import httpx2
import structlog

from telehealth.accounts import linking_wechat, openid_of, patient_by_phone
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.notifications import consenting
from telehealth.web.house import House

log = structlog.get_logger(__name__)

HOSPITAL = "yunan"


@dataclass(frozen=True, slots=True)
class InWeChat:
    phone: str
    #: As the stand-in browser counts them.
    person: int
    #: Messages of each kind they allowed the mini-program; none: they follow the service account only.
    allows: int


IN_WECHAT = (InWeChat("13800000103", 3, 2), InWeChat("13800000102", 2, 0))


async def open_wechat(house: House) -> None:
    """Once; a sandbox that does not answer leaves it for the next start."""
    for one in IN_WECHAT:
        try:
            await _open(house, one)
        except (DomainError, httpx2.HTTPError, KeyError) as error:
            log.warning("demo.wechat_left_out", error=type(error).__name__)


async def _open(house: House, one: InWeChat) -> None:
    async with house.units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{one.phone}")
        appid = house.settings.wechat[HOSPITAL].appid
        if account is None or await openid_of(unit, account.id, appid) is not None:
            return
    actor = Actor.signed_in(account.id, frozenset({Role.PATIENT}))
    person = f"{house.settings.sandbox_url}/wechat/people/{one.person}"
    async with httpx2.AsyncClient(timeout=5) as http:
        if one.allows:
            await _link(house.units, http, actor, person, mini=True)
            await _allow(house, http, actor, person, one.allows)
        await _link(house.units, http, actor, person, mini=False)


async def _link(units: Units, http: httpx2.AsyncClient, actor: Actor, person: str, *, mini: bool) -> None:
    given = await http.post(f"{person}/{'js-code' if mini else 'oauth-code'}", json={})
    given.raise_for_status()
    user = await linking_wechat.who_opened(units, HOSPITAL, given.json()["code"], mini=mini)
    await linking_wechat.link(units, actor, user)


async def _allow(house: House, http: httpx2.AsyncClient, actor: Actor, person: str, times: int) -> None:
    for template in house.settings.wechat[HOSPITAL].mini_templates.values():
        for _ in range(times):
            answer = await http.post(f"{person}/consents", json={"template_id": template})
            answer.raise_for_status()
            await consenting.grant(house.units, actor, HOSPITAL, {template: "accept"})
