"""A reaction reaches the pharmacist by a clock, the doctor, the next sheet, and its reporter (REG69)."""

import asyncio
from datetime import date, timedelta

import pytest

from prescriptions.errors import PrescriptionNotFound
from prescriptions.reactions import queries, reported_drugs
from prescriptions.reactions.assessing import Opinion, assess
from prescriptions.reactions.errors import ReactionNotFound, SheetNotReportable
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import Causality, Ending, ReactionState, Severity
from prescriptions.reviewing.planning import plan_duty
from prescriptions.safety.facts import SafetyCode
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import add_booker, audited
from tests.support.factories.prescriptions import inbox
from tests.support.factories.reactions import WHAT, reported
from tests.support.factories.reviewing import Review, open_review, to_review
from tests.support.factories.writing import looked_at, open_sheet, type_sheet, written

PILL = {"drug_code": "W001", "dose": "5", "frequency": "qd", "days": 7}


@pytest.fixture
async def place(units: Units) -> Review:
    opened = await open_review(units)
    async with units.system("test") as unit:
        await plan_duty(
            unit, opened.desk.visit.house.hospital.id, opened.pharmacist.account,
            starts_at=unit.now, ends_at=unit.now + timedelta(hours=8),
        )  # fmt: skip
    return opened


async def reread(units: Units, row: Reaction) -> Reaction:
    async with units.system("test") as unit:
        return await unit.session.get_one(Reaction, row.id)


async def test_REG69_patient_doctor_and_pharmacist_on_duty_hear_of_it(
    units: Units, house: RunningHouse, place: Review
) -> None:
    rx = await to_review(units, place)
    row = await reported(units, place.desk.visit.patient, rx)
    await house.jobs.work(until_idle=True)
    assert row.number.startswith("AR-261121-") and row.doctor_id == place.desk.doctor.account_id
    assert row.assess_by == row.made_at + timedelta(hours=24)
    assert "rx_reaction_received" in await inbox(units, place.desk.visit.who.account.id)
    assert "rx_reaction_reported" in await inbox(units, place.desk.doctor.account_id)
    assert "rx_reaction_to_assess" in await inbox(units, place.pharmacist.account_id)
    [facts] = await audited(units, "reaction.reported")
    assert WHAT not in str(facts) and "W001" not in str(facts)


async def test_REG69_the_same_page_sent_twice_at_once_is_one_report(units: Units, place: Review) -> None:
    rx = await to_review(units, place)
    draft, who = new_id(), place.desk.visit.patient
    made = await asyncio.gather(*(reported(units, who, rx, draft=draft) for _ in range(3)))
    assert len({row.id for row in made}) == 1
    assert (await inbox(units, place.desk.visit.who.account.id)).count("rx_reaction_received") == 1


async def test_REG69_only_of_ones_own_sheet_that_is_signed_and_of_its_medicines(
    units: Units, place: Review
) -> None:
    visit = place.desk.visit
    unsigned = await written(units, place.desk)
    with pytest.raises(SheetNotReportable):
        await reported(units, visit.patient, unsigned)
    other = await add_booker(units, visit.house, "13800005555")
    with pytest.raises(PrescriptionNotFound):
        await reported(units, other.actor, unsigned)


async def test_REG69_what_makes_no_sense_is_refused_field_by_field(units: Units, place: Review) -> None:
    rx, who = await to_review(units, place), place.desk.visit.patient
    with pytest.raises(FieldsInvalid) as refused:
        await reported(units, who, rx, drug_codes=("W999",), what="字" * 2001, began_on=date(2026, 11, 22))
    assert set(refused.value.fields) == {"drug_codes", "what", "began_on"}
    with pytest.raises(FieldsInvalid):
        await reported(units, who, rx, drug_codes=())


async def test_REG69_a_severe_one_that_nobody_looks_at_rings_again(
    units: Units, house: RunningHouse, place: Review, clock: FixedClock
) -> None:
    rx = await to_review(units, place)
    row = await reported(units, place.desk.visit.patient, rx, severity=Severity.SEVERE)
    assert row.assess_by == row.made_at + timedelta(hours=2)
    clock.move_business_to(row.assess_by - timedelta(seconds=1))
    await house.sweeper.sweep()
    assert (await reread(units, row)).late_at is None
    clock.move_business_to(row.assess_by)
    await house.sweeper.sweep()
    await house.sweeper.sweep()
    await house.jobs.work(until_idle=True)
    assert (await reread(units, row)).late_at is not None
    assert (await inbox(units, place.pharmacist.account_id)).count("rx_reaction_late") == 1


async def test_REG69_the_pharmacist_assesses_and_the_patient_sees_what_became_of_it(
    units: Units, house: RunningHouse, place: Review, clock: FixedClock
) -> None:
    rx = await to_review(units, place)
    row = await reported(units, place.desk.visit.patient, rx)
    opinion = Opinion(Causality.PROBABLE, Ending.IMPROVING, "样例：请停用，三天后复诊")
    async with units.of(place.pharmacist) as unit:
        await assess(unit, place.pharmacist, row.id, opinion)
    row = await reread(units, row)
    assert (row.state, row.causality, row.assessed_name) == (
        ReactionState.ASSESSED, Causality.PROBABLE, place.pharmacist.name
    )  # fmt: skip
    assert "rx_reaction_assessed" in await inbox(units, place.desk.visit.who.account.id)
    clock.move_business_to(row.assess_by + timedelta(hours=1))
    await house.sweeper.sweep()
    assert (await reread(units, row)).late_at is None


async def test_REG69_it_is_nobody_elses(units: Units, place: Review) -> None:
    row = await reported(units, place.desk.visit.patient, await to_review(units, place))
    other = await add_booker(units, place.desk.visit.house, "13800005555")
    async with units.of(other.actor) as unit:
        with pytest.raises(ReactionNotFound):
            await queries.reaction_of(unit, row.id)
    async with units.of(place.desk.doctor) as unit:
        assert (await queries.reaction_of(unit, row.id)).id == row.id


async def test_REG69_the_next_sheet_with_the_same_ingredient_needs_a_reason_until_it_is_cleared(
    units: Units, place: Review
) -> None:
    visit = place.desk.visit
    row = await reported(units, visit.patient, await to_review(units, place))
    async with units.of(place.desk.doctor) as unit:
        assert await reported_drugs(unit, visit.house.hospital.id, visit.who.person.id) == ("W001",)
    again = await type_sheet(units, place.desk, await open_sheet(units, place.desk), [PILL])
    pad = await looked_at(units, place.desk, again)
    assert SafetyCode.REACTION_REPORTED in pad.checked.verdict.codes
    opinion = Opinion(Causality.UNLIKELY, Ending.RECOVERED, "样例：与药物可能无关")
    async with units.of(place.pharmacist) as unit:
        await assess(unit, place.pharmacist, row.id, opinion)
    pad = await looked_at(units, place.desk, again)
    assert SafetyCode.REACTION_REPORTED not in pad.checked.verdict.codes
