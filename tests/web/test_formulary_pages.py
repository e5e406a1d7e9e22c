"""The administrator's pages of the drug book: import with its bad rows, publication, nobody else's eyes."""

import json

import httpx2
import pytest

from prescriptions.formulary import published_book
from prescriptions.formulary.book import sample_tables
from prescriptions.formulary.publishing import publish_sample
from telehealth.core.access import Role
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.directory import add_hospital

Http = httpx2.AsyncClient


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    place = await add_hospital(units)
    async with units.system("test") as unit:
        await publish_sample(unit, place.id)
    return place


@pytest.fixture
async def admin(client: Http, units: Units, hospital: Hospital) -> Http:
    boss = await add_staff(units, hospital.id, (Role.ADMIN,), login="boss")
    client.headers.update(await cookie(units, staff(boss)))
    client.headers["origin"] = "http://testserver"
    return client


async def drafted(admin: Http) -> str:
    made = await admin.post("/admin/formulary/drafts")
    return str(made.headers["location"]).partition("?")[0]


async def send(admin: Http, path: str, table: str, content: bytes, **fields: str) -> httpx2.Response:
    return await admin.post(
        path.replace("/admin/", "/uploads/"),
        data={"table": table, **fields},
        files={"file": ("drugs.json", content)},
    )


async def test_a_price_is_imported_published_and_counts(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0] | {"price_cny": "20.50"}
    report = await send(admin, path, "medicines", json.dumps([row]).encode())
    assert report.status_code == 200
    assert "已采用 1 行" in report.text
    assert (await admin.post(f"{path}/publication")).status_code == 303
    async with units.system("test") as unit:
        assert (await published_book(unit, hospital.id)).book.medicines["W001"].price == 2050
    assert "使用中" in (await admin.get("/admin/formulary")).text


async def test_bad_rows_are_listed_with_line_column_and_reason(admin: Http) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0] | {"per_unit": "-1"}
    report = await send(admin, path, "medicines", json.dumps([row]).encode())
    assert "没有采用的行" in report.text
    assert "per_unit" in report.text
    assert "数值太小" in report.text


async def test_a_book_with_holes_is_not_published_and_says_where(admin: Http) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0]
    await send(admin, path, "medicines", json.dumps([row]).encode(), replaces="true")
    refused = await admin.post(f"{path}/publication")
    assert refused.status_code == 422
    assert "药品不在目录之内" in refused.text


@pytest.mark.parametrize("table", ["medicines", "nonsense"])
async def test_a_file_that_is_no_table_is_refused(admin: Http, table: str) -> None:
    refused = await send(admin, await drafted(admin), table, b"\x00\xff")
    assert refused.status_code == 422
    assert "无法读取文件" in refused.text


async def test_drugs_of_a_version_are_found_by_initials(admin: Http) -> None:
    path = await drafted(admin)
    assert "W001" in (await admin.get(path, params={"q": "aldpp"})).text
    assert "没有找到药品" in (await admin.get(path, params={"q": "100%_zz"})).text


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.PATIENT, Role.ADMIN)])
async def test_only_the_administrator_opens_them(
    client: Http, units: Units, hospital: Hospital, role: Role
) -> None:
    member = await add_staff(units, hospital.id, (role,))
    token = await cookie(units, staff(member))
    assert (await client.get("/admin/formulary", headers=token)).status_code == 403
