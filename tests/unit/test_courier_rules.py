"""Where a parcel is: from the set of its scans, whatever order they came in and however often."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.couriers import ParcelState, Scan, advance, in_order
from prescriptions.couriers.rules import KUAIDI100_CODES, SF_CODES, sf_state

P = ParcelState
START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def scan(state: ParcelState | None, minute: int, *, name: str = "") -> Scan:
    at = START + timedelta(minutes=minute)
    return Scan(name or f"{minute}-{state}", at, "样例市", "样例", str(state), state)


def journey(*states: ParcelState | None) -> list[Scan]:
    return [scan(state, minute) for minute, state in enumerate(states)]


scans = st.lists(
    st.builds(scan, st.sampled_from([*ParcelState, None]), st.integers(min_value=0, max_value=8)), max_size=9
)


@given(st.data(), scans, st.sampled_from(ParcelState))
def test_the_order_of_arrival_and_repetition_change_nothing(
    data: st.DataObject, known: list[Scan], current: ParcelState
) -> None:
    once = advance(current, known)
    shuffled = data.draw(st.permutations([*known, *known]))
    assert advance(current, shuffled) == once
    assert advance(once, shuffled) == once


@given(st.data(), scans)
def test_told_in_any_batches_a_parcel_ends_where_it_would_have_ended_at_once(
    data: st.DataObject, known: list[Scan]
) -> None:
    state, arrived = P.CREATED, list[Scan]()
    for late in data.draw(st.permutations(known)):
        arrived.append(late)
        state = advance(state, arrived)
    assert state == advance(P.CREATED, known)


@given(scans, st.sampled_from(ParcelState), st.integers(0, 8))
def test_an_unknown_code_leaves_the_state(known: list[Scan], current: ParcelState, minute: int) -> None:
    assert advance(current, [*known, scan(None, minute)]) == advance(current, known)


@given(scans)
def test_delivered_is_left_only_by_a_later_return(known: list[Scan]) -> None:
    after = advance(P.CREATED, [scan(P.DELIVERED, -1), *known])
    assert after in (P.DELIVERED, P.RETURNING, P.RETURNED, P.EXCEPTION)
    if not any(one.state in (P.RETURNING, P.RETURNED) for one in known):
        assert after is P.DELIVERED


def test_a_journey_goes_through_every_step_to_the_door() -> None:
    steps = [
        P.CREATED, P.AWAITING_PICKUP, P.PICKED_UP, P.IN_TRANSIT, P.ARRIVED_CITY, P.OUT_FOR_DELIVERY,
        P.DELIVERED,
    ]  # fmt: skip
    for end in range(1, len(steps) + 1):
        assert advance(P.CREATED, journey(*steps[:end])) is steps[end - 1]


def test_nothing_known_changes_nothing() -> None:
    assert [advance(state, []) for state in P] == list(P)


def test_a_late_push_of_an_earlier_scan_does_not_send_the_parcel_back() -> None:
    known = journey(P.PICKED_UP, P.IN_TRANSIT, P.OUT_FOR_DELIVERY)
    assert advance(P.CREATED, known[2:]) is P.OUT_FOR_DELIVERY
    assert advance(P.OUT_FOR_DELIVERY, known) is P.OUT_FOR_DELIVERY


def test_a_delivered_parcel_does_not_travel_again_even_where_only_the_news_is_told() -> None:
    assert advance(P.DELIVERED, [scan(P.IN_TRANSIT, 9)]) is P.DELIVERED


def test_XY31_refused_at_the_door_goes_home() -> None:
    path = (P.OUT_FOR_DELIVERY, P.REFUSED, P.RETURNING, P.IN_TRANSIT)
    assert advance(P.CREATED, journey(*path[:2])) is P.REFUSED
    assert advance(P.CREATED, journey(*path)) is P.RETURNING


def test_whoever_signs_for_a_parcel_that_goes_home_is_the_pharmacy() -> None:
    assert advance(P.CREATED, journey(P.OUT_FOR_DELIVERY, P.RETURNING, P.DELIVERED)) is P.RETURNED


def test_refused_once_and_accepted_the_next_day_is_delivered() -> None:
    assert advance(P.CREATED, journey(P.REFUSED, P.OUT_FOR_DELIVERY, P.DELIVERED)) is P.DELIVERED


def test_our_own_cancellation_outlives_late_news_of_the_booking_but_not_a_pick_up() -> None:
    assert advance(P.CANCELLED, journey(P.CREATED, P.AWAITING_PICKUP)) is P.CANCELLED
    assert advance(P.CANCELLED, journey(P.PICKED_UP)) is P.PICKED_UP


def test_scans_of_one_second_are_taken_in_the_order_of_a_journey() -> None:
    known = [scan(P.DELIVERED, 1), scan(P.OUT_FOR_DELIVERY, 1), scan(None, 1)]
    assert [one.state for one in in_order(known)] == [None, P.OUT_FOR_DELIVERY, P.DELIVERED]


def test_the_same_scan_told_twice_is_one() -> None:
    assert len(in_order([scan(P.PICKED_UP, 1, name="a"), scan(P.PICKED_UP, 1, name="a")])) == 1


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("50", P.PICKED_UP), ("54", P.PICKED_UP), ("30", P.IN_TRANSIT), ("31", P.IN_TRANSIT),
        ("36", P.IN_TRANSIT), ("105", P.IN_TRANSIT), ("310", P.IN_TRANSIT), ("106", P.ARRIVED_CITY),
        ("44", P.OUT_FOR_DELIVERY), ("204", P.OUT_FOR_DELIVERY), ("33", P.EXCEPTION), ("70", P.EXCEPTION),
        ("80", P.DELIVERED), ("8000", P.DELIVERED), ("99", P.RETURNING), ("648", P.RETURNED),
    ],
)  # fmt: skip
def test_SF_codes_say_where_a_parcel_is(code: str, state: ParcelState) -> None:
    assert SF_CODES[code] is state
    assert sf_state(code, "", "") is state


def test_SF_speaks_by_its_secondary_status_where_the_code_is_new() -> None:
    assert sf_state("9999", "301", "") is P.OUT_FOR_DELIVERY
    assert sf_state("9999", "", "") is None


def test_SF_tells_a_refusal_at_the_door_by_its_sentence_only() -> None:
    assert sf_state("70", "", "派送不成功，原因：收方拒收") is P.REFUSED
    assert sf_state("80", "", "收方曾拒收，现已签收") is P.DELIVERED


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        (("101",), P.CREATED), (("102",), P.AWAITING_PICKUP), (("1", "103"), P.PICKED_UP),
        (("0", "1002"), P.IN_TRANSIT), (("1001",), P.ARRIVED_CITY), (("5",), P.OUT_FOR_DELIVERY),
        (("501",), P.HELD_FOR_COLLECTION), (("2",), P.EXCEPTION),
        (("3", "301", "302", "303", "304"), P.DELIVERED), (("14",), P.REFUSED), (("6",), P.RETURNING),
        (("4",), P.RETURNED), (("401",), P.CANCELLED),
    ],
)  # fmt: skip
def test_Kuaidi100_states_say_where_a_parcel_is(codes: tuple[str, ...], state: ParcelState) -> None:
    assert {KUAIDI100_CODES[code] for code in codes} == {state}


def test_every_state_can_be_told_by_some_courier() -> None:
    told = {*SF_CODES.values(), *KUAIDI100_CODES.values()}
    assert told == set(P)
