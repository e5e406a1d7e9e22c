"""A waybill that a courier made for nobody: the house died while it asked, and the order was given up."""

from collections.abc import AsyncIterator

import pytest

from prescriptions.couriers import Couriers
from prescriptions.pharmacy import shipping, undoing
from prescriptions.states import DispatchState
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.couriers import CourierDesk, couriers
from tests.support.factories.dispatch import (
    PILL,
    add_order,
    open_dispensary,
    order,
    stock,
    to_checked,
    to_picked,
)
from tests.support.sandbox import Sandbox


@pytest.fixture
async def desk(units: Units, sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[CourierDesk]:
    ours = couriers(sandbox)
    units.join(Couriers, ours)
    yield CourierDesk(sandbox)
    await ours.close()


async def test_XY30_a_waybill_made_after_the_order_was_given_up_is_called_off(
    units: Units, house: RunningHouse, desk: CourierDesk
) -> None:
    place = await open_dispensary(units)
    await stock(units, place.pharmacy, {PILL: 20})
    row = await add_order(units, place)
    row = await to_checked(units, place, await to_picked(units, place, row))
    async with units.system("test") as unit:
        _, asked = await shipping._intend(unit, row.id)
    assert asked is not None
    assert await undoing.undo(units, row.id, "not_packed")
    assert (await order(units, row.id)).state is DispatchState.CANCELLED
    # The question arrives only now, and nobody is there any more to hear the answer.
    await units.port(Couriers).courier(asked.hospital).create(asked.shipment)
    # Whoever starts next takes the job over, and then what it leaves to be done.
    for _ in range(2):
        await house.jobs.work(until_idle=True)
    assert desk.parcels()[asked.shipment.order_no]["state"] == "cancelled"
