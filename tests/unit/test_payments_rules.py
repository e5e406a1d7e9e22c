"""Parts always sum to the whole, and a refund never to more than was paid."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.payments.rules import (
    ORDER_LASTS,
    Parts,
    charge_number,
    events_between,
    expected_by,
    order_expires,
    order_number,
    share_of,
    split_lines,
    state_of,
    wait_after,
)
from telehealth.payments.states import REFUND, LegState, RefundReason, RefundState
from telehealth.payments.submitting import REASON_WORDS
from telehealth.payments.wording import REFUND_REASONS

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
fen = st.integers(0, 500_000)


@st.composite
def divided(draw: st.DrawFn) -> tuple[list[int], Parts]:
    """Lines of a charge, and how an insurer divides their total."""
    amounts = draw(st.lists(fen, min_size=1, max_size=8))
    total = sum(amounts)
    cuts = sorted(draw(st.lists(st.integers(0, total), min_size=3, max_size=3)))
    fund, personal, other = cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1]
    return amounts, Parts(total - cuts[2], fund, personal, other)


@given(divided())
def test_GD01_parts_sum_to_the_whole_by_line_and_by_order(case: tuple[list[int], Parts]) -> None:
    amounts, paid = case
    shares = split_lines(amounts, paid)
    assert [share.total for share in shares] == amounts
    assert sum(shares, Parts()) == paid
    assert all(min(share.cash, share.fund, share.personal, share.other) >= 0 for share in shares)


@given(divided(), st.integers(0, 10_000))
def test_GD05_a_share_of_a_refund_keeps_every_proportion_by_line(
    case: tuple[list[int], Parts], basis_points: int
) -> None:
    lines = split_lines(*case)
    back = share_of(lines, basis_points)
    total = sum(line.total for line in lines)
    assert sum(share.total for share in back) == -(-total * basis_points // 10_000)
    for line, share in zip(lines, back, strict=True):
        assert share == share.at_most(line)
        assert share.at_most(Parts()) == Parts()
        assert abs(share.total - line.total * basis_points / 10_000) <= 4


@given(divided())
def test_all_of_it_is_all_of_every_part(case: tuple[list[int], Parts]) -> None:
    lines = split_lines(*case)
    assert share_of(lines, 10_000) == lines
    assert sum(share_of(lines, 0), Parts()) == Parts()


@given(st.lists(st.tuples(divided(), st.integers(0, 10_000)), min_size=1, max_size=1), st.integers(1, 6))
def test_GD05_shares_one_after_another_never_pass_what_was_paid(
    cases: list[tuple[tuple[list[int], Parts], int]], times: int
) -> None:
    ((amounts, paid), basis_points) = cases[0]
    lines = split_lines(amounts, paid)
    left = paid
    for _ in range(times):
        wanted = sum(share_of(lines, basis_points), Parts()).at_most(left)
        left = left - wanted
        assert min(left.cash, left.fund, left.personal, left.other) >= 0
    assert left.total <= paid.total


def test_parts_of_another_total_are_refused() -> None:
    with pytest.raises(ValueError):
        split_lines([100], Parts(cash=99))
    with pytest.raises(ValueError):
        share_of([Parts(cash=1)], 10_001)


def test_questions_come_at_ten_seconds_one_minute_five_and_ten() -> None:
    waits = [wait_after(asked).total_seconds() for asked in range(6)]
    assert waits == [10, 60, 300, 600, 600, 600]


def test_an_order_lasts_as_long_as_the_charge_but_no_longer_than_a_prepay() -> None:
    assert order_expires(NOW, NOW + timedelta(minutes=15)) == NOW + timedelta(minutes=15)
    assert order_expires(NOW, NOW + timedelta(days=3)) == NOW + ORDER_LASTS
    assert order_expires(NOW, NOW + timedelta(seconds=5)) == NOW + timedelta(seconds=70)


def test_numbers_fit_every_provider() -> None:
    number = order_number(charge_number(NOW), 12)
    assert number.startswith("CH-261121-") and number.endswith("-12") and 6 <= len(number) <= 32


def test_GD05_a_refund_is_expected_after_three_working_days_and_seven_from_the_insurer() -> None:
    def is_working(day: date) -> bool:
        return day.weekday() < 5

    assert expected_by(NOW, is_working, insured=False) == date(2026, 11, 25)
    assert expected_by(NOW, is_working, insured=True) == date(2026, 12, 1)


legs = st.lists(st.sampled_from(list(LegState)), min_size=1, max_size=3)


@given(legs)
def test_a_refund_is_settled_when_all_of_its_legs_are(states: list[LegState]) -> None:
    settled = all(state is LegState.SETTLED for state in states)
    assert (state_of(states) is RefundState.SETTLED) == settled
    assert (state_of(states) is RefundState.PARKED) == (LegState.PARKED in states)


@pytest.mark.parametrize("target", list(RefundState))
@pytest.mark.parametrize("state", [RefundState.REQUESTED, RefundState.PARKED])
def test_every_step_between_two_states_stands_in_the_table(state: RefundState, target: RefundState) -> None:
    for event in events_between(state, target):
        state = REFUND.after(state, event)
    assert state is target


@pytest.mark.parametrize("reason", RefundReason)
def test_every_reason_for_a_refund_has_words_for_the_provider_and_for_the_patient(
    reason: RefundReason,
) -> None:
    """Without them its refund would never leave the house."""
    assert 0 < len(REASON_WORDS[reason].encode()) <= 80
    assert REFUND_REASONS[reason]
