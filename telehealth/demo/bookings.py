"""Seats the sample patients hold, so that somebody is waiting when a newcomer looks.

Booked by the sample service desk, whose seats are kept until the slot is over; a seat that a
patient holds online lapses in a quarter of an hour unless it is paid.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from telehealth.bookings.assisting import DeskWish, book_at_desk
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.queries import staff_member_by_login
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import clinic_offers, slots_of
from telehealth.web.house import House

log = structlog.get_logger(__name__)

#: (kind, channel, days from today), one seat each where the schedule has one.
SEATS = (
    (ClinicKind.INTERNET, Channel.PHONE, 0),
    (ClinicKind.OFFLINE, Channel.DESK, 1),
    (ClinicKind.INTERNET, Channel.DESK, 2),
)


async def book(house: House, hospital_code: str, person_id: UUID, *, nth: int) -> None:
    """A few seats for one patient; `nth` spreads patients over clinics."""
    units = house.units
    desk = await _desk(units, f"desk.{hospital_code}")
    for kind, channel, days in SEATS:
        slot_id = await _slot(units, desk, kind, channel, days, nth)
        if slot_id is None:
            continue
        try:
            await book_at_desk(units, desk, DeskWish(slot_id, person_id, channel, stable=True, red_flags=()))
        except DomainError as error:
            log.warning("demo.seat_left_out", error=error.code)


async def _desk(units: Units, login: str) -> Actor:
    async with units.system("demo") as unit:
        member = await staff_member_by_login(unit, login)
    if member is None:
        raise LookupError(login)
    roles = frozenset(Role(role) for role in member.roles)
    return Actor.signed_in(
        member.account_id, roles, hospital_id=member.hospital_id, name=member.name, assurance="totp"
    )


async def _slot(
    units: Units, desk: Actor, kind: ClinicKind, channel: Channel, days: int, nth: int
) -> UUID | None:
    async with units.of(desk) as unit:
        day = unit.today + timedelta(days=days)
        found = await clinic_offers(unit, desk.hospital, kind, first=day, last=day, channel=channel)
        slots = await slots_of(unit, [offer.clinic for offer in found], channel)
        free = [offer.slot.id for offer in slots if offer.left]
    return free[nth * 5 % len(free)] if free else None
