"""Who has which room open, on whatever node, as rows: a page is there while its node says so.

Wall time throughout. A row's id is the page's; a page that opens its room on another node takes its row
along, and the node it left sees that and lets go of its socket.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import dict_row

from signaling import calls
from signaling.protocol import SILENT_S
from signaling.rooms import Peer
from telehealth.core.errors import DomainError, Forbidden
from telehealth.core.rooms import Seat
from telehealth.core.unit import Opening, Unit, Units

log = structlog.get_logger(__name__)

WHY = "room presence"
STALE_AFTER = timedelta(seconds=SILENT_S)
#: What a node that stops takes off its rows: their pages are expected elsewhere within seconds.
LEAVING = timedelta(seconds=SILENT_S - 15)
#: How long a signal waits for a page that is away.
SIGNALS_LAST = timedelta(minutes=2)


class PageTaken(Forbidden):
    """The page's id belongs to somebody else's page."""

    code = "page_taken"


def peers_topic(room: UUID) -> str:
    return f"room:{room}:peers"


def unit_of(units: Units, seat: Seat) -> Opening:
    """Where rows of this seat's doing are written: the hospital's, or those of whose visit it is."""
    if seat.actor.is_staff or seat.owner_id is None:
        return units.hospital(seat.hospital_id, seat.actor)
    return units.account(seat.owner_id, seat.actor)


async def arrive(units: Units, seat: Seat, page: str, node: str) -> list[Peer]:
    """Note this page here, whatever node it was on; everybody in the room. Raises PageTaken."""
    facts = {
        "id": page,
        "hospital_id": seat.hospital_id,
        "account_id": seat.owner_id,
        "room": seat.room,
        "person": seat.actor.account,
        "role": str(seat.role),
        "name": seat.name,
        "node": node,
    }
    try:
        async with unit_of(units, seat) as unit:
            if not await _fetch(unit, _ARRIVE, **facts, wall=unit.wall):
                raise PageTaken()
            unit.hint(peers_topic(seat.room))
            return await _peers(unit, seat.room)
    except psycopg.errors.InsufficientPrivilege:
        raise PageTaken() from None


async def leave(units: Units, seat: Seat, page: str, node: str) -> bool:
    """False when the page is on another node by now."""
    async with unit_of(units, seat) as unit:
        left = await _fetch(unit, _LEAVE, id=page, node=node)
        if left:
            unit.hint(peers_topic(seat.room))
        return bool(left)


async def peers(units: Units, room: UUID) -> list[Peer]:
    async with units.system(WHY) as unit:
        return await _peers(unit, room)


async def beat(units: Units, node: str) -> None:
    """Every page of this node is still here: one statement, whatever their number."""
    async with units.system(WHY) as unit:
        await _run(unit, _BEAT, node=node, wall=unit.wall)


async def move_out(units: Units, node: str) -> None:
    """This node stops. Pages that come back elsewhere keep their rows, the others soon lose them."""
    async with units.system(WHY) as unit:
        await _run(unit, _MOVE_OUT, node=node, wall=unit.wall - LEAVING)


async def sweep(units: Units) -> int:
    """Take out the pages of nodes that died, and signals that nobody fetched."""
    async with units.system(WHY) as unit:
        gone = await _fetch(unit, _SWEEP, before=unit.wall - STALE_AFTER)
        await _run(unit, _FORGET_SIGNALS, before=unit.wall - SIGNALS_LAST)
        for row in gone:
            unit.hint(peers_topic(row["room"]))
    for row in gone:
        try:
            await calls.peer_gone(units, row["room"], row["id"])
        except DomainError as error:
            # The sweep of the calls themselves ends what nobody is left in.
            log.warning("presence.call_kept", room=str(row["room"]), error=error.code)
    return len(gone)


async def _peers(unit: Unit, room: UUID) -> list[Peer]:
    rows = await _fetch(unit, _PEERS, room=room, alive=unit.wall - STALE_AFTER)
    return [Peer(**row) for row in rows]


async def _fetch(unit: Unit, statement: str, **facts: Any) -> Sequence[dict[str, Any]]:
    connection = await unit.connection()
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, facts, prepare=True)
        return await cursor.fetchall()


async def _run(unit: Unit, statement: str, **facts: Any) -> None:
    await (await unit.connection()).execute(statement, facts, prepare=True)


_ARRIVE = """
insert into room_peers as p (
    id, hospital_id, account_id, room, person_account_id, role, name, node, since, seen_at
)
values (%(id)s, %(hospital_id)s, %(account_id)s, %(room)s, %(person)s, %(role)s, %(name)s, %(node)s,
    %(wall)s, %(wall)s)
on conflict (id) do update set node = excluded.node, name = excluded.name, seen_at = excluded.seen_at
where p.room = excluded.room and p.person_account_id = excluded.person_account_id and p.role = excluded.role
returning id
"""

_LEAVE = "delete from room_peers where id = %(id)s and node = %(node)s returning id"

_PEERS = """
select id, person_account_id as account, role, name, node, since from room_peers
where room = %(room)s and seen_at > %(alive)s order by since, id
"""

_BEAT = "update room_peers set seen_at = %(wall)s where node = %(node)s"
_MOVE_OUT = "update room_peers set seen_at = least(seen_at, %(wall)s) where node = %(node)s"

_SWEEP = """
delete from room_peers where id in (
    select id from room_peers where seen_at <= %(before)s order by id for update skip locked limit 500
)
returning id, room
"""

_FORGET_SIGNALS = "delete from signals where at <= %(before)s"
