"""The ladder as data: which channel next, how urgent, how long, and when a phone stays dark."""

from datetime import datetime, time, timedelta
from itertools import product

import pytest

from telehealth.core.clock import SHANGHAI
from telehealth.core.settings import Notices
from telehealth.notifications.ladders import (
    LADDERS,
    Urgency,
    confirmed_by,
    leaves_the_inbox,
    next_channel,
    night_ends,
    urgency_of,
)
from telehealth.notifications.notices import WORDINGS, Notice
from telehealth.notifications.states import Channel, RungState, Topic

C, R = Channel, RungState
ALL = frozenset(Channel)
NOW = datetime(2026, 11, 21, 12, tzinfo=SHANGHAI)
ROUTINE, DUTY = LADDERS[Urgency.ROUTINE], LADDERS[Urgency.DUTY]
WAITING = (R.SENDING, R.ACCEPTED)


def test_the_cheapest_for_the_reader_comes_first() -> None:
    assert next_channel(ROUTINE, {}, ALL) is C.SUBSCRIBE
    assert next_channel(ROUTINE, {}, ALL - {C.SUBSCRIBE}) is C.TEMPLATE
    assert next_channel(ROUTINE, {}, {C.SMS}) is C.SMS
    assert next_channel(ROUTINE, {}, set()) is None


@pytest.mark.parametrize("urgency", [Urgency.ROUTINE, Urgency.URGENT])
def test_two_channels_are_never_asked_side_by_side_for_the_same_thing(urgency: Urgency) -> None:
    """Whatever happened so far: while one may still arrive, or did, no other is asked."""
    for states in product((None, *R), repeat=len(C)):
        tried = {channel: state for channel, state in zip(C, states, strict=True) if state is not None}
        first = next((s for s in tried.values() if s in (*WAITING, R.DELIVERED)), None)
        asked = next_channel(LADDERS[urgency], tried, ALL)
        if first is not None and asked is not None:
            # Only a channel above it that is still queued, which asks before and not beside.
            order = list(C)
            live = next(c for c in order if tried.get(c) in (*WAITING, R.DELIVERED))
            assert order.index(asked) < order.index(live)


def test_who_does_not_see_WeChat_is_not_told_there_twice() -> None:
    for unseen in (R.SILENT, R.UNDELIVERED):
        assert next_channel(ROUTINE, {C.SUBSCRIBE: unseen}, ALL) is C.SMS
    assert next_channel(ROUTINE, {C.SUBSCRIBE: R.REFUSED}, ALL) is C.TEMPLATE


def test_a_duty_alert_asks_every_channel_whatever_the_others_said() -> None:
    for state in R:
        if state is not R.QUEUED:
            assert next_channel(DUTY, {C.SUBSCRIBE: state}, ALL) is C.TEMPLATE
            assert next_channel(DUTY, {C.SUBSCRIBE: state, C.TEMPLATE: state}, ALL) is C.SMS
            assert next_channel(DUTY, dict.fromkeys(C, state), ALL) is None


@pytest.mark.parametrize(
    ("notice", "urgency"),
    [
        (Notice.ROOM_URGENT, Urgency.DUTY),
        (Notice.RX_REVIEW_LATE, Urgency.DUTY),
        (Notice.CLINIC_CLOSED, Urgency.URGENT),
        (Notice.RX_RECALLED, Urgency.URGENT),
        (Notice.BOOKING_CONFIRMED, Urgency.ROUTINE),
        (Notice.DOCTOR_NUDGED, Urgency.ROUTINE),
    ],
)
def test_how_urgent_a_notice_is(notice: Notice, urgency: Urgency) -> None:
    assert urgency_of(WORDINGS[notice]) is urgency


def test_what_staff_can_read_in_the_console_goes_no_further() -> None:
    inside = {notice for notice, wording in WORDINGS.items() if not leaves_the_inbox(wording)}
    assert inside and all(WORDINGS[notice].topic is Topic.WORK for notice in inside)


def test_silence_is_taken_for_no_after_ten_minutes_or_two() -> None:
    assert confirmed_by(Urgency.ROUTINE, Notices(), NOW) - NOW == timedelta(minutes=10)
    for urgency in (Urgency.URGENT, Urgency.DUTY):
        assert confirmed_by(urgency, Notices(), NOW) - NOW == timedelta(minutes=2)


def clock(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (clock(21, 59, 59), None),
        (clock(22), datetime(2026, 11, 22, 7, tzinfo=SHANGHAI)),
        (clock(23, 59, 59), datetime(2026, 11, 22, 7, tzinfo=SHANGHAI)),
        (clock(0), clock(7)),
        (clock(6, 59, 59), clock(7)),
        (clock(7), None),
    ],
)
def test_a_phone_stays_dark_from_ten_to_seven(now: datetime, until: datetime | None) -> None:
    assert night_ends(Notices(), now) == until


def test_hours_within_one_day_and_none_at_all() -> None:
    noon = Notices(quiet_from=time(12), quiet_until=time(14))
    assert night_ends(noon, clock(13)) == clock(14) and night_ends(noon, clock(23)) is None
    assert night_ends(Notices(quiet_from=time(0), quiet_until=time(0)), clock(0)) is None
