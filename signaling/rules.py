"""A call's decisions: who may ring, who is in it, when it is over. No database, no clock.

`members` are those of a call's row, peer → `{account, role, media, connected, audio, video, relay,
joined_at, gone_at}`; each function answers new ones and leaves those it was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from signaling.protocol import LOST_AFTER_S, MOST_MEMBERS, Media
from signaling.states import CallState, Ending, RecordingState
from telehealth.core.rooms import Role, Seat, Side

Members = Mapping[str, Mapping[str, Any]]

#: Whose call it is: they start it, and their no is the side's.
PRINCIPALS = frozenset({Role.PATIENT, Role.DOCTOR})
BOTH = frozenset(Side)
LOST_AFTER = timedelta(seconds=LOST_AFTER_S)


@dataclass(frozen=True, slots=True)
class Timers:
    """The instants of one call's row that end it."""

    state: CallState
    rings_until: datetime
    recording: RecordingState
    record_by: datetime | None
    alone_since: datetime | None


def due(timers: Timers, wall: datetime) -> Ending | None:
    """Why a call is over by now, if it is."""
    if timers.state is CallState.RINGING:
        return Ending.UNANSWERED if timers.rings_until <= wall else None
    if timers.state is CallState.ENDED:
        return None
    unrecorded = timers.recording is RecordingState.WANTED and timers.record_by is not None
    if unrecorded and timers.record_by is not None and timers.record_by <= wall:
        return Ending.NOT_RECORDED
    if timers.alone_since is not None and timers.alone_since + LOST_AFTER <= wall:
        return Ending.LOST
    return None


def is_same_seat(who: Mapping[str, Any], seat: Seat) -> bool:
    return bool(who["role"] == seat.role and who["account"] == str(seat.actor.account_id))


def side_of(who: Mapping[str, Any]) -> Side:
    return Role(who["role"]).side


def joined(members: Members, seat: Seat, peer: str, media: Media, wall: datetime) -> dict[str, Any] | None:
    """With this page; None when the call is full.

    A page of the same seat that is gone gives its place: that was the page before the reload.
    """
    stay = {
        id: dict(who)
        for id, who in members.items()
        if id != peer and not (who["gone_at"] is not None and is_same_seat(who, seat))
    }
    if len(stay) >= MOST_MEMBERS:
        # Whoever went and did not come back keeps nobody out.
        stay = {id: who for id, who in stay.items() if who["gone_at"] is None}
    if len(stay) >= MOST_MEMBERS:
        return None
    stay[peer] = {
        "account": str(seat.actor.account_id),
        "role": str(seat.role),
        "media": str(media),
        "connected": False,
        "audio": True,
        "video": media is Media.VIDEO,
        "relay": False,
        "joined_at": wall.isoformat(),
        "gone_at": None,
    }
    return stay


def gone(members: Members, peer: str, wall: datetime) -> dict[str, Any]:
    return _with(members, peer, gone_at=wall.isoformat(), connected=False)


def came(members: Members, peer: str) -> dict[str, Any]:
    return _with(members, peer, gone_at=None)


def reported(
    members: Members, peer: str, *, connected: bool, audio: bool, video: bool, relay: bool
) -> dict[str, Any]:
    """A member that reports is there, whatever was heard of its socket."""
    media = Media.VIDEO if video else Media.AUDIO
    return _with(
        members, peer, gone_at=None, connected=connected, audio=audio, video=video, relay=relay,
        media=str(media),
    )  # fmt: skip


def without(members: Members, peer: str) -> dict[str, Any]:
    return {id: dict(who) for id, who in members.items() if id != peer}


def is_whole(members: Members) -> bool:
    """Somebody of each side is there."""
    return _sides(members, "gone_at", None) == BOTH


def has_media(members: Members) -> bool:
    """Somebody of each side says that media flow."""
    return _sides(members, "connected", True) == BOTH


def leaves_others(members: Members, peer: str) -> bool:
    """Whether the call goes on when this member hangs up.

    It ends with the doctor, and with the last of a side; a doctor who also has another device in
    the call only puts this one down.
    """
    mine = members[peer]
    others = without(members, peer)
    if not is_whole(others):
        return False
    return mine["role"] != Role.DOCTOR or any(who["role"] == Role.DOCTOR for who in others.values())


def _with(members: Members, peer: str, **changed: Any) -> dict[str, Any]:
    return {id: {**who, **changed} if id == peer else dict(who) for id, who in members.items()}


def _sides(members: Members, field: str, value: Any) -> frozenset[Side]:
    return frozenset(side_of(who) for who in members.values() if who[field] == value)
