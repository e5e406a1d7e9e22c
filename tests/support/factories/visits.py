"""Bookings that somebody paid for, or is about to: at the window, or through a provider that was asked."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.holding import Holding, hold_seat
from telehealth.bookings.models import Booking
from telehealth.bookings.paying import open_charge, pay_at_desk
from telehealth.core.access import Actor, Role
from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.ledger.models import LedgerPosting
from telehealth.payments.models import Charge, PayOrder, Refund
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.settling import Outcome, settle
from telehealth.payments.states import PayOrderState, Way
from telehealth.rulebook.rules import Channel, ClinicKind
from tests.support.factories.bookings import House, Patient, book, reread
from tests.support.factories.schedule import Planned, add_clinic


def desk_of(house: House) -> Actor:
    return Actor.signed_in(
        new_id(), frozenset({Role.DESK}), hospital_id=house.hospital.id, name="样例前台", assurance="totp"
    )


async def clinic_today(units: Units, house: House, *, seats: tuple[int, ...] = (4,), **facts: Any) -> Planned:
    """From 11:00 to 11:30 of the day on which every test begins at 10:00."""
    day = hospital_day(units.clock.business())
    return await add_clinic(units, house.doctor, day=day, starts=time(11), seats=seats, **facts)


async def hold_today(units: Units, house: House, who: Patient, **facts: Any) -> Booking:
    planned = await clinic_today(units, house, **facts)
    return await hold_in(units, house, who, planned)


async def hold_in(units: Units, house: House, who: Patient, planned: Planned) -> Booking:
    if planned.clinic.kind is ClinicKind.OFFLINE:
        return await book(units, house, who, planned.slot.id, check_id=None, form_id=None)
    return await book(units, house, who, planned.slot.id)


async def hold_past_the_gate(units: Units, who: Patient, planned: Planned) -> Booking:
    """The seat alone, where the gate is not what a test is about."""
    async with units.of(who.actor) as unit:
        return await hold_seat(
            unit,
            Holding(
                person_id=who.person.id, slot_id=planned.slot.id, channel=Channel.ONLINE, door="browser",
                until=unit.now + timedelta(minutes=15), account_id=who.account.id,
            ),
        )  # fmt: skip


async def pay_cash(units: Units, house: House, booking: Booking) -> Booking:
    async with units.of(desk_of(house)) as unit:
        return await pay_at_desk(unit, booking.id, received=booking.fee)


async def paid_today(units: Units, house: House, who: Patient, **facts: Any) -> Booking:
    return await pay_cash(units, house, await hold_today(units, house, who, **facts))


async def begin_paying(units: Units, who: Patient, booking: Booking, *, provider: str = "desk") -> str:
    """The patient is at a provider's till; its number. As `charging.begin` leaves it.

    The desk is a provider that answers at once and without a network.
    """
    async with units.of(who.actor) as unit:
        charge = await open_charge(unit, booking.id)
        order = PayOrder(
            id=new_id(), charge_id=charge.id, hospital_id=charge.hospital_id, account_id=charge.account_id,
            provider=provider, way=Way.NATIVE, out_trade_no=f"{charge.number}-1", cash=charge.amount,
            fund=0, personal=0, other=0, state=PayOrderState.SUBMITTED,
            request={"hospital": "yunan", "description": charge.description, "openid": "", "client_ip": "",
                     "return_url": ""},
            answer={}, expires_at=charge.pay_by, look_at=unit.wall, looks=0, created_at=unit.now,
        )  # fmt: skip
        unit.session.add(order)
        await unit.session.flush()
        return order.out_trade_no


async def provider_says_paid(units: Units, number: str, amount: int) -> Outcome:
    """What a query answered, written down."""
    async with units.system("payment") as unit:
        said = OrderAnswer(OrderTruth.PAID, f"sample-{number}", amount, unit.now)
        return await settle(unit, number, said)


async def refunds_of_booking(units: Units, booking: Booking) -> list[Refund]:
    async with units.system("test") as unit:
        found = sa.select(Refund).join(Charge, Charge.id == Refund.charge_id)
        mine = found.where(Charge.subject_id == booking.id).order_by(Refund.requested_at, Refund.id)
        return list(await unit.session.scalars(mine))


async def balances(units: Units, booking: Booking) -> dict[str, int]:
    """The books of one booking: account → fen, zeros left out."""
    after = await reread(units, booking)
    return await balances_of(units, after.charge_id)


async def balances_of(units: Units, charge_id: UUID | None) -> dict[str, int]:
    async with units.system("test") as unit:
        rows = await unit.session.execute(
            sa.select(LedgerPosting.account, sa.func.sum(LedgerPosting.amount))
            .where(LedgerPosting.charge_id == charge_id)
            .group_by(LedgerPosting.account)
        )
        return {account: int(total) for account, total in rows if total}
