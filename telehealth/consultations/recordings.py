"""What was recorded of a visit's calls, played back by three: the treating doctor, whoever may read all
records, and the patient. Each view by staff is written down, and the patient can read it (REG50).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.consultations.doctor_errors import RecordingNotFound
from telehealth.consultations.doctor_queries import readable_visit
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.models import Consultation
from telehealth.consultations.queries import consultation
from telehealth.consultations.viewing import note_view
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.rooms import RecordingShelf, Segment
from telehealth.core.unit import Unit, Units

#: Longer than a segment plays.
LINK_LASTS = timedelta(minutes=5)
#: A guest of the room has no business in its recordings.
_MAY_PLAY = frozenset({"doctor", "head", "patient"})


@dataclass(frozen=True, slots=True)
class Playlist:
    segments: Sequence[Segment]
    #: Every segment's place in its chain is as it was written.
    is_whole: bool


async def playlist(unit: Unit, room: UUID) -> Playlist:
    """In the order they are played. Raises RoomNotFound."""
    await _reader(unit, room)
    shelf = _shelf(unit)
    return Playlist(await shelf.segments(unit, room), await shelf.is_whole(unit, room))


async def link(units: Units, actor: Actor, segment_id: UUID) -> str:
    """An address that plays one segment for five minutes. Raises RecordingNotFound, BlobsDown."""
    async with units.of(actor) as unit:
        segment = await _segment(unit, segment_id)
    ending = segment.key.rpartition(".")[2]
    return await units.port(BlobStore).link(  # type: ignore[type-abstract]
        segment.key,
        ttl=LINK_LASTS,
        filename=f"{segment.role}-{segment.number}.{ending}",
        disposition="inline",
    )


async def _segment(unit: Unit, segment_id: UUID) -> Segment:
    room = await _shelf(unit).room_of(unit, segment_id)
    if room is None:
        raise RecordingNotFound()
    try:
        visit, role = await _reader(unit, room)
    except RoomNotFound:
        raise RecordingNotFound() from None
    found = next((each for each in await _shelf(unit).segments(unit, room) if each.id == segment_id), None)
    if found is None:
        raise RecordingNotFound()
    if unit.actor.is_staff:
        note_view(unit, visit, role, what="recording", ref=segment_id)
    return found


async def _reader(unit: Unit, room: UUID) -> tuple[Consultation, str]:
    """Raises RoomNotFound."""
    if unit.actor.is_staff:
        visit, role = await readable_visit(unit, room)
    else:
        visit, role = await consultation(unit, room), "patient"
        if visit.account_id is None or visit.account_id != unit.actor.account_id:
            raise RoomNotFound()
    if role not in _MAY_PLAY:
        raise RoomNotFound()
    return visit, role


def _shelf(unit: Unit) -> RecordingShelf:
    return unit.port(RecordingShelf)  # type: ignore[type-abstract]
