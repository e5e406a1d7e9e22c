"""Sheets that a pharmacist passed and that somebody is about to pay, send, collect or verify."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.events import PrescriptionPassed, PrescriptionSigned
from prescriptions.models import Prescription
from prescriptions.settling import charging
from prescriptions.settling.address import Address
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.queries import code_digest
from prescriptions.states import Path
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.payments.models import Charge, PayOrder, Refund
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.settling import Outcome, settle
from telehealth.payments.states import PayOrderState, Way
from tests.support.factories.dispatch import PILL, Dispensary, add_passed, open_dispensary, stock
from tests.support.factories.visits import balances_of, desk_of

HOME = {
    "name": "样例乙", "mobile": "13800001234", "province": "浙江省", "city": "杭州市", "county": "西湖区",
    "street": "样例路 2 号 3 室",
}  # fmt: skip


async def open_shop(units: Units, *, code: str = "yunan", **policy: Any) -> Dispensary:
    """A dispensary with something on its shelves."""
    place = await open_dispensary(units, code=code, **policy)
    await stock(units, place.pharmacy, {PILL: 100})
    return place


async def add_payable(units: Units, place: Dispensary, **facts: Any) -> Prescription:
    """Signed this moment, passed this moment."""
    sheet = await add_passed(units, place, **facts)
    async with units.system("test") as unit:
        await unit.publish(PrescriptionSigned(sheet.id))
        await unit.publish(PrescriptionPassed(sheet.id, place.pharmacy.id))
    return sheet


def patient_of(place: Dispensary) -> Actor:
    return place.visit.who.actor


def desk(place: Dispensary) -> Actor:
    return desk_of(place.visit.house)


async def to_be_sent(units: Units, sheet: Prescription) -> None:
    """By courier, where asking one is not what a test is about."""
    async with units.system("test") as unit:
        row = await unit.session.get_one(Fulfilment, sheet.id)
        row.path, row.address = Path.COURIER, Address(**HOME).model_dump_json()
        row.estimate, row.agreed_at = {"lowest": 1200, "highest": 2300, "arrives_by": None}, unit.now


async def to_be_collected(units: Units, sheet: Prescription, code: str = "12345678") -> str:
    async with units.system("test") as unit:
        row = await unit.session.get_one(Fulfilment, sheet.id)
        row.path, row.code, row.code_digest = Path.WINDOW, code, code_digest(row.hospital_id, code)
    return code


async def sheet_now(units: Units, sheet: Prescription) -> Prescription:
    async with units.system("test") as unit:
        return await unit.session.get_one(Prescription, sheet.id)


async def way_of(units: Units, sheet: Prescription) -> Fulfilment:
    async with units.system("test") as unit:
        return await unit.session.get_one(Fulfilment, sheet.id)


async def open_bill(units: Units, place: Dispensary, sheet: Prescription) -> Charge:
    async with units.of(patient_of(place)) as unit:
        return await charging.open_charge(unit, sheet.id)


async def stand_at_till(units: Units, place: Dispensary, sheet: Prescription, *, number: int = 1) -> str:
    return await stand_at_till_of(units, patient_of(place), sheet, number=number)


async def stand_at_till_of(units: Units, who: Actor, sheet: Prescription, *, number: int = 1) -> str:
    """The patient is at a provider's till; our number there. The desk answers at once, without a network."""
    async with units.of(who) as unit:
        charge = await charging.open_charge(unit, sheet.id)
        order = PayOrder(
            id=new_id(), charge_id=charge.id, hospital_id=charge.hospital_id, account_id=charge.account_id,
            provider="desk", way=Way.NATIVE, out_trade_no=f"{charge.number}-{number}", cash=charge.amount,
            fund=0, personal=0, other=0, state=PayOrderState.SUBMITTED,
            request={"hospital": "yunan", "description": charge.description, "openid": "", "client_ip": "",
                     "return_url": ""},
            answer={}, expires_at=charge.pay_by, look_at=unit.wall, looks=0, created_at=unit.now,
        )  # fmt: skip
        unit.session.add(order)
        await unit.session.flush()
        return order.out_trade_no


async def provider_says(
    units: Units, number: str, amount: int, *, paid_at: datetime | None = None
) -> Outcome:
    """What a query answered, written down; `paid_at` is the provider's own."""
    async with units.system("payment") as unit:
        said = OrderAnswer(OrderTruth.PAID, f"sample-{number}", amount, paid_at or unit.now)
        return await settle(unit, number, said)


async def refunds_of_sheet(units: Units, sheet: Prescription) -> list[Refund]:
    async with units.system("test") as unit:
        found = sa.select(Refund).join(Charge, Charge.id == Refund.charge_id)
        mine = found.where(Charge.subject_id == sheet.id).order_by(Refund.requested_at, Refund.id)
        return list(await unit.session.scalars(mine))


async def charges_of_sheet(units: Units, sheet: Prescription) -> list[Charge]:
    async with units.system("test") as unit:
        found = sa.select(Charge).where(Charge.subject_id == sheet.id).order_by(Charge.created_at, Charge.id)
        return list(await unit.session.scalars(found))


async def books_of_sheet(units: Units, sheet: Prescription) -> dict[str, int]:
    """Account → fen over every charge of it, zeros left out."""
    total: dict[str, int] = {}
    for charge in await charges_of_sheet(units, sheet):
        for account, amount in (await balances_of(units, charge.id)).items():
            total[account] = total.get(account, 0) + amount
    return {account: amount for account, amount in total.items() if amount}


async def inbox(units: Units, account_id: UUID | None) -> list[str]:
    """The notices somebody got, oldest first."""
    async with units.system("test") as unit:
        found = sa.select(InboxMessage.notice).where(InboxMessage.account_id == account_id)
        return [str(row) for row in await unit.session.scalars(found.order_by(InboxMessage.id))]
