"""What one seat sees of its room, and what a patient sees of who looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.gate import GATE, find_seat, terms_in
from telehealth.consultations.helping import helpers_of
from telehealth.consultations.models import RecordView, RoomSeat
from telehealth.consultations.policy import acting
from telehealth.consultations.presenting import message_body
from telehealth.consultations.queries import consultation, messages_after, views_of
from telehealth.consultations.reading import reads_in
from telehealth.core.access import Actor
from telehealth.core.rooms import Role, Seat, Terms
from telehealth.core.unit import Units

PAGE = 100


@dataclass(frozen=True, slots=True)
class Overview:
    terms: Terms
    last: int
    reads: Mapping[str, int]
    helpers: Sequence[RoomSeat]


async def overview(units: Units, seat: Seat) -> Overview:
    """Raises SeatEnded."""
    async with units.system(GATE) as unit:
        terms = await terms_in(unit, seat)
        row = await consultation(unit, seat.room)
        helpers = await helpers_of(unit, seat.room) if seat.role in (Role.PATIENT, Role.HELPER) else []
        shown = [one for one in helpers if _may_know(seat, one)]
        return Overview(terms, row.last_seq, await reads_in(unit, seat), shown)


async def page_of(units: Units, seat: Seat, since: int) -> tuple[list[dict[str, Any]], bool]:
    """Up to a hundred messages after `since`, and whether there are more."""
    async with acting(units, seat) as unit:
        rows = await messages_after(unit, seat.room, since, PAGE + 1)
    return [message_body(row, file) for row, file in rows[:PAGE]], len(rows) > PAGE


async def views_for(units: Units, actor: Actor, room: UUID) -> Sequence[RecordView]:
    """For the patient alone. Raises RoomNotFound."""
    seat = await find_seat(units, actor, room)
    if seat.role is not Role.PATIENT:
        raise RoomNotFound()
    async with acting(units, seat) as unit:
        return await views_of(unit, room)


def _may_know(seat: Seat, helper: RoomSeat) -> bool:
    return seat.role is Role.PATIENT or helper.guest_account_id == seat.actor.account_id
