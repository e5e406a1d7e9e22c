"""The administrator's pages of the drug book: import with its bad rows, publication, nobody else's eyes."""

import json
from uuid import UUID

import httpx2
import pytest

from prescriptions.formulary import importing, published_book
from prescriptions.formulary.book import sample_tables
from prescriptions.formulary.publishing import publish_sample
from telehealth.core import progress
from telehealth.core.access import Role
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
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


async def imported(
    admin: Http, units: Units, hospital: Hospital, path: str, table: str, content: bytes, **fields: str
) -> str:
    """The page of an import whose job has run."""
    sent = await send(admin, path, table, content, **fields)
    assert sent.status_code == 303, sent.text
    page = str(sent.headers["location"])
    await importing.run(units, UUID(page.rpartition("/")[2]), hospital.id)
    return page


async def test_a_price_is_imported_published_and_counts(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0] | {"price_cny": "20.50"}
    page = await imported(admin, units, hospital, path, "medicines", json.dumps([row]).encode())
    assert "已采用 1 行" in (await admin.get(page)).text
    assert (await admin.post(f"{path}/publication")).status_code == 303
    async with units.system("test") as unit:
        assert (await published_book(unit, hospital.id)).book.medicines["W001"].price == 2050
    assert "使用中" in (await admin.get("/admin/formulary")).text


async def test_bad_rows_are_listed_with_line_column_and_reason(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0] | {"per_unit": "-1"}
    page = await imported(admin, units, hospital, path, "medicines", json.dumps([row]).encode())
    report = await admin.get(page)
    assert "没有采用的行" in report.text
    assert "per_unit" in report.text
    assert "数值太小" in report.text


async def test_a_book_with_holes_is_not_published_and_says_where(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    row = sample_tables()["medicines"]["rows"][0]
    content = json.dumps([row]).encode()
    await imported(admin, units, hospital, path, "medicines", content, replaces="true")
    refused = await admin.post(f"{path}/publication")
    assert refused.status_code == 422
    assert "药品不在目录之内" in refused.text


@pytest.mark.parametrize("table", ["medicines", "nonsense"])
async def test_a_file_that_is_no_table_is_refused(admin: Http, table: str) -> None:
    refused = await send(admin, await drafted(admin), table, b"\x00\xff")
    assert refused.status_code == 422
    assert "无法读取文件" in refused.text


async def test_while_a_file_is_read_its_page_says_how_far_and_the_draft_offers_no_other(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    content = json.dumps(sample_tables()["medicines"]["rows"]).encode()
    page = str((await send(admin, path, "medicines", content)).headers["location"])
    waiting = (await admin.get(page)).text
    assert "排队中" in waiting and "0 / 50" in waiting and "data-live" in waiting and "停止导入" in waiting
    draft = (await admin.get(path)).text
    assert "正在导入文件" in draft and "核对并发布" not in draft
    for refused in (
        await send(admin, path, "medicines", content),
        await admin.post(f"{path}/publication"),
    ):
        assert refused.status_code == 409
        assert "这一版正在导入文件" in refused.text
    kept = await admin.post(f"{path}/discard")
    assert kept.headers["location"].startswith(path)
    await importing.run(units, UUID(page.rpartition("/")[2]), hospital.id)
    done = (await admin.get(page)).text
    assert "已完成" in done and "data-live-ends" in done and "停止导入" not in done
    assert "核对并发布" in (await admin.get(path)).text


async def test_a_stopped_import_says_what_stays_and_offers_nothing_more(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await drafted(admin)
    page = str((await send(admin, path, "medicines", b"[{}]")).headers["location"])
    assert (await admin.post(f"{page}/stop")).status_code == 303
    said = (await admin.get(page)).text
    assert "已停止导入，已采用的行保留在草稿中" in said
    assert "从停下的地方继续" not in said
    assert (await admin.post(f"{page}/resumption")).headers["location"].startswith(page)


async def test_an_import_that_failed_offers_to_go_on(admin: Http, units: Units, hospital: Hospital) -> None:
    path = await drafted(admin)
    page = str((await send(admin, path, "medicines", b"[{}]")).headers["location"])
    import_id = UUID(page.rpartition("/")[2])
    async with units.system("test") as unit:
        await progress.fail(unit, importing.KIND, import_id, why=progress.STOPPED)
    assert "从停下的地方继续" in (await admin.get(page)).text
    await admin.post(f"{page}/resumption")
    assert "排队中" in (await admin.get(page)).text


async def test_an_app_announces_sends_and_starts_a_file_and_reads_the_report(
    client: Http, units: Units, hospital: Hospital
) -> None:
    boss = await add_staff(units, hospital.id, (Role.ADMIN,), login="boss")
    client.headers.update(await bearer(units, staff(boss)))
    draft = (await client.post("/api/v1/formulary/versions")).json()
    assert draft["state"] == "draft" and draft["medicines"] == 50
    rows = [sample_tables()["medicines"]["rows"][0] | {"price_cny": "9.90"}, {"id": "W002"}]
    content = json.dumps(rows).encode()
    here = f"/api/v1/formulary/versions/{draft['id']}"
    offer = (await client.post(f"{here}/imports", json={"table": "medicines", "size": len(content)})).json()
    assert (await client.post(offer["finish_url"])).status_code == 409
    sent = await client.put(offer["url"], content=content, headers=offer["headers"])
    assert sent.status_code < 300, sent.text
    begun = await client.post(offer["finish_url"])
    assert begun.status_code == 202
    assert begun.json()["progress"] | {"moved_at": ""} == {
        "state": "waiting", "done": 0, "total": 2, "percent": 0, "moved_at": "",
    }  # fmt: skip
    second = await client.post(f"{here}/imports", json={"table": "medicines", "size": 1})
    assert (second.status_code, second.json()["code"]) == (409, "formulary_import_running")
    assert (await client.post(f"{here}/publication")).json()["code"] == "formulary_import_running"
    await importing.run(units, UUID(offer["id"]), hospital.id)
    ended = (await client.get(f"/api/v1/formulary/imports/{offer['id']}")).json()
    assert ended["progress"]["state"] == "done" and ended["ended_at"]
    assert (ended["report"]["taken"], ended["report"]["bad_rows"]) == (1, 1)
    assert {(bad["row"], bad["said"]) for bad in ended["report"]["bad"]} == {(2, "缺少这一列")}
    assert [each["id"] for each in (await client.get(f"{here}/imports")).json()] == [offer["id"]]
    assert (await client.post(f"{here}/publication")).json()["state"] == "published"


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
