"""What a room looks like from one node: plain values, no sockets, no database, no clock."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from signaling.calls import CallView
from signaling.protocol import MAX_FRAME, PAGE, frame
from telehealth.core.rooms import Role, Terms

#: Of one `messages` frame, in bytes: room for its own words.
_FULL = MAX_FRAME - 1024
#: States in which the visit is over.
OVER = frozenset({"concluded", "closed"})


@dataclass(frozen=True, slots=True)
class Peer:
    """One open page."""

    id: str
    account: UUID
    role: str
    name: str
    node: str
    #: Wall time.
    since: datetime

    def body(self) -> dict[str, Any]:
        return {
            "peer": self.id,
            "account": str(self.account),
            "role": self.role,
            "name": self.name,
            "since": instant(self.since),
        }


class Place:
    """How far one socket has come in its room's numbers. What it is sent has no gap."""

    __slots__ = ("sent", "wanted")

    def __init__(self, sent: int) -> None:
        #: Every message up to this one was sent.
        self.sent = sent
        #: The highest number known to exist.
        self.wanted = sent

    def takes(self, seq: int) -> bool:
        """Whether `seq` is the next one; it counts as sent then. Otherwise it is remembered as wanted."""
        self.wanted = max(self.wanted, seq)
        if seq != self.sent + 1:
            return False
        self.sent = seq
        return True

    def back_to(self, seq: int) -> None:
        """The client says it has less than was sent."""
        self.sent = min(self.sent, seq)

    @property
    def is_behind(self) -> bool:
        return self.sent < self.wanted


def pages(items: Sequence[Mapping[str, Any]], *, more: bool) -> Iterator[str]:
    """`messages` frames of at most `PAGE` items and 64 KiB each; at least one. `more` is of the last."""
    page: list[str] = []
    size = 0
    texts = [_json(item) for item in items]
    for text in texts:
        length = len(text.encode()) + 1
        if page and (len(page) == PAGE or size + length > _FULL):
            yield _messages(page, more=True)
            page, size = [], 0
        page.append(text)
        size += length
    yield _messages(page, more=more)


def room_frame(terms: Terms, peers: Iterable[Peer]) -> str:
    return frame("room", **room_body(terms, peers))


def room_body(terms: Terms, peers: Iterable[Peer]) -> dict[str, Any]:
    """A doctor who has the room open is online, whatever else is known of them."""
    view = dict(terms.view)
    doctor = view.get("doctor")
    if isinstance(doctor, Mapping):
        here = any(peer.role == Role.DOCTOR for peer in peers)
        view["doctor"] = {**doctor, "online": here or bool(doctor.get("online"))}
    can = {**view.pop("can", {}), "write": terms.may_write, "call": terms.may_call, "record": terms.records}
    return {"state": terms.state, "can": can | {"refusal": terms.refusal}, **view}


def peers_body(peers: Iterable[Peer]) -> list[dict[str, Any]]:
    return [peer.body() for peer in sorted(peers, key=lambda one: (one.since, one.id))]


def is_newer(call: CallView, than: CallView | None) -> bool:
    """Versions grow within a call; of two calls of a room, the one that began later is newer (UUIDv7)."""
    if than is None:
        return True
    if call.id == than.id:
        return call.version > than.version
    return call.id > than.id


def is_live(call: CallView | None) -> bool:
    return call is not None and call.body["state"] != "ended"


def members(call: CallView) -> set[str]:
    return {member["peer"] for member in call.body["members"]}


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _messages(texts: Sequence[str], *, more: bool) -> str:
    return f'{{"type":"messages","items":[{",".join(texts)}],"more":{"true" if more else "false"}}}'


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
