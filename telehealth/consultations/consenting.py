"""May calls of this visit be recorded? Both sides are asked, each answer is kept, the last counts (REG50).

Refusing leaves writing, and is never a strike.
"""

from uuid import UUID

from telehealth.consultations.errors import RoomClosed
from telehealth.consultations.gate import find_seat, terms_in
from telehealth.consultations.models import RecordingConsent
from telehealth.consultations.policy import acting
from telehealth.consultations.queries import last_consent, lock_consultation
from telehealth.consultations.states import OPEN
from telehealth.consultations.writing import announce
from telehealth.core.access import Actor
from telehealth.core.rooms import Seat, Terms
from telehealth.core.unit import Unit, Units


async def answer(units: Units, actor: Actor, room: UUID, *, agreed: bool) -> Terms:
    """Raises RoomNotFound, RoomClosed. The same answer again changes nothing."""
    seat = await find_seat(units, actor, room)
    async with acting(units, seat) as unit:
        row = await lock_consultation(unit, room)
        if row.state not in OPEN:
            raise RoomClosed(state=str(row.state))
        before = await last_consent(unit, room, actor.account)
        if before is None or before.agreed is not agreed:
            await note_consent(unit, seat, agreed=agreed)
        return await terms_in(unit, seat)


async def note_consent(unit: Unit, seat: Seat, *, agreed: bool) -> None:
    consent = RecordingConsent(
        hospital_id=seat.hospital_id, account_id=seat.owner_id, room=seat.room,
        person_account_id=seat.actor.account, role=str(seat.role), agreed=agreed, at=unit.now,
    )  # fmt: skip
    unit.session.add(consent)
    await unit.session.flush()
    unit.audit("room.recording_answered", consent, room=seat.room, role=seat.role, agreed=agreed)
    await announce(unit, seat.room, "consent", role=str(seat.role), agreed=agreed)
