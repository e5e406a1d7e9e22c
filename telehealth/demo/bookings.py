"""Seats the sample patients hold, so that somebody is waiting when a newcomer looks.

Booked by the sample service desk, whose seats are kept until the slot is over; a seat that a
patient holds online lapses in a quarter of an hour unless it is paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from telehealth.bookings import Booking, BookingState
from telehealth.bookings.assisting import DeskWish, book_at_desk
from telehealth.bookings.paying import pay_at_desk
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.accounts import DemoPatient
from telehealth.demo.queries import staff_member_by_login
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import clinic_offers, slots_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seat:
    kind: ClinicKind
    channel: Channel
    #: From today; the next day when nothing is left of that one.
    days: int


#: One of each for a patient, where the schedule has one.
SEATS = (
    Seat(ClinicKind.INTERNET, Channel.PHONE, 0),
    Seat(ClinicKind.OFFLINE, Channel.DESK, 1),
    Seat(ClinicKind.INTERNET, Channel.DESK, 2),
)
PAID_IN_CASH = (ClinicKind.OFFLINE, Channel.DESK)


def lacks_seats(one: DemoPatient, had: Sequence[Booking]) -> bool:
    return one.books and bool(_not_booked(had) or _owed(one, had))


async def book(units: Units, one: DemoPatient, person_id: UUID, had: Sequence[Booking], *, nth: int) -> None:
    """The seats this patient does not have yet; `nth` spreads patients over clinics."""
    desk = await _desk(units, f"desk.{one.hospital}")
    made, clinics = list(had), {row.clinic_id for row in had}
    for seat in _not_booked(had):
        slot = await _slot(units, desk, seat, clinics, nth)
        if slot is None:
            continue
        wish = DeskWish(slot, person_id, seat.channel, stable=True, red_flags=())
        try:
            booking = await book_at_desk(units, desk, wish)
        except DomainError as error:
            log.warning("demo.seat_left_out", error=error.code)
            continue
        made.append(booking)
        clinics.add(booking.clinic_id)
    for booking in _owed(one, made):
        async with units.of(desk) as unit:
            await pay_at_desk(unit, booking.id, received=booking.fee)


def _not_booked(had: Sequence[Booking]) -> list[Seat]:
    there = {(row.kind, row.channel) for row in had}
    return [seat for seat in SEATS if (seat.kind, seat.channel) not in there]


def _owed(one: DemoPatient, had: Sequence[Booking]) -> list[Booking]:
    held = [row for row in had if row.state is BookingState.HELD]
    return [row for row in held if one.pays_cash and (row.kind, row.channel) == PAID_IN_CASH]


async def _desk(units: Units, login: str) -> Actor:
    async with units.system("demo") as unit:
        member = await staff_member_by_login(unit, login)
    if member is None:
        raise LookupError(login)
    roles = frozenset(Role(role) for role in member.roles)
    return Actor.signed_in(
        member.account_id, roles, hospital_id=member.hospital_id, name=member.name, assurance="totp"
    )


async def _slot(units: Units, desk: Actor, seat: Seat, taken: set[UUID], nth: int) -> UUID | None:
    """Outside the clinics where this patient sits already."""
    async with units.of(desk) as unit:
        for days in (seat.days, seat.days + 1):
            day = unit.today + timedelta(days=days)
            found = await clinic_offers(
                unit, desk.hospital, seat.kind, first=day, last=day, channel=seat.channel
            )
            clinics = [offer.clinic for offer in found if offer.clinic.id not in taken]
            free = [offer.slot.id for offer in await slots_of(unit, clinics, seat.channel) if offer.left]
            if free:
                return free[nth * 5 % len(free)]
    return None
