"""The second factor again: before the first visit of a session, after half an hour idle, on a new device."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telehealth.accounts import StepUpNeeded, keep_step_up, require_step_up
from telehealth.accounts.errors import SecondFactorLocked, SecondFactorUsed, SecondFactorWrong
from telehealth.accounts.stepping_up import step_up
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web.sessions import open_session
from tests.support.factories.accounts import add_staff, staff, totp_at


async def signed_in(units: Units, actor: Actor) -> Actor:
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel="browser")
    return replace(actor, session_id=opened.session_id)


@pytest.fixture
async def doctor(units: Units) -> Actor:
    return await signed_in(units, staff(await add_staff(units, new_id(), [Role.DOCTOR], login="doctor")))


async def is_fresh(units: Units, actor: Actor) -> bool:
    try:
        async with units.of(actor) as unit:
            await require_step_up(unit)
    except StepUpNeeded:
        return False
    return True


async def test_a_sign_in_with_the_second_factor_counts_for_half_an_hour(
    units: Units, doctor: Actor, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=29))
    assert await is_fresh(units, doctor)
    clock.advance(timedelta(minutes=31))
    assert not await is_fresh(units, doctor)
    # Work does not bring a stale one back.
    async with units.of(doctor) as unit:
        assert not await keep_step_up(unit)
    assert not await is_fresh(units, doctor)


async def test_work_in_a_room_keeps_it_fresh_and_the_code_renews_it(
    units: Units, doctor: Actor, clock: FixedClock
) -> None:
    for _ in range(3):
        clock.advance(timedelta(minutes=20))
        async with units.of(doctor) as unit:
            assert await keep_step_up(unit)
    clock.advance(timedelta(hours=1))
    await step_up(units, doctor, totp_at(units))
    assert await is_fresh(units, doctor)


async def test_another_device_proves_itself(units: Units, doctor: Actor, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=1))
    elsewhere = await signed_in(units, doctor)
    assert await is_fresh(units, elsewhere)
    assert not await is_fresh(units, doctor)
    assert not await is_fresh(units, replace(doctor, session_id=None))


async def test_wrong_codes_are_counted_and_a_code_is_good_once(units: Units, doctor: Actor) -> None:
    await step_up(units, doctor, totp_at(units))
    with pytest.raises(SecondFactorUsed):
        await step_up(units, doctor, totp_at(units))
    for _ in range(4):
        with pytest.raises(SecondFactorWrong):
            await step_up(units, doctor, "000000")
    with pytest.raises(SecondFactorLocked):
        await step_up(units, doctor, "000000")
