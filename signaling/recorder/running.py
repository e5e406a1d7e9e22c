"""The recorder process: takes calls, receives what their members send, ships what it kept.

One round a second, or at once when a hint comes: hints may be lost, rounds are not.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog

from signaling.recorder import leasing
from signaling.recorder.leasing import Heard, Held, Me
from signaling.recorder.peer import BadOffer, Peer, listen_at
from signaling.recorder.shipping import Shipper
from signaling.recorder.spool import Label, Spool
from signaling.recorder.tap import narrow_offers
from telehealth.core.blobs import BlobStore
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.core.offset import follow_offset
from telehealth.core.rooms import Side
from telehealth.core.settings import RecorderSettings, Settings
from telehealth.core.unit import Units

log = structlog.get_logger(__name__)

ROUND_S = 1.0
#: A connection nothing came from for so long is replaced.
SILENT_S = 5.0
#: Media that came within this are coming.
_FRESH_S = 2.0
#: How long a member has for an offer, or a new one for its media, before it is asked again.
_AGAIN_S = 10.0
#: What is not shipped when we are told to stop stays in the spool.
_DRAIN_S = 15.0

_FAILURES = (DomainError, sa.exc.SQLAlchemyError, psycopg.Error, OSError)


@dataclass(slots=True)
class Taken:
    """One call and its members' connections."""

    held: Held
    peers: dict[str, Peer] = field(default_factory=dict)
    #: When each member was last asked, by the loop's clock.
    asked: dict[str, float] = field(default_factory=dict)
    #: Members that sent something before: their next segment begins with a new connection.
    known: set[str] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    #: How long media of both sides came so far, and when that was counted last.
    both_s: float = 0
    counted_at: float | None = None

    def fresh(self, now: float) -> list[str]:
        return [
            leg
            for leg, peer in self.peers.items()
            if leg in self.held.members and peer.heard_at is not None and now - peer.heard_at < _FRESH_S
        ]


class Recording:
    """`units`, a store and a spool, put to work."""

    def __init__(self, units: Units, blobs: BlobStore, settings: RecorderSettings, spool: Spool) -> None:
        host = socket.gethostname()
        self.me = Me(f"{host}:{os.getpid()}:{new_id().hex[-8:]}", host, settings.max_legs)
        self._units = units
        self._settings = settings
        self._spool = spool
        self.shipper = Shipper(units, blobs, spool, keep=timedelta(days=366 * settings.keep_years))
        self._calls: dict[UUID, Taken] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._is_told = False
        self._beat_at = 0.0

    def stop(self) -> None:
        """Let `run` end after this round."""
        self._is_told = True
        self._news.set()

    async def run(self) -> None:
        """Until told to stop; then what is open is finished, and shipped if that is quick."""
        for slip in await asyncio.to_thread(self._spool.left):
            self.shipper.add(slip)
        await self._appear()
        forget = self._units.bus.subscribe(self._on_hint) if self._units.bus is not None else lambda: None
        shipping = asyncio.create_task(self.shipper.run(), name="recorder.ship")
        try:
            while not self._is_told:
                await self._round_or_log()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), ROUND_S)
                self._news.clear()
        finally:
            forget()
            await self._stop(shipping)

    async def _appear(self) -> None:
        """As soon as there is a database, with its tables."""
        while not self._is_told:
            try:
                return await leasing.appear(self._units, self.me)
            except _FAILURES as error:
                log.warning("recorder.waits_for_database", error=type(error).__name__)
                await asyncio.sleep(ROUND_S)

    def legs(self) -> int:
        return sum(len(taken.peers) for taken in self._calls.values())

    def heard_now(self) -> list[str]:
        """Legs whose media come."""
        now = asyncio.get_running_loop().time()
        return [leg for taken in self._calls.values() for leg in taken.fresh(now)]

    def _on_hint(self, topics: Sequence[str] | None) -> None:
        mine = {f"room:{taken.held.room}" for taken in self._calls.values()}
        if topics is None or "recorders" in topics or not mine.isdisjoint(topics):
            self._news.set()

    async def _round_or_log(self) -> None:
        try:
            await self._round()
        except _FAILURES as error:
            # Media go on into the spool; whoever finds our leases run out takes over.
            log.warning("recorder.round_failed", error=type(error).__name__)

    async def _round(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._beat_at:
            kept = await leasing.beat(self._units, self.me, legs=self.legs())
            for call_id in self._calls.keys() - kept:
                log.warning("recorder.lease_lost", call=str(call_id))
                self._drop(call_id)
            if strays := kept - self._calls.keys():
                # Taken or left in a unit whose end we did not hear of.
                await leasing.release(self._units, self.me, strays)
            self._beat_at = now + leasing.RENEW_S
        await self._claim()
        if self._calls:
            await self._look()
            for taken in list(self._calls.values()):
                await self._watch(taken)

    async def _claim(self) -> None:
        """As many as there is room for: two legs each, or as many as have members."""
        in_use = sum(max(2, len(taken.held.members)) for taken in self._calls.values())
        if (most := (self._settings.max_legs - in_use) // 2) < 1:
            return
        now = asyncio.get_running_loop().time()
        for held in await leasing.claim(self._units, self.me, most):
            log.info("recorder.took", call=str(held.call_id), turn=held.turn)
            self._calls[held.call_id] = Taken(held, asked=dict.fromkeys(held.members, now))

    async def _look(self) -> None:
        rooms = {taken.held.room for taken in self._calls.values()}
        after = min(taken.held.signals_after for taken in self._calls.values())
        found, said = await leasing.look(self._units, self._calls, rooms, after)
        seen = {held.call_id: held for held in found}
        over = [call_id for call_id in self._calls if call_id not in seen or seen[call_id].is_over]
        for call_id in over:
            self._drop(call_id)
        if over:
            await leasing.release(self._units, self.me, over)
        for call_id, taken in self._calls.items():
            before = taken.held
            taken.held = replace(seen[call_id], turn=before.turn, signals_after=before.signals_after)
            for leg in [leg for leg in taken.peers if leg not in taken.held.members]:
                self._close(taken.peers.pop(leg))
        await self._listen(said)

    async def _listen(self, said: Sequence[Heard]) -> None:
        for one in said:
            taken = self._calls.get(one.call_id)
            if taken is None or one.id <= taken.held.signals_after or one.id in taken.heard:
                continue
            taken.heard.add(one.id)
            if one.sender in taken.held.members:
                await self._obey(taken, one)

    async def _obey(self, taken: Taken, said: Heard) -> None:
        description = said.body.get("description")
        if description is not None and description.get("type") == "offer":
            await self._accept(taken, said.sender, description["sdp"])
        elif said.body.get("bye") and said.sender in taken.peers:
            self._close(taken.peers.pop(said.sender))

    async def _accept(self, taken: Taken, leg: str, sdp: str) -> None:
        peer = self._peer(taken, leg)
        try:
            answer = await peer.answer(sdp)
        except BadOffer as error:
            log.warning("recorder.bad_offer", call=str(taken.held.call_id), error=str(error))
            self._close(peer)
            return
        if (old := taken.peers.pop(leg, None)) is not None:
            self._close(old)
        taken.peers[leg] = peer
        taken.known.add(leg)
        await leasing.answer(self._units, taken.held, leg, answer)

    def _peer(self, taken: Taken, leg: str) -> Peer:
        held = taken.held
        label = Label(
            hospital_id=held.hospital_id,
            account_id=held.account_id,
            room=held.room,
            call_id=held.call_id,
            leg=leg,
            role=str(held.members[leg]["role"]),
        )
        wall, at = self._units.clock.wall(), asyncio.get_running_loop().time()

        def wall_at(seconds: float) -> datetime:
            return wall + timedelta(seconds=seconds - at)

        is_new = held.turn == 1 and leg not in taken.known
        return Peer(
            self._spool,
            label,
            cause="start" if is_new else "connection",
            segment_s=self._settings.segment_s,
            wall_at=wall_at,
            finished=self.shipper.add,
        )

    async def _watch(self, taken: Taken) -> None:
        now = asyncio.get_running_loop().time()
        fresh = taken.fresh(now)
        sides = {leasing.side_of(taken.held.members[leg]) for leg in fresh}
        if sides == set(Side):
            if not taken.held.is_on:
                await leasing.note_recorded(self._units, taken.held, sides)
            taken.both_s += min(now - taken.counted_at, 2 * ROUND_S) if taken.counted_at else 0
            taken.counted_at = now
            if taken.both_s >= taken.held.attends_after_s and not taken.held.is_told:
                await leasing.note_media(self._units, taken.held, fresh)
        else:
            taken.counted_at = None
        await self._ask(taken, now)

    async def _ask(self, taken: Taken, now: float) -> None:
        """Whoever came and was not asked, and whoever sends nothing."""
        for why in ("joined", "silent"):
            missing = [
                leg
                for leg, member in taken.held.members.items()
                if member["gone_at"] is None and _lacks(taken, leg, now) == why
            ]
            if not missing:
                continue
            log.info("recorder.asked", call=str(taken.held.call_id), why=why, legs=len(missing))
            held = await leasing.ask(self._units, self.me, taken.held, missing, why=why)
            if held is None:
                return
            taken.held = held
            taken.asked.update(dict.fromkeys(missing, now))

    def _drop(self, call_id: UUID) -> None:
        for peer in self._calls.pop(call_id).peers.values():
            self._close(peer)

    def _close(self, peer: Peer) -> None:
        """Beside us: a connection may take its time to say goodbye."""
        task = asyncio.create_task(peer.close(), name="recorder.close")
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("recorder.close_failed", error=type(error).__name__, exc_info=error)

    async def _stop(self, shipping: asyncio.Task[None]) -> None:
        calls = list(self._calls)
        for call_id in calls:
            self._drop(call_id)
        await asyncio.gather(*self._closing, return_exceptions=True)
        try:
            # Whoever takes over need not wait until our leases end.
            await leasing.release(self._units, self.me, calls)
            await leasing.vanish(self._units, self.me)
            async with asyncio.timeout(_DRAIN_S):
                await self.shipper.drained()
        except (*_FAILURES, TimeoutError) as error:
            log.warning("recorder.left_behind", error=type(error).__name__)
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)


def _lacks(taken: Taken, leg: str, now: float) -> str | None:
    """Why a member has to be asked now, if it has."""
    asked = taken.asked.get(leg)
    if asked is None:
        return "joined"
    peer = taken.peers.get(leg)
    if peer is None:
        return "silent" if now - asked > _AGAIN_S else None
    last, patience = (peer.began_at, _AGAIN_S) if peer.heard_at is None else (peer.heard_at, SILENT_S)
    return "silent" if now - last > patience and now - asked > _AGAIN_S else None


async def record(units: Units, blobs: BlobStore, settings: Settings, told: asyncio.Event) -> None:
    """Until told. Raises SpoolTaken."""
    listen_at(settings.recorder.addresses)
    narrow_offers()
    spool = Spool(settings.spool)
    recording = Recording(units, blobs, settings.recorder, spool)

    async def stop_when_told() -> None:
        await told.wait()
        recording.stop()

    # Only the demo's clock is ever moved.
    beside = [stop_when_told(), *([_follow_clock(units)] if settings.is_demo else [])]
    tasks = [asyncio.create_task(one) for one in beside]
    try:
        await recording.run()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        spool.close()


async def record_until_told(units: Units, blobs: BlobStore, settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await record(units, blobs, settings, told)


async def _follow_clock(units: Units) -> None:
    while True:
        with contextlib.suppress(*_FAILURES):
            await follow_offset(units)
        await asyncio.sleep(2)
