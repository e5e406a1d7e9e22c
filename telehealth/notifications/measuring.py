"""How many of those who had to be told outside the inbox were: the `metrics` contribution."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Shape
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit
from telehealth.notifications.models import Delivery, Rung
from telehealth.notifications.states import CHANNEL_LABELS, DeliveryState, RungState

TOLD = Metric(
    "told",
    N_("通知送达"),
    N_("需要发到手机的通知中，有渠道确认送达或本人已在站内打开的比例；没有可用渠道的不计"),
    Shape.SHARE,
    owner=N_("系统"),
    parts={str(channel): label for channel, label in CHANNEL_LABELS.items()},
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    of_day = (
        Delivery.hospital_id == hospital_id,
        Delivery.created_at >= day_start(day),
        Delivery.created_at < day_end(day),
        Delivery.state != DeliveryState.SKIPPED,
    )
    arrived = sa.func.count().filter(Delivery.state == DeliveryState.ARRIVED)
    total, hits = (await unit.session.execute(sa.select(sa.func.count(), arrived).where(*of_day))).one()
    if not total:
        return []
    by_channel = (
        sa.select(Rung.channel, sa.func.count())
        .join(Delivery, Delivery.id == Rung.delivery_id)
        .where(*of_day, Rung.state == RungState.DELIVERED)
        .group_by(Rung.channel)
    )
    parts = {str(channel): count for channel, count in await unit.session.execute(by_channel)}
    return [Figure(TOLD.name, hits=hits, total=total, parts=parts)]


MEASURING = Measuring((TOLD,), measure)
