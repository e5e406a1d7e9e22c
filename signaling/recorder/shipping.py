"""Finished segments on their way from the spool into the store and the manifest.

First the file, then its row, then the spool forgets it: whatever we die of in between is done again
at the next start, and doing it again changes nothing.
"""

import asyncio
import hashlib
from collections import deque
from datetime import timedelta

import psycopg
import sqlalchemy as sa
import structlog
from anyio import to_thread

from signaling import manifest
from signaling.models import RecordingSegment
from signaling.recorder.spool import Slip, Spool
from telehealth.core.blobs import BlobExists, BlobStore
from telehealth.core.errors import DomainError
from telehealth.core.unit import Unit, Units

log = structlog.get_logger(__name__)

WHY = "recording"
#: Waits before the next try, in seconds; the last is repeated for as long as it takes.
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

_FAILURES = (DomainError, sa.exc.SQLAlchemyError, psycopg.Error, OSError)


class Shipper:
    """Ships one segment after the other, in the order they were finished."""

    def __init__(
        self,
        units: Units,
        blobs: BlobStore,
        spool: Spool,
        *,
        keep: timedelta,
        backoff_s: tuple[float, ...] = BACKOFF_S,
    ) -> None:
        self._units, self._blobs, self._spool = units, blobs, spool
        self._keep = keep
        self._backoff_s = backoff_s
        self._waiting: deque[Slip] = deque()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, slip: Slip) -> None:
        self._waiting.append(slip)
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. What the store does not take now stays in the spool and is tried again."""
        failed, is_prepared = 0, False
        while True:
            while not self._waiting:
                self._idle.set()
                self._news.clear()
                await self._news.wait()
            slip = self._waiting[0]
            try:
                if not is_prepared:
                    await self._blobs.prepare()
                    is_prepared = True
                await self.ship(slip)
            except _FAILURES as error:
                log.warning("recording.not_shipped", segment=str(slip.id), error=type(error).__name__)
                await asyncio.sleep(self._backoff_s[min(failed, len(self._backoff_s) - 1)])
                failed += 1
                continue
            failed = 0
            self._waiting.popleft()

    async def drained(self) -> None:
        """Returns once nothing waits."""
        await self._idle.wait()

    async def ship(self, slip: Slip) -> None:
        data = await to_thread.run_sync(self._spool.path(slip).read_bytes)
        label = slip.label
        key = f"recordings/{label.room}/{label.call_id}/{slip.id}{slip.ending}"
        digest = await to_thread.run_sync(lambda: hashlib.sha256(data).hexdigest())
        try:
            await self._blobs.write(
                key, data, slip.content_type, once=True, locked_until=slip.begun_at + self._keep
            )
        except BlobExists:
            # Put there before we died; the key is of this segment alone, and its bytes do not change.
            log.info("recording.shipped_before", segment=str(slip.id))
        async with self._units.system(WHY) as unit:
            await enter(unit, slip, key=key, size=len(data), sha256=digest)
        self._spool.forget(slip)


async def enter(unit: Unit, slip: Slip, *, key: str, size: int, sha256: str) -> RecordingSegment:
    """The next line of the leg's manifest; the line that is there when it was entered before."""
    label = slip.label
    # Two recorders may enter segments of one leg: the old one what it found in its spool.
    await unit.session.execute(
        sa.text("select pg_advisory_xact_lock(hashtextextended(:leg, 0))"),
        {"leg": f"{label.call_id}/{label.leg}"},
    )
    of_leg = sa.select(RecordingSegment).where(
        RecordingSegment.call_id == label.call_id, RecordingSegment.leg == label.leg
    )
    before = list(await unit.session.scalars(of_leg.order_by(RecordingSegment.number)))
    for one in before:
        if one.id == slip.id:
            return one
    begun = min([slip.begun_at, *(one.begun_at for one in before)])
    segment = RecordingSegment(
        id=slip.id,
        hospital_id=label.hospital_id,
        account_id=label.account_id,
        room=label.room,
        call_id=label.call_id,
        leg=label.leg,
        role=label.role,
        number=len(before) + 1,
        content_type=slip.content_type,
        key=key,
        size=size,
        sha256=sha256,
        begun_at=slip.begun_at,
        duration_ms=slip.duration_ms,
        offset_ms=round((slip.begun_at - begun).total_seconds() * 1000),
        width=slip.width,
        height=slip.height,
        cause=slip.cause,
        stored_at=unit.wall,
    )
    segment.chain = manifest.seal(before[-1].chain if before else "", segment)
    unit.session.add(segment)
    await unit.session.flush()
    # The audit trail is sealed, too: so a manifest that lost its end does not match it.
    unit.audit("recording.stored", segment, number=segment.number, sha256=sha256, chain=segment.chain)
    return segment
