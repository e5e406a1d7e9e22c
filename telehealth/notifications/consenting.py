"""What a person allowed a hospital's mini-program to send: one message of a template for each "allow"."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import openid_of
from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.notifications import queries
from telehealth.notifications.errors import AppNotLinked, ConsentsInvalid
from telehealth.notifications.models import SubscribeConsent
from telehealth.notifications.ports import HospitalCodes, WeChatMessenger
from telehealth.notifications.states import Channel

#: Of one template. WeChat keeps no more either, and nobody gathers a year's worth by script.
MOST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One template a mini-program may ask for, and how many messages of it are left."""

    family: str
    template_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A hospital's mini-program; `name` in both languages."""

    name: Mapping[str, str]
    templates: list[Asked]


async def asked(units: Units, actor: Actor, hospital: str) -> list[Asked]:
    """What `wx.requestSubscribeMessage` may ask this person for, the scarcest first; none without an app."""
    wechat = units.port(WeChatMessenger)  # type: ignore[type-abstract]
    appid = wechat.appid(hospital, Channel.SUBSCRIBE)
    if not appid:
        return []
    async with units.account(actor.account, actor) as unit:
        rows = await queries.consents_of(unit, actor.account, appid)
    left = {row.family: row.remaining for row in rows}
    templates = wechat.templates(hospital)
    found = [Asked(family, id, left.get(family, 0)) for family, id in templates.items()]
    return sorted(found, key=lambda one: (one.remaining, one.family))


async def linked(units: Units, actor: Actor) -> list[Linked]:
    """The mini-programs that know this person and may send messages."""
    wechat = units.port(WeChatMessenger)  # type: ignore[type-abstract]
    found = []
    for hospital in wechat.hospitals():
        templates = await asked(units, actor, hospital)
        async with units.account(actor.account, actor) as unit:
            appid = wechat.appid(hospital, Channel.SUBSCRIBE)
            if templates and await openid_of(unit, actor.account, appid) is not None:
                codes = unit.port(HospitalCodes)  # type: ignore[type-abstract]
                found.append(Linked(await codes.names(unit, hospital), templates))
    return found


async def grant(units: Units, actor: Actor, hospital: str, answers: Mapping[str, str]) -> list[Asked]:
    """Count the answers of one prompt: template id → "accept", "reject" or "ban", as WeChat gave them.

    We only believe that somebody may be told something; WeChat counts itself and refuses what was not
    allowed. Raises ConsentsInvalid: no template of ours among them. AppNotLinked: nobody to send it to.
    """
    wechat = units.port(WeChatMessenger)  # type: ignore[type-abstract]
    appid = wechat.appid(hospital, Channel.SUBSCRIBE)
    families = {id: family for family, id in wechat.templates(hospital).items()} if appid else {}
    if not answers.keys() & families.keys():
        raise ConsentsInvalid()
    async with units.account(actor.account, actor) as unit:
        if await openid_of(unit, actor.account, appid) is None:
            raise AppNotLinked()
        for template_id in sorted(answers.keys() & families.keys()):
            if answers[template_id] != "accept":
                continue
            row = insert(SubscribeConsent).values(
                account_id=actor.account,
                appid=appid,
                family=families[template_id],
                remaining=1,
                granted_at=unit.wall,
            )
            more = {"remaining": SubscribeConsent.remaining + 1, "granted_at": unit.wall}
            await unit.session.execute(
                row.on_conflict_do_update(
                    index_elements=["account_id", "appid", "family"],
                    set_=more,
                    where=SubscribeConsent.remaining < MOST,
                )
            )
        accepted = sum(answers[id] == "accept" for id in answers.keys() & families.keys())
        unit.audit("account.messages_allowed", f"accounts:{actor.account}", appid=appid, count=accepted)
    return await asked(units, actor, hospital)
