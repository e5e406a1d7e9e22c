"""The audit log as an administrator reads and searches it: words first, the exact name beside them."""

import html
import re
from typing import Any

import httpx2
import pytest

from telehealth.accounts.models import StaffMember
from telehealth.admin.reading_audit import AuditBook
from telehealth.core.access import HOUSE, NOBODY, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.directory import add_sample_hospital

pytestmark = pytest.mark.anyio
Http = httpx2.AsyncClient


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_sample_hospital(units)


@pytest.fixture
async def boss(units: Units, hospital: Hospital) -> StaffMember:
    return await add_staff(units, hospital.id, (Role.ADMIN,), login="boss", name="样例管理员")


@pytest.fixture
async def admin(client: Http, units: Units, boss: StaffMember) -> Http:
    """Signed in, in a hospital whose log holds one record of each kind that reads differently."""
    client.headers.update(await cookie(units, staff(boss)))
    client.headers["accept-language"] = "zh-CN"
    here = {"hospital_id": boss.hospital_id}
    async with units.system("refunds") as unit:
        unit.audit(
            "refund.requested",
            f"refunds:{new_id()}",
            number="RF-261122-AB",
            amount=12050,
            reason="cancelled",
            **here,
        )
        unit.audit("long.gone", "old_table:17", odd="thing", **here)
        unit.audit("account.signed_out", f"sessions:{new_id()}", **here)
        unit.audit("account.signed_out_elsewhere", f"sessions:{new_id()}", ended=2, **here)
    async with units.account((await add_patient(units)).id, patient(await add_patient(units))) as unit:
        unit.audit("intake.begun", f"intake_forms:{new_id()}", kind="internet", **here)
    async with units.system("sheet verification", NOBODY) as unit:
        unit.audit("prescription.verified", f"prescriptions:{new_id()}", on_file=True, **here)
    return client


async def names(client: Http, **query: str) -> list[str]:
    """The exact names on the page, newest first."""
    answer = await client.get("/admin/audit", params=query)
    assert answer.status_code == 200, answer.text
    rows = re.findall(r'<th scope="row">(.*?)</th>', answer.text)
    return [re.findall(r"<code>([^<]+)</code>", row)[0] for row in rows]


async def test_REG11_a_record_is_read_in_words_with_its_exact_name_beside(admin: Http) -> None:
    page = (await admin.get("/admin/audit", params={"name": "refund."})).text
    assert '<th scope="row">退款已申请<small><code>refund.requested</code></small></th>' in page
    assert re.search(r"<span>系统<small>退款</small></span>", page)
    for words, value in (("编号", "RF-261122-AB"), ("金额", "¥120.50"), ("原因", "取消预约")):
        assert f"<dt>{words}</dt><dd>{value}</dd>" in page
    # Nothing is hidden from an auditor: what is sealed can be read as it is stored.
    assert '"amount": 12050' in html.unescape(page) and '"scope": "system:refunds"' in html.unescape(page)


async def test_REG11_the_log_reads_in_english_too(admin: Http) -> None:
    page = (
        await admin.get("/admin/audit", params={"name": "refund."}, headers={"accept-language": "en"})
    ).text
    assert "Refund requested<small><code>refund.requested</code></small>" in page
    assert "<dt>Amount</dt><dd>¥120.50</dd>" in page
    assert not re.search(r"<(th|dt|dd)[^>]*>[^<]*[\u4e00-\u9fff]", page)


async def test_a_name_that_is_no_longer_recorded_is_shown_as_it_stands(admin: Http) -> None:
    page = (await admin.get("/admin/audit", params={"subject": "old_table:17"})).text
    assert '<th scope="row"><code>long.gone</code></th>' in page
    assert "<dt>odd</dt><dd><code>thing</code></dd>" in page


async def test_the_log_is_searched_by_words_by_a_part_of_them_and_by_exact_names(admin: Http) -> None:
    assert await names(admin, name="退款已申请") == ["refund.requested"]
    assert await names(admin, name="退款") == ["refund.requested"]
    assert await names(admin, name="处方") == ["prescription.verified"]
    # An exact name means that name alone; the beginning of names means all of them.
    assert await names(admin, name="account.signed_out") == ["account.signed_out"]
    assert set(await names(admin, name="account.signed")) == {
        "account.signed_out", "account.signed_out_elsewhere",
    }  # fmt: skip
    assert await names(admin, name="没有这样的事") == []


async def test_the_log_is_narrowed_to_one_area_and_offers_its_words_only(admin: Http) -> None:
    assert await names(admin, area="payments") == ["refund.requested"]
    assert await names(admin, area="payments", name="病情表") == []
    page = (await admin.get("/admin/audit", params={"area": "payments"})).text
    offered = re.findall(r'<option value="([^"]+)">', page.split("<datalist")[1])
    assert "退款已申请" in offered and "号源已保留" not in offered
    refused = await admin.get("/admin/audit", params={"area": "nowhere"})
    assert refused.status_code == 422 and "请从给出的选项中选择" in refused.text


async def test_the_log_is_searched_by_the_actor_and_the_number_that_stand_on_the_page(admin: Http) -> None:
    assert "refund.requested" in await names(admin, actor="系统")
    assert await names(admin, actor="患者") == ["intake.begun"]
    assert await names(admin, actor="没有登录的访客") == ["prescription.verified"]
    assert await names(admin, subject="RF-261122-AB") == ["refund.requested"]
    assert await names(admin, subject="RF-261122-A") == []


async def test_clients_get_exact_names_with_their_words_beside(
    admin: Http, units: Units, boss: StaffMember
) -> None:
    key = {**await bearer(units, staff(boss)), "accept-language": "en"}

    async def items(**query: str) -> list[dict[str, Any]]:
        answer = await admin.get("/api/v1/audit/records", params=query, headers=key)
        return list(answer.json()["items"])

    found = await items(name="refund.requested")
    assert [(one["name"], one["facts"]["amount"], one["actor_name"]) for one in found] == [
        ("refund.requested", 12050, HOUSE.name)
    ]
    words = found[0]["words"]
    assert (words["event"], words["actor"], words["occasion"]) == ("Refund requested", "System", "Refund")
    assert {"key": "amount", "words": "Amount", "value": "¥120.50"} in words["facts"]
    assert await items(name="Refund requested", area="payments") == found
    refused = await admin.get("/api/v1/audit/records", params={"area": "nowhere"}, headers=key)
    assert refused.status_code == 422
    listed = (await admin.get("/api/v1/audit/names", headers=key)).json()
    assert {one["name"] for one in listed} == set(units.port(AuditBook).events)
    assert {"name": "refund.requested", "words": "Refund requested", "area": "payments",
            "area_words": "Payments, refunds and reconciliation"} in listed  # fmt: skip
