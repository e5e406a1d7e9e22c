"""A queue under way in an offline clinic of today, so that a newcomer finds people waiting to be seen.

Booked, paid and checked in at the sample desk. Once: a clinic in which somebody ever checked in today is left
alone, and where no clinic is near its time nobody waits.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog

from telehealth.accounts import patient_by_phone
from telehealth.bookings.assisting import DeskWish, book_at_desk
from telehealth.bookings.paying import pay_at_desk
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.accounts import EVERY_PATIENT
from telehealth.demo.queries import staff_member_by_login
from telehealth.outpatient import arriving, asking, calling
from telehealth.outpatient import queue_queries as queries
from telehealth.patients import own_person
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import clinic_offers, slots_of
from telehealth.web.house import House

log = structlog.get_logger(__name__)

_HOSPITAL, _DESK = "yunan", "desk.yunan"
#: She has bills at two campuses, too.
_OWES = "13800000101"
#: So many come, fewer into the last half hour of a clinic; the first was seen, the second is called, the
#: others wait.
_PEOPLE, _FEWEST = 6, 4
_ROOM = "3 诊室"


@dataclass(frozen=True, slots=True)
class _Seat:
    clinic_id: UUID
    slots: list[UUID]


async def open_queue(house: House) -> None:
    """Raises nothing: what cannot be had now waits for the next start."""
    units = house.units
    desk = await _desk(units)
    if desk is None:
        return
    try:
        seat = await _clinic(units, desk)
        if seat is None:
            return
        bookings = await _booked(units, desk, seat)
        for booking_id in bookings:
            await arriving.check_in(units, desk, booking_id)
        await _under_way(units, desk, seat.clinic_id, len(bookings))
        await _asks_for_bills(units)
    except DomainError as error:
        log.warning("demo.queue_left_out", error=error.code)


async def _desk(units: Units) -> Actor | None:
    async with units.system("demo") as unit:
        member = await staff_member_by_login(unit, _DESK)
    if member is None:
        return None
    roles = frozenset(Role(role) for role in member.roles)
    return Actor.signed_in(
        member.account_id, roles, hospital_id=member.hospital_id, name=member.name, assurance="totp"
    )


async def _clinic(units: Units, desk: Actor) -> _Seat | None:
    """One whose next seats may be checked in for by now, with the doctor who can be tried if possible."""
    async with units.of(desk) as unit:
        today = [place.clinic for place in await queries.clinics_today(unit, desk.hospital)]
        if await queries.counts(unit, [clinic.id for clinic in today]):
            return None
        offers = await clinic_offers(
            unit, desk.hospital, ClinicKind.OFFLINE, first=unit.today, last=unit.today, channel=Channel.DESK
        )
        early = (await current_policy(unit, desk.hospital)).policy.queue.check_in_minutes
        ordered = sorted(offers, key=lambda offer: offer.doctor.account_id is None)
        rooms: list[_Seat] = []
        for offer in ordered:
            free = [
                found.slot.id
                for found in await slots_of(unit, [offer.clinic], Channel.DESK)
                for _ in range(found.left)
                if unit.now < found.slot.ends_at
                and (found.slot.starts_at - unit.now).total_seconds() < early * 60
            ]
            if len(free) >= _FEWEST:
                rooms.append(_Seat(offer.clinic.id, free[:_PEOPLE]))
    return max(rooms, key=lambda seat: len(seat.slots), default=None)


async def _booked(units: Units, desk: Actor, seat: _Seat) -> list[UUID]:
    made: list[UUID] = []
    for person_id in await _people(units):
        if len(made) == len(seat.slots):
            break
        wish = DeskWish(seat.slots[len(made)], person_id, Channel.DESK, stable=True, red_flags=())
        try:
            booking = await book_at_desk(units, desk, wish)
            async with units.of(desk) as unit:
                await pay_at_desk(unit, booking.id, received=booking.fee)
        except DomainError as error:
            log.warning("demo.queue_seat_left_out", error=error.code)
            continue
        made.append(booking.id)
    return made


async def _people(units: Units) -> list[UUID]:
    """She who owes comes last but one, so that there is a place to look at."""
    ones = [one for one in EVERY_PATIENT if one.document and one.hospital == _HOSPITAL]
    ones.sort(key=lambda one: one.phone == _OWES)
    ones = [*ones[: _PEOPLE - 2], ones[-1], *ones[_PEOPLE - 2 : -1]]
    found = []
    async with units.system("demo") as unit:
        for one in ones:
            account = await patient_by_phone(unit, f"+86{one.phone}")
            person = await own_person(unit, account.id) if account is not None else None
            if person is not None:
                found.append(person.id)
    return found


async def _under_way(units: Units, desk: Actor, clinic_id: UUID, people: int) -> None:
    async with units.of(desk) as unit:
        await calling.name_room(unit, clinic_id, _ROOM)
    if people < 3:
        return
    async with units.of(desk) as unit:
        first = await calling.call_next(unit, clinic_id)
    async with units.of(desk) as unit:
        await calling.see(unit, first.id)
    async with units.of(desk) as unit:
        await calling.call_next(unit, clinic_id)


async def _asks_for_bills(units: Units) -> None:
    async with units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{_OWES}")
    if account is not None:
        await asking.refresh(units, Actor.signed_in(account.id, frozenset({Role.PATIENT})))
