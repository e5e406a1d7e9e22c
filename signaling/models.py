"""What must reach another node, or outlive one: calls, peers, signals; recorders and what they kept.

A room is an id to us. `hospital_id` and `account_id` say whose rows these are, nothing more. All times here
are the wall clock's.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from signaling.states import CALL, CallEvent, CallState, RecordingState
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import OF_ROOM, Tenancy


class Call(Base):
    __tablename__ = "calls"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (
        sa.Index("uq_calls_live_room", "room", unique=True, postgresql_where=sa.text("state <> 'ended'")),
        sa.Index("ix_calls_room", "room", "rang_at"),
        sa.Index("ix_calls_live", "rang_at", postgresql_where=sa.text("state <> 'ended'")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID]
    state: Mapped[CallState]
    #: "audio" or "video", as it was begun.
    media: Mapped[str]
    #: Grows with every change.
    version: Mapped[int]
    #: `{peer: {account, role, media, connected, audio, video, relay, joined_at, gone_at}}`.
    members: Mapped[dict[str, Any]]
    started_by: Mapped[dict[str, Any]]
    rang_at: Mapped[datetime]
    rings_until: Mapped[datetime]
    active_at: Mapped[datetime | None]
    recording: Mapped[RecordingState]
    #: Both sides' media must have reached a recorder by then.
    record_by: Mapped[datetime | None]
    #: Since when one side has nobody connected.
    alone_since: Mapped[datetime | None]
    #: Since when both sides report connected media, for a call that is not recorded.
    media_since: Mapped[datetime | None]
    #: So long they must flow to count as attendance, as the room's terms were when it began.
    attends_after_s: Mapped[int]
    #: When its media were told as evidence.
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str]

    def apply(self, event: CallEvent) -> None:
        """Raises TransitionRefused."""
        self.state = CALL.after(self.state, event)
        self.version += 1


class RoomPeer(Base):
    """One open page."""

    __tablename__ = "room_peers"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_room_peers_room", "room"), sa.Index("ix_room_peers_node", "node"))

    #: `hello.page`, as text: the protocol's peer id.
    id: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID]
    #: Who it is, not whose visit it is.
    person_account_id: Mapped[UUID]
    role: Mapped[str]
    name: Mapped[str]
    node: Mapped[str]
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class RoomSignal(Base):
    """From peer to peer, or between a peer and the recorder of a call. Gone after two minutes."""

    __tablename__ = "signals"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_signals_room", "room", "id"), sa.Index("ix_signals_at", "at"))

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID]
    call_id: Mapped[UUID]
    sender: Mapped[str]
    recipient: Mapped[str]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Recorder(Base):
    """A recorder process that is alive."""

    __tablename__ = "recorders"
    __tenancy__ = Tenancy(open="recorder processes belong to the installation, not to anybody")

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    legs: Mapped[int]
    max_legs: Mapped[int]


class RecorderLease(Base):
    """Which recorder has a call; `turn` is the n of `replace`."""

    __tablename__ = "recorder_leases"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_recorder_leases_until", "until"),)

    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("calls.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID]
    recorder: Mapped[str]
    turn: Mapped[int]
    until: Mapped[datetime]


class RecordingSegment(Base):
    """About a minute of one leg as it lies in the store; each holds the digest of the one before."""

    __tablename__ = "recording_segments"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=OF_ROOM)
    __table_args__ = (
        sa.UniqueConstraint("call_id", "leg", "number"),
        sa.Index("ix_recording_segments_room", "room", "begun_at"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID]
    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("calls.id"))
    #: The member's peer id, and who that was.
    leg: Mapped[str]
    role: Mapped[str]
    number: Mapped[int]
    #: "video/webm", "audio/webm", "video/mp4".
    content_type: Mapped[str]
    key: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    #: SHA-256 in hex over the manifest line of the segment before and this one's.
    chain: Mapped[str]
    begun_at: Mapped[datetime]
    #: Milliseconds.
    duration_ms: Mapped[int]
    #: Of the first frame of this file after the first frame of the leg's call, in milliseconds.
    offset_ms: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    #: Why it begins: "start", "length", "size", "codec", "connection", "recovered".
    cause: Mapped[str]
    stored_at: Mapped[datetime]
