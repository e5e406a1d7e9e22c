"""Who stands where, who is told when, and until when a bill may be paid."""

from datetime import date, datetime, time, timedelta

import pytest

from telehealth.core.clock import SHANGHAI, day_end
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.rules import (
    Standing,
    bill_clocks,
    bill_pay_by,
    bill_reminders,
    is_forgiven,
    place_after_missing,
    place_on_arrival,
    reminder_due,
    wait_before_telling_again,
)

VISIT = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=SHANGHAI)


def at(hour: int, *, late: bool = False) -> Standing:
    return Standing(datetime(2026, 11, 21, hour, tzinfo=SHANGHAI), late)


@pytest.mark.parametrize(
    ("ahead", "told_before", "due"),
    [
        (5, None, None), (4, None, None), (3, None, 3), (3, 3, None), (2, 3, None), (2, None, 3),
        (1, 3, 1), (1, 1, None), (0, 3, 1), (0, 1, None), (0, None, 1),
    ],
)  # fmt: skip
def test_GD07_reminders_come_at_three_and_one_ahead_once_each(
    ahead: int, told_before: int | None, due: int | None
) -> None:
    assert reminder_due(ahead, (3, 1), told_before) == due


def test_GD07_the_positions_are_the_hospitals() -> None:
    assert reminder_due(5, (5,), None) == 5
    assert reminder_due(3, (2,), None) is None


def test_GD07_whoever_arrives_stands_by_slot_then_by_arrival() -> None:
    line = [at(9), at(9), at(10)]
    assert place_on_arrival(line, at(9)) == 2
    assert place_on_arrival(line, at(8)) == 0
    assert place_on_arrival(line, at(10)) == 3


def test_GD07_whoever_is_late_stands_last_and_is_not_overtaken_by_slot_alone() -> None:
    assert place_on_arrival([at(9), at(10)], at(8, late=True)) == 2
    assert place_on_arrival([at(8, late=True)], at(8)) == 1


def test_GD07_a_missed_call_is_forgiven_once_and_two_patients_later() -> None:
    assert is_forgiven(1, forgiven=1) and not is_forgiven(2, forgiven=1)
    assert [place_after_missing(waiting, after=2) for waiting in (0, 1, 2, 5)] == [0, 1, 2, 2]


def test_XY33_the_earlier_clock_is_shown() -> None:
    drug = bill_clocks(BillKind.DRUG, VISIT, sheet_days=3, reimbursement_days=3)
    exam = bill_clocks(BillKind.EXAM, VISIT, sheet_days=3, reimbursement_days=3)
    assert drug.shown == day_end(date(2026, 11, 23)) and exam.shown == day_end(date(2026, 11, 24))
    one = bill_clocks(BillKind.DRUG, VISIT, sheet_days=3, reimbursement_days=1)
    assert one.shown == one.reimbursed_until == day_end(date(2026, 11, 22))


def test_XY09_reminders_are_the_day_after_and_the_last_day() -> None:
    words = bill_reminders(VISIT, day_end(date(2026, 11, 24)), time(10))
    assert [moment.astimezone(SHANGHAI).isoformat()[:16] for moment in words] == [
        "2026-11-22T10:00", "2026-11-24T10:00"
    ]  # fmt: skip
    assert len(bill_reminders(VISIT, day_end(date(2026, 11, 22)), time(10))) == 1
    assert bill_reminders(VISIT, day_end(VISIT), time(10)) == []


def test_BJ07_a_price_stands_for_minutes_and_never_past_the_sheet() -> None:
    assert bill_pay_by(NOON, None, minutes=30) == NOON + timedelta(minutes=30)
    assert bill_pay_by(NOON, NOON + timedelta(minutes=5), minutes=30) == NOON + timedelta(minutes=5)


def test_the_hospital_is_told_again_ever_more_slowly_and_for_ever() -> None:
    waits = [wait_before_telling_again(tells).total_seconds() for tells in (1, 2, 3, 4, 50)]
    assert waits == [10, 30, 120, 300, 300]
