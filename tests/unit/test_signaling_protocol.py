"""What a client may say, and that nothing else gets past the door."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaling.metering import PER_SECOND, SAYS_PER_MINUTE, SIGNALS_PER_MINUTE, SIGNALS_PER_SECOND, Meter
from signaling.protocol import MAX_FRAME, MAX_TEXT, ErrorId, Message, Say, Signal, Unreadable, parse
from signaling.rooms import Place, pages

CALL = str(uuid4())
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
GOOD: dict[str, dict[str, Any]] = {
    "hello": {"ticket": "t", "versions": [1], "page": str(uuid4()), "since": 3, "signals_since": 0},
    "ping": {"n": 1},
    "say": {"client_id": str(uuid4()), "kind": "text", "text": "您好"},
    "read": {"seq": 4},
    "since": {"seq": 4},
    "call.start": {"media": "video"},
    "call.accept": {"call": CALL, "media": "audio"},
    "call.decline": {"call": CALL},
    "call.hang_up": {"call": CALL},
    "call.media": {"call": CALL, "connected": True, "audio": True, "video": False, "relay": False},
    "signal": {"call": CALL, "to": "recorder", "body": {"description": {"type": "offer", "sdp": SDP}}},
}


def read(type: str, **fields: Any) -> Message:
    return parse(json.dumps({"type": type, **fields}))


def refused(frame: str) -> Unreadable:
    with pytest.raises(Unreadable) as wrong:
        parse(frame)
    return wrong.value


@pytest.mark.parametrize("type", GOOD)
def test_every_message_of_the_document_is_read(type: str) -> None:
    assert read(type, **GOOD[type]).type == type


@pytest.mark.parametrize("type", GOOD)
def test_a_field_that_is_not_listed_is_refused(type: str) -> None:
    wrong = refused(json.dumps({"type": type, **GOOD[type], "more": 1}))
    assert (wrong.id, wrong.type) == (ErrorId.BAD_MESSAGE, type)


@pytest.mark.parametrize("type", GOOD)
def test_a_field_that_is_missing_is_named_and_not_what_stood_in_the_others(type: str) -> None:
    for name in GOOD[type]:
        fields = {other: value for other, value in GOOD[type].items() if other != name}
        try:
            read(type, **fields)
        except Unreadable as wrong:
            assert name in wrong.fields or wrong.fields.endswith("value_error")
            assert "您好" not in wrong.fields


@pytest.mark.parametrize(
    "frame", ["", "{", "nul", "[" * 5_000, '{"type":"ping","n":1e999}', "NaN", '{"type":"\\u0000"}']
)
def test_what_is_not_json_or_no_object_is_refused(frame: str) -> None:
    assert refused(frame).id is ErrorId.BAD_MESSAGE


def test_a_frame_is_measured_in_bytes_not_in_characters() -> None:
    assert refused("字" * (MAX_FRAME // 3 + 1)).id is ErrorId.TOO_LARGE
    assert refused(" " * (MAX_FRAME + 1)).id is ErrorId.TOO_LARGE


def test_a_text_has_words_and_an_end() -> None:
    who = str(uuid4())
    assert isinstance(read("say", client_id=who, kind="text", text="字" * MAX_TEXT), Say)
    for wrong in (
        {"kind": "text", "text": "  "},
        {"kind": "text", "text": "字" * (MAX_TEXT + 1)},
        {"kind": "file"},
        {"kind": "text", "text": "x", "file": str(uuid4())},
        {"kind": "system", "text": "x"},
    ):
        problem = refused(json.dumps({"type": "say", "client_id": who, **wrong}))
        assert (problem.id, problem.client_id) == (ErrorId.BAD_MESSAGE, who)


@pytest.mark.parametrize("sdp", ["", "nonsense", "v=0", "v=1\r\n", "v=0\r\n" + "x" * 48 * 1024])
def test_a_description_that_is_none_is_called_so(sdp: str) -> None:
    frame = {
        "type": "signal",
        "call": CALL,
        "to": "x",
        "body": {"description": {"type": "offer", "sdp": sdp}},
    }
    assert refused(json.dumps(frame)).id is ErrorId.BAD_DESCRIPTION


@pytest.mark.parametrize(
    "body",
    [{}, {"bye": False}, {"bye": True, "replace": 1}, {"replace": -1}, {"candidate": "x"}, {"offer": "x"}],
)
def test_a_signal_has_exactly_one_of_its_bodies(body: dict[str, Any]) -> None:
    assert refused(json.dumps({"type": "signal", "call": CALL, "to": "x", "body": body})).id in (
        ErrorId.BAD_MESSAGE,
        ErrorId.BAD_DESCRIPTION,
    )


def test_the_end_of_candidates_is_a_candidate() -> None:
    said = read("signal", call=CALL, to="x", body={"candidate": {"candidate": "", "sdpMid": "0"}})
    assert isinstance(said, Signal)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text())
@example('{"type":"ping","n":' + "9" * 5_000 + "}")
@example('{"type":"hello","page":"\ud800"}')
def test_no_text_makes_the_reader_fail_otherwise(frame: str) -> None:
    _read_or_refuse(frame)


@given(
    st.sampled_from(sorted(GOOD)), st.dictionaries(st.text() | st.sampled_from(["call", "n", "body"]), JSON)
)
def test_no_object_makes_the_reader_fail_otherwise(type: str, fields: dict[str, Any]) -> None:
    _read_or_refuse(json.dumps({**GOOD[type], **fields, "type": type}))


def _read_or_refuse(frame: str) -> None:
    try:
        parse(frame)
    except Unreadable as wrong:
        assert len(wrong.fields) < 2_000


def test_a_socket_may_say_so_much_and_no_more() -> None:
    meter = Meter()
    assert [meter.admits("ping", 0.5) for _ in range(PER_SECOND + 1)] == [True] * PER_SECOND + [False]
    assert meter.admits("ping", 1.0), "a new second"
    assert meter.admits("signal", 1.0), "signals count apart"

    meter = Meter()
    says = [meter.admits("say", second) for second in range(30) for _ in range(3)]
    assert says == [True] * SAYS_PER_MINUTE + [False] * (90 - SAYS_PER_MINUTE)
    assert meter.floods
    assert meter.wait_s("say", 29) == 31
    assert meter.admits("say", 60) and not meter.floods, "a new minute"

    meter = Meter()
    signals = sum(meter.admits("signal", second / 10) for second in range(590) for _ in range(20))
    assert signals == SIGNALS_PER_MINUTE
    assert sum(Meter().admits("signal", 0) for _ in range(1)) == 1
    burst = Meter()
    assert sum(burst.admits("signal", 0) for _ in range(500)) == SIGNALS_PER_SECOND


@given(st.lists(st.integers(1, 30), max_size=60))
def test_numbers_reach_a_socket_without_a_gap_whatever_the_order(arrivals: list[int]) -> None:
    place, sent = Place(0), []
    for seq in arrivals:
        if place.takes(seq):
            sent.append(seq)
    assert sent == list(range(1, len(sent) + 1))
    assert place.is_behind == (bool(arrivals) and max(arrivals) > len(sent))


@given(st.lists(st.integers(0, 4_000), max_size=250))
def test_pages_of_messages_fit_their_frame_and_leave_nothing_out(lengths: list[int]) -> None:
    items = [{"seq": seq, "text": "字" * length} for seq, length in enumerate(lengths, start=1)]
    frames = [json.loads(page) for page in pages(items, more=False)]
    assert [item for frame in frames for item in frame["items"]] == items
    assert all(len(page.encode()) <= MAX_FRAME for page in pages(items, more=False))
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]
    assert all(len(frame["items"]) <= 100 for frame in frames)
