"""Every SELECT of notifications."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import Account
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.notifications.models import Delivery, InboxMessage, NoticePreference, SMSReceipt
from telehealth.notifications.states import Topic


async def inbox(
    unit: Unit, account_id: UUID, *, before: UUID | None = None, limit: int
) -> Sequence[InboxMessage]:
    """Newest first, from after `before`; one more than `limit`, to know whether there are older ones."""
    found = sa.select(InboxMessage).where(InboxMessage.account_id == account_id)
    if before is not None:
        found = found.where(InboxMessage.id < before)
    # UUIDv7: the order of ids is the order of birth.
    return (await unit.session.scalars(found.order_by(InboxMessage.id.desc()).limit(limit + 1))).all()


async def message(unit: Unit, account_id: UUID, message_id: UUID) -> InboxMessage | None:
    found = sa.select(InboxMessage).where(
        InboxMessage.id == message_id, InboxMessage.account_id == account_id
    )
    return (await unit.session.scalars(found)).one_or_none()


async def unread_count(unit: Unit, account_id: UUID) -> int:
    found = sa.select(sa.func.count()).where(
        InboxMessage.account_id == account_id, InboxMessage.read_at.is_(None)
    )
    return await unit.session.scalar(found) or 0


async def lock_delivery(unit: Unit, delivery_id: UUID) -> Delivery | None:
    found = sa.select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    return (await unit.session.scalars(found)).one_or_none()


async def delivery_by_serial(unit: Unit, serial: str) -> Delivery | None:
    found = sa.select(Delivery).where(Delivery.serial == serial).with_for_update()
    return (await unit.session.scalars(found)).one_or_none()


async def deliveries_to(unit: Unit, account_id: UUID) -> Sequence[Delivery]:
    found = sa.select(Delivery).where(Delivery.account_id == account_id)
    return (await unit.session.scalars(found.order_by(Delivery.id))).all()


async def receipt(unit: Unit, serial: str) -> SMSReceipt | None:
    return await unit.session.get(SMSReceipt, serial)


async def to_send(unit: Unit, delivery_id: UUID) -> tuple[Delivery, Account | None, list[str] | None] | None:
    """A message, who reads it, and what topics they silenced; to look at only."""
    return await _TO_SEND.first(unit, delivery_id=delivery_id)


_BY_READER = sa.select(sa.func.array_agg(sa.cast(NoticePreference.topic, sa.Text))).where(
    NoticePreference.account_id == Delivery.account_id, ~NoticePreference.sms
)
_TO_SEND = Hot(
    sa.select(Delivery, Account, _BY_READER.correlate(Delivery).scalar_subquery().label("silenced"))
    .outerjoin(Account, Account.id == Delivery.account_id)
    .where(Delivery.id == sa.bindparam("delivery_id"))
)


async def silenced(unit: Unit, account_id: UUID) -> set[Topic]:
    return {row[0] for row in await _SILENCED.all(unit, account_id=account_id)}


_SILENCED = Hot(
    sa.select(NoticePreference.topic).where(
        NoticePreference.account_id == sa.bindparam("account_id"), ~NoticePreference.sms
    )
)
