"""The life of a call: rung, accepted, joined, left, ended.

Its row is the truth, whatever node a page is connected to: each verb opens its own unit, locks the
row, decides, and commits before anybody is told. So the first accept wins, an accept and a cancel
cannot both win, and asking twice for an end changes nothing.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from signaling import rules
from signaling.errors import CallOver, CallRefused, NotAllowed, NotAMember, RoomClosed, UnknownCall
from signaling.models import Call
from signaling.protocol import RECORD_WITHIN_S, RINGS_S, CallMedia, Media
from signaling.states import CALL, CallEvent, CallState, Ending, RecordingState
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, RoomJournal, Seat, Side, Terms
from telehealth.core.unit import Unit, Units

WHY = "room calls"
#: An ended call is still shown, so that a page that was away learns how it ended.
SHOWN_FOR = timedelta(seconds=60)
RECORD_WITHIN = timedelta(seconds=RECORD_WITHIN_S)


@dataclass(frozen=True, slots=True)
class CallView:
    """`body` is the call as the protocol shows it; an older `version` is to be ignored."""

    id: UUID
    version: int
    body: dict[str, Any]


async def start(units: Units, seat: Seat, peer: str, media: Media, terms: Terms) -> CallView:
    """Ring the other side; the call that is there, if there is one.

    Raises NotAllowed (helper, colleague), RoomClosed, CallRefused.
    """
    if seat.role not in rules.PRINCIPALS:
        raise NotAllowed()
    _may_call(terms)
    async with units.system(WHY, seat.actor) as unit:
        call = await _live(unit, seat.room)
        if call is not None and await end_if_due(unit, call):
            call = None
        if call is None:
            call = await _ring(unit, seat, peer, media, terms) or await _live(unit, seat.room)
        if call is None:
            # Somebody was first, and was over before we looked.
            raise CallOver()
        return view(call)


async def accept(units: Units, seat: Seat, peer: str, call_id: UUID, media: Media, terms: Terms) -> CallView:
    """Take a ringing call of the other side, or join the one that runs.

    A page of a seat that is in the call joins without being asked: it was reloaded, or is a second
    device. Raises UnknownCall, CallOver, CallRefused, NotAllowed (own side's ringing call), RoomClosed.
    """
    async with units.system(WHY, seat.actor) as unit:
        call = await _lock(unit, seat.room, call_id)
        over = call.state is CallState.ENDED or await end_if_due(unit, call)
        if not over:
            _may_call(terms)
            await _join(unit, call, seat, peer, media, terms)
    if over:
        # After the commit: that it rang too long stays written.
        raise CallOver(reason=call.reason)
    return view(call)


async def decline(units: Units, seat: Seat, peer: str, call_id: UUID) -> CallView:
    """A no of the side that is rung. That of a helper or colleague only quiets their own page.

    Changes nothing once somebody accepted. Raises UnknownCall, NotAllowed (own side's call).
    """
    async with units.system(WHY, seat.actor) as unit:
        call = await _lock(unit, seat.room, call_id)
        if call.state is CallState.RINGING:
            if rules.side_of(call.started_by) is seat.role.side:
                raise NotAllowed()
            if seat.role in rules.PRINCIPALS:
                await end(unit, call, Ending.DECLINED)
        return view(call)


async def hang_up(units: Units, seat: Seat, peer: str, call_id: UUID) -> CallView:
    """Leave; the call ends with the doctor or with the last of a side. Unanswered it is a cancel.

    Of a call that is over, nothing more. Raises UnknownCall, NotAMember.
    """
    async with units.system(WHY, seat.actor) as unit:
        call = await _lock(unit, seat.room, call_id)
        if call.state is CallState.RINGING:
            await _give_up(unit, call, seat, peer)
        elif call.state is CallState.ACTIVE:
            if peer not in call.members:
                raise NotAMember()
            if rules.leaves_others(call.members, peer):
                _change(unit, call, rules.without(call.members, peer))
                unit.audit("call.left", call, role=seat.role)
            else:
                await end(unit, call, Ending.HUNG_UP)
        return view(call)


async def media(units: Units, seat: Seat, peer: str, message: CallMedia) -> CallView | None:
    """Note what a member says of its media; None when nobody need be told.

    Raises UnknownCall, NotAMember.
    """
    async with units.system(WHY, seat.actor) as unit:
        call = await _lock(unit, seat.room, message.call)
        if call.state is CallState.ENDED:
            return view(call)
        if peer not in call.members:
            raise NotAMember()
        members = rules.reported(
            call.members, peer, connected=message.connected, audio=message.audio, video=message.video,
            relay=message.relay,
        )  # fmt: skip
        return view(call) if _change(unit, call, members) else None


async def live(units: Units, room: UUID) -> CallView | None:
    """The call of this room, or the one that ended in the last minute."""
    async with units.system(WHY) as unit:
        last = sa.select(Call).where(Call.room == room).order_by(Call.rang_at.desc(), Call.id.desc()).limit(1)
        call = await unit.session.scalar(last)
        if call is None or (call.ended_at is not None and call.ended_at + SHOWN_FOR <= unit.wall):
            return None
        return view(call)


async def peer_gone(units: Units, room: UUID, peer: str) -> CallView | None:
    """A page has no socket any more; None when it was in no call. Media may flow on without it."""
    async with units.system(WHY) as unit:
        call = await _live(unit, room)
        if call is None or peer not in call.members:
            return None
        _change(unit, call, rules.gone(call.members, peer, unit.wall))
        return view(call)


async def peer_came(units: Units, seat: Seat, peer: str) -> CallView | None:
    """The same page has a socket again; the room's call, for its welcome."""
    async with units.system(WHY, seat.actor) as unit:
        call = await _live(unit, seat.room)
        if call is not None:
            if peer in call.members:
                _change(unit, call, rules.came(call.members, peer))
            return view(call)
    return await live(units, seat.room)


async def room_closed(units: Units, room: UUID) -> CallView | None:
    """End what still runs in a room whose visit is over; None when nothing did."""
    async with units.system(WHY) as unit:
        call = await _live(unit, room)
        if call is None:
            return None
        await end(unit, call, Ending.ROOM_CLOSED)
        return view(call)


async def recording_on(unit: Unit, call_id: UUID, sides: Set[Side]) -> bool:
    """Media of these sides reach a recorder. True when that made it a recorded call."""
    call = await unit.session.scalar(_locked(Call.id == call_id))
    if call is None or call.state is not CallState.ACTIVE or call.recording is not RecordingState.WANTED:
        return False
    if not rules.BOTH <= sides:
        return False
    call.recording = RecordingState.ON
    call.record_by = None
    _changed(unit, call)
    unit.audit("call.recording_on", call)
    return True


async def recorder_lost(unit: Unit, call_id: UUID) -> bool:
    """A recorder went, or a new one took over: both sides have ten seconds again to reach one."""
    call = await unit.session.scalar(_locked(Call.id == call_id))
    if call is None or call.state is not CallState.ACTIVE or call.recording is RecordingState.NONE:
        return False
    call.recording = RecordingState.WANTED
    call.record_by = unit.wall + RECORD_WITHIN
    _changed(unit, call)
    unit.audit("call.recorder_lost", call)
    return True


async def end_if_due(unit: Unit, call: Call) -> bool:
    """End a locked call whose time is over."""
    timers = rules.Timers(
        call.state, call.rings_until, call.recording, call.record_by, call.alone_since
    )  # fmt: skip
    reason = rules.due(timers, unit.wall)
    if reason is None:
        return False
    await end(unit, call, reason)
    return True


async def end(unit: Unit, call: Call, reason: Ending) -> None:
    """End a locked call that lives."""
    await tell_media(unit, call)
    call.apply(CallEvent.END)
    call.ended_at = unit.wall
    call.reason = reason
    call.record_by = call.alone_since = None
    seconds = 0 if call.active_at is None else int((unit.wall - call.active_at).total_seconds())
    unit.audit("call.ended", call, reason=reason, seconds=seconds)
    journal = _journal(unit)
    by = Role(call.started_by["role"])
    await journal.ended(unit, call.room, call.id, reason=reason, by=by, seconds=seconds)
    unit.hint(_topic(call.room))


async def tell_media(unit: Unit, call: Call) -> bool:
    """Tell once that both sides reported media for long enough, where no recorder sees them (XY13)."""
    if call.recording is not RecordingState.NONE or call.told_at is not None or call.media_since is None:
        return False
    if call.media_since + timedelta(seconds=call.attends_after_s) > unit.wall:
        return False
    call.told_at = unit.wall
    unit.audit("call.had_media", call, proof="reported")
    await _journal(unit).had_media(unit, call.room, call.id, proof="reported", at=unit.now)
    return True


def view(call: Call) -> CallView:
    members = [
        {"peer": peer, **{part: who[part] for part in ("account", "role", "media", "connected")}}
        for peer, who in sorted(call.members.items(), key=lambda item: item[1]["joined_at"])
    ]
    rings = call.state is CallState.RINGING
    body = {
        "id": str(call.id),
        "state": str(call.state),
        "media": call.media,
        "reason": call.reason or None,
        "started_by": call.started_by,
        "members": members,
        "recording": str(call.recording),
        "rings_until": _instant(call.rings_until if rings else None),
        "record_by": _instant(call.record_by),
        "active_at": _instant(call.active_at),
        "ended_at": _instant(call.ended_at),
        "version": call.version,
    }
    return CallView(call.id, call.version, body)


def _may_call(terms: Terms) -> None:
    if terms.state in ("concluded", "closed"):
        raise RoomClosed()
    if not terms.may_call:
        raise CallRefused(refusal=terms.refusal)


async def _ring(unit: Unit, seat: Seat, peer: str, media: Media, terms: Terms) -> Call | None:
    """A new call; None when another one was first."""
    me = {"peer": peer, "account": str(seat.actor.account_id), "role": str(seat.role)}
    row = insert(Call).values(
        id=new_id(),
        hospital_id=seat.hospital_id,
        account_id=seat.owner_id,
        room=seat.room,
        state=CALL.initial,
        media=str(media),
        version=1,
        members=rules.joined({}, seat, peer, media, unit.wall),
        started_by=me,
        rang_at=unit.wall,
        rings_until=unit.wall + timedelta(seconds=RINGS_S),
        recording=RecordingState.WANTED if terms.records else RecordingState.NONE,
        attends_after_s=terms.attends_after_s,
        reason="",
    )
    first = row.on_conflict_do_nothing(index_elements=["room"], index_where=sa.text("state <> 'ended'"))
    made: Call | None = await unit.session.scalar(first.returning(Call))
    if made is None:
        return None
    unit.audit("call.rang", made, by=seat.role, media=media)
    await _journal(unit).rang(unit, seat.room, made.id, by=seat.role, media=media)
    unit.hint(_topic(seat.room))
    return made


async def _join(unit: Unit, call: Call, seat: Seat, peer: str, media: Media, terms: Terms) -> None:
    rings = call.state is CallState.RINGING
    answers = rings and rules.side_of(call.started_by) is not seat.role.side
    if rings and not answers and not rules.is_same_seat(call.started_by, seat):
        raise NotAllowed()
    members = rules.joined(call.members, seat, peer, media, unit.wall)
    if members is None:
        raise CallRefused(refusal="full")
    if not answers:
        _change(unit, call, members)
        unit.audit("call.joined", call, role=seat.role)
        return
    call.apply(CallEvent.ACCEPT)
    call.active_at = unit.wall
    call.recording = RecordingState.WANTED if terms.records else RecordingState.NONE
    call.record_by = unit.wall + RECORD_WITHIN if terms.records else None
    call.attends_after_s = terms.attends_after_s
    _settle(unit, call, members)
    unit.audit("call.active", call, by=seat.role)
    await _journal(unit).connected(unit, call.room, call.id)
    unit.hint(_topic(call.room))
    if terms.records:
        unit.hint("recorders")


async def _give_up(unit: Unit, call: Call, seat: Seat, peer: str) -> None:
    """The caller's side cancels, the other one declines."""
    if rules.side_of(call.started_by) is not seat.role.side:
        if seat.role in rules.PRINCIPALS:
            await end(unit, call, Ending.DECLINED)
    elif peer in call.members or rules.is_same_seat(call.started_by, seat):
        await end(unit, call, Ending.CANCELLED)
    else:
        raise NotAMember()


def _change(unit: Unit, call: Call, members: dict[str, Any]) -> bool:
    """Write the members of a living call; whether that is to be seen."""
    before = view(call).body["members"]
    _settle(unit, call, members)
    if view(call).body["members"] == before:
        return False
    _changed(unit, call)
    return True


def _settle(unit: Unit, call: Call, members: dict[str, Any]) -> None:
    """The members, and since when they are whole and have media."""
    call.members = members
    if call.state is not CallState.ACTIVE:
        return
    if rules.is_whole(members):
        call.alone_since = None
    elif call.alone_since is None:
        call.alone_since = unit.wall
    if not rules.has_media(members):
        call.media_since = None
    elif call.media_since is None:
        call.media_since = unit.wall


def _changed(unit: Unit, call: Call) -> None:
    call.version += 1
    unit.hint(_topic(call.room))


async def _live(unit: Unit, room: UUID) -> Call | None:
    return await unit.session.scalar(_locked(Call.room == room, Call.state != CallState.ENDED))


async def _lock(unit: Unit, room: UUID, call_id: UUID) -> Call:
    """Raises UnknownCall, also for one of another room."""
    call = await unit.session.scalar(_locked(Call.id == call_id, Call.room == room))
    if call is None:
        raise UnknownCall()
    return call


def _locked(*which: sa.ColumnElement[bool]) -> sa.Select[Call]:
    return sa.select(Call).where(*which).with_for_update().execution_options(populate_existing=True)


def _journal(unit: Unit) -> RoomJournal:
    return unit.port(RoomJournal)  # type: ignore[type-abstract]


def _topic(room: UUID) -> str:
    return f"room:{room}"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
