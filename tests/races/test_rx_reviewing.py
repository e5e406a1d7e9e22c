"""Two who answer one sheet at once, and two sheets that want the last box."""

import asyncio

import pytest
import sqlalchemy as sa

from prescriptions.models import Prescription, Review
from prescriptions.queries import lock_prescription
from prescriptions.reviewing import answering
from prescriptions.reviewing.errors import NotUnderReview
from prescriptions.states import RxState
from prescriptions.stock import OutOfStock
from prescriptions.writing import voiding
from prescriptions.writing.errors import NotVoidable
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from tests.support.factories.dispatch import item, stock
from tests.support.factories.reviewing import Review as Place
from tests.support.factories.reviewing import add_pharmacist, open_review, passed, to_review
from tests.support.factories.writing import PILL
from tests.support.waiting import until_somebody_waits


async def outcomes(*racers: object) -> list[object]:
    return list(await asyncio.gather(*racers, return_exceptions=True))  # type: ignore[call-overload]


async def state(units: Units, rx: Prescription) -> RxState:
    async with units.system("test") as unit:
        return (await unit.session.get_one(Prescription, rx.id)).state


@pytest.fixture
async def place(units: Units) -> Place:
    return await open_review(units)


async def test_two_pharmacists_answer_one_sheet_and_one_answer_counts(units: Units, place: Place) -> None:
    rx = await to_review(units, place)
    second = await add_pharmacist(units, place.desk, "second")

    async def refuse() -> None:
        async with units.of(second) as unit:
            await answering.refuse_sheet(unit, rx.id, issue=1, reason="样例：理由")

    found = await outcomes(passed(units, place, rx), refuse())
    assert sum(isinstance(one, NotUnderReview) for one in found) == 1
    async with units.system("test") as unit:
        assert len((await unit.session.scalars(sa.select(Review))).all()) == 1
    assert await state(units, rx) in (RxState.PASSED, RxState.REFUSED)


async def test_XY11_passing_and_voiding_at_once_leave_one_truth(units: Units, place: Place) -> None:
    rx = await to_review(units, place)

    async def void() -> None:
        async with units.of(place.desk.doctor) as unit:
            await voiding.void(unit, rx.id)

    found = await outcomes(passed(units, place, rx), void())
    assert not [one for one in found if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    # A passed sheet may still be voided before it is paid; a voided one is never passed.
    assert await state(units, rx) is RxState.VOIDED or isinstance(found[1], NotVoidable)
    held = await item(units, place.pharmacy, PILL["drug_code"])
    assert held.reserved == 0


async def test_PAIN13_the_last_box_goes_to_one_sheet(units: Units) -> None:
    place = await open_review(units, shelves=0)
    await stock(units, place.pharmacy, {PILL["drug_code"]: 1})
    sheets = [await to_review(units, place) for _ in range(3)]
    found = await outcomes(*(passed(units, place, rx) for rx in sheets))
    assert sum(isinstance(one, OutOfStock) for one in found) == 2
    assert sorted([await state(units, rx) for rx in sheets]).count(RxState.PASSED) == 1
    assert (await item(units, place.pharmacy, PILL["drug_code"])).reserved == 1


async def test_an_answer_takes_the_visit_before_the_sheet_as_everybody_does(
    units: Units, place: Place
) -> None:
    """Who has the visit may always take its sheet: an answer that waits for the visit has nothing yet."""
    rx = await to_review(units, place)

    async def refuse() -> None:
        async with units.of(place.pharmacist) as unit:
            await answering.refuse_sheet(unit, rx.id, issue=1, reason="样例：理由")

    async with units.of(place.desk.doctor) as unit:
        visit = {"visit": rx.visit_id}
        await unit.session.execute(
            sa.text("select id from consultations where id = :visit for update"), visit
        )
        answer = asyncio.create_task(refuse())
        await until_somebody_waits(units)
        await lock_prescription(unit, rx.id)
    await answer
    assert await state(units, rx) is RxState.REFUSED
