"""Who a cookie or a token is, for how long, and what ends it. All of it by the wall clock."""

from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.web import sessions
from telehealth.web.application import build
from telehealth.web.house import House
from telehealth.web.sessions import BEARER_LASTS, BROWSER_LASTS, REFRESH_LASTS, STAFF_IDLES, STAFF_LASTS
from tests.support.factories.accounts import bearer, cookie
from tests.web.conftest import DESK, PATIENT

Client = httpx2.AsyncClient
MINE = "/mine"
SECOND = timedelta(seconds=1)


async def test_a_browsers_token_rotates_once_an_hour_and_the_old_one_works_a_minute_longer(
    http: Client, units: Units, clock: FixedClock
) -> None:
    old = await cookie(units, PATIENT)
    assert "set-cookie" not in (await http.get(MINE, headers=old)).headers
    clock.advance(timedelta(hours=1) + SECOND)
    first = await http.get(MINE, headers=old)
    new = {"cookie": f"th_session={_session_cookie(first)}"}
    assert new != old
    clock.advance(timedelta(seconds=59))
    on_its_way = await http.get(MINE, headers=old)
    assert on_its_way.status_code == 200
    assert "set-cookie" not in on_its_way.headers
    clock.advance(2 * SECOND)
    assert (await http.get(MINE, headers=old)).status_code == 303
    assert (await http.get(MINE, headers=new)).status_code == 200


async def test_of_requests_at_the_same_time_one_rotates(
    http: Client, units: Units, clock: FixedClock
) -> None:
    old = await cookie(units, PATIENT)
    clock.advance(timedelta(hours=2))
    answers = [await http.get(MINE, headers=old) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert ["set-cookie" in answer.headers for answer in answers] == [True, False, False]


async def test_a_crash_still_hands_over_the_rotated_token(
    http: Client, units: Units, clock: FixedClock
) -> None:
    old = await cookie(units, PATIENT)
    clock.advance(timedelta(hours=2))
    crashed = await http.get("/wrong/crash", headers=old)
    assert crashed.status_code == 500
    clock.advance(timedelta(minutes=2))
    new = {"cookie": f"th_session={_session_cookie(crashed)}"}
    assert (await http.get(MINE, headers=new)).status_code == 200


async def test_a_sign_in_has_the_last_word_over_a_rotation(
    http: Client, units: Units, clock: FixedClock
) -> None:
    old = await cookie(units, PATIENT)
    clock.advance(timedelta(hours=2))
    answer = await http.post("/again", headers=old)
    tokens = [value for value in answer.headers.get_list("set-cookie") if value.startswith("th_session=")]
    assert len(tokens) == 1
    new = {"cookie": f"th_session={_session_cookie(answer)}"}
    clock.advance(timedelta(minutes=30))
    assert "set-cookie" not in (await http.get(MINE, headers=new)).headers


async def test_a_browser_stays_signed_in_for_thirty_days(
    http: Client, units: Units, clock: FixedClock
) -> None:
    here = await cookie(units, PATIENT)
    clock.advance(BROWSER_LASTS - SECOND)
    answer = await http.get(MINE, headers=here)
    assert answer.status_code == 200
    clock.advance(SECOND)
    assert (await http.get(MINE, headers=here)).status_code == 303


async def test_staff_who_did_nothing_for_two_hours_are_signed_out(
    http: Client, units: Units, clock: FixedClock
) -> None:
    here = await cookie(units, DESK)
    for _ in range(3):
        clock.advance(timedelta(minutes=50))
        answer = await http.get(MINE, headers=here)
        assert answer.status_code == 200
        if "set-cookie" in answer.headers:
            here = {"cookie": f"th_session={_session_cookie(answer)}"}
    clock.advance(STAFF_IDLES + timedelta(minutes=6))
    assert (await http.get(MINE, headers=here)).status_code == 303


async def test_staff_are_signed_out_after_a_shift_however_busy(
    http: Client, units: Units, clock: FixedClock
) -> None:
    here = await cookie(units, DESK)
    began = clock.wall()
    while clock.wall() - began < STAFF_LASTS - timedelta(minutes=40):
        clock.advance(timedelta(minutes=40))
        answer = await http.get(MINE, headers=here)
        assert answer.status_code == 200
        if "set-cookie" in answer.headers:
            here = {"cookie": f"th_session={_session_cookie(answer)}"}
    clock.advance(timedelta(minutes=40))
    assert (await http.get(MINE, headers=here)).status_code == 303


async def test_the_business_clock_signs_nobody_out(http: Client, units: Units, clock: FixedClock) -> None:
    here = await cookie(units, DESK)
    clock.move_business_to(clock.business() + timedelta(days=90))
    assert (await http.get(MINE, headers=here)).status_code == 200


async def test_a_bearer_token_lasts_half_an_hour_and_is_renewed_once_by_each_refresh_token(
    units: Units, clock: FixedClock
) -> None:
    opened = await _open(units, PATIENT)
    assert await _knows(units, clock, opened.token)
    clock.advance(BEARER_LASTS)
    assert not await _knows(units, clock, opened.token)
    renewed = await _refresh(units, opened.refresh_token)
    assert renewed is not None
    assert await _knows(units, clock, renewed.token)
    assert renewed.refresh_token != opened.refresh_token


async def test_a_refresh_token_seen_twice_ends_the_session_of_both_its_holders(
    units: Units, clock: FixedClock
) -> None:
    opened = await _open(units, PATIENT)
    mine = await _refresh(units, opened.refresh_token)
    assert mine is not None
    assert await _refresh(units, opened.refresh_token) is None
    assert not await _knows(units, clock, mine.token)
    assert await _refresh(units, mine.refresh_token) is None


async def test_any_earlier_refresh_token_ends_the_session_however_long_ago_it_was_spent(
    units: Units, clock: FixedClock
) -> None:
    first = await _open(units, PATIENT)
    held = first.refresh_token
    for _ in range(3):
        clock.advance(timedelta(days=1))
        renewed = await _refresh(units, held)
        assert renewed is not None
        held = renewed.refresh_token
    assert await _refresh(units, first.refresh_token) is None
    assert await _refresh(units, held) is None
    async with units.system("test") as unit:
        said = await unit.session.scalars(
            sa.select(AuditRecord.subject_id).where(AuditRecord.name == "account.token_reused")
        )
        assert said.all() == [str(first.session_id)]


async def test_who_guesses_a_refresh_token_ends_nobodys_session(units: Units) -> None:
    opened = await _open(units, PATIENT)
    guess = f"{opened.session_id}.{'A' * 43}"
    assert await _refresh(units, guess) is None
    assert await _refresh(units, opened.refresh_token) is not None


async def test_a_refresh_token_is_worth_nothing_once_its_time_is_over(
    units: Units, clock: FixedClock
) -> None:
    opened = await _open(units, PATIENT)
    clock.advance(REFRESH_LASTS)
    assert await _refresh(units, opened.refresh_token) is None


async def test_staff_who_renew_in_time_stay_signed_in_and_who_idled_do_not(
    units: Units, clock: FixedClock
) -> None:
    opened = await _open(units, DESK)
    for _ in range(4):
        clock.advance(timedelta(minutes=45))
        renewed = await _refresh(units, opened.refresh_token)
        assert renewed is not None
        assert await _knows(units, clock, renewed.token)
        opened = renewed
    clock.advance(STAFF_IDLES + SECOND)
    assert await _refresh(units, opened.refresh_token) is None


async def test_a_cookie_is_no_bearer_token_and_a_bearer_token_no_cookie(http: Client, units: Units) -> None:
    browser = (await cookie(units, PATIENT))["cookie"].removeprefix("th_session=")
    app = (await bearer(units, PATIENT))["authorization"].removeprefix("Bearer ")
    assert (await http.get(MINE, headers={"authorization": f"Bearer {browser}"})).status_code == 303
    assert (await http.get(MINE, headers={"cookie": f"th_session={app}"})).status_code == 303


async def test_an_ended_session_is_nobodys(http: Client, units: Units) -> None:
    here = await cookie(units, PATIENT)
    async with units.system("test") as unit:
        await sessions.end_sessions_of(unit, PATIENT.account)
    assert (await http.get(MINE, headers=here)).status_code == 303


async def test_no_token_is_kept_only_its_hash(units: Units) -> None:
    opened = await _open(units, PATIENT)
    async with units.system("test") as unit:
        row = await unit.session.get(sessions.Session, opened.session_id)
    assert row is not None
    kept = [value for value in vars(row).values() if isinstance(value, (str, bytes))]
    for secret in (opened.token, opened.refresh_token):
        assert not any(value in (secret, secret.encode()) for value in kept)


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000, "\x00"])
async def test_nonsense_is_nobody(http: Client, token: str) -> None:
    raw = f"th_session={token}".encode("latin-1")
    assert (await http.get(MINE, headers=[(b"cookie", raw)])).status_code == 303
    raw = f"Bearer {token}".encode("latin-1")
    assert (await http.get("/api/v1/tiny/notes", headers=[(b"authorization", raw)])).status_code == 200


async def test_what_expired_is_forgotten(units: Units, clock: FixedClock) -> None:
    ended, lasting = await _open(units, PATIENT, "browser"), await _open(units, PATIENT)
    clock.advance(BROWSER_LASTS + SECOND)
    async with units.system("test") as unit:
        await sessions.forget_expired(unit)
        assert await unit.session.get(sessions.Session, ended.session_id) is None
        assert await unit.session.get(sessions.Session, lasting.session_id) is not None


@pytest.mark.parametrize(
    ("public_url", "is_secure"), [("http://testserver", False), ("https://testserver", True)]
)
async def test_our_cookies_stay_in_the_browser_and_on_this_site(
    tiny_house: House, units: Units, public_url: str, is_secure: bool
) -> None:
    settings = tiny_house.settings.model_copy(update={"public_url": public_url})
    house = replace(tiny_house, settings=settings)
    transport = httpx2.ASGITransport(app=build(house))
    async with httpx2.AsyncClient(transport=transport, base_url=public_url) as http:
        answers = [
            await http.post("/again", headers=await cookie(units, PATIENT)),
            await http.post("/preferences", data={"lang": "en"}),
        ]
    kept = [value for answer in answers for value in answer.headers.get_list("set-cookie")]
    assert {value.partition("=")[0] for value in kept} == {"th_session", "th_flash", "th_ui"}
    for value in kept:
        words = value.lower().split("; ")
        assert {"httponly", "samesite=lax", "path=/"} <= set(words)
        assert ("secure" in words) is is_secure
        assert not any(word.startswith("domain") for word in words)


async def _open(units: Units, actor: Actor, channel: str = "app") -> sessions.Opened:
    async with units.system("test") as unit:
        return await sessions.open_session(unit, actor, channel=channel)


async def _refresh(units: Units, token: str) -> sessions.Opened | None:
    async with units.system("test") as unit:
        found = await sessions.refresh_session(unit, token)
    return found[0] if found else None


async def _knows(units: Units, clock: FixedClock, token: str) -> bool:
    async with units.engine.connect() as connection:
        return await sessions.find_presence(connection, token, clock.wall(), bearer=True) is not None


def _session_cookie(answer: httpx2.Response) -> str:
    found: SimpleCookie = SimpleCookie()
    for value in answer.headers.get_list("set-cookie"):
        found.load(value)
    return found["th_session"].value
