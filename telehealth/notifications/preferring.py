"""Which topics somebody wants on their phone, and how. The inbox keeps everything."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.notifications import queries
from telehealth.notifications.models import NoticePreference
from telehealth.notifications.notices import WORDINGS
from telehealth.notifications.states import Topic


@dataclass(frozen=True, slots=True)
class Wanted:
    topic: Topic
    sms: bool
    wechat: bool
    #: Some of it comes whatever is chosen: it is about somebody's safety, or a visit that falls out.
    has_urgent: bool


def topics_of(actor: Actor) -> tuple[Topic, ...]:
    return (Topic.WORK,) if actor.is_staff else tuple(topic for topic in Topic if topic is not Topic.WORK)


async def wanted(units: Units, actor: Actor) -> list[Wanted]:
    async with units.account(actor.account, actor) as unit:
        rows = {row.topic: row for row in await queries.preferences_of(unit, actor.account)}
    urgent = {wording.topic for wording in WORDINGS.values() if wording.urgent}
    return [
        Wanted(
            topic,
            rows[topic].sms if topic in rows else True,
            rows[topic].wechat if topic in rows else True,
            topic in urgent,
        )
        for topic in topics_of(actor)
    ]


async def prefer(
    units: Units, actor: Actor, topic: Topic, *, sms: bool | None = None, wechat: bool | None = None
) -> None:
    """Keep what was chosen; None leaves a channel as it is."""
    chosen = {name: value for name, value in (("sms", sms), ("wechat", wechat)) if value is not None}
    row = insert(NoticePreference).values(
        account_id=actor.account, topic=topic, **{"sms": True, "wechat": True, **chosen}
    )
    async with units.account(actor.account, actor) as unit:
        if chosen:
            await unit.session.execute(
                row.on_conflict_do_update(index_elements=["account_id", "topic"], set_=chosen)
            )
        unit.audit(
            "account.notice_preferred", f"accounts:{actor.account}", topic=topic, sms=sms, wechat=wechat
        )
