"""By which channels a notice climbs to its reader, as data (PAINS 3: told, with receipts, or told otherwise).

The inbox always has it. Beyond that one channel is asked after the other: the next only when the one
before refused, failed, or did not confirm in time. A duty alert goes by all of them at once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telehealth.core.clock import SHANGHAI
from telehealth.core.settings import Notices
from telehealth.notifications.states import WECHAT, Channel, RungState, Topic
from telehealth.notifications.wording import Wording


class Urgency(StrEnum):
    ROUTINE = "routine"
    #: A closed clinic, a recalled medicine: at any hour, and to those who silenced the topic, too.
    URGENT = "urgent"
    #: Somebody's health waits for staff: feels worse, red flags, a late review.
    DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Ladder:
    channels: tuple[Channel, ...] = (Channel.SUBSCRIBE, Channel.TEMPLATE, Channel.SMS)
    #: All channels at once, whatever the others say.
    together: bool = False
    heeds_night: bool = False
    heeds_preferences: bool = False


LADDERS: Mapping[Urgency, Ladder] = {
    Urgency.ROUTINE: Ladder(heeds_night=True, heeds_preferences=True),
    Urgency.URGENT: Ladder(),
    Urgency.DUTY: Ladder(together=True),
}

#: Asked again after a crash: the vendor knows our number, or twice is better than not at all.
REPEATABLE = frozenset({Channel.TEMPLATE, Channel.SMS})
#: How long one who claimed a channel may take before another takes over. Wall time; calls end sooner.
LEASE = timedelta(seconds=60)

_WAITING = frozenset({RungState.SENDING, RungState.ACCEPTED})
_UNSEEN = frozenset({RungState.SILENT, RungState.UNDELIVERED})


def urgency_of(wording: Wording) -> Urgency:
    if not wording.urgent:
        return Urgency.ROUTINE
    return Urgency.DUTY if wording.topic is Topic.WORK else Urgency.URGENT


def leaves_the_inbox(wording: Wording) -> bool:
    """What staff can read when they next look at the console goes no further."""
    return wording.urgent or bool(wording.sms) or wording.topic is not Topic.WORK


def next_channel(
    ladder: Ladder, tried: Mapping[Channel, RungState], usable: Collection[Channel]
) -> Channel | None:
    """Which channel to ask now; None while one is still waited for, and when none is left."""
    if ladder.together:
        return next((c for c in ladder.channels if _is_to_send(tried.get(c), c in usable)), None)
    unseen = False
    for channel in ladder.channels:
        state = tried.get(channel)
        if state in _WAITING or state is RungState.DELIVERED:
            return None
        if state in _UNSEEN:
            unseen = unseen or channel in WECHAT
        elif _is_to_send(state, channel in usable) and not (unseen and channel in WECHAT):
            return channel
    return None


def is_waiting(tried: Mapping[Channel, RungState]) -> bool:
    """Whether a channel may still say what became of it."""
    return any(state in _WAITING or state is RungState.QUEUED for state in tried.values())


def has_another(ladder: Ladder, channel: Channel) -> bool:
    """Whether silence on `channel` leaves something to try."""
    return not ladder.together and channel in WECHAT and Channel.SMS in ladder.channels


def confirmed_by(urgency: Urgency, numbers: Notices, now: datetime) -> datetime:
    minutes = numbers.confirm_min if urgency is Urgency.ROUTINE else numbers.urgent_confirm_min
    return now + timedelta(minutes=minutes)


def night_ends(numbers: Notices, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` lies in; None by day."""
    local = now.astimezone(SHANGHAI)
    starts, ends = numbers.quiet_from, numbers.quiet_until
    if starts == ends:
        return None
    clock = local.time().replace(tzinfo=None)
    over_midnight = starts > ends
    quiet = (clock >= starts or clock < ends) if over_midnight else starts <= clock < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= starts else local.date()
    return datetime.combine(day, ends, SHANGHAI)


def _is_to_send(state: RungState | None, is_usable: bool) -> bool:
    return state is RungState.QUEUED or (state is None and is_usable)
