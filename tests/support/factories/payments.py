"""Something that can be paid for, somebody who pays, and the books afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory.models import Hospital
from telehealth.ledger.models import LedgerPosting
from telehealth.payments.charging import Begun, Line, begin, open_charge
from telehealth.payments.models import Charge, PayOrder, Refund, RefundLeg
from telehealth.payments.rules import order_number
from telehealth.payments.states import OrderType, PayOrderState, Way
from telehealth.payments.subjects import Paid, PaySubject, Subjects
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_hospital
from tests.support.sandbox import Sandbox

OPENID = "oSAMPLE000001"


@dataclass
class Things:
    """A kind of thing that is for sale in tests, and what it was told."""

    kind: str = "thing"
    #: These cannot be had any more.
    gone: set[UUID] = field(default_factory=set)
    taken: list[UUID] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)
    refunded: list[str] = field(default_factory=list)

    def subject(self) -> PaySubject:
        return PaySubject(
            kind=self.kind,
            lock=self._lock,
            take=self._take,
            closed=self._closed,
            refunded=self._refunded,
            href=lambda subject_id: f"/things/{subject_id}",
            headline=self._headline,
        )

    async def _lock(self, unit: Unit, subject_id: UUID) -> None:
        await unit.session.execute(
            sa.text("select pg_advisory_xact_lock(hashtextextended(:id, 3))"), {"id": str(subject_id)}
        )

    async def _take(self, unit: Unit, paid: Paid) -> bool:
        if paid.charge.subject_id in self.gone:
            return False
        self.taken.append(paid.charge.subject_id)
        return True

    async def _closed(self, unit: Unit, charge: Charge) -> None:
        self.gone.add(charge.subject_id)
        self.closed.append(charge.subject_id)

    async def _refunded(self, unit: Unit, charge: Charge, refund: Refund) -> None:
        self.refunded.append(refund.number)

    async def _headline(self, unit: Unit, subject_id: UUID) -> dict[str, Any]:
        return {"title": "样例"}


@dataclass
class Shop:
    """A hospital that sells things, and an account that buys them."""

    units: Units
    hospital: Hospital
    account: Account
    things: Things

    @property
    def actor(self) -> Actor:
        return patient(self.account)

    def staff(self, *roles: Role) -> Actor:
        return Actor.signed_in(new_id(), frozenset(roles), hospital_id=self.hospital.id, assurance="totp")


async def add_shop(units: Units) -> Shop:
    things = Things()
    units.join(Subjects, Subjects([things.subject()]))
    hospital = await add_hospital(units)
    return Shop(units, hospital, await add_patient(units), things)


async def add_charge(
    shop: Shop,
    *amounts: int,
    subject_id: UUID | None = None,
    pay_by: datetime | None = None,
    account_id: UUID | None = None,
) -> Charge:
    """Of 50 yuan, unless told otherwise; to be paid within a quarter of an hour."""
    async with shop.units.account(shop.account.id, shop.actor) as unit:
        return await open_charge(
            unit,
            hospital_id=shop.hospital.id,
            account_id=account_id or shop.account.id,
            person_id=new_id(),
            subject_kind=shop.things.kind,
            subject_id=subject_id or new_id(),
            order_type=OrderType.CONSULT,
            description="线上复诊",
            lines=[Line("consult_fee", "诊查费", amount) for amount in amounts or (5000,)],
            pay_by=pay_by or unit.now + timedelta(minutes=15),
        )


async def add_order(shop: Shop, charge: Charge, *, count: int = 1) -> PayOrder:
    """An order that a provider was asked for, without asking one."""
    async with shop.units.system("test") as unit:
        order = PayOrder(
            id=new_id(),
            charge_id=charge.id,
            hospital_id=charge.hospital_id,
            account_id=charge.account_id,
            provider="wechatpay",
            way=Way.NATIVE,
            out_trade_no=order_number(charge.number, count),
            cash=charge.amount,
            fund=0,
            personal=0,
            other=0,
            state=PayOrderState.SUBMITTED,
            request={"hospital": shop.hospital.code, "openid": ""},
            answer={},
            expires_at=charge.pay_by,
            look_at=unit.wall,
            looks=0,
            created_at=unit.now,
        )
        unit.session.add(order)
    return order


async def begin_paying(shop: Shop, charge: Charge, way: Way = Way.JSAPI, **more: Any) -> Begun:
    openid = OPENID if way in (Way.JSAPI, Way.MINI_PROGRAM) else ""
    return await begin(shop.units, shop.actor, charge.id, way, **{"openid": openid} | more)


def press_pay(sandbox: Sandbox, begun: Begun, **more: Any) -> None:
    """The payer confirms on their phone; nobody here knows yet."""
    sandbox.till("pay", out_trade_no=begun.order.out_trade_no, **more).raise_for_status()


async def reread(units: Units, row: Any) -> Any:
    async with units.system("test") as unit:
        found = await unit.session.get(type(row), row.id)
    assert found is not None
    return found


async def orders_of(units: Units, charge: Charge) -> Sequence[PayOrder]:
    async with units.system("test") as unit:
        found = sa.select(PayOrder).where(PayOrder.charge_id == charge.id).order_by(PayOrder.out_trade_no)
        return (await unit.session.scalars(found)).all()


async def refunds_of(units: Units, charge: Charge) -> Sequence[Refund]:
    async with units.system("test") as unit:
        found = sa.select(Refund).where(Refund.charge_id == charge.id).order_by(Refund.id)
        return (await unit.session.scalars(found)).all()


async def legs_of(units: Units, refund: Refund) -> Sequence[RefundLeg]:
    async with units.system("test") as unit:
        found = sa.select(RefundLeg).where(RefundLeg.refund_id == refund.id).order_by(RefundLeg.id)
        return (await unit.session.scalars(found)).all()


async def balances(units: Units, charge: Charge) -> dict[str, int]:
    """Account → fen of one charge, without those at nothing."""
    async with units.system("test") as unit:
        rows = await unit.session.execute(
            sa.select(LedgerPosting.account, sa.func.sum(LedgerPosting.amount))
            .where(LedgerPosting.charge_id == charge.id)
            .group_by(LedgerPosting.account)
        )
    return {account: int(amount) for account, amount in rows if amount}


async def facts(units: Units) -> list[str]:
    """The names of all that was recorded, oldest first."""
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(AuditRecord.name).order_by(AuditRecord.position)))
