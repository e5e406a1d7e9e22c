"""Real commits side by side at the pad: two signatures, a save while signing, taking back while signing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from prescriptions.errors import PrescriptionFixed
from prescriptions.models import Prescription, SheetFile
from prescriptions.sheet.content import restore
from prescriptions.states import RxState
from prescriptions.writing import drafting, voiding
from prescriptions.writing.errors import PadClosed, PadOutdated, PrescriptionStands
from telehealth.bookings.errors import NotWithdrawable
from telehealth.bookings.states import BookingState
from telehealth.consultations.withdrawing import find_unsuitable
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Units
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.rooms import messages
from tests.support.factories.writing import PILL, Desk, edit, lines_now, open_desk, sign_sheet, written

Work = Callable[[], Awaitable[Any]]
ORDERS = ("first_then_second", "second_then_first", "at_once")
#: A loser is told that somebody was first.
TOLD = (PadOutdated, PrescriptionFixed, PadClosed, PrescriptionStands, NotWithdrawable, TransitionRefused)


@pytest.fixture
async def desk(units: Units) -> Desk:
    return await open_desk(units)


async def race(order: str, first: Work, second: Work) -> None:
    if order == "at_once":
        ends = await asyncio.gather(first(), second(), return_exceptions=True)
    else:
        ends = []
        for work in (first, second) if order == "first_then_second" else (second, first):
            ends += await asyncio.gather(work(), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, TOLD):
            raise end


async def now(units: Units, rx: Prescription) -> Prescription:
    async with units.system("test") as unit:
        return await unit.session.get_one(Prescription, rx.id)


async def files(units: Units, rx: Prescription) -> list[SheetFile]:
    async with units.system("test") as unit:
        return [*await unit.session.scalars(sa.select(SheetFile).where(SheetFile.prescription_id == rx.id))]


async def cards(units: Units, desk: Desk) -> list[str]:
    return [row.facts["state"] for row in await messages(units, desk.visit) if row.kind == "card"]


async def test_a_sheet_is_signed_once_however_often_the_button_is_pressed(units: Units, desk: Desk) -> None:
    rx = await written(units, desk)
    presses = [sign_sheet(units, desk, rx) for _ in range(3)]
    ends = await asyncio.gather(*presses, return_exceptions=True)
    assert all(not isinstance(end, BaseException) or isinstance(end, TOLD) for end in ends)
    after = await now(units, rx)
    assert (after.state, after.issue, len(await files(units, rx))) == (RxState.SIGNED, 1, 1)
    assert await cards(units, desk) == ["signed"]


@pytest.mark.parametrize("order", ORDERS)
async def test_what_is_signed_is_what_was_saved(units: Units, desk: Desk, order: str) -> None:
    rx = await written(units, desk)

    async def save() -> None:
        async with units.of(desk.doctor) as unit:
            await drafting.save(
                unit, rx.id, edit([PILL | {"days": 14}], version=rx.version, supply_reason="样例理由")
            )

    await race(order, lambda: sign_sheet(units, desk, rx), save)
    after, lines = await now(units, rx), await lines_now(units, rx)
    signed = await files(units, rx)
    if after.state is RxState.SIGNED:
        content = restore(signed[0].content.encode())
        assert [line.days for line in content.lines] == [line.days for line in lines] == [7]
    else:
        assert (after.state, signed, [line.days for line in lines]) == (RxState.DRAFT, [], [14])


@pytest.mark.parametrize("order", ORDERS)
async def test_taking_back_and_signing_leave_one_truth(units: Units, desk: Desk, order: str) -> None:
    rx = await written(units, desk)

    async def void() -> None:
        async with units.of(desk.doctor) as unit:
            await voiding.void(unit, rx.id)

    await race(order, lambda: sign_sheet(units, desk, rx), void)
    after = await now(units, rx)
    assert after.state is RxState.VOIDED
    # Voided before it was signed: nothing on file, nothing said.
    said = await cards(units, desk)
    assert said == (["signed", "voided"] if after.issue else [])
    assert len(await files(units, rx)) == after.issue


@pytest.mark.parametrize("order", ORDERS)
async def test_XY11_a_visit_is_either_signed_for_or_withdrawn(units: Units, desk: Desk, order: str) -> None:
    rx = await written(units, desk)

    async def withdraw() -> None:
        async with units.of(desk.doctor) as unit:
            await find_unsuitable(unit, desk.visit.room, reason="样例", advice="样例：请到线下门诊")

    await race(order, lambda: sign_sheet(units, desk, rx), withdraw)
    after, booking = await now(units, rx), await booking_of(units, desk.visit.booking)
    assert (after.state, booking.state) in (
        (RxState.SIGNED, BookingState.PAID),
        (RxState.DRAFT, BookingState.WITHDRAWN),
    )
