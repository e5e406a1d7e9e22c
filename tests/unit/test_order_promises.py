"""GD05: what is promised with an order, by when, and what becomes of it if nobody keeps it."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from prescriptions.patient.promising import SheetFacts, sheet_promises
from prescriptions.patient.stages import Stage
from prescriptions.states import Path
from telehealth.bookings.states import BookingState, Ending
from telehealth.core.clock import SHANGHAI
from telehealth.core.i18n import translator
from telehealth.core.promises import Owner, Part, Promise, Standing, promise, standing
from telehealth.orders.rules import (
    OWN_STANDINGS,
    OWNERS,
    STANDINGS,
    RefundFacts,
    VisitFacts,
    refund_promises,
    visit_promises,
)
from telehealth.web.labels import APP, BROWSER, LABELS, MINI_PROGRAM, label

DAY = date(2026, 11, 24)


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


HELD = VisitFacts(
    state=BookingState.HELD, is_online=True, at_desk=False, is_pending=False, day=DAY,
    starts_at=at(11), ends_at=at(11, 30), hold_until=at(10, 15), fee=5000, paid_at=None, attended_at=None,
    ended_at=None, reason="",
)  # fmt: skip
PAID = replace(HELD, state=BookingState.PAID, paid_at=at(10, 5))


def visit(facts: VisitFacts, now: datetime, after_days: int = 1) -> dict[str, Promise]:
    return {made.code: made for made in visit_promises(facts, now, unfinished_after_days=after_days)}


@pytest.mark.parametrize(
    ("now", "kept", "missed", "begun", "expected"),
    [
        (at(9), None, False, False, Standing.AHEAD),
        (at(9, 59), None, False, True, Standing.RUNNING),
        (at(10), None, False, True, Standing.LATE),
        (at(12), at(9, 59), False, True, Standing.KEPT),
        (at(12), at(10), False, True, Standing.DELAYED),
        (at(12), None, True, True, Standing.MISSED),
    ],
)
def test_GD05_a_promise_is_kept_before_its_instant_and_late_from_it_on(
    now: datetime, kept: datetime | None, missed: bool, begun: bool, expected: Standing
) -> None:
    assert standing(now, at(10), kept_at=kept, is_missed=missed, has_begun=begun) is expected


def test_a_promise_told_as_a_day_runs_to_the_end_of_it() -> None:
    made = promise("refund", Owner.PAYER, "退款到账", at(23, 59), due_on=DAY)
    assert made.standing is Standing.RUNNING
    assert promise("refund", Owner.PAYER, "退款到账", at(0, day=date(2026, 11, 25)), due_on=DAY).standing is (
        Standing.LATE
    )


def test_XY24_an_unpaid_seat_is_the_patients_to_pay_and_costs_nothing_when_missed() -> None:
    found = visit(HELD, at(10))
    assert (found["pay"].owner, found["pay"].standing) == (Owner.PATIENT, Standing.RUNNING)
    assert found["pay"].due_at == at(10, 15) and found["pay"].amount == 5000
    assert found["attend"].standing is Standing.AHEAD
    lapsed = visit(replace(HELD, state=BookingState.RELEASED, reason=Ending.UNPAID), at(11))
    assert lapsed["pay"].standing is Standing.MISSED and "不收费" in lapsed["pay"].otherwise
    assert set(lapsed) == {"pay"}


def test_XY12_the_doctor_writes_by_midnight_or_all_of_it_goes_back() -> None:
    running = visit(PAID, at(12))["attend"]
    assert (running.owner, running.standing) == (Owner.DOCTOR, Standing.RUNNING)
    assert running.due_at == at(0, day=date(2026, 11, 25)) and "全额退回" in running.otherwise
    assert visit(PAID, at(23, 59, day=date(2026, 11, 23)))["attend"].standing is Standing.AHEAD
    assert visit(replace(PAID, attended_at=at(23, 59)), at(23, 59))["attend"].standing is Standing.KEPT
    over = replace(PAID, state=BookingState.UNATTENDED, ended_at=at(0, day=date(2026, 11, 25)))
    missed = visit(over, at(8, day=date(2026, 11, 25)))
    assert missed["attend"].standing is Standing.MISSED and "conclude" not in missed


def test_XY14_a_call_over_midnight_is_said_to_hold_the_promise() -> None:
    found = visit(replace(PAID, is_calling=True), at(0, 10, day=date(2026, 11, 25)))["attend"]
    assert found.standing is Standing.LATE and "通话" in found.otherwise


@pytest.mark.parametrize(("after_days", "due"), [(0, date(2026, 11, 26)), (1, date(2026, 11, 27))])
def test_XY13_the_note_is_due_a_day_after_the_desk_was_told(after_days: int, due: date) -> None:
    """By the number of the rulebook, and then everything goes back."""
    attended = replace(PAID, attended_at=at(11, 5))
    found = visit(attended, at(12), after_days)["conclude"]
    assert (found.due_at, found.standing) == (at(0, day=due), Standing.RUNNING)
    ended = replace(attended, state=BookingState.UNFINISHED, ended_at=at(0, day=due))
    assert visit(ended, at(1, day=due), after_days)["conclude"].standing is Standing.MISSED
    done = replace(attended, state=BookingState.COMPLETED, ended_at=at(12))
    assert visit(done, at(13), after_days)["conclude"].standing is Standing.KEPT


@pytest.mark.parametrize(
    "state",
    [BookingState.CANCELLED, BookingState.CLINIC_CLOSED, BookingState.WITHDRAWN,
     BookingState.INELIGIBLE_AT_ADMISSION, BookingState.PATIENT_ABSENT],
)  # fmt: skip
def test_a_visit_called_off_owes_nobody_a_doctor(state: BookingState) -> None:
    assert set(visit(replace(PAID, state=state, ended_at=at(10, 30)), at(12))) == {"pay"}


def test_a_seat_given_back_unpaid_promises_nothing() -> None:
    assert visit(replace(HELD, state=BookingState.CANCELLED, ended_at=at(10, 1)), at(12)) == {}


def test_XY24_while_the_hospitals_system_is_silent_it_is_the_hospitals_turn() -> None:
    found = visit(replace(HELD, is_pending=True), at(10))
    assert (found["verify"].owner, found["pay"].standing) == (Owner.HOSPITAL, Standing.AHEAD)
    silent = visit(replace(HELD, state=BookingState.RELEASED, reason=Ending.UNVERIFIED), at(11))
    assert silent["verify"].standing is Standing.MISSED and "pay" not in silent
    refused = replace(HELD, state=BookingState.RELEASED, reason=Ending.NOT_ELIGIBLE, ended_at=at(10, 3))
    assert visit(refused, at(11))["verify"].standing is Standing.KEPT


def test_an_offline_registration_promises_a_doctor_in_person_and_no_note() -> None:
    found = visit(replace(PAID, is_online=False, at_desk=True), at(12))
    assert set(found) == {"pay", "attend"} and "就诊记录" in found["attend"].otherwise


BACK = RefundFacts(
    why="当日未接诊，自动全额退款", amount=5000, requested_at=at(0), submitted_at=None, settled_at=None,
    expected_by=date(2026, 11, 27), is_parked=False, is_automatic=True,
    parts=(Part("医保部分退回医保基金和个人账户", "已受理，等待到账", 3000, False),
           Part("退回原支付方式", "等待上一步完成", 2000, False)),
    href="/refunds/1",
)  # fmt: skip


@pytest.mark.parametrize("minutes", [10, 30])
def test_XY12_the_hospital_sends_the_refund_within_the_rulebooks_minutes(minutes: int) -> None:
    [sent, _] = refund_promises([BACK], at(0, 5), submit_minutes=minutes)
    assert sent.due_at == at(0) + timedelta(minutes=minutes) and sent.standing is Standing.RUNNING
    [late, _] = refund_promises([BACK], at(0) + timedelta(minutes=minutes), submit_minutes=minutes)
    assert late.standing is Standing.LATE


def test_GD05_both_halves_of_a_refund_are_shown_with_the_day_it_arrives_by() -> None:
    [_, back] = refund_promises([BACK], at(9), submit_minutes=10)
    assert (back.due_on, back.standing, back.owner) == (date(2026, 11, 27), Standing.RUNNING, Owner.PAYER)
    assert [part.amount for part in back.parts] == [3000, 2000] and back.amount == 5000
    assert refund_promises([BACK], at(0, day=date(2026, 11, 28)), submit_minutes=10)[1].standing is (
        Standing.LATE
    )
    settled = replace(BACK, settled_at=at(18))
    assert refund_promises([settled], at(19), submit_minutes=10)[1].standing is Standing.KEPT


def test_GD05_a_refund_that_waits_for_a_person_is_the_hospitals() -> None:
    [_, parked] = refund_promises([replace(BACK, is_parked=True)], at(9), submit_minutes=10)
    assert parked.owner is Owner.HOSPITAL and "人工" in parked.otherwise


def test_a_refund_somebody_asked_for_makes_no_promise_of_minutes() -> None:
    assert len(refund_promises([replace(BACK, is_automatic=False)], at(9), submit_minutes=10)) == 1


SHEET = SheetFacts(
    stage=Stage.REVIEWING, path=None, total=1680, answer_by=at(10, 30), review_by=at(10, 30),
    reviewed_at=None, pay_by=at(0, day=date(2026, 11, 27)), paid_at=None, promised_at=None, packed_at=None,
    handed_at=None, received_at=None, needs_decocting=False, was_not_packed=False,
)  # fmt: skip


def sheet(facts: SheetFacts, now: datetime) -> dict[str, Promise]:
    return {made.code: made for made in sheet_promises(facts, now)}


def test_REG19_the_pharmacist_answers_by_the_rulebooks_minutes() -> None:
    found = sheet(SHEET, at(10))
    assert (found["review"].owner, found["review"].standing) == (Owner.PHARMACIST, Standing.RUNNING)
    assert found["pay"].standing is Standing.AHEAD and found["pack"].standing is Standing.AHEAD
    assert sheet(SHEET, at(10, 30))["review"].standing is Standing.LATE
    late = replace(SHEET, stage=Stage.PAYABLE, reviewed_at=at(10, 40))
    assert sheet(late, at(11))["review"].standing is Standing.DELAYED


def test_XY29_a_returned_sheet_is_the_doctors_turn() -> None:
    found = sheet(replace(SHEET, stage=Stage.WITH_DOCTOR, answer_by=at(12, 30)), at(11))
    assert (found["mend"].owner, found["mend"].due_at) == (Owner.DOCTOR, at(12, 30))
    assert found["review"].standing is Standing.AHEAD


def test_XY30_what_is_not_paid_by_24_00_of_the_third_day_lapses_without_cost() -> None:
    payable = replace(SHEET, stage=Stage.PAYABLE, reviewed_at=at(10, 10))
    assert sheet(payable, at(23, 59, day=date(2026, 11, 26)))["pay"].standing is Standing.RUNNING
    expired = sheet(replace(payable, stage=Stage.EXPIRED), at(0, day=date(2026, 11, 27)))
    assert expired["pay"].standing is Standing.MISSED and "pack" not in expired


PACKING = replace(
    SHEET, stage=Stage.PREPARING, path=Path.COURIER, reviewed_at=at(10, 10), paid_at=at(10, 20),
    promised_at=at(10, 20, day=date(2026, 11, 25)),
)  # fmt: skip


def test_PAIN13_the_pharmacy_packs_in_time_or_the_price_goes_back() -> None:
    found = sheet(PACKING, at(12))
    assert (found["pack"].standing, found["pack"].due_at) == (Standing.RUNNING, PACKING.promised_at)
    assert "自动全额退回" in found["pack"].otherwise
    broken = sheet(replace(PACKING, stage=Stage.UNDONE, was_not_packed=True), at(11, day=date(2026, 11, 25)))
    assert broken["pack"].standing is Standing.MISSED and "leave" not in broken
    given_up = sheet(replace(PACKING, stage=Stage.GIVEN_UP), at(12))
    assert set(given_up) == {"review", "pay"}


def test_a_decoction_that_is_late_is_decided_by_a_person() -> None:
    assert "核定" in sheet(replace(PACKING, needs_decocting=True), at(12))["pack"].otherwise


def test_the_parcel_leaves_and_arrives() -> None:
    gone = replace(
        PACKING, stage=Stage.ON_THE_WAY, packed_at=at(15), handed_at=at(16),
    )  # fmt: skip
    found = sheet(gone, at(17))
    assert (found["leave"].standing, found["deliver"].standing) == (Standing.KEPT, Standing.RUNNING)
    assert sheet(replace(gone, stage=Stage.PARCEL_BACK), at(17))["deliver"].owner is Owner.PHARMACY
    there = replace(gone, stage=Stage.DELIVERED, received_at=at(9, day=date(2026, 11, 25)))
    assert sheet(there, at(10, day=date(2026, 11, 25)))["deliver"].standing is Standing.KEPT


def test_XY32_at_the_window_the_patient_collects() -> None:
    ready = replace(PACKING, stage=Stage.READY, path=Path.WINDOW, packed_at=at(15))
    found = sheet(ready, at(16))
    assert found["collect"].owner is Owner.PATIENT and "leave" not in found


def test_every_owner_and_standing_has_a_name_in_both_languages() -> None:
    english = translator("en")
    assert set(OWNERS) == set(Owner)
    for words in (STANDINGS, OWN_STANDINGS):
        assert set(words) == {str(each) for each in Standing}
        assert all(english(text) != text for text, _ in words.values())
    assert all(english(text) != text for text in OWNERS.values())


def test_XY19_each_channel_calls_the_list_by_its_own_name() -> None:
    said = [label("orders", channel) for channel in (BROWSER, APP, MINI_PROGRAM)]
    assert said == ["我的订单", "问诊列表", "订单中心"]
    english = translator("en")
    assert all(english(text) != text for words in LABELS.values() for text in words.values())
