"""What was uploaded and will not be paid is taken back at the insurer, whoever died or was silent (GD02)."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance import CoverState, Giveup, InsurerDown, SplitUnsound
from telehealth.insurance.covering import settled
from telehealth.insurance.models import Cover
from telehealth.insurance.pricing import price
from telehealth.insurance.revoking import abandon, reverse, revoke_abandoned
from telehealth.web.house import House as Running
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited
from tests.support.factories.insurance import (
    ask_cover,
    authorise_cover,
    calls,
    held_by_insurer,
    insure,
    priced_cover,
    reread_cover,
    say_region,
)
from tests.support.outside import clock_of_the_world, reach
from tests.support.programs import python
from tests.support.sandbox import Sandbox

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, own_sandbox: Sandbox) -> Settings:
    return reach(settings, own_sandbox)


@pytest.fixture
def sandbox(own_sandbox: Sandbox) -> Sandbox:
    return own_sandbox


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House, sandbox: Sandbox) -> AsyncIterator[Patient]:
    who = insure(sandbox, await add_booker(units, place), balance=1000)
    await say_region(units, place, who)
    yield who
    sandbox.clear()


def later(clock: FixedClock, by: timedelta = HALF_AN_HOUR) -> None:
    clock.move_business_to(clock.business() + by + timedelta(seconds=1))


async def lose_upload(units: Units, sandbox: Sandbox, place: House, who: Patient) -> Cover:
    """The insurer took it in; its answer never came."""
    cover = await authorise_cover(units, sandbox, place, who)
    sandbox.faults(nhsa={"mode": "lost_answer", "times": 1, "infno": "6201"})
    with pytest.raises(InsurerDown):
        await price(units, who.actor, cover.id)
    assert held_by_insurer(sandbox, cover) == ["uploaded"]
    return cover


async def test_GD02_a_split_nobody_paid_is_taken_back_after_half_an_hour(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    assert sandbox.insurance_books()["accounts"][who.person.document_number] == 0
    assert await revoke_abandoned(units) == 0

    later(clock)
    assert await revoke_abandoned(units) == 1
    kept = await reread_cover(units, cover.id)
    assert (kept.state, kept.reason) == (CoverState.REVERSED, Giveup.ABANDONED)
    assert (kept.auth_number, kept.pay_token) == (None, None)
    assert held_by_insurer(sandbox, cover) == ["revoked"]
    assert sandbox.insurance_books()["accounts"][who.person.document_number] == 1000
    assert await revoke_abandoned(units) == 0
    assert len(await audited(units, "cover.reversed")) == 1


async def test_GD02_an_upload_whose_answer_was_lost_is_taken_back_by_its_message(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    cover = await lose_upload(units, sandbox, place, who)
    later(clock)
    assert await revoke_abandoned(units) == 1
    assert (await reread_cover(units, cover.id)).state is CoverState.REFUSED
    assert held_by_insurer(sandbox, cover) == ["revoked"]


async def test_whoever_never_came_back_is_forgotten_without_a_call(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    asked = await ask_cover(units, place, who)
    authorised = await authorise_cover(units, sandbox, place, who)
    sandbox.forget_requests()
    later(clock)
    assert await revoke_abandoned(units) == 2
    assert (await reread_cover(units, asked.cover_id)).reason == Giveup.EXPIRED
    kept = await reread_cover(units, authorised.id)
    assert (kept.state, kept.reason, kept.auth_number) == (CoverState.REFUSED, Giveup.ABANDONED, None)
    assert calls(sandbox) == 0


async def test_GD02_a_closed_charge_gives_its_cover_up_at_once(
    house: Running, place: House, who: Patient, sandbox: Sandbox
) -> None:
    charge_id, units = uuid4(), house.units
    cover = await priced_cover(units, sandbox, place, who, charge_id=charge_id)
    async with units.of(who.actor) as unit:
        await abandon(unit, charge_id)
    assert (await reread_cover(units, cover.id)).state is CoverState.PRICED
    await house.jobs.work(until_idle=True)
    assert (await reread_cover(units, cover.id)).state is CoverState.REVERSED
    assert held_by_insurer(sandbox, cover) == ["revoked"]


async def test_GD02_sums_that_disagree_are_taken_back_when_the_insurer_answers_again(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    cover = await authorise_cover(units, sandbox, place, who)
    sandbox.faults(nhsa={"mode": "wrong_split", "times": 1})
    with pytest.raises(SplitUnsound):
        await price(units, who.actor, cover.id)
    assert held_by_insurer(sandbox, cover) == ["revoked"]


async def test_GD02_what_the_insurer_deducted_is_never_called_taken_back(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    assert cover.pay_order_id
    sandbox.settle_insurance(cover.pay_order_id)
    later(clock)
    assert await revoke_abandoned(units) == 0
    assert not await reverse(units, cover.id)
    assert (await reread_cover(units, cover.id)).state is CoverState.PRICED
    async with units.system("test") as unit:
        await settled(unit, cover.id)
    assert not await reverse(units, cover.id)
    assert (await reread_cover(units, cover.id)).state is CoverState.SETTLED


async def test_a_silent_insurer_is_asked_again_in_the_next_round(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    covers = [await priced_cover(units, sandbox, place, who) for _ in range(2)]
    later(clock)
    sandbox.faults(nhsa={"mode": "down"})
    sandbox.forget_requests()
    assert await revoke_abandoned(units) == 0
    # One silence is enough for all of this hospital's.
    assert calls(sandbox) == 1
    sandbox.clear()
    assert await revoke_abandoned(units) == 2
    assert [held_by_insurer(sandbox, cover) for cover in covers] == [["revoked"], ["revoked"]]


@pytest.mark.parametrize(
    ("where", "held"),
    [
        ("insure.intent.after_commit", []),
        ("insure.upload.before_call", []),
        ("insure.upload.after_call", ["uploaded"]),
        ("insure.upload.after_commit", ["uploaded"]),
        ("insure.price.before_call", ["uploaded"]),
        ("insure.price.after_call", ["priced"]),
        ("insure.price.after_commit", ["priced"]),
    ],
)
async def test_GD02_killed_anywhere_while_pricing_nothing_is_uploaded_twice(
    units: Units,
    place: House,
    who: Patient,
    sandbox: Sandbox,
    settings: Settings,
    clock: FixedClock,
    where: str,
    held: list[str],
) -> None:
    """Priced again it is the same order; left alone it is taken back."""
    paid, left = [await authorise_cover(units, sandbox, place, who) for _ in range(2)]
    for cover in (paid, left):
        assert killed_at(where, settings, who, cover)
        assert held_by_insurer(sandbox, cover) == held
    priced = await price(units, who.actor, paid.id)
    assert (priced.state, priced.total) == (CoverState.PRICED, priced.fund + priced.personal + priced.cash)
    assert held_by_insurer(sandbox, paid) == ["priced"]

    later(clock)
    await revoke_abandoned(units)
    assert held_by_insurer(sandbox, left) == (["revoked"] if held else [])
    assert (await reread_cover(units, left.id)).state in (CoverState.REFUSED, CoverState.REVERSED)


@pytest.mark.parametrize("where", ["insure.revoke.before_call", "insure.revoke.after_call"])
async def test_GD02_killed_while_taking_back_it_is_taken_back_again(
    units: Units,
    place: House,
    who: Patient,
    sandbox: Sandbox,
    settings: Settings,
    clock: FixedClock,
    where: str,
) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    assert killed_at(where, settings, who, cover)
    assert (await reread_cover(units, cover.id)).state is CoverState.PRICED
    later(clock)
    assert await revoke_abandoned(units) == 1
    assert held_by_insurer(sandbox, cover) == ["revoked"]


def killed_at(where: str, settings: Settings, who: Patient, cover: Cover) -> bool:
    """Price, or take back, in a process of its own that dies there as by `kill -9`."""
    described = settings.model_dump_json(include={"profile", "home", "public_url"} | {"worker_in_web"})
    door = settings.nhsa["yunan"]
    os.environ["TELEHEALTH_KILL_AT"] = where
    try:
        with python(
            _PROGRAM,
            described,
            settings.database_url.get_secret_value(),
            door.model_dump_json(),
            door.app_secret.get_secret_value(),
            str(who.account.id),
            str(cover.id),
        ) as program:
            said = list(program.lines)
            return program.process.wait(timeout=60) == -9 and said == ["begun"]
    finally:
        del os.environ["TELEHEALTH_KILL_AT"]


_PROGRAM = """
import asyncio, json, os, sys
from uuid import UUID

import app
from telehealth.accounts.signing_in import PATIENT
from telehealth.core.access import Actor
from telehealth.core.settings import NHSA, Settings
from telehealth.insurance.pricing import price
from telehealth.insurance.revoking import reverse

described, url, door, secret, account, cover = sys.argv[1:]
nhsa = NHSA(**{**json.loads(door), "app_secret": secret})
settings = Settings(**json.loads(described), database_url=url, nhsa={"yunan": nhsa})
house = app.build_house(settings)
print("begun", flush=True)
actor = Actor.signed_in(UUID(account), PATIENT)
if "revoke" in os.environ["TELEHEALTH_KILL_AT"]:
    asyncio.run(reverse(house.units, UUID(cover)))
else:
    asyncio.run(price(house.units, actor, UUID(cover)))
print("done", flush=True)
"""
