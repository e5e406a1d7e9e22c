"""The tables of bookings and clinics, walked; and what people read for every state."""

import pytest

from telehealth.bookings.capabilities import CANCEL_SENTENCES, CAPABILITIES, GROUPS
from telehealth.bookings.states import BOOKING, LIVE, BookingEvent, BookingState
from telehealth.core.errors import TransitionRefused
from telehealth.schedule.rules import CancelReason
from telehealth.schedule.states import CLINIC, ClinicEvent, ClinicState
from telehealth.schedule.wording import CHANNEL_LABELS, HALF_LABELS, KIND_LABELS

B = BookingState


def test_every_booking_state_is_reachable() -> None:
    assert BOOKING.reachable == frozenset(BookingState)


def test_a_booking_ends_in_exactly_these_states() -> None:
    assert BOOKING.terminal == {
        B.COMPLETED, B.CANCELLED, B.WITHDRAWN, B.CLINIC_CLOSED, B.UNATTENDED, B.INELIGIBLE_AT_ADMISSION,
        B.PATIENT_ABSENT, B.UNFINISHED,
    }  # fmt: skip


def test_a_booking_holds_a_seat_until_it_ends_or_is_released() -> None:
    assert LIVE == frozenset(BookingState) - BOOKING.terminal - {B.RELEASED}


def test_XY24_only_a_late_payment_brings_a_released_seat_back() -> None:
    ways = {event: BOOKING.after(B.RELEASED, event) for event in BookingEvent
            if BOOKING.allows(B.RELEASED, event)}  # fmt: skip
    assert ways == {BookingEvent.RESEAT: B.PAID}


@pytest.mark.parametrize("state", BookingState)
@pytest.mark.parametrize("event", BookingEvent)
def test_a_booking_refuses_what_its_table_does_not_name(state: BookingState, event: BookingEvent) -> None:
    if BOOKING.allows(state, event):
        assert BOOKING.after(state, event) in BookingState
    else:
        with pytest.raises(TransitionRefused):
            BOOKING.after(state, event)


def test_only_a_held_seat_lapses_and_only_a_paid_one_completes() -> None:
    assert [state for state in B if BOOKING.allows(state, BookingEvent.LAPSE)] == [B.HELD]
    assert [state for state in B if BOOKING.allows(state, BookingEvent.COMPLETE)] == [B.PAID]


def test_every_clinic_state_is_reachable_and_refuses_the_rest() -> None:
    assert CLINIC.reachable == frozenset(ClinicState)
    assert CLINIC.terminal == frozenset()
    for state, event in [(ClinicState.CLOSED, ClinicEvent.CLOSE), (ClinicState.OPEN, ClinicEvent.REOPEN)]:
        with pytest.raises(TransitionRefused):
            CLINIC.after(state, event)


def test_people_read_something_for_every_state_reason_and_channel() -> None:
    assert set(CAPABILITIES) == set(BookingState)
    assert set(CANCEL_SENTENCES) == set(CancelReason)
    assert all((CHANNEL_LABELS, HALF_LABELS, KIND_LABELS))


def test_what_may_be_done_agrees_with_the_table() -> None:
    for state, can in CAPABILITIES.items():
        assert can.is_live == (state in LIVE)
        assert can.may_cancel == BOOKING.allows(state, BookingEvent.CANCEL)
        assert can.can_pay == BOOKING.allows(state, BookingEvent.PAY)
        assert can.can_rebook == (state not in LIVE)


def test_every_booking_stands_under_one_filter_beside_all() -> None:
    filed = [state for name, (_, states) in GROUPS.items() if name != "all" for state in states or ()]
    assert sorted(filed) == sorted(BookingState)
