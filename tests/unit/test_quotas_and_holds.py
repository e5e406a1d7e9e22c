"""Capacity, channel shares, slots, holds and cancelling as arithmetic."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.core.clock import SHANGHAI
from telehealth.rulebook.rules import Channel, ClinicKind, PolicySet, parse_policy, sample_policy
from telehealth.schedule.rules import (
    CancelReason,
    CancelRuling,
    HalfDay,
    Quotas,
    Taken,
    TemplateRow,
    half_hours,
    half_of,
    hold_until,
    may_cancel,
    pending_until,
    plan,
    quotas_for,
    released_at,
    seats_left,
    share_for,
)

POLICY = sample_policy()
SATURDAY = date(2026, 11, 21)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def policy(section: str = "schedule", **values: Any) -> PolicySet:
    return parse_policy({section: values})


# --- quotas


@pytest.mark.parametrize(
    ("capacity", "online"), [(0, 0), (1, 0), (4, 0), (5, 1), (9, 1), (10, 2), (24, 4), (25, 5), (100, 20)]
)
def test_SJ04_offline_registration_gives_a_fifth_rounded_down_to_this_channel(
    capacity: int, online: int
) -> None:
    assert share_for(ClinicKind.OFFLINE, Channel.ONLINE, capacity, POLICY) == online


def test_SJ04_an_internet_clinic_gives_all_its_seats_to_this_channel() -> None:
    assert share_for(ClinicKind.INTERNET, Channel.ONLINE, 24, POLICY) == 24
    assert quotas_for(ClinicKind.INTERNET, 24, policy(internet_online_bp=5_000)).online == 12


def test_SJ04_the_hospital_minimum_lifts_a_small_share_but_never_over_capacity() -> None:
    at_least_two = policy(offline_online_minimum=2)
    assert share_for(ClinicKind.OFFLINE, Channel.ONLINE, 4, at_least_two) == 2
    assert share_for(ClinicKind.OFFLINE, Channel.ONLINE, 1, at_least_two) == 1
    assert share_for(ClinicKind.OFFLINE, Channel.ONLINE, 100, at_least_two) == 20


def test_SJ05_phone_has_its_share_and_the_desk_the_rest() -> None:
    assert quotas_for(ClinicKind.OFFLINE, 20, POLICY) == Quotas(online=4, desk=10, phone=6)


shares = st.integers(0, 10_000)


@given(st.integers(0, 500), shares, shares, st.integers(0, 20))
def test_SJ04_the_shares_of_offline_registration_add_up_to_the_capacity(
    capacity: int, online_bp: int, phone_bp: int, minimum: int
) -> None:
    numbers = policy(
        offline_online_bp=online_bp,
        offline_phone_bp=min(phone_bp, 10_000 - online_bp),
        offline_online_minimum=minimum,
    )
    quotas = quotas_for(ClinicKind.OFFLINE, capacity, numbers)
    assert quotas.online + quotas.desk + quotas.phone == capacity
    assert min(quotas.online, quotas.desk, quotas.phone) >= 0


def test_SJ04_a_channel_stops_at_its_share_while_others_still_have_seats() -> None:
    quotas = quotas_for(ClinicKind.OFFLINE, 20, POLICY)
    taken = Taken(online=4)
    assert seats_left(20, quotas, taken, Channel.ONLINE) == 0
    assert seats_left(20, quotas, taken, Channel.DESK) == 10
    assert seats_left(20, quotas, taken, Channel.PHONE) == 6


def test_SJ04_after_the_release_any_channel_may_take_what_is_left() -> None:
    quotas = quotas_for(ClinicKind.OFFLINE, 20, POLICY)
    assert seats_left(20, quotas, Taken(online=4, desk=3), Channel.ONLINE, is_released=True) == 13


def test_SJ10_no_channel_goes_over_the_capacity() -> None:
    quotas = quotas_for(ClinicKind.INTERNET, 10, POLICY)
    assert seats_left(10, quotas, Taken(online=9, desk=1), Channel.PHONE) == 0
    assert seats_left(10, quotas, Taken(online=9, desk=2), Channel.DESK) == 0


@given(
    st.integers(0, 60),
    st.lists(st.sampled_from(Channel), max_size=80),
    st.booleans(),
    st.sampled_from(ClinicKind),
)
def test_SJ04_taking_only_what_is_left_never_oversells(
    capacity: int, asks: list[Channel], is_released: bool, kind: ClinicKind
) -> None:
    quotas = quotas_for(kind, capacity, POLICY)
    counts = dict.fromkeys(Channel, 0)
    for channel in asks:
        taken = Taken(**{str(each): count for each, count in counts.items()})
        if seats_left(capacity, quotas, taken, channel, is_released=is_released):
            counts[channel] += 1
    assert sum(counts.values()) <= capacity
    if not is_released:
        assert all(counts[channel] <= quotas.of(channel) for channel in Channel)


def test_SJ04_shares_stay_unless_the_hospital_sets_a_release() -> None:
    assert released_at(SATURDAY, POLICY) is None
    evening_before = policy(release_unused_share=True)
    assert released_at(SATURDAY, evening_before) == local("2026-11-20T18:00")
    same_day = policy(release_unused_share=True, release_days_before=0, release_time="07:30")
    assert released_at(SATURDAY, same_day) == local("2026-11-21T07:30")


# --- planning


def row(**changes: Any) -> TemplateRow:
    fields: dict[str, Any] = {
        "weekday": 5,
        "half": HalfDay.MORNING,
        "kind": ClinicKind.INTERNET,
        "capacity": 16,
    }
    return TemplateRow(**(fields | changes))


def always(day: date) -> bool:
    return True


def test_XY20_a_morning_of_sixteen_seats_is_sixteen_quarter_hours() -> None:
    [clinic] = plan([row()], [SATURDAY], always, POLICY)
    assert clinic.starts_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
    assert len(clinic.slots) == 16
    assert clinic.slots[0].ends_at == local("2026-11-21T08:15")
    assert clinic.slots[-1].ends_at == clinic.ends_at == local("2026-11-21T12:00")
    assert {slot.seats for slot in clinic.slots} == {1}


def test_XY20_seats_that_do_not_divide_go_to_the_earlier_slots() -> None:
    [clinic] = plan([row(capacity=18, slot_minutes=60)], [SATURDAY], always, POLICY)
    assert [slot.seats for slot in clinic.slots] == [5, 5, 4, 4]


def test_XY20_fewer_seats_than_slots_leave_no_empty_slot() -> None:
    [clinic] = plan([row(capacity=3)], [SATURDAY], always, POLICY)
    assert [slot.seats for slot in clinic.slots] == [1, 1, 1]


def test_XY20_own_hours_and_a_broken_last_slot() -> None:
    short = row(starts=time(9), ends=time(9, 50), slot_minutes=20, capacity=4)
    [clinic] = plan([short], [SATURDAY], always, POLICY)
    assert [(slot.starts_at, slot.seats) for slot in clinic.slots] == [
        (local("2026-11-21T09:00"), 2),
        (local("2026-11-21T09:20"), 2),
    ]


def test_a_weekly_template_runs_on_its_weekday_in_order_of_time() -> None:
    days = [SATURDAY + timedelta(days=offset) for offset in range(14)]
    template = [row(half=HalfDay.EVENING), row(), row(weekday=0, half=HalfDay.AFTERNOON)]
    clinics = plan(template, days, always, POLICY)
    assert [(clinic.day, clinic.row.half) for clinic in clinics] == [
        (date(2026, 11, 21), HalfDay.MORNING),
        (date(2026, 11, 21), HalfDay.EVENING),
        (date(2026, 11, 23), HalfDay.AFTERNOON),
        (date(2026, 11, 28), HalfDay.MORNING),
        (date(2026, 11, 28), HalfDay.EVENING),
        (date(2026, 11, 30), HalfDay.AFTERNOON),
    ]


def test_a_holiday_closes_clinics_that_do_not_run_on_holidays() -> None:
    def closed(day: date) -> bool:
        return False

    assert plan([row()], [SATURDAY], closed, POLICY) == []
    assert len(plan([row(runs_on_holidays=True)], [SATURDAY], closed, POLICY)) == 1


@pytest.mark.parametrize(
    "bad", [{"capacity": 0}, {"starts": time(12), "ends": time(12)}, {"slot_minutes": 300}]
)
def test_a_row_without_room_for_a_slot_is_our_own_mistake(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="slot"):
        plan([row(**bad)], [SATURDAY], always, POLICY)


@given(st.integers(1, 300), st.integers(5, 240), st.sampled_from(HalfDay))
def test_XY20_the_slots_hold_exactly_the_capacity(capacity: int, minutes: int, half: HalfDay) -> None:
    if minutes > 180 and half is HalfDay.EVENING:
        return
    [clinic] = plan([row(capacity=capacity, slot_minutes=minutes, half=half)], [SATURDAY], always, POLICY)
    assert sum(slot.seats for slot in clinic.slots) == capacity
    assert all(clinic.starts_at <= slot.starts_at < slot.ends_at <= clinic.ends_at for slot in clinic.slots)
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(clinic.slots))


def test_half_days_have_hours_and_pauses_belong_to_the_half_before() -> None:
    assert half_hours(HalfDay.MORNING, POLICY) == (time(8), time(12))
    assert half_hours(HalfDay.AFTERNOON, POLICY) == (time(13), time(17))
    assert half_hours(HalfDay.EVENING, POLICY) == (time(18), time(21))
    assert half_of(time(12, 30), POLICY) is HalfDay.MORNING
    assert half_of(time(13), POLICY) is HalfDay.AFTERNOON
    assert half_of(time(17, 59), POLICY) is HalfDay.AFTERNOON
    assert half_of(time(18), POLICY) is HalfDay.EVENING


# --- XY24 holds

NOON = local("2026-11-20T12:00")
LATER = local("2026-11-21T09:15")


def test_XY24_a_hold_lasts_15_minutes() -> None:
    assert hold_until(NOON, LATER, assisted=False, policy=POLICY) == local("2026-11-20T12:15")


def test_XY24_an_assisted_hold_lasts_30_minutes() -> None:
    assert hold_until(NOON, LATER, assisted=True, policy=POLICY) == local("2026-11-20T12:30")


def test_XY24_a_hold_never_outlives_the_slot() -> None:
    soon = local("2026-11-20T12:10")
    assert hold_until(NOON, soon, assisted=False, policy=POLICY) == soon
    assert hold_until(NOON, soon, assisted=True, policy=POLICY) == soon


def test_XY24_a_pending_seat_waits_until_an_hour_before_the_slot() -> None:
    assert pending_until(NOON, local("2026-11-21T09:00"), POLICY) == local("2026-11-21T08:00")
    assert pending_until(local("2026-11-21T07:59"), local("2026-11-21T09:00"), POLICY) is not None
    assert pending_until(local("2026-11-21T08:00"), local("2026-11-21T09:00"), POLICY) is None


def test_XY24_the_minutes_are_numbers_of_the_policy() -> None:
    numbers = policy("booking", hold_minutes=5, hold_minutes_assisted=10, pending_verification_minutes=120)
    assert hold_until(NOON, LATER, assisted=False, policy=numbers) == local("2026-11-20T12:05")
    assert hold_until(NOON, LATER, assisted=True, policy=numbers) == local("2026-11-20T12:10")
    assert pending_until(NOON, local("2026-11-21T09:00"), numbers) == local("2026-11-21T07:00")


# --- SJ06 cancelling


def cancel(now: datetime, numbers: PolicySet = POLICY, **facts: Any) -> CancelRuling:
    return may_cancel(
        now,
        slot_date=SATURDAY,
        slot_start=local("2026-11-21T09:00"),
        slot_end=local("2026-11-21T09:15"),
        policy=numbers,
        **facts,
    )


@pytest.mark.parametrize(
    ("at", "allowed", "refund_bp", "reason"),
    [
        ("2026-11-20T23:59:59.999999", True, 10_000, CancelReason.IN_TIME),
        ("2026-11-21T00:00:00", True, 0, CancelReason.ON_THE_DAY),
        ("2026-11-21T08:59:59", True, 0, CancelReason.ON_THE_DAY),
        ("2026-11-21T09:00:00", False, 0, CancelReason.SLOT_RUNNING),
        ("2026-11-21T09:14:59", False, 0, CancelReason.SLOT_RUNNING),
        ("2026-11-21T09:15:00", True, 10_000, CancelReason.UNATTENDED),
        ("2026-11-21T23:59:59", True, 10_000, CancelReason.UNATTENDED),
        ("2026-11-22T00:00:00", False, 0, CancelReason.DAY_OVER),
    ],
)
def test_SJ06_what_cancelling_means_hour_by_hour(
    at: str, allowed: bool, refund_bp: int, reason: CancelReason
) -> None:
    ruling = cancel(local(at))
    assert (ruling.allowed, ruling.refund_bp, ruling.reason) == (allowed, refund_bp, reason)
    assert ruling.free_until == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_SJ06_a_traveller_is_judged_by_the_hospitals_day() -> None:
    new_york = ZoneInfo("America/New_York")
    assert cancel(datetime(2026, 11, 20, 10, 59, tzinfo=new_york)).reason is CancelReason.IN_TIME
    assert cancel(datetime(2026, 11, 20, 11, 0, tzinfo=new_york)).reason is CancelReason.ON_THE_DAY


def test_SJ06_a_failure_on_our_side_is_always_refunded() -> None:
    for at in ("2026-11-20T12:00", "2026-11-21T09:05", "2026-11-22T08:00"):
        ruling = cancel(local(at), is_our_failure=True)
        assert (ruling.allowed, ruling.refund_bp) == (True, 10_000)


def test_SJ06_an_attended_visit_is_not_cancelled() -> None:
    assert cancel(local("2026-11-21T09:20"), is_attended=True).reason is CancelReason.ATTENDED


def test_SJ06_an_unpaid_hold_may_be_given_back_at_any_time_of_the_day() -> None:
    ruling = cancel(local("2026-11-21T09:05"), is_paid=False)
    assert (ruling.allowed, ruling.refund_bp, ruling.reason) == (True, 0, CancelReason.UNPAID)


def test_SJ06_deadline_and_shares_are_numbers_of_the_policy() -> None:
    numbers = policy(
        "booking", free_cancel_days_before=1, cancel_refund_bp=9_000, on_day_unattended_cancel="none"
    )
    assert cancel(local("2026-11-19T23:59"), numbers).refund_bp == 9_000
    assert cancel(local("2026-11-20T00:00"), numbers).reason is CancelReason.ON_THE_DAY
    assert cancel(local("2026-11-21T09:15"), numbers).allowed is False
