"""Every SELECT of notifications."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import WeChatIdentity
from telehealth.core.unit import Unit
from telehealth.notifications.models import (
    Delivery,
    DeliveryReceipt,
    InboxMessage,
    NoticePreference,
    Rung,
    SubscribeConsent,
)
from telehealth.notifications.states import DeliveryState


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
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def rungs_of(unit: Unit, *delivery_ids: UUID) -> Sequence[Rung]:
    """What was tried, oldest first."""
    found = sa.select(Rung).where(Rung.delivery_id.in_(delivery_ids)).order_by(Rung.id)
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).all()


async def hold_serial(unit: Unit, serial: str) -> None:
    """One at a time: of an answer and its report, written at once, one must see the other."""
    await unit.session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(serial))))


async def delivery_of_serial(unit: Unit, serial: str) -> UUID | None:
    return await unit.session.scalar(sa.select(Rung.delivery_id).where(Rung.serial == serial))


async def deliveries_to(
    unit: Unit, account_id: UUID | None = None, *, before: UUID | None = None, limit: int
) -> Sequence[Delivery]:
    """What the unit's hospital sent, newest first; one more than `limit`."""
    found = sa.select(Delivery).where(Delivery.hospital_id == unit.hospital_id)
    if account_id is not None:
        found = found.where(Delivery.account_id == account_id)
    else:
        # Of no interest until somebody asks for one of them.
        found = found.where(sa.or_(Delivery.state != DeliveryState.SKIPPED, Delivery.reason != "no_wechat"))
    if before is not None:
        found = found.where(Delivery.id < before)
    return (await unit.session.scalars(found.order_by(Delivery.id.desc()).limit(limit + 1))).all()


async def receipt(unit: Unit, serial: str) -> DeliveryReceipt | None:
    return await unit.session.get(DeliveryReceipt, serial)


async def was_read(unit: Unit, message_id: UUID) -> bool:
    found = sa.select(InboxMessage.read_at.is_not(None)).where(InboxMessage.id == message_id)
    return bool(await unit.session.scalar(found))


async def linked_accounts(unit: Unit, account_ids: Sequence[UUID]) -> set[UUID]:
    """Those that WeChat could reach."""
    found = sa.select(WeChatIdentity.account_id).where(WeChatIdentity.account_id.in_(account_ids))
    return set((await unit.session.scalars(found)).all())


async def preferences_of(unit: Unit, account_id: UUID) -> Sequence[NoticePreference]:
    found = sa.select(NoticePreference).where(NoticePreference.account_id == account_id)
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).all()


async def consents_of(unit: Unit, account_id: UUID, appid: str = "") -> Sequence[SubscribeConsent]:
    found = sa.select(SubscribeConsent).where(SubscribeConsent.account_id == account_id)
    if appid:
        found = found.where(SubscribeConsent.appid == appid)
    found = found.order_by(SubscribeConsent.appid, SubscribeConsent.family)
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).all()
