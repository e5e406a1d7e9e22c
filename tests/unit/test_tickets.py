"""A ticket opens one door, for a few minutes, and nothing else."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from telehealth.core.clock import FixedClock
from telehealth.core.tickets import TicketExpired, TicketInvalid, Tickets

KEY = secrets.token_bytes(32)
TTL = timedelta(minutes=2)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC))


@pytest.fixture
def tickets(clock: FixedClock) -> Tickets:
    return Tickets(KEY, clock)


def test_a_ticket_gives_back_what_was_put_in(tickets: Tickets) -> None:
    token = tickets.issue("room", {"room": "r1", "role": "patient"}, ttl=TTL)

    assert tickets.read("room", token) == {"room": "r1", "role": "patient"}


def test_a_ticket_ends_at_its_last_second(tickets: Tickets, clock: FixedClock) -> None:
    token = tickets.issue("room", {}, ttl=TTL)
    clock.advance(TTL - timedelta(seconds=1))
    tickets.read("room", token)

    clock.advance(timedelta(seconds=1))
    with pytest.raises(TicketExpired):
        tickets.read("room", token)


def test_moving_the_business_clock_does_not_age_a_ticket(tickets: Tickets, clock: FixedClock) -> None:
    token = tickets.issue("room", {}, ttl=TTL)
    clock.move_business_to(datetime(2030, 1, 1, tzinfo=UTC))

    assert tickets.read("room", token) == {}


def test_a_ticket_for_a_room_does_not_open_a_file(tickets: Tickets) -> None:
    with pytest.raises(TicketInvalid):
        tickets.read("file", tickets.issue("room", {}, ttl=TTL))


def test_a_ticket_of_another_house_is_refused(tickets: Tickets, clock: FixedClock) -> None:
    with pytest.raises(TicketInvalid):
        tickets.read("room", Tickets(secrets.token_bytes(32), clock).issue("room", {}, ttl=TTL))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.ü.ß", "eyJhbGciOiJub25lIn0.e30."])
def test_nonsense_is_refused(tickets: Tickets, token: str) -> None:
    with pytest.raises(TicketInvalid):
        tickets.read("room", token)


def test_another_algorithm_with_the_right_key_is_refused(tickets: Tickets) -> None:
    claims = {"purpose": "room", "exp": 4_000_000_000}
    forged = jwt.encode({"alg": "HS512"}, claims, OctKey.import_key(KEY * 2), algorithms=["HS512"])

    with pytest.raises(TicketInvalid):
        tickets.read("room", forged)


@pytest.mark.parametrize("missing", ["purpose", "exp"])
def test_a_signed_token_without_purpose_or_end_is_refused(tickets: Tickets, missing: str) -> None:
    claims = {"purpose": "room", "exp": 4_000_000_000}
    del claims[missing]
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(KEY), algorithms=["HS256"])

    with pytest.raises(TicketInvalid):
        tickets.read("room", token)


def test_our_own_claims_cannot_be_overwritten(tickets: Tickets) -> None:
    with pytest.raises(ValueError, match="purpose"):
        tickets.issue("room", {"purpose": "file"}, ttl=TTL)


def test_a_short_key_is_refused(clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tickets(b"short", clock)
