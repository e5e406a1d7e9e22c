"""Which topics somebody wants as text messages. The inbox keeps everything."""

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.notifications import queries
from telehealth.notifications.models import NoticePreference
from telehealth.notifications.states import Topic


def topics_of(actor: Actor) -> tuple[Topic, ...]:
    if actor.is_staff:
        return (Topic.WORK,)
    return (Topic.BOOKINGS, Topic.PEOPLE, Topic.CONDUCT)


async def wanted(units: Units, actor: Actor) -> dict[Topic, bool]:
    """Topic → whether its text messages are wanted."""
    async with units.account(actor.account, actor) as unit:
        silenced = await queries.silenced(unit, actor.account)
    return {topic: topic not in silenced for topic in topics_of(actor)}


async def prefer(units: Units, actor: Actor, topic: Topic, *, sms: bool) -> None:
    row = insert(NoticePreference).values(account_id=actor.account, topic=topic, sms=sms)
    async with units.account(actor.account, actor) as unit:
        await unit.session.execute(
            row.on_conflict_do_update(index_elements=["account_id", "topic"], set_={"sms": sms})
        )
        unit.audit("account.notice_preferred", f"accounts:{actor.account}", topic=topic, sms=sms)
