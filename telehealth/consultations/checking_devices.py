"""What a page found out about camera, microphone and network before the visit; the last few are kept."""

from typing import Any
from uuid import UUID

from telehealth.consultations.gate import find_seat
from telehealth.consultations.models import DeviceCheck
from telehealth.consultations.policy import acting
from telehealth.consultations.queries import fetch
from telehealth.core.access import Actor
from telehealth.core.unit import Units

KEPT = 5


async def note_check(
    units: Units,
    actor: Actor,
    room: UUID,
    *,
    camera: str,
    microphone: str,
    network: str,
    facts: dict[str, Any],
) -> None:
    """Raises RoomNotFound."""
    seat = await find_seat(units, actor, room)
    async with acting(units, seat) as unit:
        unit.session.add(
            DeviceCheck(
                hospital_id=seat.hospital_id, account_id=seat.owner_id, room=room,
                person_account_id=actor.account, camera=camera, microphone=microphone, network=network,
                facts=facts, at=unit.now,
            )
        )  # fmt: skip
        await unit.session.flush()
        await fetch(unit, _FORGET, room=room, person=actor.account, kept=KEPT)


_FORGET = """
delete from device_checks where room = %(room)s and id in (
    select id from device_checks where room = %(room)s and person_account_id = %(person)s
    order by at desc, id desc offset %(kept)s)
"""
