"""Signals from peer to peer, by way of the database: whoever is on another node, or away for a moment,
reads them there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from signaling.calls import CallView
from signaling.errors import CallOver, NotAMember, UnknownCall
from signaling.presence import SIGNALS_LAST, unit_of
from signaling.protocol import RECORDER, ErrorId, Signal, frame
from signaling.rooms import is_live, members
from telehealth.core.errors import NotFound
from telehealth.core.rooms import Seat
from telehealth.core.unit import Units

WHY = "room signals"


class UnknownPeer(NotFound):
    code = "unknown_peer"
    error_id = ErrorId.UNKNOWN_PEER


@dataclass(frozen=True, slots=True)
class Relayed:
    id: int
    recipient: str
    text: str


def signals_topic(room: UUID) -> str:
    return f"room:{room}:signals"


def check(signal: Signal, sender: str, call: CallView | None) -> None:
    """Raises UnknownCall, CallOver, NotAMember, UnknownPeer."""
    if call is None or call.id != signal.call:
        raise UnknownCall()
    if not is_live(call):
        raise CallOver()
    there = members(call)
    if sender not in there:
        raise NotAMember()
    if signal.to == sender or signal.to not in there | {RECORDER}:
        raise UnknownPeer()


async def relay(units: Units, seat: Seat, sender: str, signal: Signal) -> Relayed:
    """Store what was checked; other nodes are told."""
    body = signal.body.model_dump(exclude_none=True)
    async with unit_of(units, seat) as unit:
        connection = await unit.connection()
        facts = {
            "hospital_id": seat.hospital_id,
            "account_id": seat.owner_id,
            "room": seat.room,
            "call": signal.call,
            "sender": sender,
            "recipient": signal.to,
            "body": Jsonb(body),
            "wall": unit.wall,
        }
        row = await (await connection.execute(_KEEP, facts, prepare=True)).fetchone()
        assert row is not None  # noqa: S101 - an insert returns its row
        # A recorder listens to the room itself.
        unit.hint(f"room:{seat.room}" if signal.to == RECORDER else signals_topic(seat.room))
    return Relayed(row[0], signal.to, _frame(row[0], signal.call, sender, body))


async def waiting(units: Units, room: UUID, recipients: Collection[str]) -> list[Relayed]:
    """What was said to these peers in the last two minutes, in order."""
    async with units.system(WHY) as unit:
        connection = await unit.connection()
        facts = {"room": room, "recipients": list(recipients), "since": unit.wall - SIGNALS_LAST}
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_WAITING, facts, prepare=True)
            rows = await cursor.fetchall()
    return [
        Relayed(row["id"], row["recipient"], _frame(row["id"], row["call_id"], row["sender"], row["body"]))
        for row in rows
    ]


def _frame(id: int, call: UUID, sender: str, body: dict[str, Any]) -> str:
    return frame("signal", id=id, call=call, **{"from": sender}, body=body)


_KEEP = """
insert into signals (hospital_id, account_id, room, call_id, sender, recipient, body, at)
values (%(hospital_id)s, %(account_id)s, %(room)s, %(call)s, %(sender)s, %(recipient)s, %(body)s, %(wall)s)
returning id
"""

_WAITING = """
select id, call_id, sender, recipient, body from signals
where room = %(room)s and recipient = any(%(recipients)s) and at > %(since)s order by id
"""
