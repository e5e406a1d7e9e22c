"""Two who hold one refresh token, two who carry one ticket into a web-view: real commits side by side."""

import asyncio

from telehealth.accounts import handing_over
from telehealth.accounts.errors import HandoverSpent
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web import sessions

PATIENT = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))


async def test_of_two_renewals_at_once_one_is_answered_and_the_session_ends_for_both(units: Units) -> None:
    """Nobody can tell the owner from the thief, whoever was first: both sign in again."""
    async with units.system("test") as unit:
        opened = await sessions.open_session(unit, PATIENT, channel="app")

    async def renew() -> sessions.Opened | None:
        async with units.system("test") as unit:
            found = await sessions.refresh_session(unit, opened.refresh_token)
        return found[0] if found else None

    answers = await asyncio.gather(*(renew() for _ in range(6)))
    won = [answer for answer in answers if answer is not None]
    assert len(won) == 1
    for token in (opened.token, won[0].token):
        async with units.engine.connect() as connection:
            wall = units.clock.wall()
            assert await sessions.find_presence(connection, token, wall, bearer=True) is None
    async with units.system("test") as unit:
        assert await sessions.refresh_session(unit, won[0].refresh_token) is None


async def test_a_ticket_into_the_web_view_opens_one_page(units: Units) -> None:
    async with units.system("test") as unit:
        opened = await sessions.open_session(unit, PATIENT, channel="mini_program")
        ticket = await handing_over.offer(unit, opened.session_id, "/bookings")

    async def take() -> str:
        try:
            async with units.system("test") as unit:
                _, target = await handing_over.take(unit, ticket.token, user_agent="")
        except HandoverSpent:
            return ""
        return target

    assert sorted(await asyncio.gather(*(take() for _ in range(6)))) == [""] * 5 + ["/bookings"]


async def test_signing_out_and_renewing_at_once_leaves_nobody_signed_in(units: Units) -> None:
    async with units.system("test") as unit:
        opened = await sessions.open_session(unit, PATIENT, channel="app")

    async def renew() -> None:
        async with units.system("test") as unit:
            await sessions.refresh_session(unit, opened.refresh_token)

    async def sign_out() -> None:
        async with units.system("test") as unit:
            await sessions.end_session(unit, opened.session_id)

    await asyncio.gather(renew(), sign_out())
    async with units.system("test") as unit:
        assert await unit.session.get(sessions.Session, opened.session_id) is None
