"""Say something in a room. Stored and committed when `say` returns; the same client id never twice.

Lock order: booking, then consultation (HOUSE). So a doctor's text that may be the evidence of the visit
locks its booking before the message takes its number, as midnight does (XY14).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from telehealth.accounts import keep_step_up
from telehealth.bookings import attending
from telehealth.bookings.states import Evidence
from telehealth.consultations.alerting import RED_FLAG, alert, card_of_text, raise_alarm
from telehealth.consultations.errors import (
    ChatDown,
    ClientIdTaken,
    FileNotReady,
    MessageEmpty,
    NotAdmitted,
    RoomClosed,
    RoomFileNotFound,
    SeatEnded,
)
from telehealth.consultations.policy import acting
from telehealth.consultations.presenting import author_of, body, file_body
from telehealth.consultations.queries import READS, consultation, fetch, file
from telehealth.consultations.rules import is_own_text, may_write
from telehealth.consultations.states import FileState
from telehealth.consultations.writing import NobodyAttended, Words, Written, append
from telehealth.core.errors import DomainError
from telehealth.core.rooms import Role, Seat, Side, Stored
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.rulebook import current_policy

#: A session's work is noted again after this, as `work_on` does; so many are remembered.
NOTED_AGAIN = timedelta(minutes=1)
MOST_NOTED = 10_000

_DOWN = (psycopg.OperationalError, sa.exc.OperationalError, sa.exc.TimeoutError)


async def say(
    units: Units, seat: Seat, *, client_id: UUID, kind: str, text: str = "", file_id: UUID | None = None
) -> Stored:
    """Store it, and see to what it means: evidence (XY13), a red flag, a patient who should be told.

    Raises RoomClosed, NotAdmitted, SeatEnded, FileNotReady, MessageEmpty, ChatDown.
    """
    words = Words(client_id, kind, text.strip(), file_id)
    if kind != "file" and not words.text:
        raise MessageEmpty()
    try:
        try:
            return await _say(units, seat, words)
        except psycopg.errors.UniqueViolation:
            # The same words came over another connection this moment, and now they can be found.
            return await _say(units, seat, words)
    except psycopg.errors.UniqueViolation:
        raise ClientIdTaken() from None
    except _DOWN:
        raise ChatDown(retry_after_s=2) from None


async def _say(units: Units, seat: Seat, words: Words) -> Stored:
    async with acting(units, seat) as unit:
        shown = None if words.file_id is None else await _ready_file(unit, seat, words.file_id)
        may_attend = seat.role is Role.DOCTOR and words.kind == "text"
        try:
            is_evidence, written = False, await append(unit, seat, words, unless_unattended=may_attend)
        except NobodyAttended:
            is_evidence, written = await _would_attend(unit, seat, words), await append(unit, seat, words)
        if written is None:
            raise await _why_not(unit, seat)
        about = None
        if written.is_new:
            about = await _see_to(unit, seat, words, written, is_evidence=is_evidence)
            # Of a plain message other nodes fetch the message only.
            unit.hint(f"room:{seat.room}:said" if about is None else f"room:{seat.room}")
        return Stored(written.seq, _shown(seat, words, written, shown), about, written.is_new)


async def _see_to(
    unit: Unit, seat: Seat, words: Words, written: Written, *, is_evidence: bool
) -> Mapping[str, Any] | None:
    if is_evidence:
        ref = f"message:{seat.room}:{written.seq}"
        await attending.record(unit, seat.room, Evidence.OWN_TEXT, ref, unit.now)
    if seat.role.side is Side.DOCTOR:
        await _note_work(unit)
        return None
    card = await card_of_text(unit, seat.hospital_id, words.text)
    if card is None:
        return None
    await raise_alarm(unit, seat.room, RED_FLAG)
    return alert(RED_FLAG, card)


async def _note_work(unit: Unit) -> None:
    """The step-up lasts on; a session is not asked about again within the time in which nothing is noted."""
    session = unit.actor.session_id
    noted = None if session is None else _noted.get(session)
    if session is None or (noted is not None and abs(unit.wall - noted) < NOTED_AGAIN):
        return
    await keep_step_up(unit)
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[session] = unit.wall


#: Session → wall time at which this process saw to its step-up.
_noted: dict[UUID, datetime] = {}


async def _would_attend(unit: Unit, seat: Seat, words: Words) -> bool:
    """Whether this text is the first evidence; if so the booking is locked."""
    policy = (await current_policy(unit, seat.hospital_id)).policy
    if not is_own_text(words.kind, words.text, policy.room.quick_replies):
        return False
    return bool(await fetch(unit, _LOCK_UNATTENDED, room=seat.room))


_LOCK_UNATTENDED = (
    "select id from bookings where id = %(room)s and state = 'paid' and attended_at is null for update"
)


async def _ready_file(unit: Unit, seat: Seat, file_id: UUID) -> Mapping[str, Any]:
    try:
        row = await file(unit, file_id)
    except RoomFileNotFound:
        raise FileNotReady() from None
    if row.room != seat.room or row.author_id != seat.actor.account or row.state is not FileState.READY:
        raise FileNotReady()
    return file_body(row)


async def _why_not(unit: Unit, seat: Seat) -> DomainError:
    """The statement stored nothing: say why."""
    row = await consultation(unit, seat.room)
    if may_write(row.state, seat.role.side):
        return SeatEnded()
    return NotAdmitted() if may_write(row.state, Side.PATIENT) else RoomClosed(state=str(row.state))


def _shown(seat: Seat, words: Words, written: Written, file: Mapping[str, Any] | None) -> dict[str, Any]:
    return body(
        seq=written.seq, client_id=words.client_id, author=author_of(seat), kind=words.kind, text=words.text,
        file=file, facts=written.facts, at=written.at,
    )  # fmt: skip


async def tell_unread(unit: Unit, room: UUID) -> None:
    """Deadline `consultations.unread`: the doctor wrote and the patient's page did not show it."""
    row = await consultation(unit, room)
    read = dict(await READS.all(unit, room=room))
    unread = await fetch(unit, _UNREAD, room=room, seq=read.get(str(Role.PATIENT), 0))
    if unread and row.account_id is not None:
        await notify(
            unit, Notice.DOCTOR_WROTE, row.account_id, hospital_id=row.hospital_id, href=f"/rooms/{room}",
            number=unread[0]["number"],
        )  # fmt: skip


_UNREAD = """
select b.number from bookings b
where b.id = %(room)s and exists (
    select from room_messages m
    where m.room = %(room)s and m.seq > %(seq)s and m.role in ('doctor', 'colleague'))
"""
