"""The carriers' delivery reports: kept by serial number, without the phone or openid they name."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import WeChatIdentity
from telehealth.core.unit import Unit, Units
from telehealth.notifications import queries
from telehealth.notifications.delivering import report
from telehealth.notifications.models import DeliveryReceipt, SubscribeConsent
from telehealth.notifications.ports import Report, WeChatPushes, Withdrawn

KEPT_FOR = timedelta(days=90)


async def receive(units: Units, reports: Sequence[Report]) -> None:
    """Keep each report once and mark its message. Reports of messages we do not know wait for them."""
    async with units.system("delivery callback") as unit:
        # One order for everybody, so that two batches cannot wait on each other.
        for item in sorted(reports, key=lambda item: item.serial):
            await _keep(unit, item)


async def receive_push(units: Units, hospital: str, query: dict[str, str], body: bytes) -> None:
    """What WeChat pushed to a hospital's address. Raises PushRefused."""
    pushes = units.port(WeChatPushes)  # type: ignore[type-abstract]
    told = pushes.read(hospital, query, body)
    await receive(units, [item for item in told if isinstance(item, Report)])
    taken_back = [item for item in told if isinstance(item, Withdrawn)]
    if taken_back:
        async with units.system("delivery callback") as unit:
            for item in taken_back:
                await _withdraw(unit, item)


async def _keep(unit: Unit, item: Report) -> None:
    await queries.hold_serial(unit, item.serial)
    kept = insert(DeliveryReceipt).values(
        serial=item.serial, arrived=item.arrived, reason=item.reason, stored_at=unit.wall
    )
    await unit.session.execute(kept.on_conflict_do_nothing())
    delivery_id = await queries.delivery_of_serial(unit, item.serial)
    delivery = None if delivery_id is None else await queries.lock_delivery(unit, delivery_id)
    if delivery is None:
        return
    for rung in await queries.rungs_of(unit, delivery.id):
        if rung.serial == item.serial:
            await report(unit, delivery, rung, arrived=item.arrived, reason=item.reason)


async def _withdraw(unit: Unit, item: Withdrawn) -> None:
    owner = sa.select(WeChatIdentity.account_id).where(
        WeChatIdentity.appid == item.appid, WeChatIdentity.openid == item.openid
    )
    await unit.session.execute(
        sa.update(SubscribeConsent)
        .where(
            SubscribeConsent.account_id.in_(owner),
            SubscribeConsent.appid == item.appid,
            SubscribeConsent.family == item.family,
        )
        .values(remaining=0)
    )


async def forget_receipts(units: Units) -> None:
    async with units.system("housekeeping") as unit:
        old = DeliveryReceipt.stored_at < unit.wall - KEPT_FOR
        await unit.session.execute(sa.delete(DeliveryReceipt).where(old))
