"""Who is in a call, and when it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from signaling import rules
from signaling.protocol import Media
from signaling.rules import Timers
from signaling.states import CallState, Ending, RecordingState
from telehealth.core import access
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, Seat

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def seat(role: Role) -> Seat:
    actor = Actor.signed_in(new_id(), frozenset({access.Role.PATIENT}))
    return Seat(new_id(), role, actor, "样例", new_id(), None)


PATIENT, HELPER, DOCTOR, COLLEAGUE = (seat(role) for role in Role)


def members(*seats: Seat, **peers: Seat) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for peer, who in [*((str(place.role), place) for place in seats), *peers.items()]:
        joined = rules.joined(found, who, peer, Media.VIDEO, NOW)
        assert joined is not None
        found = joined
    return found


def timers(state: CallState, **set: object) -> Timers:
    known = {"rings_until": NOW + 45 * SECOND, "recording": RecordingState.NONE, "record_by": None,
             "alone_since": None}  # fmt: skip
    return Timers(state, **{**known, **set})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "seconds", "ending"),
    [
        (timers(CallState.RINGING), 44, None),
        (timers(CallState.RINGING), 45, Ending.UNANSWERED),
        (timers(CallState.ACTIVE), 3600, None),
        (timers(CallState.ACTIVE, recording=RecordingState.WANTED, record_by=NOW + 10 * SECOND), 9, None),
        (
            timers(CallState.ACTIVE, recording=RecordingState.WANTED, record_by=NOW + 10 * SECOND),
            10,
            Ending.NOT_RECORDED,
        ),
        (timers(CallState.ACTIVE, recording=RecordingState.ON), 3600, None),
        (timers(CallState.ACTIVE, alone_since=NOW), 59, None),
        (timers(CallState.ACTIVE, alone_since=NOW), 60, Ending.LOST),
        (timers(CallState.ENDED, alone_since=NOW), 3600, None),
    ],
)
def test_a_call_is_over_when_its_time_is(known: Timers, seconds: int, ending: Ending | None) -> None:
    assert rules.due(known, NOW + seconds * SECOND) is ending


def test_four_pages_are_a_call_and_a_fifth_is_too_many() -> None:
    full = members(PATIENT, HELPER, DOCTOR, COLLEAGUE)
    assert len(full) == 4
    assert rules.joined(full, seat(Role.COLLEAGUE), "fifth", Media.AUDIO, NOW) is None


def test_whoever_went_keeps_nobody_out() -> None:
    full = rules.gone(members(PATIENT, HELPER, DOCTOR, COLLEAGUE), "helper", NOW)
    joined = rules.joined(full, seat(Role.COLLEAGUE), "fifth", Media.AUDIO, NOW)
    assert joined is not None and "helper" not in joined and len(joined) == 4


def test_a_reloaded_page_takes_the_place_of_the_one_before() -> None:
    before = rules.gone(members(PATIENT, DOCTOR), "patient", NOW)
    after = rules.joined(before, PATIENT, "reloaded", Media.VIDEO, NOW)
    assert after is not None and set(after) == {"doctor", "reloaded"}


def test_a_second_device_of_a_seat_stands_beside_the_first() -> None:
    both = rules.joined(members(PATIENT, DOCTOR), PATIENT, "tablet", Media.AUDIO, NOW)
    assert both is not None and set(both) == {"doctor", "patient", "tablet"}


def test_a_side_is_there_as_long_as_one_of_it_is() -> None:
    three = members(PATIENT, HELPER, DOCTOR)
    assert rules.is_whole(rules.gone(three, "patient", NOW))
    assert not rules.is_whole(rules.gone(three, "doctor", NOW))


def test_XY13_media_count_when_both_sides_report_them() -> None:
    call = members(PATIENT, HELPER, DOCTOR)

    def says(call: dict[str, dict[str, object]], peer: str) -> dict[str, dict[str, object]]:
        return rules.reported(call, peer, connected=True, audio=True, video=False, relay=True)

    one_side = says(says(call, "patient"), "helper")
    assert not rules.has_media(one_side)
    assert rules.has_media(says(one_side, "doctor"))
    assert says(call, "doctor")["doctor"]["media"] == "audio"


@pytest.mark.parametrize(
    ("call", "who", "goes_on"),
    [
        (members(PATIENT, DOCTOR), "patient", False),
        (members(PATIENT, DOCTOR), "doctor", False),
        (members(PATIENT, HELPER, DOCTOR), "helper", True),
        (members(PATIENT, HELPER, DOCTOR), "patient", True),
        (members(PATIENT, DOCTOR, COLLEAGUE), "colleague", True),
        # The visit is the doctor's.
        (members(PATIENT, DOCTOR, COLLEAGUE), "doctor", False),
        (members(PATIENT, DOCTOR, phone=DOCTOR), "phone", True),
        (rules.gone(members(PATIENT, HELPER, DOCTOR), "helper", NOW), "patient", False),
    ],
)
def test_XY28_a_call_ends_with_the_doctor_or_the_last_of_a_side(
    call: dict[str, dict[str, object]], who: str, goes_on: bool
) -> None:
    assert rules.leaves_others(call, who) is goes_on
