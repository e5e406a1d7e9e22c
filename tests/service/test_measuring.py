"""Each figure from events that are known: the number a person would count by hand."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prescriptions.models import Check as RxCheck
from prescriptions.models import SheetFile
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.states import CheckStage
from telehealth.bookings import attending, cancelling
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.consultations.alerting import WORSE, acknowledge, raise_alarm
from telehealth.core.access import HOUSE
from telehealth.core.clock import FixedClock, day_start, hospital_day
from telehealth.core.figures import Figure, Pain
from telehealth.core.ids import new_id
from telehealth.core.measures import Measures
from telehealth.core.rooms import Role, RoomJournal
from telehealth.core.unit import Units
from telehealth.eligibility.facts import Check, Decision, GateCode, Outcome, Stage
from telehealth.eligibility.models import GateDecision
from telehealth.payments.models import Refund
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.states import RefundReason
from telehealth.reporting import queries
from telehealth.reporting.counting import count_day
from telehealth.reporting.rules import Span, Sum, add_up
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.dispatch import PILL, add_order, open_dispensary, stock
from tests.support.factories.reviewing import open_review, passed, to_review
from tests.support.factories.rooms import Visit, add_more, add_room, admit

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def visit(units: Units) -> Visit:
    """Booked and paid at 10:00 for 11:00."""
    return await add_room(units)


async def measured(units: Units, hospital_id: UUID, metric: str, day: date | None = None) -> list[Figure]:
    async with units.hospital(hospital_id, HOUSE) as unit:
        found = await unit.port(Measures).of_day(unit, hospital_id, day or unit.today)
    return [figure for figure in found if figure.metric == metric]


async def the(units: Units, visit: Visit, metric: str, day: date | None = None) -> Figure:
    [figure] = await measured(units, visit.house.hospital.id, metric, day)
    return figure


async def answer(units: Units, visit: Visit, at: datetime) -> None:
    async with units.system("test") as unit:
        assert await attending.record(unit, visit.room, Evidence.OWN_TEXT, "message:1", at)


# --------------------------------------------------------------------------------- GD17: how long people wait


async def test_GD17_first_word_counts_from_the_appointed_time(units: Units, visit: Visit) -> None:
    await answer(units, visit, visit.booking.starts_at + 7 * MINUTE)
    first = await the(units, visit, "first_word")
    assert (first.values, first.total, first.department_id) == ((420,), 1, visit.house.department.id)
    # Booked at 10:00, seen at 11:07.
    assert (await the(units, visit, "booking_to_first_word")).values == (67 * 60,)


async def test_GD17_a_doctor_who_is_early_kept_nobody_waiting(units: Units, visit: Visit) -> None:
    await answer(units, visit, visit.booking.starts_at - 5 * MINUTE)
    assert (await the(units, visit, "first_word")).values == (0,)


async def test_GD17_waiting_ends_with_the_admission(units: Units, visit: Visit, clock: FixedClock) -> None:
    clock.move_business_to(visit.booking.starts_at + 4 * MINUTE)
    await admit(units, visit)
    assert (await the(units, visit, "waiting")).values == (240,)


async def test_GD17_the_median_of_a_span_is_of_all_its_visits(units: Units, visit: Visit) -> None:
    rest = await add_more(units, visit, 4)
    for one, minutes in zip([visit, *rest], (1, 2, 3, 10, 60), strict=True):
        await answer(units, one, one.booking.starts_at + minutes * MINUTE)
    hospital_id = visit.house.hospital.id
    async with units.hospital(hospital_id, HOUSE) as unit:
        await count_day(unit, hospital_id, unit.today)
        rows = await queries.figures(unit, hospital_id, Span(unit.today, unit.today), metrics={"first_word"})
    found = add_up(rows)
    assert (found.median, found.p95, len(found.values)) == (180, 3600, 5)


async def test_attended_same_day_leaves_out_what_was_called_off(units: Units, visit: Visit) -> None:
    seen, off = (await add_more(units, visit, 2))[:2]
    await answer(units, seen, seen.booking.starts_at)
    async with units.system("test") as unit:
        row = await unit.session.get_one(Booking, off.room)
        row.state = BookingState.CANCELLED
    figure = await the(units, visit, "attended_same_day")
    assert (figure.hits, figure.total, figure.late) == (1, 2, 1)


async def test_an_answer_after_midnight_is_not_of_the_same_day(units: Units, visit: Visit) -> None:
    await answer(units, visit, day_start(visit.booking.day + timedelta(days=1)))
    assert (await the(units, visit, "attended_same_day")).hits == 0


# --------------------------------------------------------------------------------- GD20: the six pains


async def test_GD20_each_pain_has_exactly_one_metric(units: Units) -> None:
    metrics = units.port(Measures).metrics.values()
    assert sorted(metric.pain for metric in metrics if metric.pain) == sorted(Pain)


async def test_GD20_lost_those_who_were_not_there(units: Units, visit: Visit) -> None:
    [absent] = await add_more(units, visit, 1)
    await answer(units, visit, visit.booking.starts_at)
    async with units.system("test") as unit:
        (await unit.session.get_one(Booking, absent.room)).state = BookingState.PATIENT_ABSENT
    figure = await the(units, visit, "patient_absent")
    assert (figure.hits, figure.total) == (1, 2)


async def test_GD20_tedious_from_the_seat_to_the_payment(units: Units, visit: Visit) -> None:
    figure = await the(units, visit, "seat_to_paid")
    assert (figure.total, figure.values) == (1, (0,))


async def test_GD20_urgent_an_alarm_is_answered_within_its_promise(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    [other] = await add_more(units, visit, 1)
    for one, minutes in ((visit, 4), (other, 6)):
        async with units.system("test") as unit:
            await raise_alarm(unit, one.room, WORSE)
        clock.advance(minutes * MINUTE)
        async with units.of(visit.doctor) as unit:
            await acknowledge(unit, one.room)
    figure = await the(units, visit, "alarm_answer")
    # Five minutes are promised.
    assert (figure.values, figure.total, figure.late) == ((240, 360), 2, 1)


async def decide(units: Units, visit: Visit, person_id: UUID, code: GateCode | None) -> None:
    check = Check(code or GateCode.BANNED, Outcome.FAILED if code else Outcome.PASSED)
    async with units.hospital(visit.house.hospital.id, HOUSE) as unit:
        policy = await current_policy(unit, visit.house.hospital.id)
        unit.session.add(
            GateDecision(
                hospital_id=visit.house.hospital.id, account_id=None, person_id=person_id,
                policy_id=policy.id, policy_number=policy.number, stage=Stage.FORM,
                clinic_kind=ClinicKind.INTERNET, slot_date=None, declaration=None, inputs={},
                allowed=code is None, pending=False, result=Decision((check,)).as_record(), evidence=[],
                decided_at=unit.now,
            )
        )  # fmt: skip


async def test_GD20_doubtful_refusals_by_rule_and_those_overturned_within_a_week(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=3))
    day = hospital_day(clock.business())
    young, banned, soon, late = (new_id() for _ in range(4))
    await decide(units, visit, young, GateCode.AGE_BELOW_MINIMUM)
    for _ in range(3):
        await decide(units, visit, banned, GateCode.BANNED)
    await decide(units, visit, soon, GateCode.BANNED)
    await decide(units, visit, late, GateCode.NO_RECENT_OFFLINE_VISIT)
    # Being asked for a card is a step on the way, no refusal.
    await decide(units, visit, new_id(), GateCode.CARD_NOT_BOUND)
    clock.advance(timedelta(days=6))
    await decide(units, visit, soon, None)
    clock.advance(timedelta(days=3))
    await decide(units, visit, late, None)
    denied = await the(units, visit, "denied", day)
    assert (denied.hits, denied.total) == (4, 5)
    assert denied.parts == {"AGE_BELOW_MINIMUM": 1, "BANNED": 2, "NO_RECENT_OFFLINE_VISIT": 1}
    overturned = await the(units, visit, "denied_overturned", day)
    assert (overturned.hits, overturned.total) == (1, 4)


async def test_GD20_hard_of_those_let_in_who_found_a_seat(units: Units, visit: Visit) -> None:
    await decide(units, visit, new_id(), None)
    figure = await the(units, visit, "seat_found")
    # The patient of the visit has theirs.
    assert (figure.hits, figure.total) == (1, 2)


# --------------------------------------------------------------------------------- SJ10


async def test_SJ10_demand_stands_against_capacity(units: Units, visit: Visit) -> None:
    await add_more(units, visit, 2)
    demand = await the(units, visit, "demand")
    taken = await the(units, visit, "seats_taken")
    assert demand.parts == {"asked": 3, "seats": taken.total}
    assert taken.hits == 3


async def test_SJ10_who_gave_the_seat_back_had_asked_for_it(units: Units, visit: Visit) -> None:
    async with units.of(visit.patient) as unit:
        await cancelling.cancel(unit, visit.room)
    assert (await the(units, visit, "demand")).parts["asked"] == 1
    assert (await the(units, visit, "seats_taken")).hits == 0


# --------------------------------------------------------------------------------- calls


async def ring(units: Units, visit: Visit, *, connects: bool, reason: str) -> None:
    journal: Any = units.port(RoomJournal)  # type: ignore[type-abstract]
    call = new_id()
    async with units.system("test") as unit:
        await journal.rang(unit, visit.room, call, by=Role.DOCTOR, media="video")
        if connects:
            await journal.connected(unit, visit.room, call)
        await journal.ended(unit, visit.room, call, reason=reason, by=Role.DOCTOR, seconds=1)


async def test_call_set_up_counts_calls_that_could_have_connected(units: Units, visit: Visit) -> None:
    await admit(units, visit)
    await ring(units, visit, connects=True, reason="hung_up")
    await ring(units, visit, connects=False, reason="unanswered")
    await ring(units, visit, connects=False, reason="declined")
    await ring(units, visit, connects=False, reason="cancelled")
    figure = await the(units, visit, "call_setup")
    assert (figure.hits, figure.total) == (1, 2)


@pytest.mark.parametrize(("minutes", "rejoined"), [(5, 1), (6, 0)])
async def test_a_lost_call_is_rejoined_within_five_minutes(
    units: Units, visit: Visit, clock: FixedClock, minutes: int, rejoined: int
) -> None:
    await admit(units, visit)
    await ring(units, visit, connects=True, reason="lost")
    clock.advance(minutes * MINUTE)
    await ring(units, visit, connects=True, reason="hung_up")
    figure = await the(units, visit, "rejoin")
    assert (figure.hits, figure.total) == (rejoined, 1)


# --------------------------------------------------------------------------------- money that goes back


async def test_refund_lag_counts_those_that_never_came_too(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    [other] = await add_more(units, visit, 1)
    for one in (visit, other):
        async with units.system("test") as unit:
            await refund_in_full(unit, one.booking.charge_id, RefundReason.CLINIC_CLOSED)
    async with units.system("test") as unit:
        rows = (await unit.session.scalars(sa.select(Refund).order_by(Refund.id))).all()
        rows[0].submitted_at = rows[0].requested_at + timedelta(seconds=30)
        rows[0].settled_at = rows[0].requested_at + timedelta(hours=2)
        rows[1].submitted_at = rows[1].settled_at = None
        day = hospital_day(rows[0].requested_at)
    clock.advance(timedelta(days=30))
    sent = await the(units, visit, "refund_submit", day)
    done = await the(units, visit, "refund_done", day)
    assert (sent.values, sent.total, sent.late) == ((30,), 2, 1)
    assert (done.values, done.total, done.late) == ((7200,), 2, 1)


# --------------------------------------------------------------------------------- prescriptions


async def test_review_lag_is_of_each_signature(units: Units, clock: FixedClock) -> None:
    place = await open_review(units)
    rx = await to_review(units, place)
    clock.advance(12 * MINUTE)
    await passed(units, place, rx)
    hospital_id = place.desk.visit.house.hospital.id
    [figure] = await measured(units, hospital_id, "review_lag")
    assert (figure.values, figure.total, figure.late) == ((720,), 1, 0)


async def test_a_sheet_nobody_answers_breaks_the_promise_after_half_an_hour(
    units: Units, clock: FixedClock
) -> None:
    place = await open_review(units)
    await to_review(units, place)
    hospital_id = place.desk.visit.house.hospital.id
    clock.advance(30 * MINUTE)
    [figure] = await measured(units, hospital_id, "review_lag")
    assert (figure.values, figure.total, figure.late) == ((), 1, 0)
    clock.advance(MINUTE)
    [figure] = await measured(units, hospital_id, "review_lag")
    assert figure.late == 1


async def test_an_alert_that_was_signed_over_counts_by_its_reason(units: Units) -> None:
    place = await open_review(units)
    rx = await to_review(units, place)
    async with units.system("test") as unit:
        signed = (await unit.session.scalars(sa.select(SheetFile))).one()
        last = (
            await unit.session.scalars(sa.select(RxCheck).where(RxCheck.stage == CheckStage.SIGNING))
        ).one()
        unit.session.add(
            RxCheck(
                prescription_id=rx.id, hospital_id=rx.hospital_id, account_id=rx.account_id,
                stage=CheckStage.SIGNING, at=signed.at, book_id=last.book_id, policy_version=1, digest="d",
                outcome="resign", is_complete=True,
                findings=[
                    {"code": "MAX_DAILY", "severity": "resign"}, {"code": "MAX_DAILY", "severity": "resign"},
                    {"code": "ELDERLY", "severity": "warn"},
                ],
            )
        )  # fmt: skip
    [figure] = await measured(units, place.desk.visit.house.hospital.id, "alert_override")
    assert (figure.hits, figure.total, figure.parts) == (1, 1, {"MAX_DAILY": 1})


async def test_dispatch_lag_runs_from_the_payment_to_the_courier(units: Units) -> None:
    place = await open_dispensary(units)
    await stock(units, place.pharmacy, {PILL: 5})
    row = await add_order(units, place)
    async with units.system("test") as unit:
        order = await unit.session.get_one(DispatchOrder, row.id)
        order.packed_at = order.promised_at + MINUTE
        order.handed_at = order.paid_at + timedelta(hours=5)
        hospital_id = order.hospital_id
    [figure] = await measured(units, hospital_id, "dispatch_lag")
    assert (figure.values, figure.total, figure.late) == ((18_000,), 1, 1)


# --------------------------------------------------------------------------------- keeping


async def test_counting_a_day_again_replaces_what_was_there(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    hospital_id, day = visit.house.hospital.id, hospital_day(clock.business())

    async def kept() -> Sum:
        async with units.hospital(hospital_id, HOUSE) as unit:
            await count_day(unit, hospital_id, day)
            return add_up(await queries.figures(unit, hospital_id, Span(day, day), metrics={"first_word"}))

    assert ((await kept()).total, (await kept()).values) == (1, ())
    await answer(units, visit, visit.booking.starts_at)
    assert ((await kept()).total, (await kept()).values) == (1, (0,))
