"""Two users, or two fingers, at once: no month holds more bindings than it may (GS06, GS07, GS08)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from telehealth.core.unit import Units
from telehealth.family import ending, requesting
from telehealth.family.requesting import Wanted, request
from telehealth.family.states import BindingState, Side
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.family import (
    GUARDIAN,
    add_member,
    ask_to_bind,
    bind_member,
    places,
    prove,
    reread_binding,
)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


async def together(*work: Awaitable[Any]) -> tuple[list[Any], Counter[str]]:
    ends = await asyncio.gather(*work, return_exceptions=True)
    failed = Counter(type(end).__name__ for end in ends if isinstance(end, BaseException))
    return [end for end in ends if not isinstance(end, BaseException)], failed


async def test_GS06_of_eight_requests_at_once_five_are_taken(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    people = [await add_member(units, payer.account, name=f"样例{one}") for one in "甲乙丙丁戊己庚辛"]
    won, lost = await together(*(ask_to_bind(units, payer.actor, place.hospital, one) for one in people))
    assert len(won) == 5 and lost == {"MonthFull": 3}
    taken = [ordinal for _, ordinal in await places(units, Side.USER, payer.account.id)]
    assert sorted(taken) == [1, 2, 3, 4, 5]


async def test_GS07_of_four_users_at_once_two_bind_the_member(units: Units, place: House) -> None:
    users: list[Patient] = []
    number, wishes = "", []
    for turn in range(4):
        user = await add_booker(units, place, f"1380000123{turn}", name=f"样例{'甲乙丙丁'[turn]}")
        mother = await add_member(units, user.account, name="样例母", number=number)
        number = mother.document_number
        users.append(user)
        wishes.append(Wanted(mother.id, place.hospital.code, GUARDIAN))
    won, lost = await together(
        *(request(units, user.actor, wish) for user, wish in zip(users, wishes, strict=True))
    )
    assert len(won) == 2 and lost == {"MemberMonthFull": 2}
    assert len(await places(units, Side.MEMBER, wishes[0].person_id)) == 2


async def test_GS02_the_same_request_twice_at_once_is_one(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    person = await add_member(units, payer.account)
    won, lost = await together(*(ask_to_bind(units, payer.actor, place.hospital, person) for _ in range(3)))
    assert len(won) == 1 and lost == {"AlreadyBound": 2}
    assert len(await places(units, Side.USER, payer.account.id)) == 1


async def test_GS08_proved_and_withdrawn_at_once_ends_one_way(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    won, lost = await together(prove(units, asked), requesting.withdraw(units, payer.actor, asked.id))
    assert len(won) == 1 and lost.total() == 1
    binding = await reread_binding(units, asked.id)
    taken = await places(units, Side.USER, payer.account.id)
    assert (binding.state, len(taken)) in ((BindingState.BOUND, 1), (BindingState.WITHDRAWN, 0))


async def test_GS08_both_sides_unbind_at_once_and_it_ends_once(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    mother = await add_booker(units, place, "13800005555", name="样例母")
    person = await add_member(units, payer.account, name="样例母", number=mother.person.document_number)
    bound = await bind_member(units, payer.actor, place.hospital, person)
    won, lost = await together(
        ending.unbind(units, payer.actor, bound.id), ending.unbind(units, mother.actor, bound.id)
    )
    assert len(won) == 1 and lost == {"AlreadyDecided": 1}
