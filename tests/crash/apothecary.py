"""The hospital's doctor at the pad, its pharmacist and its pharmacy, and sheets at any point of their way."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from prescriptions.formulary.book import sample_book
from prescriptions.models import Prescription
from prescriptions.stock.models import Pharmacy
from telehealth.accounts.models import StaffMember
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.consultations.opening import ensure_open
from telehealth.core.access import Actor, Role
from telehealth.rulebook.rules import ClinicKind
from tests.crash.dispensing import DOCTOR, FIRST, PHARMACIST, SECOND
from tests.crash.town import Town, Visitor
from tests.support.couriers import CourierDesk
from tests.support.factories.accounts import add_staff
from tests.support.factories.bookings import House
from tests.support.factories.consulting import sign_in
from tests.support.factories.dispatch import PATENT, PILL, Dispensary, add_dispenser, add_pharmacy, stock
from tests.support.factories.prescriptions import add_payable
from tests.support.factories.rooms import Visit, add_doctor_of, admit, say
from tests.support.factories.visits import hold_past_the_gate
from tests.support.factories.writing import (
    DIAGNOSES,
    Desk,
    diagnose,
    permit_medicines,
    publish_book,
    written,
)

#: Nobody ever finds a shelf empty here: that has tests of its own.
_MUCH = 100_000


@dataclass(frozen=True, slots=True)
class Sheet:
    visitor: Visitor
    id: UUID
    number: str
    #: In fen.
    total: int


@dataclass(frozen=True, slots=True)
class _Place:
    house: House


@dataclass(frozen=True, slots=True)
class Apothecary:
    town: Town
    pharmacy: Pharmacy
    doctor: StaffMember
    first: Actor
    second: Actor

    async def passed(self) -> Sheet:
        """A pharmacist passed it this moment: it may be paid."""
        visitor, visit = await self._visit()
        place = Dispensary(visit, self.pharmacy, self.first, self.second)
        wanted = {PILL: 1} if self.town.chance.random() < 0.7 else {PILL: 2, PATENT: 1}
        return _sheet(visitor, await add_payable(self.town.units, place, quantities=wanted))

    async def typed(self) -> tuple[Sheet, Desk]:
        """All that is lacking is the doctor's signature."""
        units = self.town.units
        visitor, visit = await self._visit(is_over=False)
        await admit(units, visit)
        desk = Desk(visit, await sign_in(units, visit.doctor))
        await diagnose(units, visit, DIAGNOSES)
        await say(units, visit, visit.doctor, "样例：您最近血压怎么样")
        await permit_medicines(units, desk)
        return _sheet(visitor, await written(units, desk)), desk

    async def _visit(self, *, is_over: bool = True) -> tuple[Visitor, Visit]:
        """Of today, without a fee; what a visit costs is for others."""
        town = self.town
        visitor = await town.visitor(ClinicKind.OFFLINE)
        planned = await town.clinic()
        booking = await hold_past_the_gate(town.units, visitor.who, planned)
        async with town.units.system("rehearsal") as unit:
            row = await unit.session.get_one(Booking, booking.id)
            row.state, row.fee = BookingState.PAID, 0
            row.attended_at, row.attended_by, row.attended_ref = unit.now, Evidence.CALL, "rehearsal"
            await unit.session.flush()
            assert await ensure_open(unit, row.id) is not None
            if is_over:
                row.state, row.ended_at = BookingState.COMPLETED, unit.now
        return visitor, Visit(town.hospital, visitor.who, self.doctor, booking, planned)


async def open_apothecary(town: Town) -> Apothecary:
    units, house = town.units, town.hospital
    await asyncio.to_thread(CourierDesk(town.sandbox).pushes_go_to, town.house.url)
    hospital_id = house.hospital.id
    doctor = await add_doctor_of(units, house, login=DOCTOR)
    await add_staff(units, hospital_id, [Role.PHARMACIST], login=PHARMACIST, name="样例审方药师")
    await publish_book(units, hospital_id)
    pharmacy = await add_pharmacy(units, _Place(house))  # type: ignore[arg-type]
    book = sample_book()
    await stock(units, pharmacy, dict.fromkeys((*book.medicines, *book.herbs), _MUCH))
    first = await add_dispenser(units, pharmacy, login=FIRST, name="样例药师甲")
    second = await add_dispenser(units, pharmacy, login=SECOND, name="样例药师乙")
    return Apothecary(town, pharmacy, doctor, first, second)


def _sheet(visitor: Visitor, rx: Prescription) -> Sheet:
    return Sheet(visitor, rx.id, rx.number, rx.total)
