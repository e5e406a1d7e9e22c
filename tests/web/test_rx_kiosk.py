"""The kiosk in the hall and the service desk: a code, an amount, a printed sheet, a number."""

from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.states import Path, RxState
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.bookings import add_house
from tests.support.factories.prescriptions import sheet_now, to_be_collected, to_be_sent, way_of
from tests.support.factories.reviewing import Review, open_review, passed, to_review

Client = httpx2.AsyncClient
Headers = dict[str, str]
DESK = "/staff/prescriptions-desk"


@pytest.fixture
async def place(units: Units) -> Review:
    return await open_review(units)


@pytest.fixture
async def rx(units: Units, place: Review) -> Prescription:
    return await passed(units, place, await to_review(units, place))


@pytest.fixture
async def desk(units: Units, place: Review) -> Headers:
    member = await add_staff(units, place.desk.visit.house.hospital.id, [Role.DESK], login="desk")
    return await cookie(units, staff(member))


async def typed(client: Client, code: str, hospital: str = "yunan", what: str = "") -> httpx2.Response:
    return await client.post(f"/kiosk/{hospital}{what}", data={"code": code})


async def test_XY32_the_kiosk_shows_amount_and_deadline_and_hides_who_it_is(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    code = await to_be_collected(units, rx)
    assert (await client.get("/kiosk/yunan")).status_code == 200
    shown = await typed(client, f"{code[:4]} {code[4:]}")
    assert shown.status_code == 200
    name = place.desk.visit.who.person.name
    assert name not in shown.text and name[0] + "*" in shown.text
    assert rx.number in shown.text and "请缴费到" in shown.text
    assert 'http-equiv="refresh"' in shown.text


async def test_XY32_the_kiosk_prints_the_signed_sheet_for_the_code_alone(
    client: Client, units: Units, rx: Prescription
) -> None:
    code = await to_be_collected(units, rx)
    printed = await typed(client, code, what="/sheet.pdf")
    assert printed.status_code == 200 and printed.content.startswith(b"%PDF-")
    assert (await typed(client, "00000000", what="/sheet.pdf")).status_code == 404
    assert (await client.get(f"/kiosk/yunan/sheet.pdf?code={code}")).status_code == 405


async def test_XY32_each_copy_counts_is_seen_and_has_an_end(
    client: Client, units: Units, rx: Prescription, desk: Headers
) -> None:
    code = await to_be_collected(units, rx)
    for copy in (1, 2):
        assert (await typed(client, code, what="/sheet.pdf")).status_code == 200
        assert f"{copy} 次" in (await typed(client, code)).text
    assert "2 次" in (await client.get(f"{DESK}/{rx.id}", headers=desk)).text
    async with units.system("test") as unit:
        found = sa.select(AuditRecord).where(AuditRecord.name == "prescription.printed")
        copies = [row.facts["copy"] for row in await unit.session.scalars(found.order_by(AuditRecord.id))]
    assert copies == [1, 2]
    for _ in range(3):
        assert (await typed(client, code, what="/sheet.pdf")).status_code == 200
    assert (await typed(client, code, what="/sheet.pdf")).status_code == 429
    # Another sheet's patient is not kept waiting by it, and the desk prints on.
    assert (await typed(client, code)).status_code == 200
    assert (await client.get(f"{DESK}/{rx.id}/sheet.pdf", headers=desk)).status_code == 200


async def test_XY32_wrong_codes_are_limited(client: Client, units: Units, rx: Prescription) -> None:
    code = await to_be_collected(units, rx)
    for n in range(5):
        wrong = await typed(client, f"9999000{n}")
        assert wrong.status_code == 404 and "取药码不正确" in wrong.text
    assert (await typed(client, code)).status_code == 429


async def test_XY32_another_hospitals_kiosk_knows_nothing_of_it(
    client: Client, units: Units, rx: Prescription
) -> None:
    code = await to_be_collected(units, rx)
    await add_house(units, "wangjing")
    assert (await typed(client, code, "wangjing")).status_code == 404
    assert (await client.get("/kiosk/nowhere")).status_code == 404


@pytest.mark.parametrize("nonsense", ["", "        ", "12345678901234567890123", "１２３４", "%00", "'; --"])
async def test_nonsense_is_a_wrong_code(client: Client, rx: Prescription, nonsense: str) -> None:
    assert (await typed(client, nonsense)).status_code == 404


async def test_XY32_a_sheet_that_is_sent_has_no_code(client: Client, units: Units, rx: Prescription) -> None:
    code = await to_be_collected(units, rx)
    async with units.system("test") as unit:
        row = await unit.session.merge(await way_of(units, rx))
        row.path, row.code, row.code_digest = Path.COURIER, None, None
    assert (await typed(client, code)).status_code == 404


# ------------------------------------------------------------------------------------------------ the desk


async def test_XY32_the_desk_finds_prints_takes_cash_and_hands_out_the_number(
    client: Client, units: Units, place: Review, desk: Headers, rx: Prescription
) -> None:
    code = await to_be_collected(units, rx)
    found = await client.post(DESK, headers=desk, data={"wanted": code})
    assert (found.status_code, found.headers["location"]) == (303, f"{DESK}/{rx.id}")
    shown = await client.get(f"{DESK}/{rx.id}", headers=desk)
    assert "窗口收款" in shown.text and place.desk.visit.who.person.name in shown.text
    assert (await client.get(f"{DESK}/{rx.id}/sheet.pdf", headers=desk)).content.startswith(b"%PDF-")
    wrong = await client.post(f"{DESK}/{rx.id}/cash", headers=desk, data={"received": "0.01"})
    assert wrong.status_code == 422 and "收款金额与应收金额不一致" in wrong.text
    sum_: dict[str, Any] = {"received": f"{rx.total / 100:.2f}"}
    paid = await client.post(f"{DESK}/{rx.id}/cash", headers=desk, data=sum_)
    assert paid.status_code == 303
    shown = await client.get(f"{DESK}/{rx.id}", headers=desk)
    assert "取药号" in shown.text and "窗口收款" not in shown.text
    assert (await sheet_now(units, rx)).state is RxState.SPENT
    again = await client.post(f"{DESK}/{rx.id}/cash", headers=desk, data=sum_)
    assert again.status_code == 303 and (await way_of(units, rx)).window_number == 1


async def test_the_desk_finds_by_the_end_of_the_number(
    client: Client, desk: Headers, rx: Prescription
) -> None:
    listed = await client.post(DESK, headers=desk, data={"wanted": rx.number[-6:]})
    assert listed.status_code == 200 and f"{DESK}/{rx.id}" in listed.text
    assert (await client.post(DESK, headers=desk, data={"wanted": "7"})).status_code == 422


async def test_the_desk_changes_a_courier_sheet_to_the_window_first(
    client: Client, units: Units, desk: Headers, rx: Prescription
) -> None:
    await to_be_sent(units, rx)
    shown = await client.get(f"{DESK}/{rx.id}", headers=desk)
    assert "患者选择了快递配送" in shown.text and "实收现金" not in shown.text
    await client.post(f"{DESK}/{rx.id}/collection", headers=desk)
    assert (await way_of(units, rx)).path is Path.WINDOW


async def test_another_hospitals_desk_sees_nothing(client: Client, units: Units, rx: Prescription) -> None:
    other = await add_house(units, "wangjing")
    theirs = await cookie(
        units, staff(await add_staff(units, other.hospital.id, [Role.DESK], login="desk.w"))
    )
    code = await to_be_collected(units, rx)
    assert (await client.get(f"{DESK}/{rx.id}", headers=theirs)).status_code == 404
    assert (await client.get(f"{DESK}/{rx.id}/sheet.pdf", headers=theirs)).status_code == 404
    assert (await client.post(DESK, headers=theirs, data={"wanted": code})).status_code == 422
    assert (await client.post(f"{DESK}/{rx.id}/collection", headers=theirs)).status_code == 404
