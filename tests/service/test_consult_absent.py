"""SJ07: a patient is absent only after the slot began, two rings, one reminder and not a word that day."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.states import BookingState
from telehealth.consultations import absent
from telehealth.consultations.doctor_errors import AbsenceRefused, NotToday, RemindedJustNow, VisitOver
from telehealth.consultations.states import ConsultationState
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.rooms import Role
from telehealth.core.unit import Units
from telehealth.strikes.models import StrikeRow
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.bookings import told
from tests.support.factories.consulting import calls_end, ring_unanswered
from tests.support.factories.rooms import Visit, add_room, consent, reread, say
from tests.support.factories.visits import balances, refunds_of_booking

TODAY = date(2026, 11, 21)


@pytest.fixture
async def visit(units: Units, clock: FixedClock) -> Visit:
    made = await add_room(units, admitted=True)
    clock.move_business_to(at_local(TODAY, time(11, 5)))
    return made


async def remind(units: Units, visit: Visit) -> None:
    async with units.of(visit.doctor) as unit:
        await absent.remind(unit, visit.room)


async def mark(units: Units, visit: Visit) -> None:
    async with units.of(visit.doctor) as unit:
        await absent.mark(unit, visit.room)


async def why_not(units: Units, visit: Visit) -> set[str]:
    with pytest.raises(AbsenceRefused) as refused:
        await mark(units, visit)
    assert (await booking_of(units, visit.booking)).state is BookingState.PAID
    return set(refused.value.facts["reasons"])


async def strikes(units: Units) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.select(sa.func.count()).select_from(StrikeRow)) or 0


async def test_SJ07_absent_keeps_the_fee_and_is_one_strike(units: Units, visit: Visit) -> None:
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    for _ in range(2):
        await mark(units, visit)
    after = await booking_of(units, visit.booking)
    assert after.state is BookingState.PATIENT_ABSENT
    assert await refunds_of_booking(units, visit.booking) == []
    assert await balances(units, visit.booking) == {"provider.desk": after.fee, "revenue.consult": -after.fee}
    assert (await reread(units, visit)).state is ConsultationState.CLOSED
    assert await strikes(units) == 1
    said = await told(units, visit.who.account)
    assert (said.count("patient_reminded"), said.count("strike_given")) == (1, 1)


async def test_SJ07_a_doctor_who_asked_in_vain_attended_and_the_patient_is_absent(
    units: Units, visit: Visit
) -> None:
    """Their own words are evidence (XY13), and no answer is an absence."""
    await say(units, visit, visit.doctor, "样例：请问您现在方便接听吗")
    assert (await booking_of(units, visit.booking)).attended_at is not None
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    await mark(units, visit)
    assert (await booking_of(units, visit.booking)).state is BookingState.PATIENT_ABSENT


async def test_SJ07_every_condition_is_named_that_is_not_met(units: Units, visit: Visit) -> None:
    assert await why_not(units, visit) == {"too_few_rings", "not_reminded"}
    await ring_unanswered(units, visit, 1)
    await remind(units, visit)
    assert await why_not(units, visit) == {"too_few_rings"}
    assert await strikes(units) == 0


async def test_SJ07_not_before_the_slot_began(units: Units, visit: Visit, clock: FixedClock) -> None:
    clock.move_business_to(at_local(TODAY, time(10, 59)))
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    assert await why_not(units, visit) == {"slot_not_started", "too_few_rings", "not_reminded"}
    # Whoever is rung before their time has missed nothing.
    clock.move_business_to(at_local(TODAY, time(11)))
    assert await why_not(units, visit) == {"too_few_rings", "not_reminded"}


async def test_SJ07_a_word_of_the_patient_that_day_is_no_absence(units: Units, visit: Visit) -> None:
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    await say(units, visit, visit.patient, "样例：马上来")
    assert await why_not(units, visit) == {"patient_wrote"}


@pytest.mark.parametrize(
    ("reason", "by", "seconds", "named"),
    [
        ("declined", Role.DOCTOR, 0, "patient_came"),
        ("unanswered", Role.PATIENT, 0, "patient_came"),
        ("not_recorded", Role.DOCTOR, 0, "technical_failure"),
        ("lost", Role.DOCTOR, 12, "technical_failure"),
    ],
)
async def test_SJ07_whoever_rang_or_whose_call_broke_was_not_absent(
    units: Units, visit: Visit, reason: str, by: Role, seconds: int, named: str
) -> None:
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    await calls_end(units, visit, reason, by=by, seconds=seconds)
    assert await why_not(units, visit) == {named}


async def test_REG50_refusing_to_be_recorded_is_never_a_strike(units: Units, visit: Visit) -> None:
    await consent(units, visit, patient=False)
    await ring_unanswered(units, visit, 2)
    await remind(units, visit)
    assert await why_not(units, visit) == {"recording_refused"}


async def test_SJ07_rings_of_another_day_do_not_count(units: Units, visit: Visit, clock: FixedClock) -> None:
    clock.move_business_to(at_local(TODAY - timedelta(days=1), time(12)))
    await ring_unanswered(units, visit, 2)
    clock.move_business_to(at_local(TODAY, time(11, 5)))
    await remind(units, visit)
    assert await why_not(units, visit) == {"too_few_rings"}


async def test_a_patient_is_not_reminded_twice_in_a_breath(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    await remind(units, visit)
    with pytest.raises(RemindedJustNow):
        await remind(units, visit)
    clock.advance(timedelta(minutes=4))
    await remind(units, visit)
    clock.move_business_to(at_local(TODAY + timedelta(days=1), time(9)))
    with pytest.raises(NotToday):
        await remind(units, visit)


async def test_what_midnight_ended_is_nobodys_absence(units: Units, visit: Visit) -> None:
    async with units.system("test") as unit:
        await unit.session.execute(sa.text("update bookings set state = 'unattended'"))
    with pytest.raises(VisitOver):
        await mark(units, visit)
