"""Every SELECT of the room's side. Row-level security is the second wall; seats are the first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from telehealth.consultations.errors import InvitationNotFound, RoomFileNotFound, RoomNotFound, SeatNotFound
from telehealth.consultations.models import (
    Consultation,
    ReadMark,
    RecordingConsent,
    RecordView,
    RoomFile,
    RoomMessage,
    RoomSeat,
)
from telehealth.consultations.states import OPEN, ConsultationState, FileState, SeatState
from telehealth.core.clock import HospitalDay
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit

_ROOMS = sa.bindparam("rooms", type_=ARRAY(sa.Uuid()))

CONSULTATION_OF = Hot(sa.select(Consultation).where(Consultation.id == sa.bindparam("room")))
LAST = Hot(sa.select(Consultation.id, Consultation.last_seq).where(Consultation.id == sa.any_(_ROOMS)))
#: Messages of a room after a number, each with the file it brings.
AFTER = Hot(
    sa.select(RoomMessage, RoomFile)
    .outerjoin(RoomFile, RoomFile.id == RoomMessage.file_id)
    .where(RoomMessage.room == sa.bindparam("room"), RoomMessage.seq > sa.bindparam("since"))
    .order_by(RoomMessage.seq)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
HELPER_NAME = Hot(sa.select(RoomSeat.name).where(RoomSeat.id == sa.bindparam("id")))
READS = Hot(
    sa.select(ReadMark.role, sa.func.max(ReadMark.seq))
    .where(ReadMark.room == sa.bindparam("room"))
    .group_by(ReadMark.role)
)


async def consultation(unit: Unit, room: UUID) -> Consultation:
    """A snapshot. Raises RoomNotFound."""
    found = await CONSULTATION_OF.first(unit, room=room)
    if found is None:
        raise RoomNotFound()
    return found[0]


async def lock_consultation(unit: Unit, room: UUID) -> Consultation:
    """Raises RoomNotFound."""
    found = sa.select(Consultation).where(Consultation.id == room).with_for_update()
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise RoomNotFound()
    return row


async def coming_rooms(unit: Unit, day: HospitalDay, *, limit: int = 3) -> Sequence[Consultation]:
    """Open rooms of this account today, admitted first."""
    found = sa.select(Consultation).where(
        Consultation.account_id == unit.actor.account, Consultation.day == day, Consultation.state.in_(OPEN)
    )
    is_waiting = Consultation.state == ConsultationState.WAITING
    return (await unit.session.scalars(found.order_by(is_waiting, Consultation.starts_at).limit(limit))).all()


async def messages_after(
    unit: Unit, room: UUID, since: int, limit: int
) -> list[tuple[RoomMessage, RoomFile | None]]:
    return [*await AFTER.all(unit, room=room, since=since, most=limit)]


async def seats_of(unit: Unit, room: UUID) -> Sequence[RoomSeat]:
    """Those that were not ended, oldest first."""
    found = sa.select(RoomSeat).where(RoomSeat.room == room, RoomSeat.state != SeatState.ENDED)
    return (await unit.session.scalars(found.order_by(RoomSeat.invited_at, RoomSeat.id))).all()


async def seat(unit: Unit, room: UUID, seat_id: UUID, *, role: str) -> RoomSeat:
    """Locked. Raises SeatNotFound."""
    found = sa.select(RoomSeat).where(RoomSeat.id == seat_id, RoomSeat.room == room, RoomSeat.role == role)
    row = (await unit.session.scalars(found.with_for_update())).one_or_none()
    if row is None:
        raise SeatNotFound()
    return row


async def invitation(unit: Unit, digest: str, *, lock: bool = False) -> RoomSeat:
    """The seat a link leads to. Raises InvitationNotFound."""
    found = sa.select(RoomSeat).where(RoomSeat.token_digest == digest, RoomSeat.state != SeatState.ENDED)
    row = (await unit.session.scalars(found.with_for_update() if lock else found)).one_or_none()
    if row is None:
        raise InvitationNotFound()
    return row


async def file(unit: Unit, file_id: UUID, *, lock: bool = False) -> RoomFile:
    """Raises RoomFileNotFound."""
    found = sa.select(RoomFile).where(RoomFile.id == file_id)
    found = found.with_for_update() if lock else found
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise RoomFileNotFound()
    return row


async def count_files(unit: Unit, room: UUID, *, author_id: UUID, offered_since: datetime) -> tuple[int, int]:
    """Files of this room that are ready, and places this author was offered since then and left empty."""
    row = (
        await unit.session.execute(
            sa.select(
                sa.func.count().filter(RoomFile.state == FileState.READY),
                sa.func.count().filter(
                    RoomFile.state == FileState.OFFERED,
                    RoomFile.author_id == author_id,
                    RoomFile.offered_at >= offered_since,
                ),
            ).where(RoomFile.room == room)
        )
    ).one()
    return int(row[0]), int(row[1])


async def unswept_files(unit: Unit, *, before: datetime, limit: int = 200) -> Sequence[UUID]:
    found = sa.select(RoomFile.id).where(RoomFile.swept_at.is_(None), RoomFile.offered_at < before)
    return (await unit.session.scalars(found.order_by(RoomFile.offered_at).limit(limit))).all()


async def lock_files(unit: Unit, file_ids: Sequence[UUID]) -> Sequence[RoomFile]:
    found = sa.select(RoomFile).where(RoomFile.id.in_(file_ids)).order_by(RoomFile.id).with_for_update()
    return (await unit.session.scalars(found)).all()


async def last_consent(unit: Unit, room: UUID, person_account_id: UUID) -> RecordingConsent | None:
    found = sa.select(RecordingConsent).where(
        RecordingConsent.room == room, RecordingConsent.person_account_id == person_account_id
    )
    newest = found.order_by(RecordingConsent.at.desc(), RecordingConsent.id.desc()).limit(1)
    return (await unit.session.scalars(newest)).one_or_none()


async def views_of(unit: Unit, room: UUID, *, limit: int = 200) -> Sequence[RecordView]:
    """Who looked, latest first."""
    found = sa.select(RecordView).where(RecordView.room == room)
    return (await unit.session.scalars(found.order_by(RecordView.at.desc()).limit(limit))).all()


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom an alert reaches: the doctor of the visit and the duty desk."""

    doctor: UUID | None
    desk: Sequence[UUID]


async def staff_to_alert(unit: Unit, hospital_id: UUID, doctor_id: UUID) -> Staff:
    rows = await fetch(unit, _STAFF, hospital_id=hospital_id, doctor_id=doctor_id)
    doctor = next((row["account_id"] for row in rows if row["is_doctor"]), None)
    return Staff(doctor, [row["account_id"] for row in rows if row["is_desk"]])


_STAFF = """
select account_id, coalesce(doctor_id = %(doctor_id)s, false) as is_doctor, 'desk' = any(roles) as is_desk
from staff_members
where hospital_id = %(hospital_id)s and status = 'active'
    and (doctor_id = %(doctor_id)s or 'desk' = any(roles))
order by created_at, id
"""


async def fetch(unit: Unit, statement: str, **arguments: Any) -> list[dict[str, Any]]:
    """Rows of a prepared statement on the unit's own connection."""
    await unit.settle()
    await unit.connection()
    sql, names = _as_the_server_takes_it(statement)
    cursor = unit.cursor_for(sql)
    await cursor.execute(sql, [arguments[name] for name in names], prepare=True)
    columns = _columns.get(sql)
    if columns is None:
        columns = _columns[sql] = tuple(column.name for column in cursor.description or ())
    return [dict(zip(columns, row, strict=True)) for row in await cursor.fetchall()] if columns else []


@cache
def _as_the_server_takes_it(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """With $1, $2, … for the names, which the driver would look for each time; and the names in order."""
    names = tuple(dict.fromkeys(_NAMED.findall(statement)))
    numbers = {name: f"${number}" for number, name in enumerate(names, start=1)}
    return (statement % numbers).encode(), names


_NAMED = re.compile(r"%\((\w+)\)s")
#: Of statements that were run before.
_columns: dict[bytes, tuple[str, ...]] = {}
