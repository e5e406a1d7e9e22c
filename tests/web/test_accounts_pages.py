"""Signing in as people do it: pages without script, links that survive, forms that keep what was typed."""

import re
from urllib.parse import quote
from uuid import UUID

import httpx2
import pyotp
import pytest
import sqlalchemy as sa

from telehealth.accounts.enrolling_staff import enrol, suspend
from telehealth.accounts.models import Account
from telehealth.accounts.states import Channel
from telehealth.core.access import Role
from telehealth.core.unit import Units
from tests.support.factories.accounts import (
    PASSWORD,
    add_patient,
    add_staff,
    bearer,
    cookie,
    patient,
    reread,
    staff,
    totp_at,
)
from tests.support.factories.directory import add_hospital
from tests.support.phones import Phone
from tests.support.sandbox import Sandbox

HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
Client = httpx2.AsyncClient


def session_of(answer: httpx2.Response) -> str:
    found = [line for line in answer.headers.get_list("set-cookie") if line.startswith("th_session=")]
    return found[0] if found else ""


async def ask_for_code(client: Client, phone: Phone, target: str = "/") -> httpx2.Response:
    return await client.post("/sign-in/code", data={"phone": phone.number, "next": target})


@pytest.mark.parametrize("target", ["/h/yunan/book?kind=online&doctor=7", "/notices/3"])
async def test_XY15_a_deep_link_survives_signing_in(client: Client, phone: Phone, target: str) -> None:
    asked = await client.get("/sign-in", params={"next": target})
    assert f'value="{target.replace("&", "&amp;")}"' in asked.text
    sent = await ask_for_code(client, phone, target)
    assert sent.status_code == 200 and target.replace("&", "&amp;") in sent.text
    done = await client.post("/sign-in", data={"phone": phone.number, "code": phone.code, "next": target})
    assert (done.status_code, done.headers["location"]) == (303, target)
    assert "HttpOnly" in session_of(done) and "SameSite=Lax" in session_of(done)
    me = await client.get("/me")
    assert f"{phone.number[:3]}****{phone.number[-4:]}" in me.text and phone.number not in me.text


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"]
)
async def test_signing_in_never_leads_to_another_site(client: Client, phone: Phone, target: str) -> None:
    await ask_for_code(client, phone, target)
    done = await client.post("/sign-in", data={"phone": phone.number, "code": phone.code, "next": target})
    assert done.headers["location"] == "/"


async def test_a_page_that_needs_somebody_leads_to_sign_in_and_back(client: Client) -> None:
    asked = await client.get("/me?a=b")
    assert (asked.status_code, asked.headers["location"]) == (303, f"/sign-in?next={quote('/me?a=b')}")
    desk = await client.get("/staff/account")
    assert desk.headers["location"] == "/staff/sign-in?next=/staff/account"


async def test_a_wrong_phone_is_given_back_with_a_sentence(client: Client) -> None:
    answer = await client.post("/sign-in/code", data={"phone": "12345", "next": "/bookings"})
    assert answer.status_code == 422
    assert 'value="12345"' in answer.text and "请填写有效的手机号" in answer.text
    assert 'value="/bookings"' in answer.text


async def test_a_wrong_code_says_what_is_left_and_keeps_the_phone(client: Client, phone: Phone) -> None:
    await ask_for_code(client, phone, "/bookings")
    answer = await client.post(
        "/sign-in", data={"phone": phone.number, "code": phone.wrong_code, "next": "/bookings"}
    )
    assert answer.status_code == 422 and "还可以再试 4 次" in answer.text
    assert f"+86{phone.number}" in answer.text and "/bookings" in answer.text
    garbled = await client.post("/sign-in", data={"phone": phone.number, "code": "12ab", "next": "/bookings"})
    assert garbled.status_code == 422 and "请填写 6 位数字" in garbled.text


async def test_a_resend_too_soon_keeps_the_code_box_open(client: Client, phone: Phone) -> None:
    await ask_for_code(client, phone)
    again = await client.post("/sign-in/code", data={"phone": phone.number, "next": "/", "again": "1"})
    assert again.status_code == 429 and 'name="code"' in again.text and "60 秒后再获取" in again.text


async def test_a_code_that_could_not_be_sent_offers_the_next_step(
    client: Client, phone: Phone, sandbox: Sandbox
) -> None:
    with sandbox.faults(sms={"mode": "down"}):
        answer = await ask_for_code(client, phone)
    assert answer.status_code == 503
    assert "稍后重新获取" in answer.text and "医院窗口" in answer.text and phone.number in answer.text


async def test_the_answer_never_tells_whether_a_phone_is_known(
    client: Client, phone: Phone, units: Units
) -> None:
    unknown = await ask_for_code(client, phone)
    known = Phone(phone.sandbox, f"1380{phone.number[4:]}")
    await add_patient(units, known.number)
    answer = await ask_for_code(client, known)
    assert answer.status_code == unknown.status_code
    assert answer.text.replace(known.number, phone.number) == unknown.text


async def test_inside_the_mini_program_a_new_account_remembers_that_door(
    client: Client, phone: Phone, units: Units
) -> None:
    client.cookies.set("th_ui", "lang=zh-CN&theme=auto&elder=0&host=wxmp")
    await ask_for_code(client, phone)
    await client.post("/sign-in", data={"phone": phone.number, "code": phone.code, "next": "/"})
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(Account.channel)) is Channel.MINI_PROGRAM


async def test_signing_in_again_replaces_the_session_this_browser_had(
    client: Client, phone: Phone, units: Units
) -> None:
    headers = await cookie(units, patient(await add_patient(units)))
    await ask_for_code(client, phone)
    await client.post("/sign-in", data={"phone": phone.number, "code": phone.code}, headers=headers)
    stale = await client.get("/me", headers=headers)
    assert stale.status_code == 303


async def test_signing_out_ends_the_session_on_the_server(client: Client, units: Units) -> None:
    headers = await cookie(units, patient(await add_patient(units)))
    out = await client.post("/sign-out", headers=headers)
    assert out.status_code == 303 and 'th_session=""' in session_of(out)
    assert (await client.get("/me", headers=headers)).status_code == 303
    assert (await client.post("/sign-out", headers=headers)).status_code == 303


async def test_preferences_are_kept_with_the_account_and_in_the_browser(client: Client, units: Units) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account))
    saved = await client.post("/me/preferences", data={"elder": "1", "back": "/me"}, headers=headers)
    assert saved.headers["location"] == "/me"
    await client.post("/me/preferences", data={"lang": "en"}, headers=headers)
    kept = await reread(units, account.id)
    assert (kept.elder, kept.lang, kept.theme) == (True, "en", None)
    odd = await client.post("/me/preferences", data={"theme": "neon"}, headers=headers)
    assert odd.status_code == 303 and (await reread(units, account.id)).theme is None


async def test_somebody_elses_session_is_a_404(client: Client, units: Units) -> None:
    mine = await cookie(units, patient(await add_patient(units, "13800001111")))
    theirs = await add_patient(units, "13800002222")
    headers = await bearer(units, patient(theirs))
    listed = (await client.get("/api/v1/me/sessions", headers=headers)).json()
    path = f"/me/sessions/{listed[0]['id']}/end"
    assert (await client.post(path, headers=mine)).status_code == 404
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200


async def test_another_device_is_signed_out_from_the_list(client: Client, units: Units) -> None:
    account = await add_patient(units)
    mine, phone = await cookie(units, patient(account)), await bearer(units, patient(account))
    page = await client.get("/me", headers=mine)
    assert page.status_code == 200 and "本机" in page.text
    ends = re.findall(r"/me/sessions/[0-9a-f-]+/end", page.text)
    assert len(ends) == 1
    assert (await client.post(ends[0], headers=mine)).status_code == 303
    assert (await client.get("/api/v1/me", headers=phone)).status_code == 401


async def test_staff_sign_in_by_pages_in_two_steps(client: Client, units: Units) -> None:
    await add_staff(units, HOSPITAL, {Role.DESK})
    first = await client.post(
        "/staff/sign-in", data={"login": " DESK ", "password": PASSWORD, "next": "/staff"}
    )
    assert first.headers["location"] == "/staff/sign-in/totp" and not session_of(first)
    assert "Path=/staff/sign-in" in first.headers["set-cookie"]
    between = await client.get("/staff")
    assert between.headers["location"].startswith("/staff/sign-in")
    asked = await client.get("/staff/sign-in/totp")
    assert asked.status_code == 200 and "data:image/svg" not in asked.text
    wrong = await client.post(
        "/staff/sign-in/totp", data={"totp": totp_at(units, steps=40), "next": "/staff"}
    )
    assert wrong.status_code == 422 and "还可以再试 4 次" in wrong.text
    done = await client.post("/staff/sign-in/totp", data={"totp": totp_at(units), "next": "/staff/account"})
    assert done.headers["location"] == "/staff/account" and session_of(done)
    home = await client.get("/staff")
    assert home.status_code == 200 and "样例员工" in home.text
    mine = await client.get("/staff/account")
    assert mine.status_code == 200 and "门诊服务台" in mine.text


async def test_a_wrong_password_keeps_the_login_and_never_the_password(client: Client, units: Units) -> None:
    await add_staff(units, HOSPITAL)
    answer = await client.post("/staff/sign-in", data={"login": "desk", "password": "not the password"})
    assert answer.status_code == 401 and 'value="desk"' in answer.text
    assert "登录名或密码不正确" in answer.text and "not the password" not in answer.text


async def test_a_newcomer_changes_the_password_and_scans_the_code(client: Client, units: Units) -> None:
    boss = await add_staff(units, HOSPITAL, {Role.ADMIN}, login="admin")
    async with units.hospital(HOSPITAL, staff(boss)) as unit:
        enrolled = await enrol(unit, login="newcomer", name="样例新人", roles={Role.DESK})
    first = await client.post(
        "/staff/sign-in", data={"login": "newcomer", "password": enrolled.initial_password}
    )
    assert first.headers["location"] == "/staff/sign-in/password"
    early = await client.get("/staff/sign-in/totp")
    assert early.headers["location"] == "/staff/sign-in/password"
    differ = {"password": "a new sample password", "again": "another one entirely"}
    refused = await client.post("/staff/sign-in/password", data=differ)
    assert refused.status_code == 422 and "两次输入的密码不一致" in refused.text
    changed = await client.post("/staff/sign-in/password", data={**differ, "again": differ["password"]})
    assert changed.headers["location"] == "/staff/sign-in/totp"
    shown = await client.get("/staff/sign-in/totp")
    assert "data:image/svg+xml" in shown.text and "style=" not in shown.text
    secret = "".join(re.findall(r"\b[A-Z2-7]{4}\b(?= |<)", shown.text))
    code = pyotp.TOTP(secret).at(units.clock.wall())
    done = await client.post("/staff/sign-in/totp", data={"totp": code})
    assert done.headers["location"] == "/staff" and session_of(done)


async def test_a_step_without_its_ticket_starts_over(client: Client) -> None:
    for path in ("/staff/sign-in/password", "/staff/sign-in/totp"):
        asked = await client.get(path)
        assert (asked.status_code, asked.headers["location"]) == (303, "/staff/sign-in")
    posted = await client.post("/staff/sign-in/totp", data={"totp": "123456"})
    assert posted.headers["location"] == "/staff/sign-in"


async def test_a_suspended_members_open_page_is_closed_at_the_next_click(
    client: Client, units: Units
) -> None:
    boss = await add_staff(units, HOSPITAL, {Role.ADMIN}, login="admin")
    member = await add_staff(units, HOSPITAL)
    headers = await cookie(units, staff(member))
    assert (await client.get("/staff", headers=headers)).status_code == 200
    async with units.hospital(HOSPITAL, staff(boss)) as unit:
        await suspend(unit, member.id, reason="离职")
    assert (await client.get("/staff", headers=headers)).headers["location"].startswith("/staff/sign-in")


async def test_a_patient_has_no_console(client: Client, units: Units) -> None:
    headers = await cookie(units, patient(await add_patient(units)))
    assert (await client.get("/staff", headers=headers)).status_code == 403


async def test_sign_in_speaks_english(client: Client, phone: Phone) -> None:
    answer = await client.get("/sign-in", headers={"accept-language": "en"})
    assert '<html lang="en"' in answer.text


async def test_every_address_may_knock_only_so_often(client: Client) -> None:
    statuses = {
        (await client.post("/staff/sign-in", data={"login": "nobody", "password": "x" * 12})).status_code
        # One more than a minute allows, and some for a minute that turns meanwhile.
        for _ in range(14)
    }
    assert statuses == {401, 429}


async def test_staff_of_several_hospitals_choose_by_name(client: Client, units: Units) -> None:
    yunan, jiangbin = await add_hospital(units), await add_hospital(units, "jiangbin", name="江滨医院")
    for hospital in (yunan, jiangbin):
        await add_staff(units, hospital.id, login="both")
    await client.post("/staff/sign-in", data={"login": "both", "password": PASSWORD})
    asked = await client.get("/staff/sign-in/totp")
    assert yunan.name in asked.text and "江滨医院" in asked.text
    unsaid = await client.post("/staff/sign-in/totp", data={"totp": totp_at(units)})
    assert unsaid.status_code == 422 and "请选择要进入的医院" in unsaid.text
    chosen = {"totp": totp_at(units), "hospital_id": str(jiangbin.id)}
    assert (await client.post("/staff/sign-in/totp", data=chosen)).headers["location"] == "/staff"
    assert "江滨医院" in (await client.get("/staff/account")).text


async def test_a_step_up_asks_the_code_again_and_leads_back(client: Client, units: Units) -> None:
    member = await add_staff(units, HOSPITAL, [Role.DOCTOR], login="doctor")
    headers = await cookie(units, staff(member))
    asked = await client.get("/staff/step-up", params={"next": "/staff/line"}, headers=headers)
    assert asked.status_code == 200 and 'value="/staff/line"' in asked.text
    wrong = await client.post(
        "/staff/step-up", data={"totp": "000000", "next": "/staff/line"}, headers=headers
    )
    assert wrong.status_code == 401 and "还可以再试 4 次" in wrong.text
    right = await client.post(
        "/staff/step-up", data={"totp": totp_at(units), "next": "//elsewhere.example"}, headers=headers
    )
    assert (right.status_code, right.headers["location"]) == (303, "/staff")
