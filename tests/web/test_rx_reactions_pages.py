"""Reporting a reaction without script: emergency advice first, nothing typed is lost, a table to send on."""

import httpx2
import pytest

from prescriptions.models import Prescription
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bookings import add_booker
from tests.support.factories.reactions import WHAT, reported
from tests.support.factories.reviewing import Review, open_review, to_review

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
async def place(units: Units) -> Review:
    return await open_review(units)


@pytest.fixture
async def rx(units: Units, place: Review) -> Prescription:
    return await to_review(units, place)


@pytest.fixture
async def mine(units: Units, place: Review) -> Headers:
    return await cookie(units, place.desk.visit.patient)


def body(**changes: str) -> dict[str, str]:
    return {
        "drug_codes": "W001", "what": WHAT, "began_on_year": "2026", "began_on_month": "11",
        "began_on_day": "20", "severity": "severe", "taking": "stopped", "draft": str(new_id()),
    } | changes  # fmt: skip


async def test_REG69_from_every_sheet_with_emergency_advice_first(
    client: Client, mine: Headers, rx: Prescription
) -> None:
    sheet = (await client.get(f"/prescriptions/{rx.id}", headers=mine)).text
    here = f"/prescriptions/{rx.id}/reactions/new"
    assert here in sheet and f"/complaints/new?about=prescription&amp;id={rx.id}" in sheet
    form = (await client.get(here, headers=mine)).text
    assert (
        form.index("tel:120") < form.index('<form method="post" action="/prescriptions')
        and "氨氯地平" in form
    )
    made = await client.post(here, headers=mine, data=body())
    assert made.status_code == 303
    page = (await client.get(made.headers["location"], headers=mine)).text
    assert 'class="emergency"' in page and WHAT in page and "给出意见" in page
    mild = await client.post(here, headers=mine, data=body(severity="mild"))
    assert 'class="emergency"' not in (await client.get(mild.headers["location"], headers=mine)).text


async def test_REG69_what_was_typed_stays_when_something_is_refused(
    client: Client, mine: Headers, rx: Prescription
) -> None:
    here = f"/prescriptions/{rx.id}/reactions/new"
    for wrong in (
        {"drug_codes": ""},
        {"severity": ""},
        {"began_on_day": ""},
        {"began_on_month": "12"},
        {"taking": "x"},
    ):
        refused = await client.post(here, headers=mine, data=body(**wrong))
        assert refused.status_code == 422 and WHAT in refused.text, wrong
    long = await client.post(here, headers=mine, data=body(what="字" * 2001))
    assert long.status_code == 422 and "字" * 2001 in long.text and "超过字数上限" in long.text


async def test_REG69_the_pharmacist_assesses_and_exports_without_a_name(
    client: Client, units: Units, mine: Headers, place: Review, rx: Prescription
) -> None:
    visit = place.desk.visit
    row = await reported(units, visit.patient, rx, what="=样例：头晕")
    theirs = await cookie(units, place.pharmacist)
    assert row.number in (await client.get("/staff/reactions", headers=theirs)).text
    assert "用药不适待评价" in (await client.get("/staff", headers=theirs)).text
    here = f"/staff/reactions/{row.id}"
    assert "样例：头晕" in (await client.get(here, headers=theirs)).text
    empty = await client.post(f"{here}/assessment", headers=theirs, data={"advice": "样例：先停用"})
    assert empty.status_code == 422 and "样例：先停用" in empty.text
    said = {"causality": "possible", "ending": "recovered", "advice": "样例：先停用"}
    assert (await client.post(f"{here}/assessment", headers=theirs, data=said)).status_code == 303
    page = (await client.get(f"/reactions/{row.id}", headers=mine)).text
    assert "可能有关" in page and "样例：先停用" in page and place.pharmacist.name in page
    table = await client.get("/staff/reactions.csv", headers=theirs)
    assert table.headers["content-type"].startswith("text/csv")
    assert row.number in table.text and "'=样例" in table.text and visit.who.person.name not in table.text


async def test_REG69_the_doctor_reads_along_and_may_not_assess(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    row = await reported(units, place.desk.visit.patient, rx)
    headers = await cookie(units, place.desk.doctor)
    page = await client.get(f"/staff/own-reactions/{row.id}", headers=headers)
    assert page.status_code == 200 and WHAT in page.text and "提交评价意见" not in page.text
    assert (await client.get(f"/staff/reactions/{row.id}", headers=headers)).status_code == 403


async def test_REG69_through_the_api(client: Client, units: Units, place: Review, rx: Prescription) -> None:
    headers = await bearer(units, place.desk.visit.patient)
    report = {
        "drug_codes": ["W001"], "what": WHAT, "began_on": "2026-11-20", "severity": "severe",
        "taking": "still", "draft": str(new_id()),
    }  # fmt: skip
    here = f"/api/v1/prescriptions/{rx.id}/reactions"
    made = await client.post(here, headers=headers, json=report)
    assert made.status_code == 201 and made.json()["emergency"]["number"] == "120"
    assert (await client.post(here, headers=headers, json=report)).json()["id"] == made.json()["id"]
    assert len((await client.get("/api/v1/reactions", headers=headers)).json()["items"]) == 1
    stranger = await bearer(units, (await add_booker(units, place.desk.visit.house, "13800005555")).actor)
    one = f"/api/v1/reactions/{made.json()['id']}"
    assert (await client.get(one, headers=stranger)).status_code == 404
    assert (await client.post(here, headers=stranger, json=report)).status_code == 404
    theirs = await bearer(units, place.pharmacist)
    [waiting] = (await client.get("/api/v1/staff/reactions-to-assess", headers=theirs)).json()
    said = {"causality": "certain", "ending": "unknown", "advice": "样例：停用"}
    assessed = await client.post(
        f"/api/v1/staff/reactions/{waiting['id']}/assessment", headers=theirs, json=said
    )
    assert assessed.json()["state"] == "assessed"
    assert (await client.get(one, headers=headers)).json()["causality"] == "certain"
