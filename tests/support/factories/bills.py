"""Bills of a hospital's own system, the window that takes money for them, and our till beside it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.hospital.billing import BillKind, BillStatus, HISBill, HISBillLine
from telehealth.notifications.models import InboxMessage
from telehealth.outpatient import asking, paying
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.noting import note_answer
from telehealth.outpatient.queries import Whom
from telehealth.patients import known_patient
from telehealth.payments.models import Charge, PayOrder, Refund
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.settling import Outcome, settle
from telehealth.payments.states import PayOrderState, Way
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.directory import add_campus
from tests.support.factories.family import add_member
from tests.support.factories.visits import balances_of
from tests.support.sandbox import Sandbox


@dataclass
class Counter:
    """One patient, the hospital's cashier, and its sandbox in which both are known."""

    units: Units
    sandbox: Sandbox
    house: House
    who: Patient
    his_id: str

    @property
    def actor(self) -> Actor:
        return self.who.actor

    def orders(self, *lines: int, days_ago: int = 0, **more: Any) -> str:
        """A doctor of the hospital orders items at these prices; the hospital's id of the bill."""
        id = f"b-{new_id()}"
        today = hospital_day(self.units.clock.business()).isoformat()
        body = {
            "id": id, "person": self.his_id, "today": today, "days_ago": days_ago,
            "lines": [[f"样例项目{n}", amount] for n, amount in enumerate(lines or (1200,), start=1)], **more,
        }  # fmt: skip
        httpx2.post(f"{self.sandbox.base_url}/his/yunan/bills", json=body).raise_for_status()
        return id

    def press(self, resource_id: str, verb: str, **body: Any) -> int:
        """What the hospital's own people do: "payment", "cancellation", "reversal", "call", "price"."""
        url = f"{self.sandbox.base_url}/his/yunan/bills/{resource_id}/{verb}"
        return httpx2.post(url, json=body).status_code

    def theirs(self, resource_id: str) -> dict[str, Any]:
        shown = httpx2.get(f"{self.sandbox.base_url}/his/yunan/bills").json()["bills"]
        return dict(next(bill for bill in shown if bill["id"] == resource_id))

    async def looks(self) -> list[OutpatientBill]:
        """The patient opens the list: everything they may see, in the order it was ordered."""
        await asking.refresh(self.units, self.actor, at_once=True)
        return await self.bills()

    async def bills(self) -> list[OutpatientBill]:
        async with self.units.system("test") as unit:
            return list(await unit.session.scalars(sa.select(OutpatientBill).order_by(OutpatientBill.id)))

    async def bill(self, bill_id: UUID) -> OutpatientBill:
        async with self.units.system("test") as unit:
            return await unit.session.get_one(OutpatientBill, bill_id)

    async def new_bill(self, *lines: int, **more: Any) -> OutpatientBill:
        resource_id = self.orders(*lines, **more)
        return next(bill for bill in await self.looks() if bill.resource_id == resource_id)

    async def relative(self) -> Patient:
        """Another account that may act for the same patient."""
        other = await add_booker(self.units, self.house, "13800008888", name="样例戊")
        me = self.who.person
        await add_member(
            self.units, other.account, name=me.name, born=me.birth_date, number=me.document_number
        )
        return other

    async def charge(self, bill: OutpatientBill, actor: Actor | None = None) -> Charge:
        return await paying.open_charge(
            self.units, actor or self.actor, bill.id, amount=bill.amount, agreed=True
        )

    async def stands_at_till(self, charge: Charge, *, number: int = 1) -> str:
        """Our number at a provider that answers at once, without a network."""
        async with self.units.system("test") as unit:
            order = PayOrder(
                id=new_id(), charge_id=charge.id, hospital_id=charge.hospital_id,
                account_id=charge.account_id, provider="desk", way=Way.NATIVE,
                out_trade_no=f"{charge.number}-{number}", cash=charge.amount, fund=0, personal=0, other=0,
                state=PayOrderState.SUBMITTED, answer={}, expires_at=charge.pay_by, look_at=unit.wall,
                looks=0, created_at=unit.now,
                request={"hospital": "yunan", "description": charge.description, "openid": "",
                         "client_ip": "", "return_url": ""},
            )  # fmt: skip
            unit.session.add(order)
            await unit.session.flush()
            return order.out_trade_no

    async def provider_says_paid(self, number: str, amount: int) -> Outcome:
        async with self.units.system("payment") as unit:
            said = OrderAnswer(OrderTruth.PAID, f"sample-{number}", amount, unit.now)
            return await settle(unit, number, said)

    async def pays(self, bill: OutpatientBill) -> Charge:
        """On the phone; the hospital is not told yet."""
        charge = await self.charge(bill)
        await self.provider_says_paid(await self.stands_at_till(charge), charge.amount)
        return charge

    async def books(self, bill: OutpatientBill) -> dict[str, int]:
        """Account → fen over every charge of its patient, zeros left out."""
        total: dict[str, int] = {}
        async with self.units.system("test") as unit:
            found = sa.select(Charge.id).where(Charge.person_id == bill.person_id)
            charges = list(await unit.session.scalars(found.where(Charge.subject_kind == paying.KIND)))
        for charge in charges:
            for account, amount in (await balances_of(self.units, charge)).items():
                total[account] = total.get(account, 0) + amount
        return {account: amount for account, amount in total.items() if amount}

    async def refunds(self) -> list[tuple[str, int]]:
        async with self.units.system("test") as unit:
            found = sa.select(Refund).order_by(Refund.requested_at, Refund.id)
            return [(str(row.reason), row.amount) for row in await unit.session.scalars(found)]

    async def inbox(self) -> list[InboxMessage]:
        async with self.units.system("test") as unit:
            found = sa.select(InboxMessage).where(InboxMessage.account_id == self.who.account.id)
            return list(await unit.session.scalars(found.order_by(InboxMessage.id)))

    async def told(self) -> list[str]:
        return [str(message.notice) for message in await self.inbox()]


async def open_counter(units: Units, sandbox: Sandbox, **policy: dict[str, Any]) -> Counter:
    """A hospital with two campuses, and a patient with a card there."""
    house = await add_house(units, **policy)
    await add_campus(units, house.hospital.id, "east", name="东院区")
    return await patient_at(units, sandbox, house, await add_booker(units, house))


async def patient_at(units: Units, sandbox: Sandbox, house: House, who: Patient) -> Counter:
    async with units.system("test") as unit:
        card = await known_patient(unit, house.hospital.id, who.person.id)
    assert card is not None
    return Counter(units, sandbox, house, who, card.his_patient_id)


async def put_bill(units: Units, house: House, who: Patient) -> OutpatientBill:
    """A bill as the hospital's system answered it, without asking one."""
    async with units.system("test") as unit:
        card = await known_patient(unit, house.hospital.id, who.person.id)
        assert card is not None
        whom = Whom(house.hospital.id, house.hospital.code, who.person.id, card.his_patient_id)
        bill = HISBill(
            resource_id=f"b-{new_id()}", version_id="1", number="MZ-0001", kind=BillKind.DRUG,
            status=BillStatus.UNPAID, campus="main", campus_name="本部院区", department="心血管内科",
            visited_on=unit.today, amount=1200, lines=(HISBillLine("样例项目", 1200),),
        )  # fmt: skip
        (row,) = await note_answer(unit, whom, [bill], {}, fetched_at=unit.now)
        return row
