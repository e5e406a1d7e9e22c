"""The pad over HTTP: what is wrong is said, nobody else's sheet is there, nothing is signed half."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.states import RxEvent, RxState
from prescriptions.stock.models import Pharmacy
from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.directory.models import Credential
from tests.support.factories.accounts import add_staff, bearer, staff
from tests.support.factories.bookings import add_house
from tests.support.factories.dispatch import stock
from tests.support.factories.rooms import add_doctor_of
from tests.support.factories.writing import FACTS, HERBS, PILL, TCM, WARFARIN, Desk, open_desk

API = "/api/v1"
Lines = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Browser:
    """The doctor's."""

    http: httpx2.AsyncClient
    headers: dict[str, str]
    desk: Desk

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        return await self.http.post(f"{API}{path}", json=body or {}, headers=self.headers)

    async def open(self, kind: str = "western") -> dict[str, Any]:
        answer = await self.post(f"/rooms/{self.desk.visit.room}/prescriptions", {"kind": kind})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def save(self, pad: dict[str, Any], lines: Lines, **facts: Any) -> httpx2.Response:
        body = {
            "version": facts.pop("version", pad["version"]), "page": "p1", "facts": FACTS | facts,
            "lines": [{"id": str(new_id())} | line for line in lines],
        }  # fmt: skip
        return await self.http.put(f"{API}/prescriptions/{pad['id']}/pad", json=body, headers=self.headers)

    async def written(self, *lines: dict[str, Any], **facts: Any) -> dict[str, Any]:
        answer = await self.save(await self.open(), list(lines) or [PILL], **facts)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def act(self, pad: dict[str, Any], what: str, **body: Any) -> httpx2.Response:
        return await self.post(f"/prescriptions/{pad['id']}/{what}", {"version": pad["version"]} | body)


@pytest.fixture
async def browser(units: Units, client: httpx2.AsyncClient) -> Browser:
    desk = await open_desk(units)
    return Browser(client, await bearer(units, desk.visit.doctor), desk)


async def test_a_sheet_from_the_first_letter_to_the_signed_pdf(browser: Browser) -> None:
    pad = await browser.open()
    assert (pad["lines"], pad["can_sign"], pad["may_edit"]) == ([], False, True)
    found = await browser.http.get(f"{API}/prescriptions/{pad['id']}/drugs?q=ald", headers=browser.headers)
    [hit] = [each for each in found.json() if each["code"] == "W001"]
    assert (hit["price"], hit["insurance"], hit["can"]["courier"]) == ("¥16.80/盒", "甲类", True)
    saved = (await browser.save(pad, [PILL | {"note": "样例：早上服"}])).json()
    [line] = saved["lines"]
    assert (line["quantity"], line["dose_words"], line["amount"], line["note"]) == (
        "1", "1 片", 1680, "样例：早上服"
    )  # fmt: skip
    assert (saved["can_sign"], saved["missing"], saved["total_words"]) == (True, {}, "¥16.80")
    signed = await browser.act(saved, "signature")
    assert (signed.status_code, signed.json()["state"]) == (200, "signed")
    pdf = await browser.http.get(f"/staff/prescriptions/{pad['id']}/sheet.pdf", headers=browser.headers)
    assert pdf.content.startswith(b"%PDF") and "no-store" in pdf.headers["cache-control"]
    [row] = (
        await browser.http.get(
            f"{API}/rooms/{browser.desk.visit.room}/prescriptions", headers=browser.headers
        )
    ).json()
    assert (row["state"], row["lines"], row["total"]) == ("signed", 1, 1680)
    voided = await browser.act(pad, "voiding")
    assert voided.json()["state"] == "voided"


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (PILL | {"dose": "-5"}, "/lines/0/dose"),
        (PILL | {"dose": "99999999"}, "/lines/0/dose"),
        (PILL | {"dose": "five"}, "/lines/0/dose"),
        (PILL | {"days": "-1"}, "/lines/0/days"),
        (PILL | {"quantity": "0"}, "/lines/0/quantity"),
        (PILL | {"quantity": "1e99"}, "/lines/0/quantity"),
        (PILL | {"drug_code": "W999"}, "/lines/0/drug_code"),
        (PILL | {"drug_code": "H001"}, "/lines/0/drug_code"),
        (PILL | {"drug_code": "W036"}, "/lines/0/drug_code"),
        (PILL | {"price": 1}, "/lines/0/price"),
        (PILL | {"id": "no-id"}, "/lines/0/id"),
    ],
)
async def test_bad_lines_are_named_one_by_one(browser: Browser, line: dict[str, Any], pointer: str) -> None:
    pad = await browser.open()
    answer = await browser.save(pad, [line])
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_bad_facts_are_refused(browser: Browser) -> None:
    pad = await browser.open()
    for facts in ({"weight_kg": "-4"}, {"weight_kg": "9000"}, {"diagnoses": ["Z00"]}, {"egfr": "NaN"}):
        assert (await browser.save(pad, [], **facts)).status_code == 422


async def test_vanished_stock_is_shown(browser: Browser, units: Units) -> None:
    house = browser.desk.visit.house
    async with units.system("test") as unit:
        place = Pharmacy(
            hospital_id=house.hospital.id, campus_id=house.campus.id, code="main", name="样例药房",
            name_en="Sample", phone="", province="北京市", city="北京市", county="海淀区", address="样例路",
            has_window=True, sends=True, decocts=True, has_cold_chain=True, opens="08:00",
            closes="16:30", is_open=True, order=1,
        )  # fmt: skip
        unit.session.add(place)
    pad = await browser.written()
    assert [line["in_stock"] for line in pad["lines"]] == [False]
    await stock(units, place, {"W001": 1})
    [line] = (await browser.save(pad, [PILL])).json()["lines"]
    assert (line["in_stock"], line["stock"]) == (True, "1 盒")
    [line] = (await browser.save(pad, [PILL | {"days": 56}])).json()["lines"]
    assert line["in_stock"] is False


async def test_a_conflict_brings_the_stored_copy(browser: Browser) -> None:
    pad = await browser.written()
    body = {"version": 1, "page": "other", "facts": FACTS, "lines": []}
    answer = await browser.http.put(
        f"{API}/prescriptions/{pad['id']}/pad", json=body, headers=browser.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "prescription_outdated")
    assert [line["drug_code"] for line in answer.json()["current"]["lines"]] == ["W001"]


async def test_findings_explain_themselves_and_take_a_reason(browser: Browser) -> None:
    pad = await browser.written(PILL | {"dose": "20"})
    refused = await browser.act(pad, "signature")
    assert (refused.status_code, refused.json()["code"]) == (409, "prescription_checks_failed")
    findings = [each for each in pad["findings"] if each["severity"] == "resign"]
    assert findings and all(each["title"] and each["why"] and each["todo"] for each in findings)
    short = await browser.act(pad, "resignatures", key=findings[0]["key"], reason="无")
    assert short.status_code == 422
    unknown = await browser.act(pad, "resignatures", key="0" * 16, reason="样例：确有需要")
    assert (unknown.status_code, unknown.json()["code"]) == (409, "finding_gone")
    for finding in findings:
        answer = await browser.act(pad, "resignatures", key=finding["key"], reason="样例：确有需要")
        pad = answer.json()
    assert pad["can_sign"] is True
    assert (await browser.act(pad, "signature")).status_code == 200


async def test_an_expired_credential_is_told(browser: Browser, units: Units) -> None:
    pad = await browser.written()
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(Credential)
            .where(Credential.doctor_id == browser.desk.visit.house.doctor.id)
            .values(valid_from=unit.today - timedelta(days=9), valid_until=unit.today - timedelta(days=1))
        )
    answer = await browser.act(pad, "signature")
    assert (answer.status_code, answer.json()["code"]) == (409, "credential_expired")


async def test_nobody_else_knows_of_a_sheet(
    browser: Browser, units: Units, client: httpx2.AsyncClient
) -> None:
    pad = await browser.written()
    house = browser.desk.visit.house
    pharmacist = staff(await add_staff(units, house.hospital.id, [Role.PHARMACIST], login="rx.ph"))
    other = staff(await add_staff(units, house.hospital.id, [Role.DOCTOR], login="rx.other"))
    away = await add_house(units, "beihe")
    elsewhere = staff(await add_doctor_of(units, away, login="rx.away"))
    expected = ((pharmacist, 403), (browser.desk.visit.patient, 403), (other, 404), (elsewhere, 404))
    for who, status in expected:
        headers = await bearer(units, who)
        for path in (f"{API}/prescriptions/{pad['id']}/pad", f"{API}/prescriptions/{pad['id']}/drugs?q=a",
                     f"/staff/prescriptions/{pad['id']}"):  # fmt: skip
            assert (await client.get(path, headers=headers)).status_code == status, path
        for act in ("signature", "voiding", "revision", "copy", "split"):
            path = f"{API}/prescriptions/{pad['id']}/{act}"
            answer = await client.post(path, json={"version": pad["version"]}, headers=headers)
            assert answer.status_code == status, act
    missing = await browser.post(f"/prescriptions/{new_id()}/voiding")
    assert missing.status_code == 404


async def test_without_a_diagnosis_the_room_says_why(units: Units, client: httpx2.AsyncClient) -> None:
    desk = await open_desk(units, diagnosed=False)
    headers = await bearer(units, desk.visit.doctor)
    page = await client.get(f"/staff/rooms/{desk.visit.room}?pane=file", headers=headers)
    assert "没有这位患者的既往诊断" in page.text
    answer = await client.post(
        f"{API}/rooms/{desk.visit.room}/prescriptions", json={"kind": "herb"}, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "no_diagnosis_on_file")


async def test_the_pad_page_works_without_script(browser: Browser) -> None:
    """A line is added by its full name, facts are kept, the sheet is signed, by forms alone."""
    pad = await browser.open()
    here = f"/staff/prescriptions/{pad['id']}"
    origin = browser.headers | {"origin": "http://testserver"}

    async def send(path: str, **form: Any) -> str:
        shown = (await browser.http.get(f"{API}/prescriptions/{pad['id']}/pad", headers=origin)).json()
        answer = await browser.http.post(
            f"{here}/{path}", data={"version": shown["version"]} | form, headers=origin
        )
        assert answer.status_code == 303, answer.text[:300]
        return (await browser.http.get(here, headers=origin)).text

    await send("lines", drug="氨氯", dose="5", frequency="qd", days="7")
    assert (await browser.http.get(f"{API}/prescriptions/{pad['id']}/pad", headers=origin)).json()[
        "lines"
    ] == []
    text = await send("lines", drug="苯磺酸氨氯地平片", dose="5", frequency="qd", days="7")
    assert "苯磺酸氨氯地平片" in text and "每日1次" in text
    text = await send(
        "facts",
        diagnoses="I10",
        weight_kg="65",
        egfr="90",
        allergies_reviewed="true",
        fee_class="自费",
        pregnant="no",
        lactating="no",
    )
    assert "签名前还需要" not in text
    text = await send("acts/signature")
    assert "药师审核中" in text and "sheet.pdf" in text


async def test_a_herb_page_and_a_split(browser: Browser) -> None:
    pad = await browser.open("herb")
    saved = (await browser.save(pad, HERBS, **TCM)).json()
    assert saved["weight_words"] == "每剂 4 味 45 g，7 剂共 315 g"
    page = await browser.http.get(f"/staff/prescriptions/{pad['id']}", headers=browser.headers)
    assert page.status_code == 200 and "煎服方法" in page.text
    mixed = await browser.written(PILL, WARFARIN, diagnoses=["I10", "I48"])
    assert mixed["split"] == 1
    parts = (await browser.act(mixed, "split")).json()
    other = (
        await browser.http.get(f"{API}/prescriptions/{parts['other']}/pad", headers=browser.headers)
    ).json()
    assert [line["drug_code"] for line in other["lines"]] == ["W010"]


async def test_a_returned_sheet_says_why_and_is_revised(browser: Browser, units: Units) -> None:
    pad = (await browser.act(await browser.written(), "signature")).json()
    early = await browser.act(pad, "revision")
    assert early.status_code == 409
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, pad["id"])
        row.apply(RxEvent.RETURN, at=unit.now)
    page = await browser.http.get(f"/staff/prescriptions/{pad['id']}", headers=browser.headers)
    assert "修改处方" in page.text
    revised = (await browser.act(pad, "revision")).json()
    assert (revised["state"], revised["may_edit"]) == (str(RxState.DRAFT), True)
