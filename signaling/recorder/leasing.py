"""Which recorder has which call, and what it says to the members: rows, so that another can take over.

A lease lasts ten seconds and is renewed every three. Times are the wall clock's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from signaling.calls import recorder_lost, recording_on
from signaling.models import Call, Recorder, RecorderLease, RoomSignal
from signaling.protocol import RECORDER
from signaling.relaying import signals_topic
from signaling.states import CallState, RecordingState
from telehealth.core.hot import Hot
from telehealth.core.rooms import Role, RoomJournal, Side
from telehealth.core.unit import Unit, Units

WHY = "recording"
LEASE = timedelta(seconds=10)
RENEW_S = 3.0
#: A recorder that was not seen for so long is no longer listed.
_FORGET = timedelta(days=1)

# Asked every second for as long as we run.
_UNRECORDED = Hot(
    sa.select(Call)
    .where(
        Call.state == CallState.ACTIVE,
        Call.recording != RecordingState.NONE,
        ~sa.select(RecorderLease.call_id)
        .where(RecorderLease.call_id == Call.id, RecorderLease.until > sa.bindparam("wall"))
        .exists(),
    )
    .order_by(Call.active_at)
    .limit(sa.bindparam("most", type_=sa.Integer()))
    .with_for_update(skip_locked=True)
)
_CALLS = Hot(sa.select(Call).where(Call.id == sa.any_(sa.bindparam("calls", type_=ARRAY(sa.Uuid())))))
_SAID = Hot(
    sa.select(RoomSignal.id, RoomSignal.call_id, RoomSignal.sender, RoomSignal.body)
    .where(
        RoomSignal.room == sa.any_(sa.bindparam("rooms", type_=ARRAY(sa.Uuid()))),
        RoomSignal.id > sa.bindparam("after"),
        RoomSignal.recipient == sa.bindparam("recorder"),
    )
    .order_by(RoomSignal.id)
)


@dataclass(frozen=True, slots=True)
class Me:
    """This recorder process."""

    id: str
    host: str
    max_legs: int


@dataclass(frozen=True, slots=True)
class Held:
    """A call as its recorder sees it."""

    call_id: UUID
    hospital_id: UUID
    account_id: UUID | None
    room: UUID
    is_over: bool
    is_on: bool
    #: Its media were told as evidence of attendance.
    is_told: bool
    attends_after_s: int
    #: Peer → `{account, role, gone_at, …}`.
    members: Mapping[str, Mapping[str, Any]]
    turn: int = 0
    #: Signals up to this one were for a recorder before us.
    signals_after: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    id: int
    call_id: UUID
    sender: str
    body: Mapping[str, Any]


async def appear(units: Units, me: Me) -> None:
    async with units.system(WHY) as unit:
        await unit.session.execute(sa.delete(Recorder).where(Recorder.seen_at < unit.wall - _FORGET))
        unit.session.add(
            Recorder(
                id=me.id, host=me.host, started_at=unit.wall, seen_at=unit.wall, legs=0, max_legs=me.max_legs
            )
        )


async def beat(units: Units, me: Me, *, legs: int) -> set[UUID]:
    """Say that we live, and renew; the calls that are still ours."""
    async with units.system(WHY) as unit:
        alive = sa.update(Recorder).where(Recorder.id == me.id).values(seen_at=unit.wall, legs=legs)
        await unit.session.execute(alive)
        mine = sa.update(RecorderLease).where(RecorderLease.recorder == me.id)
        kept = await unit.session.scalars(
            mine.values(until=unit.wall + LEASE).returning(RecorderLease.call_id)
        )
        return set(kept)


async def claim(units: Units, me: Me, most: int) -> list[Held]:
    """Take calls nobody records or whose recorder no longer renews, and ask their members to send."""
    async with units.system(WHY) as unit:
        calls = [call for (call,) in await _UNRECORDED.all(unit, wall=unit.wall, most=most)]
        return [held for call in calls if (held := await _take(unit, me, call)) is not None]


async def look(
    units: Units, calls: Collection[UUID], rooms: Collection[UUID], after: int
) -> tuple[Sequence[Held], Sequence[Heard]]:
    """These calls now, without their turns; what was said to a recorder in these rooms after this id."""
    async with units.system(WHY) as unit:
        found = await _CALLS.all(unit, calls=list(calls))
        said = await _SAID.all(unit, rooms=list(rooms), after=after, recorder=RECORDER)
        return [_held(call) for (call,) in found], [Heard(*row) for row in said]


async def ask(units: Units, me: Me, held: Held, peers: Collection[str], *, why: str) -> Held | None:
    """Ask members for a connection in the place of the one before; None when the lease is not ours any more.

    `why` is "joined" for whoever came later, "silent" for a connection nothing came from.
    """
    async with units.system(WHY) as unit:
        mine = sa.update(RecorderLease).where(
            RecorderLease.call_id == held.call_id, RecorderLease.recorder == me.id
        )
        turn = await unit.session.scalar(
            mine.values(turn=RecorderLease.turn + 1).returning(RecorderLease.turn)
        )
        if turn is None:
            return None
        for peer in peers:
            await _say(unit, held, peer, {"replace": turn})
        unit.audit(
            "recording.asked", f"calls:{held.call_id}", hospital_id=held.hospital_id,
            account_id=held.account_id, turn=turn, why=why, peers=sorted(peers),
        )  # fmt: skip
        return replace(held, turn=turn)


async def answer(units: Units, held: Held, peer: str, sdp: str) -> None:
    async with units.system(WHY) as unit:
        await _say(unit, held, peer, {"description": {"type": "answer", "sdp": sdp}})


async def note_recorded(units: Units, held: Held, sides: set[Side]) -> None:
    """Media of these sides arrive."""
    async with units.system(WHY) as unit:
        if await recording_on(unit, held.call_id, sides):
            await _journal(unit).recorded(unit, held.room, held.call_id)


async def note_media(units: Units, held: Held, legs: Collection[str]) -> None:
    """Media of both sides came for long enough: the visit was attended (XY13). Told once."""
    async with units.system(WHY) as unit:
        call = await unit.session.scalar(sa.select(Call).where(Call.id == held.call_id).with_for_update())
        if call is None or call.told_at is not None:
            return
        call.told_at = unit.wall
        proof = f"recorder:{','.join(sorted(legs))}"
        unit.audit("call.had_media", call, proof=proof)
        await _journal(unit).had_media(unit, call.room, call.id, proof=proof, at=unit.now)


async def release(units: Units, me: Me, calls: Collection[UUID]) -> None:
    """Let go of them; another recorder takes at once those that still run."""
    async with units.system(WHY) as unit:
        mine = sa.update(RecorderLease).where(
            RecorderLease.call_id.in_(calls), RecorderLease.recorder == me.id
        )
        await unit.session.execute(mine.values(until=unit.wall))
        unit.hint("recorders")


async def vanish(units: Units, me: Me) -> None:
    async with units.system(WHY) as unit:
        await unit.session.execute(sa.delete(Recorder).where(Recorder.id == me.id))


async def _take(unit: Unit, me: Me, call: Call) -> Held | None:
    # The call's lock is not enough: whoever waited for nobody may have read before the other committed.
    row = insert(RecorderLease).values(
        call_id=call.id,
        hospital_id=call.hospital_id,
        account_id=call.account_id,
        room=call.room,
        recorder=me.id,
        turn=1,
        until=unit.wall + LEASE,
    )
    changed = {"recorder": me.id, "turn": RecorderLease.turn + 1, "until": row.excluded.until}
    turn = await unit.session.scalar(
        row.on_conflict_do_update(
            index_elements=["call_id"], set_=changed, where=RecorderLease.until <= unit.wall
        ).returning(RecorderLease.turn)
    )
    if turn is None:
        return None
    if turn > 1:
        await recorder_lost(unit, call.id)
    held = replace(_held(call), turn=turn)
    first = [await _say(unit, held, peer, {"replace": turn}) for peer in held.members]
    unit.audit("recording.leased", call, recorder=me.id, turn=turn)
    return replace(held, signals_after=min(first, default=0))


async def _say(unit: Unit, held: Held, peer: str, body: dict[str, Any]) -> int:
    signal = RoomSignal(
        hospital_id=held.hospital_id,
        account_id=held.account_id,
        room=held.room,
        call_id=held.call_id,
        sender=RECORDER,
        recipient=peer,
        body=body,
        at=unit.wall,
    )
    unit.session.add(signal)
    await unit.session.flush()
    unit.hint(signals_topic(held.room))
    return signal.id


def side_of(member: Mapping[str, Any]) -> Side:
    return Role(member["role"]).side


def _held(call: Call) -> Held:
    return Held(
        call_id=call.id,
        hospital_id=call.hospital_id,
        account_id=call.account_id,
        room=call.room,
        is_over=call.state is not CallState.ACTIVE or call.recording is RecordingState.NONE,
        is_on=call.recording is RecordingState.ON,
        is_told=call.told_at is not None,
        attends_after_s=call.attends_after_s,
        members=call.members,
    )


def _journal(unit: Unit) -> RoomJournal:
    return unit.port(RoomJournal)  # type: ignore[type-abstract]
