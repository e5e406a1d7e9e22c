"""The books: balanced, written once, and never below what the rules allow."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.ledger import Account, AlreadyPosted, Entry, post, provider_account
from telehealth.ledger.statements import balances_of, of_charge, trial_balance

WECHAT = provider_account("wechatpay")
TODAY = date(2026, 11, 21)


def paid(hospital: UUID, charge: UUID, amount: int, *, cause: str = "paid") -> Entry:
    return Entry(f"{charge}:{cause}", "paid", hospital, {WECHAT: amount, Account.PREPAID: -amount}, charge)


def promised(hospital: UUID, charge: UUID, amount: int, *, cause: str = "promised") -> Entry:
    return Entry(
        f"{charge}:{cause}", "promised", hospital, {Account.PREPAID: amount, Account.REFUNDS: -amount}, charge
    )


def returned(hospital: UUID, charge: UUID, amount: int, *, cause: str = "returned") -> Entry:
    return Entry(
        f"{charge}:{cause}", "returned", hospital, {Account.REFUNDS: amount, WECHAT: -amount}, charge
    )


async def write(units: Units, *entries: Entry) -> None:
    async with units.system("test") as unit:
        for entry in entries:
            await post(unit, entry)


async def test_a_payment_given_back_leaves_every_account_at_zero(units: Units) -> None:
    hospital, charge = new_id(), new_id()
    await write(
        units,
        paid(hospital, charge, 5000),
        promised(hospital, charge, 5000),
        returned(hospital, charge, 5000),
    )
    async with units.system("test") as unit:
        assert await balances_of(unit, [charge]) == {}
        lines = await trial_balance(unit, hospital, TODAY, TODAY)
        assert {line.account: (line.debits, line.credits) for line in lines} == {
            WECHAT: (5000, 5000), "prepaid": (5000, 5000), "refunds": (5000, 5000),
        }  # fmt: skip
        assert [line.event for line in await of_charge(unit, charge)][::2] == ["paid", "promised", "returned"]


async def test_an_event_is_posted_once(units: Units) -> None:
    entry = paid(new_id(), new_id(), 100)
    await write(units, entry)
    with pytest.raises(AlreadyPosted):
        await write(units, entry)


async def test_an_entry_that_does_not_balance_is_refused_before_it_is_sent(units: Units) -> None:
    entry = Entry("odd", "paid", new_id(), {WECHAT: 100, Account.PREPAID: -99})
    with pytest.raises(ValueError, match="balance"):
        await write(units, entry)


async def test_the_database_itself_refuses_an_entry_out_of_balance(units: Units) -> None:
    hospital, charge = new_id(), new_id()
    await write(units, paid(hospital, charge, 100))
    with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
        async with units.system("test") as unit:
            connection = await unit.connection()
            await connection.execute(
                "insert into ledger_postings (entry_id, account, amount, hospital_id, charge_id, posted_on)"
                " select id, 'fees', 1, hospital_id, charge_id, posted_on from ledger_entries"
            )


async def test_more_than_came_in_cannot_be_promised_back(units: Units) -> None:
    hospital, charge = new_id(), new_id()
    await write(units, paid(hospital, charge, 100), promised(hospital, charge, 100))
    with pytest.raises(psycopg.errors.CheckViolation, match="below zero"):
        await write(units, promised(hospital, charge, 1, cause="again"))


async def test_more_than_was_promised_cannot_go_out(units: Units) -> None:
    hospital, charge = new_id(), new_id()
    await write(units, paid(hospital, charge, 100), promised(hospital, charge, 60))
    with pytest.raises(psycopg.errors.CheckViolation, match="below zero"):
        await write(units, returned(hospital, charge, 61))


@pytest.mark.parametrize("statement", ["update ledger_postings set amount = 1", "delete from ledger_entries"])
async def test_what_is_written_is_never_changed(units: Units, statement: str) -> None:
    await write(units, paid(new_id(), new_id(), 100))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with units.system("test") as unit:
            await (await unit.connection()).execute(statement.encode())


async def test_a_patient_cannot_see_another_accounts_entries(units: Units) -> None:
    mine, charge = new_id(), new_id()
    await write(
        units,
        Entry(
            f"{charge}:paid", "paid", new_id(), {WECHAT: 5, Account.PREPAID: -5}, charge, account_id=new_id()
        ),
    )
    async with units.account(mine, Actor.signed_in(mine, frozenset({Role.PATIENT}))) as unit:
        assert await of_charge(unit, charge) == []


STEPS: dict[str, Callable[..., Entry]] = {"paid": paid, "promised": promised, "returned": returned}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(1, 9)), max_size=12))
async def test_no_sequence_of_events_takes_an_account_below_what_the_rules_allow(
    units: Units, steps: list[tuple[str, int]]
) -> None:
    hospital, charge = new_id(), new_id()
    came, owed, out = 0, 0, 0
    for number, (name, amount) in enumerate(steps):
        entry = STEPS[name](hospital, charge, amount, cause=str(number))
        allowed = {
            "paid": True,
            "promised": amount <= came - owed,
            "returned": amount <= owed - out,
        }[name]
        if not allowed:
            with pytest.raises(psycopg.errors.CheckViolation):
                await write(units, entry)
            continue
        await write(units, entry)
        came += amount * (name == "paid")
        owed += amount * (name == "promised")
        out += amount * (name == "returned")
    async with units.system("test") as unit:
        found = await balances_of(unit, [charge])
    expected = {
        (charge, WECHAT): came - out,
        (charge, "prepaid"): owed - came,
        (charge, "refunds"): out - owed,
    }
    assert found == {key: amount for key, amount in expected.items() if amount}
