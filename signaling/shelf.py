"""What was kept of a room's calls, for whoever may look at it."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa

from signaling import manifest
from signaling.models import RecordingSegment
from telehealth.core.rooms import Segment
from telehealth.core.unit import Unit


class Shelf:
    """`telehealth.core.rooms.RecordingShelf`."""

    async def segments(self, unit: Unit, room: UUID) -> Sequence[Segment]:
        """As the unit may see them, in the order they are played."""
        found = sa.select(RecordingSegment).where(RecordingSegment.room == room)
        rows = await unit.session.scalars(found.order_by(RecordingSegment.begun_at, RecordingSegment.id))
        return [_shown(row) for row in rows]

    async def room_of(self, unit: Unit, segment: UUID) -> UUID | None:
        found = sa.select(RecordingSegment.room).where(RecordingSegment.id == segment)
        return await unit.session.scalar(found)

    async def is_whole(self, unit: Unit, room: UUID) -> bool:
        """By the rows alone; whether a file is the one its row means, its SHA-256 tells whoever reads it."""
        found = sa.select(RecordingSegment).where(RecordingSegment.room == room)
        order = (RecordingSegment.call_id, RecordingSegment.leg, RecordingSegment.number)
        rows = await unit.session.scalars(found.order_by(*order).execution_options(populate_existing=True))
        legs = groupby(rows, key=lambda row: (row.call_id, row.leg))
        return all(manifest.is_whole(leg) for _, leg in legs)


def _shown(row: RecordingSegment) -> Segment:
    return Segment(
        id=row.id,
        call=row.call_id,
        leg=row.leg,
        role=row.role,
        number=row.number,
        content_type=row.content_type,
        key=row.key,
        size=row.size,
        sha256=row.sha256,
        begun_at=row.begun_at,
        duration_ms=row.duration_ms,
        offset_ms=row.offset_ms,
    )
