"""The inbox as a page and as JSON, and the carrier's callback."""

from typing import Any
from uuid import UUID

import httpx2
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.notifications import Notice
from telehealth.notifications.delivering import deliver
from telehealth.notifications.models import Delivery, DeliveryReceipt, Rung
from telehealth.notifications.states import RungState
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.notifications import add_message
from tests.support.phones import Phone

HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
Client = httpx2.AsyncClient


def receipt(sid: str, status: str = "SUCCESS") -> dict[str, str]:
    """As the vendor posts it."""
    return {
        "user_receive_time": "2026-11-21 10:00:05",
        "nationcode": "86",
        "mobile": "13800001234",
        "report_status": status,
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": sid,
    }


async def test_the_inbox_is_paged_newest_first(client: Client, units: Units) -> None:
    account = await add_patient(units)
    for _ in range(5):
        await add_message(units, account.id)
    headers = await bearer(units, patient(account))
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = await client.get("/api/v1/messages", params={"limit": 2, "after": after}, headers=headers)
        seen += [item["id"] for item in page.json()["items"]]
        after = page.json()["next"]
    assert len(seen) == 5 and seen == sorted(seen, reverse=True) and after == ""


async def test_nonsense_as_a_cursor_is_a_field_error(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units)))
    for cursor in ("nonsense", "WyJ4Il0", "WzFd", "W10"):
        answer = await client.get("/api/v1/messages", params={"after": cursor}, headers=headers)
        assert answer.status_code == 422, cursor


async def test_reading_a_message_lowers_the_count(client: Client, units: Units) -> None:
    account = await add_patient(units)
    await add_message(units, account.id)
    headers = await bearer(units, patient(account))
    (item,) = (await client.get("/api/v1/messages", headers=headers)).json()["items"]
    assert item["is_read"] is False
    for _ in range(2):
        done = await client.post(f"/api/v1/messages/{item['id']}/reading", headers=headers)
        assert done.json()["is_read"] is True
    assert (await client.get("/api/v1/messages/unread", headers=headers)).json() == {"unread": 0}


async def test_somebody_elses_message_is_a_404(client: Client, units: Units) -> None:
    mine, theirs = await add_patient(units, "13800001111"), await add_patient(units, "13800002222")
    await add_message(units, theirs.id)
    others = await bearer(units, patient(theirs))
    (item,) = (await client.get("/api/v1/messages", headers=others)).json()["items"]
    headers = await bearer(units, patient(mine))
    for id in (item["id"], new_id()):
        answer = await client.post(f"/api/v1/messages/{id}/reading", headers=headers)
        assert answer.status_code == 404
        page = await client.get(f"/messages/{id}", headers=await cookie(units, patient(mine)))
        assert page.status_code == 404


async def test_the_page_shows_words_in_the_readers_language(client: Client, units: Units) -> None:
    account = await add_patient(units)
    await add_message(units, account.id, Notice.CONSENT_GRANTED, person="王**")
    headers = await cookie(units, patient(account))
    zh = await client.get("/messages", headers=headers)
    assert "授权已生效" in zh.text and "王**已同意" in zh.text
    en = await client.get("/messages", headers={**headers, "accept-language": "en"})
    assert "Consent given" in en.text


async def test_opening_a_message_reads_it(client: Client, units: Units) -> None:
    account = await add_patient(units)
    await add_message(units, account.id)
    headers = await cookie(units, patient(account))
    app = await bearer(units, patient(account))
    (item,) = (await client.get("/api/v1/messages", headers=app)).json()["items"]
    opened = await client.get(f"/messages/{item['id']}", headers=headers)
    assert opened.status_code == 200 and item["title"] in opened.text
    assert (await client.get("/api/v1/messages/unread", headers=app)).json() == {"unread": 0}


async def test_the_badge_stands_on_the_persons_own_page(client: Client, units: Units) -> None:
    account = await add_patient(units)
    await add_message(units, account.id)
    page = await client.get("/me", headers=await cookie(units, patient(account)))
    assert "条未读" in page.text


async def test_staff_read_theirs_in_the_console(client: Client, units: Units) -> None:
    member = await add_staff(units, HOSPITAL, {Role.ADMIN}, login="admin")
    await add_message(
        units, member.account_id, Notice.CREDENTIAL_EXPIRING, hospital_id=HOSPITAL,
        holder="李医生", credential="执业证", valid_until="2026-12-01",
    )  # fmt: skip
    page = await client.get("/staff/messages", headers=await cookie(units, staff(member)))
    assert page.status_code == 200 and "证照即将到期" in page.text and 'class="rail"' in page.text


async def test_topics_are_silenced_one_by_one(client: Client, units: Units) -> None:
    headers = await bearer(units, patient(await add_patient(units)))
    silent = await client.put("/api/v1/me/notices/bookings", json={"sms": False}, headers=headers)
    assert silent.json() == {"topic": "bookings", "sms": False, "wechat": True, "has_urgent": True}
    listed = (await client.get("/api/v1/me/notices", headers=headers)).json()
    assert {row["topic"]: row["sms"] for row in listed} == {
        "bookings": False,
        "people": True,
        "conduct": True,
    }
    for topic in ("work", "nonsense"):
        answer = await client.put(f"/api/v1/me/notices/{topic}", json={"sms": False}, headers=headers)
        assert answer.status_code == 404


async def test_the_settings_page_saves_what_is_ticked(client: Client, units: Units) -> None:
    account = await add_patient(units)
    headers = await cookie(units, patient(account))
    assert (await client.get("/messages/settings", headers=headers)).status_code == 200
    await client.post("/messages/settings", data={"people": ["sms"]}, headers=headers)
    listed = (await client.get("/api/v1/me/notices", headers=headers)).json()
    assert {row["topic"] for row in listed if row["sms"]} == {"people"}


async def test_the_carriers_report_marks_the_message(client: Client, units: Units, phone: Phone) -> None:
    account = await add_patient(units, phone.number)
    await add_message(units, account.id)
    async with units.system("test") as unit:
        delivery = (await unit.session.scalars(sa.select(Delivery))).one()
    await deliver(units, delivery.id)
    async with units.system("test") as unit:
        serial = await unit.session.scalar(sa.select(Rung.serial)) or ""
    for _ in range(2):
        answer = await client.post(
            "/api/v1/callbacks/sms", json=[receipt(serial), receipt("other:1", "FAIL")]
        )
        assert (answer.status_code, answer.json()) == (200, {"result": 0, "errmsg": "OK"})
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(Rung.state)) is RungState.DELIVERED
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(DeliveryReceipt)) == 2


async def test_nobody_reports_for_wechat_at_the_unsigned_door(client: Client, units: Units) -> None:
    """Its numbers can be guessed; a message called delivered goes no further by any other way."""
    forged = [receipt("wx0000000000000001:3390001"), receipt("wx0000000000000001:3390002", "FAIL")]
    answer = await client.post("/api/v1/callbacks/sms", json=forged)
    assert answer.status_code == 200
    async with units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(DeliveryReceipt))).all() == []


async def test_a_report_that_is_not_one_is_refused_and_changes_nothing(client: Client, units: Units) -> None:
    bodies: list[Any] = [{}, [{}], [receipt("x", "MAYBE")], [receipt("")], [receipt("含 空格")], "text"]
    for body in bodies:
        answer = await client.post("/api/v1/callbacks/sms", json=body)
        assert answer.status_code == 422, body
    async with units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(DeliveryReceipt))).all() == []
