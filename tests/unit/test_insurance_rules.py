"""When a split is offered, and that its parts always sum to the whole."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.insurance.errors import SplitUnsound
from telehealth.insurance.rules import (
    BEIJING,
    ELSEWHERE,
    GIVEUPS,
    REASONS,
    UNINSURED,
    NotOffered,
    Parts,
    Standing,
    counts_account_in_fund,
    divide,
    over_lines,
    place_ruling,
    region_of,
    rule,
    settled_as,
    window_closes,
)
from telehealth.insurance.states import Category, Giveup
from telehealth.rulebook.rules import PolicySet, sample_policy

#: Somebody insured in Beijing, in WeChat, before the fee of a consultation.
FINE = Standing(
    is_served=True,
    line_kinds=("consult_fee",),
    region=BEIJING,
    category=Category.ORDINARY,
    has_resident_id=True,
    is_payer_known=True,
    in_wechat=True,
)


@pytest.fixture(scope="module")
def policy() -> PolicySet:
    return sample_policy()


def test_XY07_a_consultation_of_somebody_insured_in_beijing_may_be_split(policy: PolicySet) -> None:
    ruling = rule(FINE, policy)
    assert (ruling.offered, ruling.reason, ruling.sentence) == (True, None, "")


def test_XY07_the_category_may_still_be_the_insurers_to_tell(policy: PolicySet) -> None:
    assert rule(replace(FINE, category=None), policy).offered


@pytest.mark.parametrize("kind", ["drug", "exam", "registration_fee"])
def test_XY08_other_lines_are_self_pay_online(policy: PolicySet, kind: str) -> None:
    assert rule(replace(FINE, line_kinds=(kind,)), policy).reason is NotOffered.LINE
    assert rule(replace(FINE, line_kinds=("consult_fee", kind)), policy).reason is NotOffered.LINE


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_served": False}, NotOffered.NOT_SERVED),
        ({"line_kinds": ()}, NotOffered.LINE),
        ({"region": UNINSURED}, NotOffered.UNINSURED),
        ({"region": ELSEWHERE}, NotOffered.REGION),
        ({"category": Category.CHRONIC}, NotOffered.CATEGORY),
        ({"category": Category.MATERNITY}, NotOffered.CATEGORY),
        ({"category": Category.WORK_INJURY}, NotOffered.CATEGORY),
        ({"has_resident_id": False}, NotOffered.DOCUMENT),
        ({"region": None, "category": None}, NotOffered.UNDECLARED),
        ({"is_payer_known": False}, NotOffered.PAYER),
        ({"in_wechat": False}, NotOffered.NOT_IN_WECHAT),
    ],
)
def test_XY10_GS10_whoever_gets_no_split_hears_why(
    policy: PolicySet, changed: dict[str, object], reason: NotOffered
) -> None:
    ruling = rule(replace(FINE, **changed), policy)  # type: ignore[arg-type]
    assert ruling.reason is reason and not ruling.offered
    assert ruling.sentence == REASONS[reason]
    assert ruling.may_declare is (reason is NotOffered.UNDECLARED)


def test_XY10_who_is_insured_elsewhere_is_not_sent_to_wechat_first(policy: PolicySet) -> None:
    outside = replace(FINE, region=ELSEWHERE, in_wechat=False, is_payer_known=False)
    assert rule(outside, policy).reason is NotOffered.REGION


def test_XY07_the_regions_and_lines_are_the_policys() -> None:
    insurance = sample_policy().insurance.model_copy(
        update={"online_split_regions": (ELSEWHERE,), "online_split_lines": ("drug",)}
    )
    policy = sample_policy().model_copy(update={"insurance": insurance})
    assert rule(FINE, policy).reason is NotOffered.LINE
    assert place_ruling(BEIJING, None, policy).reason is NotOffered.REGION
    assert rule(replace(FINE, region=ELSEWHERE, line_kinds=("drug",)), policy).offered


def test_every_reason_has_a_sentence() -> None:
    assert set(REASONS) == set(NotOffered)
    assert set(GIVEUPS) == set(Giveup)


def test_GS09_the_ordinary_category_settles_where_the_person_has_it() -> None:
    assert settled_as((Category.CHRONIC, Category.ORDINARY)) is Category.ORDINARY
    assert settled_as((Category.MATERNITY,)) is Category.MATERNITY
    assert settled_as(()) is None


@pytest.mark.parametrize(
    ("division", "region"),
    [("110100", BEIJING), ("110105", BEIJING), ("130100", ELSEWHERE), ("310000", ELSEWHERE), ("", UNINSURED)],
)
def test_XY07_region_is_that_of_the_insurers_division(division: str, region: str) -> None:
    assert region_of(division) == region


@pytest.mark.parametrize(
    ("division", "named", "counts"),
    [
        ("110100", ("110100",), True),
        ("110105", ("110100",), True),
        ("110105", ("110000",), True),
        ("130100", ("110000",), False),
        ("110100", (), False),
        ("110100", ("",), False),
    ],
)
def test_settings_name_the_places_whose_fund_holds_the_account(
    division: str, named: tuple[str, ...], counts: bool
) -> None:
    assert counts_account_in_fund(division, named) is counts


def test_XY09_window_closes_three_days_after_the_visit_which_does_not_count(policy: PolicySet) -> None:
    assert window_closes(date(2026, 11, 29), policy) == date(2026, 12, 2)


# Sums.

fen = st.integers(0, 1_000_000)


@given(fen, fen, fen, fen)
def test_GD01_parts_that_sum_are_taken_as_they_are(fund: int, personal: int, other: int, cash: int) -> None:
    total = fund + personal + other + cash
    parts = divide(total, fund=fund, personal=personal, other=other, cash=cash, fund_includes_account=False)
    assert parts == Parts(fund, personal, other, cash) and parts.total == total
    inside = divide(
        total, fund=fund + personal, personal=personal, other=other, cash=cash, fund_includes_account=True
    )
    assert inside == parts


@given(fen, fen, fen, fen, st.integers(-1_000, 1_000).filter(bool))
def test_GD01_parts_that_do_not_sum_are_refused(
    fund: int, personal: int, other: int, cash: int, wrong: int
) -> None:
    with pytest.raises(SplitUnsound):
        divide(
            fund + personal + other + cash + wrong,
            fund=fund, personal=personal, other=other, cash=cash, fund_includes_account=False,
        )  # fmt: skip


@given(fen, st.integers(1, 1_000_000), fen, fen)
def test_GD01_a_fund_that_holds_the_account_is_refused_where_settings_do_not_say_so(
    fund: int, personal: int, other: int, cash: int
) -> None:
    total = fund + personal + other + cash
    with pytest.raises(SplitUnsound):
        divide(
            total, fund=fund + personal, personal=personal, other=other, cash=cash,
            fund_includes_account=False,
        )  # fmt: skip


def test_GD01_nothing_is_below_zero() -> None:
    with pytest.raises(SplitUnsound):
        divide(100, fund=150, personal=0, other=0, cash=-50, fund_includes_account=False)
    with pytest.raises(SplitUnsound):
        divide(100, fund=10, personal=20, other=0, cash=90, fund_includes_account=True)


@st.composite
def bills(draw: st.DrawFn) -> tuple[list[int], Parts]:
    """Lines, and parts of their whole."""
    amounts = draw(st.lists(st.integers(0, 100_000), min_size=1, max_size=8))
    cuts = sorted(draw(st.lists(st.integers(0, sum(amounts)), min_size=3, max_size=3)))
    edges = [0, *cuts, sum(amounts)]
    return amounts, Parts(*(after - before for before, after in pairwise(edges)))


@given(bills())
def test_GD01_shares_sum_to_the_line_and_to_the_part(bill: tuple[list[int], Parts]) -> None:
    amounts, parts = bill
    lines = over_lines(amounts, parts)
    assert [line.total for line in lines] == amounts
    assert Parts(
        sum(line.fund for line in lines),
        sum(line.personal for line in lines),
        sum(line.other for line in lines),
        sum(line.cash for line in lines),
    ) == parts  # fmt: skip
    assert min(min(line.fund, line.personal, line.other, line.cash) for line in lines) >= 0


def test_GD01_lines_of_another_amount_are_refused() -> None:
    with pytest.raises(SplitUnsound):
        over_lines([100, 200], Parts(100, 100, 0, 99))
