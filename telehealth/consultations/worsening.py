"""The button *I feel worse*: the card at once, and those on duty are told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from telehealth.consultations.alerting import WORSE, card_of_worsening, raise_alarm
from telehealth.consultations.errors import RoomClosed
from telehealth.consultations.gate import find_seat
from telehealth.consultations.policy import acting
from telehealth.consultations.queries import lock_consultation
from telehealth.consultations.states import OPEN
from telehealth.core.access import Actor
from telehealth.core.errors import Forbidden
from telehealth.core.rooms import Side
from telehealth.core.unit import Units


async def feel_worse(units: Units, actor: Actor, room: UUID) -> Mapping[str, Any]:
    """The emergency card. Raises RoomNotFound, Forbidden (not the patient's side), RoomClosed."""
    seat = await find_seat(units, actor, room)
    if seat.role.side is not Side.PATIENT:
        raise Forbidden()
    async with acting(units, seat) as unit:
        row = await lock_consultation(unit, room)
        if row.state not in OPEN:
            raise RoomClosed(state=str(row.state))
        await raise_alarm(unit, room, WORSE)
        return await card_of_worsening(unit, seat.hospital_id)
