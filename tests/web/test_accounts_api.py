"""The same doors for app and mini-program clients, as JSON."""

from datetime import timedelta
from uuid import UUID

import httpx2
import pyotp

from telehealth.accounts.enrolling_staff import enrol
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from tests.support.factories.accounts import (
    PASSWORD,
    add_patient,
    add_staff,
    bearer,
    patient,
    staff,
    totp_at,
)
from tests.support.phones import Phone

HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
OTHER = UUID("019aa000-0000-7000-8000-000000000002")
Client = httpx2.AsyncClient


async def test_XY16_a_phone_and_its_code_become_tokens(client: Client, phone: Phone) -> None:
    asked = await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    assert asked.status_code == 201 and set(asked.json()) == {"expires_at", "again_at"}
    body = {"phone": phone.number, "code": phone.code, "channel": "mini_program"}
    opened = await client.post("/api/v1/sessions", json=body)
    assert opened.status_code == 201 and "set-cookie" not in opened.headers
    tokens = opened.json()
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    me = (await client.get("/api/v1/me", headers=headers)).json()
    assert me["phone"] == f"{phone.number[:3]}****{phone.number[-4:]}"
    assert (me["channel"], me["roles"]) == ("mini_program", ["patient"])


async def test_a_wrong_code_is_a_problem_with_the_tries_left(client: Client, phone: Phone) -> None:
    await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    body = {"phone": phone.number, "code": phone.wrong_code, "channel": "app"}
    answers = [await client.post("/api/v1/sessions", json=body) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [409] * 5
    first, last = answers[0].json(), answers[-1].json()
    assert (first["code"], first["facts"]) == ("code_wrong", {"left": 4})
    assert last["code"] == "code_burned" and "五次" in last["detail"]


async def test_a_second_code_too_soon_says_when(client: Client, phone: Phone) -> None:
    await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    again = await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    assert (again.status_code, again.headers["retry-after"]) == (429, "60")


async def test_an_unusable_phone_is_a_field_error(client: Client) -> None:
    for number in ("12345", "021-62345678", "+1 202 555 0143", "\x00", "138000012345"):
        answer = await client.post("/api/v1/sign-in-codes", json={"phone": number})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/phone"


async def test_tokens_are_renewed_once(client: Client, phone: Phone, clock: FixedClock) -> None:
    await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    body = {"phone": phone.number, "code": phone.code, "channel": "app"}
    tokens = (await client.post("/api/v1/sessions", json=body)).json()
    clock.advance(timedelta(hours=1))
    stale = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get("/api/v1/me", headers=stale)).status_code == 401
    asked = {"refresh_token": tokens["refresh_token"]}
    renewed = await client.post("/api/v1/sessions/refreshment", json=asked)
    fresh = {"authorization": f"Bearer {renewed.json()['access_token']}"}
    assert (await client.get("/api/v1/me", headers=fresh)).status_code == 200
    assert (await client.post("/api/v1/sessions/refreshment", json=asked)).status_code == 401
    assert (await client.get("/api/v1/me", headers=fresh)).status_code == 401


async def test_an_idle_app_still_shows_among_its_sessions(
    client: Client, units: Units, clock: FixedClock
) -> None:
    account = await add_patient(units)
    await bearer(units, patient(account))
    clock.advance(timedelta(days=2))
    headers = await bearer(units, patient(account), "mini_program")
    rows = (await client.get("/api/v1/me/sessions", headers=headers)).json()
    assert [(row["channel"], row["current"]) for row in rows] == [("mini_program", True), ("app", False)]


async def test_signing_out_is_a_204_and_final(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units)))
    assert (await client.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_a_session_that_is_not_mine_is_a_404(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units, "13800001111")))
    others = await bearer(units, patient(await add_patient(units, "13800002222")))
    row = (await client.get("/api/v1/me/sessions", headers=others)).json()[0]
    for id in (row["id"], new_id()):
        answer = await client.delete(f"/api/v1/me/sessions/{id}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")


async def test_XY16_one_account_through_three_doors_and_every_door_is_listed(
    client: Client, phone: Phone, clock: FixedClock
) -> None:
    """A browser, an app and a mini-program of one phone are one account, each a session of its own."""
    headers: dict[str, str] = {}
    accounts = set()
    for channel, device in (("app", "Pixel 8"), ("mini_program", "iPhone 15")):
        await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
        body = {"phone": phone.number, "code": phone.code, "channel": channel, "device": device}
        opened = (await client.post("/api/v1/sessions", json=body)).json()
        accounts.add(opened["account_id"])
        headers = {"authorization": f"Bearer {opened['access_token']}"}
        clock.advance(timedelta(minutes=2))
    await client.post("/sign-in/code", data={"phone": phone.number})
    await client.post("/sign-in", data={"phone": phone.number, "code": phone.code})
    client.cookies.clear()
    assert len(accounts) == 1
    rows = (await client.get("/api/v1/me/sessions", headers=headers)).json()
    assert [(row["channel"], row["device"], row["current"]) for row in rows] == [
        ("browser", "", False), ("mini_program", "iPhone 15", True), ("app", "Pixel 8", False),
    ]  # fmt: skip
    assert all(row["seen_at"] < row["ends_at"] for row in rows)


async def test_a_lost_phone_is_signed_out_from_another_or_all_are(client: Client, units: Units) -> None:
    account = await add_patient(units)
    here, lost, tablet = [await bearer(units, patient(account)) for _ in range(3)]
    strangers = await bearer(units, patient(await add_patient(units, "13800002222")))
    ended = await client.delete("/api/v1/me/sessions/others", headers=here)
    assert (ended.status_code, ended.json()) == (200, {"ended": 2})
    for headers in (lost, tablet):
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await client.get("/api/v1/me", headers=here)).status_code == 200
    assert (await client.delete("/api/v1/me/sessions", headers=here)).status_code == 204
    assert (await client.get("/api/v1/me", headers=here)).status_code == 401
    assert (await client.get("/api/v1/me", headers=strangers)).status_code == 200


async def test_one_session_renews_so_often_and_no_more(client: Client, phone: Phone) -> None:
    await client.post("/api/v1/sign-in-codes", json={"phone": phone.number})
    body = {"phone": phone.number, "code": phone.code, "channel": "app"}
    held = (await client.post("/api/v1/sessions", json=body)).json()["refresh_token"]
    answers = []
    for _ in range(21):
        answer = await client.post("/api/v1/sessions/refreshment", json={"refresh_token": held})
        answers.append(answer.status_code)
        held = answer.json().get("refresh_token", held)
    assert answers == [200] * 20 + [429]


async def test_staff_change_their_password_and_sign_in_anew(client: Client, units: Units) -> None:
    headers = await bearer(units, staff(await add_staff(units, HOSPITAL)))
    wrong = {"current": "not it at all", "password": "another sample password"}
    answer = await client.put("/api/v1/staff/password", json=wrong, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/current")
    weak = {"current": PASSWORD, "password": "short"}
    assert (await client.put("/api/v1/staff/password", json=weak, headers=headers)).status_code == 422
    right = {"current": PASSWORD, "password": "another sample password"}
    assert (await client.put("/api/v1/staff/password", json=right, headers=headers)).status_code == 204
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_preferences_change_one_at_a_time(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units)))
    await client.patch("/api/v1/me", json={"elder": True}, headers=headers)
    answer = await client.patch("/api/v1/me", json={"lang": "en"}, headers=headers)
    assert (answer.json()["elder"], answer.json()["lang"], answer.json()["theme"]) == (True, "en", None)
    assert (await client.patch("/api/v1/me", json={"lang": "fr"}, headers=headers)).status_code == 422


async def test_staff_tokens_need_both_steps(client: Client, units: Units) -> None:
    await add_staff(units, HOSPITAL, {Role.DESK})
    begun = await client.post("/api/v1/staff/sign-ins", json={"login": "Desk", "password": PASSWORD})
    step = begun.json()
    assert (begun.status_code, step["owes"], step["hospital_ids"]) == (201, "totp", [str(HOSPITAL)])
    as_bearer = {"authorization": f"Bearer {step['ticket']}"}
    assert (await client.get("/api/v1/me", headers=as_bearer)).status_code == 401
    body = {"ticket": step["ticket"], "totp": totp_at(units)}
    opened = await client.post("/api/v1/staff/sessions", json=body)
    assert opened.status_code == 201 and opened.json()["roles"] == ["desk"]
    again = await client.post("/api/v1/staff/sessions", json=body)
    assert (again.status_code, again.json()["code"]) == (401, "second_factor_used")


async def test_staff_of_several_hospitals_name_one(client: Client, units: Units) -> None:
    await add_staff(units, HOSPITAL, login="both")
    await add_staff(units, OTHER, login="both")
    begun = await client.post("/api/v1/staff/sign-ins", json={"login": "both", "password": PASSWORD})
    body = {"ticket": begun.json()["ticket"], "totp": totp_at(units)}
    unsaid = await client.post("/api/v1/staff/sessions", json=body)
    assert unsaid.status_code == 422 and unsaid.json()["errors"][0]["pointer"] == "/hospital_id"
    opened = await client.post("/api/v1/staff/sessions", json={**body, "hospital_id": str(OTHER)})
    assert opened.json()["hospital_id"] == str(OTHER)


async def test_a_newcomer_enrols_through_the_api(client: Client, units: Units) -> None:
    boss = await add_staff(units, HOSPITAL, {Role.ADMIN}, login="admin")
    async with units.hospital(HOSPITAL, staff(boss)) as unit:
        enrolled = await enrol(unit, login="newcomer", name="样例新人", roles={Role.DESK})
    begun = await client.post(
        "/api/v1/staff/sign-ins", json={"login": "newcomer", "password": enrolled.initial_password}
    )
    assert begun.json()["owes"] == "new_password"
    changed = await client.post(
        "/api/v1/staff/sign-ins/password",
        json={"ticket": begun.json()["ticket"], "password": "a new sample password"},
    )
    ticket = changed.json()["ticket"]
    shown = (await client.post("/api/v1/staff/sign-ins/second-factor", json={"ticket": ticket})).json()
    code = pyotp.TOTP(shown["secret"]).at(units.clock.wall())
    opened = await client.post("/api/v1/staff/sessions", json={"ticket": ticket, "totp": code})
    assert opened.status_code == 201


async def test_a_forged_ticket_is_refused(client: Client) -> None:
    answer = await client.post("/api/v1/staff/sessions", json={"ticket": "forged", "totp": "123456"})
    assert (answer.status_code, answer.json()["code"]) == (401, "step_expired")
