"""REG16: the public page of refunds says what the rules do, and changes with them."""

from datetime import datetime, timedelta

import pytest

from prescriptions.patient.pricing import refund_rows as medicine_rows
from telehealth.core.clock import SHANGHAI, day_start
from telehealth.core.i18n import translator
from telehealth.orders.pricing import ALL, ARRIVAL, RefundRow, refund_rows
from telehealth.payments.rules import CASH_BACK_WORKING_DAYS, INSURED_BACK_WORKING_DAYS
from telehealth.rulebook.rules import PolicySet, parse_policy, sample_policy
from telehealth.schedule.rules import may_cancel


def row(policy: PolicySet, part: str) -> RefundRow:
    [found] = [each for each in refund_rows(policy) if part in each.when]
    return found


def test_REG16_the_sample_rules_give_back_all_in_time_and_nothing_on_the_day() -> None:
    policy = sample_policy()
    assert row(policy, "就诊日零点前").share == ALL
    assert row(policy, "就诊时段开始前").share == 0 and not row(policy, "时段进行中").is_possible
    assert row(policy, "时段结束仍未接诊").share == ALL
    midnight = row(policy, "24:00 前没有医生接诊")
    assert (midnight.share, midnight.is_automatic, midnight.number) == (ALL, True, 10)


@pytest.mark.parametrize(("share", "days"), [(10_000, 0), (5_000, 0), (0, 2), (7_500, 3)])
def test_REG16_the_row_is_what_cancelling_then_would_give(share: int, days: int) -> None:
    policy = parse_policy({"booking": {"cancel_refund_bp": share, "free_cancel_days_before": days}})
    found = row(policy, "零点前由您取消")
    start = datetime(2026, 11, 24, 9, tzinfo=SHANGHAI)
    in_time = day_start(start.date() - timedelta(days=days)) - timedelta(seconds=1)
    ruling = may_cancel(
        in_time, slot_date=start.date(), slot_start=start, slot_end=start + timedelta(minutes=30),
        policy=policy,
    )  # fmt: skip
    assert (found.share, found.number) == (ruling.refund_bp, days) == (share, days)


def test_REG16_a_hospital_that_gives_nothing_after_an_empty_slot_says_so() -> None:
    policy = parse_policy({"booking": {"on_day_unattended_cancel": "none"}})
    assert not row(policy, "时段结束仍未接诊").share


@pytest.mark.parametrize("hours", [24, 48])
def test_REG16_medicine_not_packed_in_the_rulebooks_hours_comes_back_whole(hours: int) -> None:
    policy = parse_policy({"dispensing": {"pack_hours": hours, "decoct_hours": 96}})
    [late] = [each for each in medicine_rows(policy) if "没有配好" in each.when]
    assert (late.number, late.share, late.is_automatic) == (hours, ALL, True)


def test_REG16_money_is_back_within_the_days_refunds_are_promised_by() -> None:
    assert (ARRIVAL.cash_days, ARRIVAL.insured_days) == (CASH_BACK_WORKING_DAYS, INSURED_BACK_WORKING_DAYS)


def test_every_row_is_said_in_english_too() -> None:
    english = translator("en")
    for each in [*refund_rows(sample_policy()), *medicine_rows(sample_policy())]:
        for text in filter(None, (each.when, each.note)):
            assert english(text) != text, text
