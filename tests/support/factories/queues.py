"""The queue of an offline clinic of today: people with paid seats, in the order they come."""

from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.outpatient import arriving, calling
from telehealth.outpatient.models import QueueLine, QueueTicket
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.rules import HalfDay
from tests.support.factories.bookings import House, Patient, add_booker
from tests.support.factories.schedule import Planned
from tests.support.factories.visits import clinic_today, desk_of, hold_past_the_gate, pay_cash


@dataclass
class Room:
    """A clinic from 11:00 to 12:00 in two slots; tests begin at 10:00."""

    units: Units
    house: House
    clinic: Planned
    people: list[Patient] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)

    @property
    def desk(self) -> Actor:
        return desk_of(self.house)

    @property
    def id(self) -> UUID:
        return self.clinic.clinic.id

    async def books(self, count: int, *, slot: int = 0) -> None:
        for _ in range(count):
            n = len(self.people) + 1
            who = await add_booker(self.units, self.house, f"138000{n:05d}", name=f"患者{n}")
            one = Planned(self.clinic.clinic, [self.clinic.slots[slot]])
            booking = await pay_cash(self.units, self.house, await hold_past_the_gate(self.units, who, one))
            self.people.append(who)
            self.bookings.append(booking)

    async def arrives(self, n: int) -> QueueTicket:
        return await arriving.check_in(self.units, self.people[n].actor, self.bookings[n].id)

    async def all_arrive(self) -> list[QueueTicket]:
        return [await self.arrives(n) for n in range(len(self.people))]

    async def calls(self, desk: Actor | None = None) -> QueueTicket:
        async with self.units.of(desk or self.desk) as unit:
            return await calling.call_next(unit, self.id)

    async def misses(self, ticket_id: UUID) -> QueueTicket:
        async with self.units.of(self.desk) as unit:
            return await calling.miss(unit, ticket_id)

    async def sees(self, ticket_id: UUID) -> QueueTicket:
        async with self.units.of(self.desk) as unit:
            return await calling.see(unit, ticket_id)

    async def order(self) -> list[int]:
        """Numbers of those who wait, in order; their places are 1, 2, 3 …"""
        async with self.units.system("test") as unit:
            found = sa.select(QueueTicket).where(
                QueueTicket.clinic_id == self.id, QueueTicket.place.is_not(None)
            )
            rows = list(await unit.session.scalars(found.order_by(QueueTicket.place)))
        assert [row.place for row in rows] == list(range(1, len(rows) + 1))
        return [row.number for row in rows]

    async def told(self, n: int) -> list[str]:
        async with self.units.system("test") as unit:
            found = sa.select(InboxMessage).where(InboxMessage.account_id == self.people[n].account.id)
            rows = await unit.session.scalars(found.order_by(InboxMessage.id))
            return [str(row.notice) for row in rows if str(row.notice).startswith("queue_")]


async def open_room(units: Units, house: House) -> Room:
    clinic = await clinic_today(units, house, seats=(20, 20), kind=ClinicKind.OFFLINE)
    return Room(units, house, clinic)


async def put_ticket(units: Units, house: House, who: Patient) -> tuple[QueueTicket, str]:
    """Somebody waits in a clinic of the afternoon; their ticket, and the address of the screen."""
    clinic = await clinic_today(units, house, kind=ClinicKind.OFFLINE, half=HalfDay.AFTERNOON)
    booking = await pay_cash(units, house, await hold_past_the_gate(units, who, clinic))
    ticket = await arriving.check_in(units, who.actor, booking.id)
    async with units.system("test") as unit:
        line = await unit.session.get_one(QueueLine, clinic.clinic.id)
    return ticket, line.screen_token
